// The player that `Streamedian.player()` returns: the API of the Streamedian player, 1.8 and 3.x, on top of this
// project's Player. That is a module of its own (player.js beside this script), which <camgate-video> shares.
// Requests that come before it is loaded are carried out afterwards.
//
// Invariant: after destroy() no handler of the page is called any more, and every method does nothing.

import { on } from '../event';
import type { Credentials, Player, Problem } from '../player';
import { fromElement, fromProblem, NOT_SUPPORTED, StreamedianError } from './error';
import { Recording, type Prefix } from './recording';
import { scriptBeside } from './script';
import { isRtsp, playable, RTSP, sourceOf } from './source';

/** The default number of seconds kept behind the play head. */
const BUFFER_DURATION = 120;

/** What the gateway tells about itself (GET_INFO). */
export interface ServerInfo {
  license: { expiresAt?: string };
  requestedDomain: string;
  /** The cameras of the tunnel clients, by the id of the client. */
  clients: Record<string, { url: string; description?: string }[]>;
}

export type VideoFormat = 'h264' | 'h265' | 'jpeg';

export interface StreamedianOptions {
  /** The gateway's WebSocket address. Default: `/ws/` where this script came from. */
  socket?: string;
  /** Default: the message is shown. */
  errorHandler?: (error: StreamedianError) => void;
  infoHandler?: (info: ServerInfo) => void;
  /** Called with every recorded file. */
  dataHandler?: (file: Uint8Array<ArrayBuffer>, prefix: Prefix) => void;
  /** Whether the element's own errors reach errorHandler. Default: true. */
  redirectNativeMediaErrors?: boolean;
  /** Seconds kept behind the play head. Default: 120. */
  bufferDuration?: number;
  /** In ms. Default: three minutes. */
  continuousFileLength?: number;
  eventFileLength?: number;
  /** Returns user and password, or a promise of them, or calls this.setCredentials(). Default: a dialog asks. */
  queryCredentials?: (this: StreamedianPlayer) => unknown;
  /** An element or its id, on which the picture is drawn, too, while it can be seen. */
  canvas?: HTMLCanvasElement | string;
  /** Called when the format of the picture is known, and when it changes. */
  videoFormatHandler?: (format: VideoFormat) => void;
  trueSizeHandler?: (size: { width: number; height: number }) => void;
  /** The source, instead of the element's own. */
  url?: string;
  type?: string;
}

export class StreamedianPlayer {
  /** The element. */
  readonly player: HTMLMediaElement;
  readonly type = RTSP;
  url: string | null = null;
  readonly continuousRecording: Recording;
  readonly eventRecording: Recording;
  readonly #options: StreamedianOptions;
  #core: Player | undefined;
  /** It was started before the core was loaded. */
  #wanted = false;
  #duration = BUFFER_DURATION;
  readonly #end = new AbortController();
  /** The problem that was reported last, so that not every new attempt reports it again. */
  #reported = '';
  #format: VideoFormat | undefined;
  /** Answers the open question for credentials. */
  #answer: ((given: Credentials | undefined) => void) | undefined;
  /** Withdraws that question. */
  #asking = new AbortController();

