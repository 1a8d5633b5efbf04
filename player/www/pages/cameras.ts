// The gateway's cameras, requested again and again while somebody looks at the page.

import { on } from '../event';

/** One stream of a camera. The built-in camera has only an address. */
export interface Stream {
  url: string;
  state?: 'idle' | 'connecting' | 'live' | 'failed';
  /** Why it failed, as the gateway words it. */
  problem?: string;
}

export interface Camera extends Stream {
  name: string;
  description: string;
  /** A smaller stream of the same camera. */
  sub?: Stream;
}

/** How often the list is updated, in ms. */
const RENEW = 4_000;

/** Calls `listed` with the list, now and every few seconds, and `failed` when the gateway does not answer. */
export function follow(listed: (cameras: Camera[]) => void, failed: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;
  const renew = async (): Promise<void> => {
    const mine = (turn += 1); // a later request outdates this answer
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
