// A player: follows one camera for as long as it is wanted, whatever happens in between.
//
// It knows the media element as something to feed, nothing else of the page. It says how it goes in
// `state` and `problem`; what that looks like is the element's business (element.ts).
//
// Invariant: at most one session at a time, and none unless it is wanted; nothing is tried again
// that cannot succeed (a wrong password) until somebody changes something.

import { now as clock, on } from './event';
import { Live } from './live';
import { codecs, Mse } from './mse';
import { Patience } from './patience';
import * as problems from './problem';
import type { Problem, Unsupported } from './problem';
import { Session, type Media, type SessionListener, type Source } from './session';
import { webSocketUrl } from './socket';
import { Machine, type Fragment, type Progress } from './wasm';

/** How often time is looked at, in ms. */
const TICK = 250;

export type State = Progress | 'stopped' | 'reconnecting' | 'failed';

export interface PlayerOptions {
  src?: string;
  /** Of the gateway: ws(s) or http(s), absolute or relative to the page. Default: /ws/ where this script came from. */
  socket?: string;
  user?: string;
  password?: string;
  /** Seconds kept behind the play head. */
  keep?: number;
}

export interface Stats {
  state: State;
  /** RFC 6381, such as `avc1.42c01f`. */
  codecs: string[];
  width: number;
  height: number;
  /** Seconds from the play head to the live edge, and what is aimed at. */
  latency: number;
  target: number;
  /** Seconds in the buffer. */
  buffered: number;
  fragments: number;
  /** Of media, with all their headers, over all sessions. */
  bytes: number;
  reconnects: number;
}

/**
 * Events: `statechange`, `problem` (it appeared, changed or went: see `problem`), `unsupported`
 * (detail: a track that is left out), `size`, `info` (detail: the gateway's GET_INFO).
 */
export class Player extends EventTarget implements SessionListener {
  readonly video: HTMLMediaElement;
  /** Whoever is to hear all that the session brings (a recorder), and its init segments so far. */
  readonly taps = new Set<(output: Media) => void>();
  readonly inits = new Map<number, Media>();
  /** Ends listening: to the element, on destroy(); to the page, on stop(). */
  readonly #end = new AbortController();
  #watching = new AbortController();
  #source: Source;
  #keep: number;
  #machine: Machine | undefined;
  #session: Session | undefined;
  #mse: Mse | undefined;
  #live: Live | undefined;
  #state: State = 'stopped';
  #problem: Problem | undefined;
  #unsupported: Unsupported[] = [];
  /** Counts attempts, so that what an old one brings late is not taken for the new one's. */
  #turn = 0;
  readonly #patience = new Patience();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  /** When the next attempt is due (clock()). */
  #retryAt = 0;
  #width = 0;
  #height = 0;
  #fragments = 0;
  #bytes = 0;
  #reconnects = 0;

