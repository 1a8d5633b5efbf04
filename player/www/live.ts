// Keeps the play head at the live edge: as near as the network's jitter allows, and without drift.
//
// It compares two distances. Both are measured against the clock of this page, so that the steps of
// single frames cancel out. `behind` is how far the play head is behind the clock; `late` is how far
// the edge of the buffer is behind it at worst, just before something is appended. The buffer never
// runs dry while behind ≥ late; anything more than that (and a margin) is needless latency.
//
// Invariant: in the player, only this file sets playbackRate and currentTime. The page or the user may set
// them, too: their rate is left alone until it is 1 again, and their play head until it comes near the live edge.

import { endOf, HAVE_CURRENT_DATA, HAVE_METADATA, max, min, now as clock, on } from './event';

// 1. The latency aimed at: how far behind the live edge the play head is to be, in seconds.

/** The player never aims nearer than this, however steady the network is. */
const NEAREST = 0.06;
/** The same for a stream with sound, of which browsers need more in the buffer. */
const NEAREST_WITH_SOUND = 0.25;
/** The player never aims farther back than this, however bad the network and the browser are. */
const FARTHEST = 0.6;
/** This is added to the measured jitter, because the decoder takes time, and a picture waits for the display. */
const MARGIN = 0.055;
/** A stall although data is there shows that this browser needs more in front of the play head: each adds this. */
const STALL_STEP = 0.04;
/** One such step is taken back after this many milliseconds without a stall. */
const FORGIVE = 30_000;

// 2. Measuring the jitter, in milliseconds.

/** A measured extreme is remembered for at least one WINDOW and at most two. */
const WINDOW = 5_000;
/** For this long after the start of a session, data may be older than it looks, so a gain of MARGIN counts as a burst.
 */
const BEGINNING = 1_500;

// 3. Small corrections, by the rate of playing. The excess is how much farther behind than the target the play head
// is, in seconds; if it is negative, the play head is too near.

/** Above this excess, the player plays slightly faster. */
const START = 0.025;
/** The same for a stream with sound. */
const START_WITH_SOUND = 0.08;
/** Above this excess, it plays at the highest tolerable rate. */
const HURRY = 0.5;
/** A correction ends when the excess is nearer to 0 than this, or has changed sign. */
const STOP = 0.003;
/** Playing faster needs this share of the target in the buffer. */
const THERE = 0.25;
/** This much too near (a camera's clock is slow, or the jitter has grown), the player plays slower, before the buffer
 * runs dry. */
const NEAR = 0.012;
/** This much too near, browsers drop pictures that come too late, or stall again: it plays slower still. */
const MUCH_TOO_NEAR = 0.08;

/** Listeners do not notice these two rates. */
const GENTLE_RATE = 1.03;
const SLOW_RATE = 0.98;
/** Listeners notice these two, but can tolerate them. */
const FAST_RATE = 1.1;
const SLOWER_RATE = 0.9;
/** This rate slows down a play head that is too near in the first moments, because it began at the edge itself. */
const START_RATE = 0.5;

// 4. Large corrections, by a jump of the play head. Latencies are in seconds, times in milliseconds.

/** Above this latency the play head jumps. */
const JUMP = 1.5;
/** While a session is younger than this, nobody minds a jump, so a smaller excess is enough for one. */
const EARLY = 3_000;
const JUMP_EARLY = 0.4;
/** When a hidden page is shown again, this excess is enough for a jump. */
const JUMP_SHOWN = 0.12;
/** After a jump, the decoder gets this much time before the latency is judged again. */
const JUMP_REST = 500;
/** A play head that has stood still for this long while data came is stuck, because browsers sometimes lose a seek. If
 * a jump does not free it, it gets twice as long each time, because a busy machine needs long for a seek. */
const STUCK = 1_000;

// 5. Positions in the buffer, in seconds.

/** A play head this close to the end of a buffered range has reached it. */
const RANGE_END = 0.2;
/** A play head that has moved less than this stands still. A jump goes this far into a range, so that rounding cannot
 * put the play head before it. */
const INSIDE = 0.005;

/** The extremes of what was measured in the last WINDOW, or the last two. */
class Extremes {
  #old = { low: Infinity, high: -Infinity };
  #new = { low: Infinity, high: -Infinity };
  #since = -Infinity;

  add(low: number, high: number, now: number): void {
    if (now - this.#since > WINDOW) {
      this.#old = this.#new;
      this.#new = { low, high };
      this.#since = now;
      return;
    }
    this.#new.low = min(this.#new.low, low);
    this.#new.high = max(this.#new.high, high);
  }