  constructor(element: HTMLMediaElement, options: StreamedianOptions) {
    this.player = element;
    this.#options = options;
    const core = this.#load();
    core.catch((error: unknown) => this.#missing('player', error));
    this.continuousRecording = this.#recording(core, 'continuous', options.continuousFileLength);
    this.eventRecording = this.#recording(core, 'event', options.eventFileLength);
    this.bufferDuration = options.bufferDuration ?? BUFFER_DURATION;
    this.#mirror(options);
    if (!options.errorHandler) dialogs().catch(() => {}); // a gateway that is gone could not bring them
    const url = options.url ?? sourceOf(element);
    if (url) void this.setSource(url, options.url ? options.type : RTSP);
  }

  /** Seconds kept behind the play head; an invalid duration means 120. */
  get bufferDuration(): number {
    return this.#duration;
  }

  set bufferDuration(seconds: number) {
    this.#duration = seconds > 0 ? Number(seconds) : BUFFER_DURATION;
    if (this.#core) this.#core.keep = this.#duration;
  }

  /** Starts playing. */
  start(): void {
    if (this.#end.signal.aborted) return;
    this.#wanted = true;
    this.#core?.start();
    this.player.play().catch(() => {}); // if the browser wants a gesture first, its controls are there
  }

  /** Disconnects from the camera. */
  stop(): void {
    this.#wanted = false;
    this.#withdraw();
    this.#core?.stop();
    if (this.url && !this.#end.signal.aborted) this.#core?.load();
  }

  /** Changes to another stream, which is started if the element has `autoplay` or was playing. */
  async setSource(url: string, type?: string): Promise<void> {
    if (this.#end.signal.aborted) return;
    if (!playable(url, type)) return this.#fail(new StreamedianError(NOT_SUPPORTED, 'This is no address of RTSP.'));
    if (url !== this.url) this.#withdraw();
    this.url = url;
    this.#reported = '';
    // The browser, and its controls, would fail with such an address.
    if (isRtsp(this.player.getAttribute('src') ?? '')) this.player.removeAttribute('src');
    this.#open();
    if (this.player.autoplay) this.start();
  }

  isPlaying(): boolean {
    const state = this.#core?.state ?? 'stopped';
    return !this.player.paused && state !== 'stopped' && state !== 'failed' && state !== 'paused';
  }

  canPlayUrl(url: string): boolean {
    return isRtsp(url);
  }

  /** To be called by queryCredentials, or at any time. */
  setCredentials(user: string, password: string): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer) answer({ user, password });
    else this.#core?.setCredentials(user, password);
  }

  /** Disconnects from the camera, and leaves the element for good. */
  async destroy(): Promise<void> {
    this.continuousRecording.destroy();
    this.eventRecording.destroy();
    this.#end.abort();
    this.#withdraw();
    this.#core?.destroy();
  }

  async #load(): Promise<Player> {
    const { Player } = await scriptBeside<typeof import('../player')>('player.js');
    const core = new Player(this.player, {
      socket: this.#options.socket ?? '', // if there is none, it is /ws/ where player.js is from
      keep: this.#duration,
      credentials: (_, problem) => this.#query(problem),
    });
    if (this.#end.signal.aborted) core.destroy();
    else this.#begin(core);
    return core;
  }

  #begin(core: Player): void {
    this.#core = core;
    this.#listen(core);
    this.#open();
    if (this.url && (this.#wanted || !this.player.paused)) this.start();
  }

  #open(): void {
    if (!this.#core || !this.url) return;
    this.#core.src = this.url;
    this.#core.load();
  }

  #listen(core: Player): void {
    const { signal } = this.#end;
    on(core, 'problem', () => this.#problem(core.problem), signal);
    on(core, 'info', (event) => this.#info((event as CustomEvent<unknown>).detail), signal);
    on(core, 'size statechange', () => this.#video(core), signal);
    on(core, 'size', () => {
      const { width, height } = core.stats;
      this.#options.trueSizeHandler?.({ width, height });
    }, signal);
    // Without a stream of ours, the error is about an address that the browser itself cannot play.
    on(this.player, 'error', () => {
      const { error } = this.player;
      if (error && core.state !== 'stopped' && this.#options.redirectNativeMediaErrors !== false) this.#fail(fromElement(error));
    }, signal);
  }

  #recording(core: Promise<Player>, prefix: Prefix, length: number | undefined): Recording {
    const recording = new Recording(async () => {
      const [{ Recorder }, player] = await Promise.all([scriptBeside<typeof import('../record')>('record.js'), core]);
      return new Recorder(player, prefix, (file, from) => this.#options.dataHandler?.(file, from));
    }, (error) => this.#missing('recorder', error));
    recording.setFileLength(length);
    if (this.#options.dataHandler) recording.prepare();
    return recording;
  }

  #mirror({ canvas }: StreamedianOptions): void {
    if (!canvas) return;
    scriptBeside<typeof import('../extras')>('extras.js')
      .then(({ mirror }) => mirror(this.player, canvas, this.#end.signal))
      .catch((error: unknown) => this.#missing('canvas', error));
  }

  #problem(problem: Problem | undefined): void {
    if (!problem) this.#reported = '';
    else if (!this.player.error) this.#fail(fromProblem(problem)); // otherwise the element's own event reports it, if it is to be reported
  }

  #fail(error: StreamedianError): void {
    const key = `${error.code} ${error.message}`;
    if (key === this.#reported || this.#end.signal.aborted) return;
    this.#reported = key;
    const { errorHandler } = this.#options;
    if (errorHandler) errorHandler(error);
    else dialogs().then(({ tell }) => tell(error.message)).catch(() => reportError(error));
  }

  #missing(script: string, error: unknown): void {
    this.#fail(new StreamedianError(0, `The ${script} could not be loaded: ${String(error)}`));
  }

  #info(answer: unknown): void {
    const { info } = (answer ?? {}) as { info?: ServerInfo };
    if (info) this.#options.infoHandler?.(info);
  }

  #video(core: Player): void {
    const format = core.stats.codecs.map(formatOf).find(Boolean);
    if (!format || format === this.#format) return;
    this.#format = format;
    this.#options.videoFormatHandler?.(format);
  }

  #query(problem: Problem): Promise<Credentials | undefined> {
    this.#withdraw();
    const { queryCredentials } = this.#options;
    if (!queryCredentials) {
      const { signal } = this.#asking;
      return dialogs().then(({ ask }) => ask(`${problem.title}. ${problem.message}`, signal));
    }
    return new Promise((resolve) => {
      const answer = this.#answer = (given) => {
        if (this.#answer === answer) this.#answer = undefined;
        resolve(given);
      };
      // The return value counts only if it is an answer: the function may have called setCredentials(), or will.
      (async () => queryCredentials.call(this))().then((given) => {
        if (isCredentials(given)) answer(given);
      }, () => answer(undefined));
    });
  }

  /** Withdraws the question, because nobody waits for an answer any more. */
  #withdraw(): void {
    this.#answer?.(undefined);
    this.#asking.abort();
    this.#asking = new AbortController();
  }
}

/** The dialogs, for pages without handlers of their own. */
function dialogs(): Promise<typeof import('../face')> {
  return scriptBeside('face.js');
}

function isCredentials(given: unknown): given is Credentials {
  const { user, password } = (given ?? {}) as Partial<Credentials>;
  return typeof user === 'string' && typeof password === 'string';
}

function formatOf(codec: string): VideoFormat | undefined {
  if (/^avc/.test(codec)) return 'h264';
  if (/^h(vc|ev)/.test(codec)) return 'h265';
  return codec === 'jpeg' ? codec : undefined;
}