  constructor(video: HTMLMediaElement, options: PlayerOptions = {}) {
    super();
    this.video = video;
    this.#keep = options.keep ?? 10;
    this.#source = {
      url: options.src ?? '',
      user: options.user ?? '',
      password: options.password ?? '',
      socket: webSocketUrl(options.socket),
    }
    on(video, 'pause', () => this.#paused(), this.#end.signal);
    on(video, 'play', () => this.#resumed(), this.#end.signal);
  }

  get state(): State {
    return this.#state;
  }

  /** What is wrong at the moment. It stays during the attempts to mend it. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Tracks that the camera has but that are left out. */
  get unsupported(): readonly Unsupported[] {
    return this.#unsupported;
  }

  /** The stream has sound that can be heard. */
  get sound(): boolean {
    return this.#mse?.sound ?? false;
  }

  /** Seconds to the next attempt while `reconnecting`, else 0. */
  get retryIn(): number {
    return this.#state === 'reconnecting' ? Math.max(0, this.#retryAt - clock()) / 1000 : 0;
  }

  get src(): string {
    return this.#source.url;
  }

  /** Another stream; credentials that were given for the old one are forgotten. */
  set src(url: string) {
    if (url === this.src) return;
    this.#change({ url, user: '', password: '' });
  }

  get socket(): string {
    return this.#source.socket;
  }

  set socket(url: string) {
    this.#change({ socket: webSocketUrl(url) });
  }

  setCredentials(user: string, password: string): void {
    this.#change({ user, password });
  }

  get stats(): Stats {
    const { buffered } = this.video;
    let seconds = 0;
    for (let i = 0; i < buffered.length; i++) seconds += buffered.end(i) - buffered.start(i);
    return {
      state: this.#state,
      codecs: this.#mse?.codecs ?? [],
      width: this.#width,
      height: this.#height,
      latency: this.#live?.latency ?? 0,
      target: this.#live?.target ?? 0,
      buffered: seconds,
      fragments: this.#fragments,
      bytes: this.#bytes + (this.#session?.bytes ?? 0),
      reconnects: this.#reconnects,
    }
  }

  /** Begins, or tries again at once if it had failed or is waiting to. */
  start(): void {
    if (!this.src) return;
    if (!Mse.available) return this.#giveUp(problems.noMediaSource());
    if (this.#session) return;
    this.#prepare();
    this.#patience.forget();
    void this.#connect();
  }

  /** Leaves the camera and empties the element. */
  stop(): void {
    this.#leave();
    this.#mse?.destroy();
    this.#live?.destroy();
    this.#mse = this.#live = undefined;
    clearInterval(this.#ticker);
    this.#watching.abort();
    this.#setProblem(undefined);
    this.#setState('stopped');
  }

  destroy(): void {
    this.stop();
    this.#end.abort();
    this.#machine = undefined;
  }

  #change(source: Partial<Source>): void {
    const active = this.#state !== 'stopped';
    const playing = !this.video.paused;
    const moved = source.url !== undefined || source.socket !== undefined;
    this.#leave();
    if (moved && active) this.stop(); // the last picture of another camera must not stay
    Object.assign(this.#source, source);
    this.#setProblem(undefined);
    if (!active) return;
    this.start();
    if (playing) this.video.play().catch(() => {}); // its owner allowed it before
  }

  #prepare(): void {
    if (this.#mse) return;
    this.#live = new Live(this.video);
    this.#mse = new Mse(this.video, this.#keep, {
      appended: () => this.#live?.appended(clock()),
      broken: (detail) => this.#fail(problems.undecodable(detail)),
    });
    this.#ticker = setInterval(() => this.#tick(), TICK);
    this.#watching = new AbortController();
    on(window, 'online', () => this.#awake(), this.#watching.signal);
    on(document, 'visibilitychange', () => document.hidden || this.#awake(), this.#watching.signal);
  }

  async #connect(): Promise<void> {
    this.#leave();
    const turn = this.#turn;
    this.#setState('connecting');
    this.#patience.begin(clock());
    this.#unsupported = [];
    this.inits.clear();
    try {
      this.#machine ??= await Machine.create();
    } catch (error) {
      if (turn === this.#turn) this.#fail(unloadable(error));
      return;
    }
    if (turn !== this.#turn) return;
    this.#mse?.begin();
    this.#live?.reset();
    this.#session = new Session(this.#machine, { ...this.#source }, this);
    this.#session.start();
  }

  /** Ends what is under way, attempt or pause between attempts. */
  #leave(): void {
    this.#turn++;
    clearTimeout(this.#retry);
    this.#bytes += this.#session?.bytes ?? 0;
    this.#session?.stop();
    this.#session = undefined;
  }

  ended(problem: Problem, spoilt: boolean): void {
    if (spoilt) this.#machine = undefined;
    this.#fail(problem);
  }

  #fail(problem: Problem): void {
    this.#leave();
    // Somebody paused: no need to fetch anything, nor to complain, before they play again.
    if (this.#state === 'paused') return;
    if (!problem.retry) return this.#giveUp(this.#named(problem));
    const delay = this.#patience.pause(Math.random());
    this.#retryAt = clock() + delay;
    this.#retry = setTimeout(() => this.#again(), delay);
    this.#setProblem(problem);
    this.#setState('reconnecting');
  }

  #giveUp(problem: Problem): void {
    this.#setProblem(problem);
    this.#setState('failed');
  }

  /** "Nothing playable" is better said with the name of the codec. */
  #named(problem: Problem): Problem {
    const culprit = this.#unsupported.find(({ media }) => media === 'video') ?? this.#unsupported[0];
    return problem.code === 415 && culprit ? problems.unplayable(culprit) : problem;
  }

  #again(): void {
    this.#reconnects++;
    void this.#connect();
  }

  media(output: Media): void {
    if (output.kind === 'init') this.inits.set(output.track, output);
    for (const tap of this.taps) tap(output);
    switch (output.kind) {
      case 'state': return this.#progress(output.progress);
      case 'track': return this.#track(output.track, output.mime);
      case 'init': return this.#mse?.init(output.track, output.bytes);
      case 'fragment': return this.#fragment(output);
      case 'unsupported': return this.#leaveOut({ ...output, by: 'player' });
      case 'size': {
        this.#width = output.width;
        this.#height = output.height;
        return this.#tell('size');
      }
      case 'info': return this.#tell('info', parsed(output.text));
    }
  }

  #progress(progress: Progress): void {
    this.#patience.feed(clock(), false);
    this.#setState(progress);
  }

