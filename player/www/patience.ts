// How long to wait for things, and when to try again: the player's sense of time.
//
// Invariant: no clock and no timers in here; every `now` is given, in ms.

import { silent, stuck, type Problem } from './problem';
import type { State } from './player';

/** The first and the longest pause between attempts, in ms. */
const RETRY_FIRST = 500;
const RETRY_LONGEST = 10_000;
/** An attempt that played for so long, in ms, was a success. */
const SUCCESS = 3_000;
/** Without a fragment for so long, in ms: say so; try anew. A late key frame is given more time. */
const SILENT_SAY = 5_000;
const SILENT_RETRY = 15_000;
const KEY_FRAME_RETRY = 40_000;
/** Every step of connecting has its own deadline in the gateway or the wasm; this is for all of them. */
const CONNECT_LIMIT = 30_000;

export class Patience {
  #failures = 0;
  /** When this attempt began, when its first fragment came, and when the last thing of use did. */
  #began = 0;
  #played = 0;
  #fed = 0;
  #told = false;

  /** Somebody wants it now: what failed before does not count. */
  forget(): void {
    this.#failures = 0;
  }

  begin(now: number): void {
    this.#began = this.#fed = now;
    this.#played = 0;
    this.#told = false;
  }

  /** It goes on: a fragment came (`playing`) or the session got a step further. */
  feed(now: number, playing: boolean): void {
    this.#fed = now;
    this.#told = false;
    if (playing) this.#played ||= now;
  }

  /** The pause before the next attempt, in ms: twice as long each time, and never at the same moment for all. */
  pause(random: number): number {
    const longest = Math.min(RETRY_LONGEST, RETRY_FIRST * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    return longest * (0.5 + random / 2);
  }

  /**
   * What is wrong with a session that has not failed; `heard` is when bytes of media came last.
   * `over`: it is to be given up. Undefined: nothing, or nothing new.
   */
  check(now: number, state: State, heard: number): { problem: Problem; over: boolean } | undefined {
    if (this.#played && now - this.#played > SUCCESS) this.#failures = 0;
    if (state === 'paused') return undefined;
    if (state !== 'playing' && state !== 'buffering') {
      return now - this.#began > CONNECT_LIMIT ? { problem: stuck(), over: true } : undefined;
    }
    const waited = now - this.#fed;
    const bytes = now - heard < SILENT_SAY;
    const over = waited > (bytes ? KEY_FRAME_RETRY : SILENT_RETRY);
    if (waited < SILENT_SAY || (this.#told && !over)) return undefined;
    this.#told = true;
    return { problem: silent(bytes), over };
  }
}
