// How long ago the last new picture was shown.
//
// A picture is new only if it has come from the camera and the browser has shown something since: the player repeats
// the last picture for the sake of the sound, and a decoder may stand still although pictures come.
//
// Invariant: it has no clock and no timers; every `now` is passed in, in ms.

import { max, min } from './event';

/** A picture this old, in ms, is not live ... */
const OLD = 1000;
/** ... unless the camera sends pictures rarely: then it may be this many times as old as the pictures are apart. */
const LATE = 1.5;
/** One picture more makes the longest recent distance between two count this much less. */
const FADE = 0.95;

export class Freshness {
  /** When the last picture came, and when the browser last showed another one; 0 before the first. */
  #came = 0;
  #shown = 0;
  /** How many pictures the browser had shown when it was last looked at. */
  #count = -1;
  /** The end of the last picture on the session's timeline, in seconds, and how far apart pictures recently were at
   * most, in ms. */
  #end = NaN;
  #pace = 0;

  /** Forgets everything: nobody wants pictures now. */
  reset(): void {
    this.#came = this.#shown = this.#pace = 0;
    this.begin();
  }

  /** A session begins, with a timeline of its own. How far apart pictures are stays known. */
  begin(): void {
    this.#end = NaN;
  }

  /** A picture has come that ends at `end`, in seconds on the session's timeline. */
  came(end: number, now: number): void {
    const apart = (end - this.#end) * 1000;
    if (apart === apart) this.#pace = max(apart, this.#pace * FADE);
    this.#end = end;
    this.#came = now;
    this.#shown ||= now;
  }

  /** To be called several times a second, with a number that changes with every picture that is shown; NaN if none can
   * be shown, as in a page in the background. */
  look(count: number, now: number): void {
    if (count === this.#count) return;
    this.#count = count;
    if (this.#shown) this.#shown = now;
  }

  /** How far apart pictures recently were at most, in seconds. */
  get apart(): number {
    return this.#pace / 1000;
  }

  /** Seconds since the last new picture; 0 as long as it is not old. */
  age(now: number): number {
    const age = this.#came ? now - min(this.#came, this.#shown) : 0;
    return age > max(OLD, this.#pace * LATE) ? age / 1000 : 0;
  }
}
