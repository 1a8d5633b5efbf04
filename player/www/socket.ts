// The two WebSockets of a viewer.
//
// Invariant: after close() there are no more callbacks, and every socket is closed.

import { extras } from './later';
import { closed, stuck, unreachable, type Problem } from './problem';

/** How long a WebSocket handshake may take, in ms: a little longer than the gateway allows. */
const OPEN_LIMIT = 12_000;

/** The names are those of the subprotocols. */
export type SocketName = 'control' | 'data';

export interface Listener {
  opened(name: SocketName): void;
  message(name: SocketName, text: string): void;
  media(bytes: ArrayBuffer): void;
  /** A socket is lost; called once. */
  lost(problem: Problem): void;
}

/** The address of the gateway's WebSocket: ws(s) or http(s), absolute or relative to the page, or host and port.
 * Without any it is `/ws/` where this script came from. An unusable address is returned as it is; a WebSocket will
 * refuse it. */
export function webSocketUrl(url: string | undefined): string {
  try {
    const from = url ? new URL(url.replace(/^[\w.-]+:\d/, '//$&'), document.baseURI) : new URL('/ws/', import.meta.url);
    return from.href.replace(/^http/, 'ws');
  } catch {
    return String(url);
  }
}

/** A control socket and, on demand, a data socket to one gateway. */
export class Sockets {
  readonly #url: string;
  readonly #listener: Listener;
  readonly #sockets: Partial<Record<SocketName, WebSocket>> = {};
  #over = false;

  constructor(url: string, listener: Listener) {
    this.#url = url;
    this.#listener = listener;
  }

  send(name: SocketName, text: string): void {
    const socket = this.#sockets[name];
    if (socket?.readyState === WebSocket.OPEN) socket.send(text);
  }

  /** Closes the sockets. What was sent before is still delivered. */
  close(): void {
    this.#over = true;
    for (const socket of Object.values(this.#sockets)) socket.close(1000);
  }

  open(name: SocketName): void {
    let socket: WebSocket;
    try {
      socket = this.#sockets[name] = new WebSocket(this.#url, name);
    } catch (error) {
      // It throws at once for ws:// inside https://, and for an unusable address.
      return void this.#explain((error as Error).name);
    }
    socket.binaryType = 'arraybuffer';
    let open = false;
    const limit = setTimeout(() => this.#lose(stuck()), OPEN_LIMIT);
    socket.onopen = () => {
      clearTimeout(limit);
      open = true;
      if (!this.#over) this.#listener.opened(name);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.#over) return;
      if (typeof data === 'string') this.#listener.message(name, data);
      else this.#listener.media(data);
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(limit);
      if (open) this.#lose(closed(code, reason));
      else if (!this.#over) void this.#explain();
    };
  }

  #lose(problem: Problem): void {
    if (this.#over) return;
    this.close();
    this.#listener.lost(problem);
  }

  /** Finds out why a socket did not open. The script for that comes from the gateway, too, if there is one. */
  async #explain(error?: string): Promise<void> {
    let problem = unreachable();
    try {
      problem = await (await extras()).explain(this.#url, error);
    } catch {
      // there is no gateway
    }
    this.#lose(problem);
  }
}
