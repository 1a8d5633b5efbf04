// A player: follows one camera for as long as it is wanted, whatever happens meanwhile.
//
// It feeds a media element, and knows nothing else of the page. It reports its `state` and its `problem`; how these
// look is the element's business (element.ts).
//
// Invariant: there is at most one session, and none unless it is wanted. What cannot succeed (such as a wrong
// password) is not tried again until somebody changes something.

import { userIn } from './address';
import { Attempt, type AttemptListener } from './attempt';
import { max, now as clock, on, play } from './event';
import { extras } from './later';
import { Mse } from './mse';
import { Patience } from './patience';
import * as problems from './problem';
import type { Problem, Unsupported } from './problem';
import { Screen, type ScreenListener } from './screen';
import { credentialsFor, type Session, type StreamAddress } from './session';
import { webSocketUrl } from './socket';
import type { State } from './state';
import { quality, Tally, type Stats } from './stats';
import { LEFT_OUT, LOST, SKIPPED, type Init, type Output } from './wasm';

export { load } from './wasm';
export type { Problem, ProblemKind, Unsupported } from './problem';
export type { State } from './state';
export type { Stats } from './stats';

const TICK = 250; // ms between two checks of what is due

export interface PlayerOptions {
  src?: string;
  /** The gateway's address: ws(s) or http(s), absolute or relative to the page. Default: /ws/ where this script came
   * from. */
  socket?: string;
  user?: string;
  password?: string;
  /** Seconds kept behind the play head. Default: 10. */
  keep?: number;
  /** Called when the camera wants a user and password, or different ones. If it returns undefined, or the same again,
   * the player gives up. */
  credentials?: Ask;
}

export interface Credentials {
  user: string;
  password: string;
}

/** `problem.message` says whether credentials are needed, or others than were given. */
export type Ask = (player: Player, problem: Problem) => Promise<Credentials | undefined> | Credentials | undefined;

/** Events: `statechange`, `problem` (it appeared, changed or went: see `problem`), `unsupported` (detail: a track that
 * is not played), `size`, `info` (detail: the gateway's answer to GET_INFO). */
export class Player extends EventTarget implements AttemptListener, ScreenListener {
  readonly video: HTMLMediaElement;
  /** The functions that get all outputs of the session (of recorders), and its init segments so far. */
  readonly taps = new Set<(output: Output) => void>();
  readonly inits = new Map<number, Init>();
  /** Ends listening: to the element in destroy(), to the page in stop(). */
  readonly #end = new AbortController();
  #watching = new AbortController();
  /** See PlayerOptions. */
  credentials: Ask | undefined;
  #source: StreamAddress;
  #keep: number;
  /** The last attempt, which may have ended. */
  #attempt: Attempt | undefined;
  #screen: Screen | undefined;
  #state: State = 'stopped';
  #problem: Problem | undefined;
  readonly #patience = new Patience();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  /** Why the last attempt ended, until the next one begins or nobody wants one. */
  #ended: Problem | undefined;
  /** When the next attempt is due (now()). */
  #retryAt = 0;
  readonly #tally = new Tally();