  /** Adds to the current window only, which `add` begins. */
  late(high: number): void {
    this.#new.high = max(this.#new.high, high);
  }

  get low(): number {
    return min(this.#old.low, this.#new.low);
  }

  get high(): number {
    return max(this.#old.high, this.#new.high);
  }
}

export class Live {
  readonly #video: HTMLMediaElement;
  readonly #end = new AbortController();
  /** The stream has audio. */
  sound = false;
  #lag = new Extremes();
  /** The live edge after the last append, and the times of the last and the first append (ms). */
  #edge = 0;
  #last = 0;
  #begun = 0;
  /** The extra latency after stalls, in seconds, and when it last changed. */
  #need = 0;
  #needed = 0;
  #rested = 0;
  /** The rate and the play head as this class last set them; others may set them, too. */
  #own = 1;
  #jumped = NaN;
  /** The last position of the play head, until when it may stand there although there is more (ms), and how long that
   * is. */
  #at = NaN;
  #still = 0;
  #stuck = STUCK;
  /** The end of the history that a session began with, and the same once it was skipped, in the element's time. */
  #history = NaN;
  #skipped = NaN;
  /** Somebody has moved the play head away from the live edge, so it stays there. */
  #behind = false;

  constructor(video: HTMLMediaElement) {
    this.#video = video;
    const { signal } = this.#end;
    on(video, 'waiting', () => this.#stalled(), signal);
    on(video, 'emptied', () => this.reset(), signal);
    on(video, 'seeking', () => this.#sought(), signal);
    on(document, 'visibilitychange', () => this.#shown(), signal);
  }

  destroy(): void {
    this.#end.abort();
    this.#rate(1);
  }

  /** Starts a new timeline, on which earlier measurements mean nothing. */
  reset(): void {
    this.#lag = new Extremes();
    this.#edge = 0;
    this.#skipped = NaN;
    this.#behind = false;
  }

  /** Something that begins at `from` (s) was appended at `now` (ms). B-frames come after a picture that is shown after
   * them, so they are late although the edge was beyond them already. Everything before `history` (s) is decoded, but
   * not shown. */
  appended(now: number, from = Infinity, history = NaN): void {
    this.#history = history;
    const edge = this.edge;
    if (from < this.#edge) this.#lag.late(now / 1000 - from);
    if (edge <= this.#edge) return;
    if (this.#edge === 0) this.#begun = now;
    else if (this.#burst(edge, now)) [this.#lag, this.#begun] = [new Extremes(), now];
    else this.#lag.add(now / 1000 - edge, now / 1000 - this.#edge, now);
    this.#edge = edge;
    this.#last = now;
    this.tick(now);
  }

  /** At the start and after a sleep, everything that was held back comes at once. That is no jitter, but a new
   * beginning. */
  #burst(edge: number, now: number): boolean {
    const gained = edge - this.#edge - (now - this.#last) / 1000;
    return gained > (now - this.#begun < BEGINNING ? MARGIN : JUMP);
  }

  /** The last moment that could be played now, in the element's time. */
  get edge(): number {
    return endOf(this.#video.buffered);
  }

  /** Seconds from the play head to the live edge, which may not be buffered yet. */
  get latency(): number {
    return Math.abs(this.edge - this.#video.currentTime);
  }

  /** The latency that the player aims at, in seconds. */
  get target(): number {
    const jitter = this.#lag.high - this.#lag.low;
    return min(FARTHEST, max(this.#nearest, jitter + MARGIN) + this.#need);
  }

  get #nearest(): number {
    return this.sound ? NEAREST_WITH_SOUND : NEAREST;
  }

  /** To be called several times a second. */
  tick(now: number): void {
    const video = this.#video;
    if (!video.buffered.length) return;
    this.#watch(now);
    if (video.seeking) return;
    if (this.#skip(now) || this.#crossHole(now) || video.paused || this.#behind || this.#slow) return;
    this.#forgive(now);
    const { latency, target } = this;
    const early = now - this.#begun < EARLY;
    if (latency > (early ? target + JUMP_EARLY : JUMP)) {
      // It is this far behind again so soon because more has come since, as after a sleep.
      if (now >= this.#rested || latency > 2 * JUMP) this.toEdge(now);
      return;
    }
    // Compares with the edge as it is when nothing is late, but never beyond what is buffered.
    if (this.#lag.low === Infinity) return;
    const excess = now / 1000 - this.#lag.low - video.currentTime - target;
    this.#adjust(latency < target * THERE ? min(excess, 0) : excess, early);
  }

  /** Jumps to the live edge at once. */
  toEdge(now: number): void {
    this.#behind = false;
    this.#jump(this.edge - this.target, now);
  }

  /** Frees a play head that is stuck. */
  #watch(now: number): void {
    const { currentTime, paused, playbackRate } = this.#video;
    const still = Math.abs(currentTime - this.#at) <= INSIDE && this.latency >= this.target;
    if (!still || paused || !playbackRate) [this.#at, this.#stuck, this.#still] = [currentTime, STUCK, now + STUCK];
    else if (now >= this.#still) {
      this.#stuck *= 2;
      this.toEdge(now);
    }
  }

  /** Skips to the end of the history as soon as that is there. True if it was skipped now, or is still to come. */
  #skip(now: number): boolean {
    const history = this.#history;
    const ahead = history - this.target > this.#video.currentTime;
    if (this.#behind || history === this.#skipped || !ahead) return false;
    if (this.edge < history - INSIDE) return now - this.#last < STUCK;
    this.#skipped = history;
    this.#jump(history - this.target, now);
    return true;
  }

  #adjust(excess: number, early: boolean): void {
    const { playbackRate } = this.#video;
    if (excess > HURRY) this.#rate(FAST_RATE);
    else if (excess > (this.sound ? START_WITH_SOUND : START)) this.#rate(max(playbackRate, GENTLE_RATE));
    else if (excess < -NEAR) this.#rate(early ? START_RATE : excess < -MUCH_TOO_NEAR ? SLOWER_RATE : SLOW_RATE);
    else if (playbackRate > 1 ? excess < STOP : excess > -STOP) this.#rate(1);
  }

  #rate(rate: number): void {
    if (!this.#slow && this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
    this.#own = rate;
  }

  /** Somebody else has chosen the rate, and keeps it until they set it to 1. */
  get #slow(): boolean {
    const { playbackRate } = this.#video;
    return playbackRate !== 1 && playbackRate !== this.#own;
  }

  /** Somebody has moved the play head. It must be inside the buffer, or it would wait for ever. */
  #sought(): void {
    const { buffered, currentTime } = this.#video;
    if (!buffered.length || Math.abs(currentTime - this.#jumped) < INSIDE) return;
    const { edge } = this;
    this.#behind = currentTime < edge - JUMP;
    if (currentTime > edge - this.target / 2) this.toEdge(clock());
    else if (currentTime < buffered.start(0)) this.#video.currentTime = buffered.start(0) + INSIDE;
  }

  /** Jumps over a hole, if nothing is to come where the play head is, and there is something after it. */
  #crossHole(now: number): boolean {
    const { buffered, currentTime, readyState } = this.#video;
    for (let i = 0; i < buffered.length; i++) {
      const inside = currentTime >= buffered.start(i) && currentTime < buffered.end(i) - RANGE_END;
      if (inside && readyState > HAVE_CURRENT_DATA) return false;
    }
    const last = buffered.length - 1;
    if (currentTime >= buffered.start(last) && currentTime <= buffered.end(last) + JUMP) return false;
    this.toEdge(now);
    return true;
  }

  #forgive(now: number): void {
    if (!this.#need || now - this.#needed < FORGIVE) return;
    this.#need = max(0, this.#need - STALL_STEP);
    this.#needed = now;
  }

  /** Jumps, always into the newest range: a seek to where nothing is buffered may never end. */
  #jump(time: number, now: number): void {
    const { buffered } = this.#video;
    const { length } = buffered;
    if (!length) return;
    this.#rested = now + JUMP_REST;
    this.#still = now + this.#stuck;
    this.#rate(1);
    this.#at = this.#jumped = this.#video.currentTime = max(time, buffered.start(length - 1) + INSIDE);
  }

  #stalled(): void {
    const { seeking, readyState } = this.#video;
    if (seeking || readyState < HAVE_METADATA) return;
    if (this.latency < this.target) return; // less than the target, so this is not the browser's fault
    this.#need = min(FARTHEST, this.#need + STALL_STEP);
    this.#needed = clock();
  }

  #shown(): void {
    if (document.visibilityState !== 'visible' || this.#behind) return;
    this.reset(); // measurements are wrong while timers were held back
    if (this.latency > this.target + JUMP_SHOWN) this.toEdge(clock());
  }
}
