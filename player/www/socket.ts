// The two WebSockets of a viewer, and finding out why one would not open.
//
// A browser tells a script nothing about a failed WebSocket handshake. The gateway answers a
// plain GET of the same URL with the very text that the upgrade got, so that is asked then.
//
// Invariant: after close() nobody is called back any more, and every socket is closed.

import { closed, insecure, stuck, unopened, type Problem } from './problem';

/** Time for a WebSocket handshake, in ms: a little more than the gateway's own. */
const OPEN_LIMIT = 12_000;
/** Time for the gateway to say why, in ms. */
const EXPLAIN_LIMIT = 5_000;
/** A reason is one sentence; a proxy's error page is not. */
const REASON_LIMIT = 300;

export interface Listener {
  controlOpened(): void;
  dataOpened(): void;
  controlMessage(text: string): void;
  dataMessage(text: string): void;
  media(bytes: ArrayBuffer): void;
  /** The link is gone; called once. */
  lost(problem: Problem): void;
}

/** ws(s) or http(s), absolute or relative to the page; without any: `/ws/` where this script came from. */
export function webSocketUrl(url: string | undefined): string {
  const from = url ? new URL(url, document.baseURI) : new URL('/ws/', import.meta.url);
  return from.href.replace(/^http/, 'ws');
}

/** A control socket and, on demand, a data socket to one gateway. */
export class Link {
  readonly #url: string;
  readonly #listener: Listener;
  #control: WebSocket | undefined;
  #data: WebSocket | undefined;
  #over = false;

  constructor(url: string, listener: Listener) {
    this.#url = url;
    this.#listener = listener;
  }

  openControl(): void {
    this.#control = this.#open('control', (text) => this.#listener.controlMessage(text), () => this.#listener.controlOpened());
  }

  openData(): void {
    this.#data = this.#open('data', (text) => this.#listener.dataMessage(text), () => this.#listener.dataOpened());
  }

  sendControl(text: string): void {
    if (this.#control?.readyState === WebSocket.OPEN) this.#control.send(text);
  }

  sendData(text: string): void {
    if (this.#data?.readyState === WebSocket.OPEN) this.#data.send(text);
  }

  /** What was sent before still goes out. */
  close(): void {
    this.#over = true;
    this.#control?.close(1000);
    this.#data?.close(1000);
  }

  #open(protocol: string, text: (text: string) => void, opened: () => void): WebSocket | undefined {
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url, protocol);
    } catch {
      // Thrown at once for ws:// inside https:// (and for what is no URL at all).
      queueMicrotask(() => this.#lose(insecure()));
      return undefined;
    }
    socket.binaryType = 'arraybuffer';
    let open = false;
    const limit = setTimeout(() => this.#lose(stuck()), OPEN_LIMIT);
    socket.onopen = () => {
      clearTimeout(limit);
      open = true;
      if (!this.#over) opened();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.#over) return;
      if (typeof data === 'string') text(data);
      else this.#listener.media(data);
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(limit);
      if (open) this.#lose(closed(code, reason));
      else if (!this.#over) void explain(this.#url).then((problem) => this.#lose(problem));
    };
    return socket;
  }

  #lose(problem: Problem): void {
    if (this.#over) return;
    this.close();
    this.#listener.lost(problem);
  }
}

/** Asks the gateway in plain HTTP why it would not open a WebSocket. */
async function explain(url: string): Promise<Problem> {
  try {
    const response = await fetch(url.replace(/^ws/, 'http'), {
      cache: 'no-store',
      signal: AbortSignal.timeout(EXPLAIN_LIMIT),
    });
    const plain = response.headers.get('content-type')?.startsWith('text/plain');
    const text = plain ? (await response.text()).trim().slice(0, REASON_LIMIT) : '';
    return unopened(response.status, text);
  } catch {
    return unopened(0, '');
  }
}
