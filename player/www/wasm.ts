// The boundary to the wasm player: numbers and bytes go in, typed outputs come out.
//
// Invariant: no view of the wasm memory outlives the call that made it. Any call may grow the memory, which detaches
// every view, so each output is copied as a whole.

export const ABI = 1;

/** The exports of the wasm. `now` and all other times are in milliseconds, unless it says otherwise. */
interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  abi(): number;
  input(length: number): number;
  seed(low: number, high: number): void;
  open(length: number, now: number): void;
  control_opened(now: number): void;
  data_opened(now: number): void;
  control_message(length: number, now: number): void;
  data_message(length: number, now: number): void;
  media(length: number, now: number): void;
  pause(now: number): void;
  play(now: number): void;
  close(now: number): void;
  handle_timeout(now: number): void;
  timeout(): number;
  poll_output(): number;
  output_ptr(): number;
  output_len(): number;
  output_track(): number;
  output_time(): number;
  output_duration(): number;
  output_sync(): number;
  statistic(which: number): number;
}

/** How far the RTSP session has got. */
export type Progress = 'connecting' | 'describing' | 'buffering' | 'playing' | 'paused';

/** A piece of one track: `moof` and `mdat`, or a JPEG picture. Times are in seconds on the session's timeline. */
export interface Fragment {
  track: number;
  bytes: Uint8Array<ArrayBuffer>;
  time: number;
  duration: number;
  /** Whether it starts with a sync sample, so that decoding may begin here. */
  sync: boolean;
}

/** The init segment of a track. */
export interface Init {
  kind: 'init';
  track: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A piece of a track, for Media Source Extensions or as a whole picture. */
export interface Piece extends Fragment {
  kind: 'fragment' | 'picture';
}

/** Everything that is shown before this time, in seconds on the session's timeline, is history. */
export interface Edge {
  kind: 'edge';
  time: number;
}

/** Something to do or to know. */
export type Output =
  | Init
  | Piece
  | Edge
  /** The MIME type of a track, new or changed. */
  | { kind: 'track'; track: number; text: string }
  /** Text for the socket with this name. */
  | { kind: 'control' | 'data'; text: string }
  | { kind: 'state'; text: Progress }
  /** Close both sockets and open the control socket again, because the stream has moved to this address. */
  | { kind: 'reopen'; text: string }
  | { kind: 'openData' | 'closed' }
  /** The session has failed: a status of RTSP, WSP or HTTP, and a sentence. */
  | { kind: 'error'; code: number; message: string }
  /** A track that the wasm does not support: its medium (`video`), and its codec. */
  | { kind: 'unsupported'; media: string; codec: string }
  /** The size of the picture in pixels. */
  | { kind: 'size'; width: number; height: number }
  /** What the gateway tells about itself; undefined if that was no JSON. */
  | { kind: 'info'; info: unknown };

/** The kinds of outputs by their numbers at the boundary, which begin with 1 (output.rs). */
export const KINDS = 'control openData data track init fragment info state error unsupported closed size picture edge reopen'
  .split(' ') as Output['kind'][];

/** Splits a text into a number or word, a separator, and the rest: `404\nNo such stream`, `video VP8`, `640x480`. */
const PAIR = /^(\d+|\w+)[^]([^]*)/;

/** The counters of the wasm by their numbers at the boundary (statistics.rs). */
export const LOST = 1;
export const LEFT_OUT = 3;
export const SKIPPED = 4;

/** How long loading may take, in ms: a gateway that does not answer must not keep the players waiting for ever. */
const LOAD_LIMIT = 60_000;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Loads and compiles the wasm beside this script, once for all players of the page. */
export function load(): Promise<WebAssembly.Module> {
  compiled ??= compile(new URL('camgate.wasm', import.meta.url)).catch((error: unknown) => {
    compiled = undefined; // the gateway may be back next time
    throw error;
  });
  return compiled;
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LOAD_LIMIT) });
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  // compileStreaming insists on the MIME type, which other web servers may not know.
  if (response.headers.get('content-type') === 'application/wasm') {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** One RTSP client with its depacketisers and fMP4 writer: one wasm instance. */
export class Machine {
  readonly #wasm: Exports;
  readonly #utf8 = new TextDecoder();

  private constructor(wasm: Exports) {
    this.#wasm = wasm;
  }

  static async create(): Promise<Machine> {
    const instance = await WebAssembly.instantiate(await load());
    const wasm = instance.exports as Exports;
    if (wasm.abi() !== ABI) {
      throw new Error('camgate.js and camgate.wasm differ in version');
    }
    return new Machine(wasm);
  }

  /** Starts a new session: address, user and password, and then those of a host that it moves to. */
  open(places: string[], now: number): void {
    const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
    this.#wasm.seed(low, high);
    this.tell('open', places.join('\n'), now);
  }

  /** Makes a call without an argument. */
  call(name: 'control_opened' | 'data_opened' | 'pause' | 'play' | 'close' | 'handle_timeout', now: number): void {
    this.#wasm[name](now);
  }

  /** Makes a call with an argument: something that has arrived, or the addresses. */
  tell(name: 'open' | 'control_message' | 'data_message' | 'media', argument: string | ArrayBuffer, now: number): void {
    const text = typeof argument === 'string';
    this.#wasm[name](this.#write(text ? new TextEncoder().encode(argument) : new Uint8Array(argument)), now);
  }

  /** When to call handle_timeout; Infinity if there is no need. */
  timeout(): number {
    return this.#wasm.timeout();
  }

  /** How well the stream arrives: packets received and lost, pictures sent on, dropped and skipped. */
  statistic(which: 0 | 1 | 2 | 3 | 4): number {
    return this.#wasm.statistic(which);
  }

  /** The next output; undefined if there is none. To be called after every call. A newer wasm may have outputs that
   * this script does not know, which have no kind. */
  poll(): Output | undefined {
    const wasm = this.#wasm;
    const number = wasm.poll_output();
    if (!number) return undefined;
    const kind = KINDS[number - 1];
    const track = wasm.output_track();
    const bytes = this.#bytes();
    switch (kind) {
      case 'init':
      case 'fragment':
      case 'picture':
      case 'edge': return { kind, track, bytes, time: wasm.output_time(), duration: wasm.output_duration(), sync: !!wasm.output_sync() };
    }
    const text = this.#utf8.decode(bytes);
    const [, head = '', rest = ''] = PAIR.exec(text) ?? [];
    switch (kind) {
      case 'error': return { kind, code: Number(head) || 500, message: rest };
      case 'unsupported': return { kind, media: head, codec: rest };
      case 'size': return { kind, width: Number(head), height: Number(rest) };
      case 'info': return { kind, info: parsed(text) };
      default: return { kind, track, text } as Output;
    }
  }

  #write(bytes: Uint8Array): number {
    const at = this.#wasm.input(bytes.length) >>> 0;
    if (!at) throw new RangeError(`a message of ${bytes.length} bytes is too long`);
    new Uint8Array(this.#wasm.memory.buffer, at, bytes.length).set(bytes);
    return bytes.length;
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const start = this.#wasm.output_ptr() >>> 0;
    const memory = this.#wasm.memory.buffer as ArrayBuffer;
    return new Uint8Array(memory.slice(start, start + (this.#wasm.output_len() >>> 0)));
  }
}

/** Parses JSON; undefined if it is none. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