  #track(id: number, mime: string): void {
    if (this.#mse?.track(id, mime)) return;
    this.#leaveOut({ media: mime.split('/')[0] ?? '', codec: codecs(mime), by: 'browser' });
  }

  #leaveOut(track: Unsupported): void {
    this.#unsupported.push(track);
    this.#tell('unsupported', track);
  }

  #fragment(fragment: Fragment): void {
    const now = clock();
    if (!this.#mse?.codecs.length) {
      const [culprit] = this.#unsupported;
      return culprit && this.#fail(problems.unplayable(culprit));
    }
    this.#fragments++;
    if (this.#mse.leads(fragment.track)) {
      this.#patience.feed(now, true);
      this.#setProblem(undefined);
    }
    this.#mse.fragment(fragment, now);
  }

  #tick(): void {
    const now = clock();
    this.#mse?.tick(now);
    if (this.#live) {
      this.#live.sound = this.sound;
      this.#live.tick(now);
    }
    const trouble = this.#session && this.#patience.check(now, this.#state, this.#session.heard);
    if (trouble?.over) this.#fail(trouble.problem);
    else if (trouble) this.#setProblem(trouble.problem);
  }

  #paused(): void {
    if (this.#state === 'stopped' || this.#state === 'failed' || this.video.ended) return;
    const playing = this.#session && this.#state === 'playing';
    if (playing) this.#session?.pause();
    else this.#leave();
    this.#setProblem(undefined);
    this.#setState('paused');
  }

  #resumed(): void {
    if (this.#state === 'stopped') return this.start();
    if (this.#state !== 'paused') return;
    if (!this.#session) return this.start();
    this.#patience.feed(clock(), false);
    this.#session.play();
  }

  /** The network or the person is back: no reason to wait any longer. */
  #awake(): void {
    if (this.#state !== 'reconnecting') return;
    clearTimeout(this.#retry);
    this.#again();
  }

  #setState(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell('statechange');
  }

  #setProblem(problem: Problem | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#tell('problem');
  }

  #tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The wasm could not be had: most likely because the gateway is not there. */
function unloadable(error: unknown): Problem {
  return error instanceof TypeError ? problems.unopened(0, '') : problems.internal(error);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
