// The boundary to the wasm player: numbers and bytes go in, typed outputs come out.
//
// Invariant: no view of the wasm memory outlives the call that made it. The memory may
// grow (and so detach every view) in any call, therefore each output is copied out whole.

export const ABI = 1;

/** What the wasm exports; `now` and every other time is in milliseconds unless it says otherwise. */
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

/** How far the RTSP session has come. */
export type Progress = 'connecting' | 'describing' | 'buffering' | 'playing' | 'paused';

/** A piece of one track: `moof` and `mdat` (or a picture: JFIF). Times in seconds on the session's media timeline. */
export interface Fragment {
  track: number;
  bytes: Uint8Array<ArrayBuffer>;
  time: number;
  duration: number;
  /** It starts with a sync sample: decoding may begin here. */
  sync: boolean;
}

/** The init segment of a track. */
export interface Init {
  kind: 'init';
  track: number;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A piece of a track, as Media Source Extensions take it or as a whole picture. */
export interface Piece extends Fragment {
  kind: 'fragment' | 'picture';
}

/** What is shown before this time, in seconds on the session's media timeline, is history. */
export interface Edge {
  kind: 'edge';
  time: number;
}

/** What there is to do. */
export type Output =
  | Init
  | Piece
  | Edge
  /** The MIME type of a track, new or changed. */
  | { kind: 'track'; track: number; text: string }
  /** Text for the socket of that name. */
  | { kind: 'control' | 'data'; text: string }
  | { kind: 'state'; text: Progress }
  /** Close both sockets and open the control socket again: the stream has moved to this address. */
  | { kind: 'reopen'; text: string }
  | { kind: 'openData' | 'closed' }
  /** The session is over: a status of RTSP, WSP or HTTP, and a sentence. */
  | { kind: 'error'; code: number; message: string }
  /** A track that the wasm cannot carry: what it is (`video`), and its codec. */
  | { kind: 'unsupported'; media: string; codec: string }
  /** Pixels of the picture. */
  | { kind: 'size'; width: number; height: number }
  /** What the gateway says of itself; undefined if that was no JSON. */
  | { kind: 'info'; info: unknown };

/** The kinds of outputs, by their numbers at the boundary, which begin with 1 (output.rs). */
export const KINDS = 'control openData data track init fragment info state error unsupported closed size picture edge reopen'
  .split(' ') as Output['kind'][];

/** Text in two: a number or a word, a separator, and all the rest: `404\nNo such stream`, `video VP8`, `640x480`. */
const PAIR = /^(\d+|\w+)[^]([^]*)/;

/** What the wasm counts, by its number at the boundary (statistics.rs). */
export const LOST = 1;
export const LEFT_OUT = 3;
export const SKIPPED = 4;

/** A gateway that does not answer must not keep the players of a page waiting for ever, in ms. */
const LOAD_LIMIT = 60_000;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Fetches and compiles the wasm beside this script, once for all players of the page. */
export function load(): Promise<WebAssembly.Module> {
  compiled ??= compile(new URL('camgate.wasm', import.meta.url)).catch((error: unknown) => {
    compiled = undefined; // the gateway may be back at the next try
    throw error;
  });
  return compiled;
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LOAD_LIMIT) });
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  // compileStreaming insists on the MIME type, which a foreign web server may not know.
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

  /** Begins a session anew, whatever was before: address, user and password, then those of a host it moves to. */
  open(places: string[], now: number): void {
    const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
    this.#wasm.seed(low, high);
    this.tell('open', places.join('\n'), now);
  }

  /** Something happened, or shall. */
  call(name: 'control_opened' | 'data_opened' | 'pause' | 'play' | 'close' | 'handle_timeout', now: number): void {
    this.#wasm[name](now);
  }

  /** Something arrived. */
  tell(name: 'open' | 'control_message' | 'data_message' | 'media', argument: string | ArrayBuffer, now: number): void {
    const text = typeof argument === 'string';
    this.#wasm[name](this.#write(text ? new TextEncoder().encode(argument) : new Uint8Array(argument)), now);
  }

  /** When handle_timeout wants to be called; Infinity: never. */
  timeout(): number {
    return this.#wasm.timeout();
  }

  /** How well the stream arrives: packets received and lost, pictures sent out, dropped and skipped. */
  statistic(which: 0 | 1 | 2 | 3 | 4): number {
    return this.#wasm.statistic(which);
  }

  /**
   * The next thing to do, undefined when there is nothing more. To be asked after every call. A later wasm may say
   * what this script does not know, which is of no kind then.
   */
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

/** Undefined if it is no JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
