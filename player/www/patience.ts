// The player's sense of time: how long to wait, and when to try again.
//
// Invariant: it has no clock and no timers; every `now` is passed in, in ms.

import { max, min } from './event';
import { silent, type Problem } from './problem';
import type { State } from './state';

/** The shortest and the longest pause between attempts, in ms. */
const RETRY_FIRST = 500;
const RETRY_LONGEST = 10_000;
/** An attempt that played for this long, in ms, was a success. */
const SUCCESS = 3_000;
/** How long no fragment may come before the player says so, and before it starts a new attempt, in ms. A late key
 * frame gets more time, and so does a camera's second picture: some send one now and then. */
const SILENT_SAY = 5_000;
const SILENT_RETRY = 15_000;
const KEY_FRAME_RETRY = 40_000;
const SECOND_RETRY = 60_000;
/** Once the pace of a stream is known, this many pictures may be missing, up to this time in ms. */
const MISSED = 5;
const LONGEST = 120_000;

export class Patience {
  #failures = 0;
  /** When the first fragment of this attempt came, when the last one did, and when the attempt last made progress. */
  #played = 0;
  #last = 0;
  #fed = 0;
  /** The longest recent time between two fragments. */
  #pace = 0;
  #reported = false;

  /** Forgets earlier failures, because somebody wants the stream now. */
  forget(): void {
    this.#failures = 0;
  }

  begin(now: number): void {
    this.#played = 0;
    this.feed(now, false);
  }

  /** The attempt has made progress: a fragment came (`playing`), or the session got a step further. */
  feed(now: number, playing: boolean): void {
    this.#fed = now;
    this.#reported = false;
    if (playing) {
      this.#played ||= now;
      if (this.#last) this.#pace = max(now - this.#last, this.#pace * 0.95);
    }
    this.#last = playing ? now : 0;
  }

  /** The pause before the next attempt, in ms: twice as long each time, and different for each player. */
  pause(random: number): number {
    const longest = min(RETRY_LONGEST, RETRY_FIRST * 2 ** this.#failures++);
    return longest * (0.5 + random / 2);
  }

  /** What is wrong with a session that has not failed; undefined if nothing, or nothing new. `heard`: when media last
   * came. `over`: the session is to be ended. */
  check(now: number, state: State, heard: number): { problem: Problem; over: boolean } | undefined {
    if (this.#played && now - this.#played > SUCCESS) this.#failures = 0;
    // Every earlier step has a deadline of its own, in the socket or in the wasm.
    if (state !== 'playing' && state !== 'buffering') return undefined;
    const waited = now - this.#fed;
    const bytes = now - heard < SILENT_SAY;
    const pace = min(this.#pace * MISSED, LONGEST);
    const over = waited > max(pace, this.#played && !this.#pace ? SECOND_RETRY : bytes ? KEY_FRAME_RETRY : SILENT_RETRY);
    if (!over && (this.#reported || waited < max(pace, SILENT_SAY))) return undefined;
    this.#reported = true;
    return { problem: silent(bytes), over };
  }
}
