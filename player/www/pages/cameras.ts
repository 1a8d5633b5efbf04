// The gateway's cameras, asked for again and again while somebody looks at the page.

import { on } from '../event';

/** One stream of a camera. The built-in camera has an address and no more. */
export interface Stream {
  url: string;
  state?: 'idle' | 'connecting' | 'live' | 'failed';
  /** Why it failed, in the gateway's words. */
  problem?: string;
}

export interface Camera extends Stream {
  name: string;
  description: string;
  /** A smaller stream of the same. */
  sub?: Stream;
}

/** How often the list is renewed, in ms. */
const RENEW = 4_000;

/** Tells `listed` the list now and every few seconds, `failed` when the gateway does not answer. */
export function follow(listed: (cameras: Camera[]) => void, failed: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;
  const renew = async (): Promise<void> => {
    const mine = (turn += 1); // a later question makes this answer old
    clearTimeout(timer);
    const cameras = await ask().catch(() => undefined);
    if (mine !== turn) return;
    if (cameras) listed(cameras);
    else failed();
    if (!document.hidden) timer = setTimeout(renew, RENEW);
  };
  on(document, 'visibilitychange', () => document.hidden || void renew());
  void renew();
}

async function ask(): Promise<Camera[]> {
  const response = await fetch('api/cameras');
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()) as Camera[];
}