  constructor(video: HTMLMediaElement, options: PlayerOptions = {}) {
    super();
    this.video = video;
    this.#keep = options.keep ?? 10;
    this.credentials = options.credentials;
    this.#source = {
      url: options.src ?? '',
      user: options.user ?? '',
      password: options.password ?? '',
      there: [],
      socket: webSocketUrl(options.socket),
    };
    on(video, 'pause', () => this.#paused(), this.#end.signal);
    on(video, 'play', () => this.#resumed(), this.#end.signal);
  }

  get state(): State {
    return this.#state;
  }

  /** What is wrong at the moment. It stays while attempts are made to recover. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Tracks of the camera that are not played. */
  get unsupported(): readonly Unsupported[] {
    return this.#attempt?.unsupported ?? [];
  }

  /** Whether the stream has audio that can be heard. */
  get sound(): boolean {
    return this.#screen?.sound ?? false;
  }

  /** Seconds until the next attempt while `reconnecting`, otherwise 0. */
  get retryIn(): number {
    return this.#state === 'reconnecting' ? max(0, this.#retryAt - clock()) / 1000 : 0;
  }

  get src(): string {
    return this.#source.url;
  }

  /** Changes to another stream; credentials for the old one are forgotten. */
  set src(url: string) {
    if (url !== this.src) this.#change({ url, user: '', password: '', there: [] });
  }

  /** The user name, as far as it is known. */
  get user(): string {
    return this.#source.user || userIn(this.src) || '';
  }

  get socket(): string {
    return this.#source.socket;
  }

  set socket(url: string) {
    const socket = webSocketUrl(url);
    if (socket !== this.socket) this.#change({ socket });
  }

  /** Sets the credentials for the camera, or, if the stream has moved (`problem.moved`), for the host that asks for
   * them. */
  setCredentials(user: string, password: string): void {
    const moved = this.#ended?.moved;
    this.#change(moved ? { there: [moved, user, password] } : { user, password });
  }

  get stats(): Stats {
    const none = { codecs: [], latency: 0, target: 0, buffered: 0, dropped: 0 };
    const shown = this.#screen?.stats ?? none;
    const counted = (which: typeof LOST | typeof LEFT_OUT | typeof SKIPPED): number => this.#attempt?.machine?.statistic(which) ?? 0;
    return {
      ...shown,
      ...this.#tally,
      state: this.#state,
      dropped: shown.dropped + counted(LEFT_OUT),
      lost: counted(LOST),
      skipped: counted(SKIPPED),
    };
  }

  /** Seconds kept behind the play head. */
  get keep(): number {
    return this.#keep;
  }

  set keep(seconds: number) {
    this.#keep = seconds;
    if (this.#screen) this.#screen.keep = seconds;
  }

  /** The current picture; `type` and `quality` as for HTMLCanvasElement.toBlob(). */
  async snapshot(type?: string, quality?: number): Promise<Blob> {
    return (await extras()).snapshot(this.video, type, quality);
  }

  /** Gives the element an empty stream, so that its own controls can start it; the camera is not contacted. */
  load(): void {
    if (!Mse.available || this.#screen) return;
    this.#screen = new Screen(this.video, this.#keep, this);
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#watching = new AbortController();
    on(window, 'online', () => this.#awake(), this.#watching.signal);
    on(document, 'visibilitychange', () => document.hidden || this.#awake(), this.#watching.signal);
    this.#screen.begin();
  }

  /** Starts; or tries again at once if it has failed, or is waiting to try again. */
  start(): void {
    if (!this.src || this.#end.signal.aborted) return;
    if (!Mse.available) return this.#giveUp(problems.noMediaSource());
    if (this.#session) return;
    this.load(); // at once, because a later source would interrupt a play() that follows
    this.#patience.forget();
    this.#connect();
  }

  /** Disconnects from the camera and empties the element. */
  stop(): void {
    this.#leave();
    this.#screen?.destroy();
    this.#screen = undefined;
    clearInterval(this.#ticker);
    this.#watching.abort();
    this.#setProblem();
    this.#setState('stopped');
  }

  destroy(): void {
    this.stop();
    this.#end.abort();
    this.#attempt = undefined;
  }

  #change(source: Partial<StreamAddress>): void {
    const active = this.#state !== 'stopped';
    const paused = this.#state === 'paused';
    const playing = !this.video.paused;
    const moved = source.url !== undefined || source.socket !== undefined;
    this.#leave();
    if (moved && active) this.stop(); // the last picture of another camera must not stay
    Object.assign(this.#source, source);
    this.#setProblem();
    if (paused && moved) this.load();
    if (!active || paused) return; // it connects when it is played
    this.start();
    if (playing) play(this.video); // its owner has allowed it before
  }

  /** Connects, now that there is a screen: nothing is connected before load(). */
  #connect(): void {
    this.#leave();
    const attempt = (this.#attempt = new Attempt(this.#screen!, this, this.#attempt?.machine));
    this.#setState('connecting'); // a listener may stop the player
    this.#patience.begin(clock());
    this.inits.clear();
    void attempt.start({ ...this.#source });
  }

  /** Ends what is going on: an attempt, or the pause between attempts. */
  #leave(): void {
    this.#ended = undefined;
    clearTimeout(this.#retry);
    this.#attempt?.leave();
  }

  get #session(): Session | undefined {
    return this.#attempt?.session;
  }

  received(bytes: number): void {
    this.#tally.bytes += bytes;
  }

  output(output: Output): void {
    if (output.kind === 'init') this.inits.set(output.track, output);
    if (output.kind === 'fragment') this.#tally.fragments++;
    for (const tap of this.taps) tap(output);
  }

  advanced(state: State): void {
    this.#patience.feed(clock(), false);
    this.#setState(state);
  }

  fed(): void {
    this.#patience.feed(clock(), true);
    this.#setProblem();
  }

  sized(width: number, height: number): void {
    if (width * height > problems.MAX_PIXELS) return this.failed(problems.undecodable('It is too large.'));
    this.#tally.width = width;
    this.#tally.height = height;
    this.emit('size');
  }

  emit(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  failed(problem: Problem): void {
    this.#leave();
    // While the element is paused there is no need to connect, nor to complain.
    if (this.#state === 'paused') return;
    this.#ended = problem;
    if (problem.kind === 'credentials' && this.credentials) return void this.#ask(problem, this.credentials);
    if (!problem.retry) return this.#giveUp(problems.named(problem, this.unsupported));
    const delay = this.#patience.pause(Math.random());
    this.#retryAt = clock() + delay;
    this.#retry = setTimeout(() => this.#again(), delay);
    this.#setProblem(problem);
    this.#setState('reconnecting');
  }

  async #ask(problem: Problem, credentials: Ask): Promise<void> {
    const [user, password] = credentialsFor(this.#source, problem.moved);
    let given: Credentials | undefined;
    try {
      given = await credentials(this, problem);
    } catch {
      // whoever was asked does not want to answer
    }
    if (problem !== this.#ended) return;
    // The same credentials would be refused again, and many cameras lock out clients that try too often.
    if (given && (given.user !== user || given.password !== password)) this.setCredentials(given.user, given.password);
    else this.#giveUp(problem);
  }

  #giveUp(problem: Problem): void {
    this.#setProblem(problem);
    this.#setState('failed');
  }

  #again(): void {
    this.#tally.reconnects++;
    this.#connect();
  }

  #tick(): void {
    const now = clock();
    this.#screen?.tick(now);
    this.#tally.sample(quality(this.video).decoded, now);
    const trouble = this.#session && this.#patience.check(now, this.#state, this.#session.heard);
    if (trouble?.over) this.failed(trouble.problem);
    else if (trouble) this.#setProblem(trouble.problem);
  }

  /** Whether nothing is going on, and nothing will without a request. */
  get #resting(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed';
  }

  #paused(): void {
    if (this.#resting || this.video.ended) return;
    // A recording is to continue where it was paused. A camera that is asked anew usually begins with a key frame;
    // one that paused may send what it kept, and no key frame for seconds.
    if (this.#session?.recorded && this.#state === 'playing') this.#session.pause();
    else this.#leave();
    this.#setProblem();
    this.#setState('paused');
  }

  #resumed(): void {
    if (this.#resting) return this.start();
    if (this.#state !== 'paused') return;
    if (!this.#session) return this.start();
    this.#patience.feed(clock(), false);
    this.#session.play();
  }

  /** The network or the user is back, so there is no reason to wait any longer. */
  #awake(): void {
    if (this.#state === 'reconnecting') this.#again();
  }

  #setState(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('statechange');
  }

  #setProblem(problem?: Problem): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.emit('problem');
  }
}
