// Records what a player receives as MP4 files, whether or not the browser can play it.
//
// A file starts at a sync sample, and has exactly the requested length, to the frame. It usually ends
// between two sync samples. The next file then starts at the last sync sample before that end: the two
// files overlap, nothing is missing between them, and each can be played by itself. If a file contains
// no further sync sample, the next one continues exactly at its end. It then also contains the pictures
// since the sync sample; they are not shown, but the decoder needs them.
//
// Invariants: every file contains something new. The constants below limit the memory, whatever lengths
// are requested and however rare sync samples are.

import { on } from './event';
import { Footage } from './record/footage';
import { initOf } from './record/jpeg';
import { movie } from './record/movie';
import { SCALE } from './record/sample';
import type { Player } from './player';
import type { Fragment, Output } from './wasm';

/** A file is delivered early so that it does not grow beyond this, in bytes. */
const FILE_LIMIT = 256 << 20;
/** How much is kept, from the newest sync sample on, for a file that may begin, in bytes. */
const AHEAD_LIMIT = 32 << 20;
/** In ms. */
const DEFAULT_LENGTH = 180_000;
const MIN_LENGTH = 1000;
/** Lengths in a file are ticks of SCALE in 32 bits, which hold 13 hours. */
const MAX_LENGTH = 12 * 3_600_000;

export type RecorderKind = 'continuous' | 'event';

/** Records a player, independently of its other recorders. It follows the player from its creation on, so that a
 * recording can begin at the newest sync sample, which is in the past. */
export class Recorder {
  readonly #player: Player;
  readonly #kind: RecorderKind;
  readonly #deliver: (file: Uint8Array<ArrayBuffer>, kind: RecorderKind) => void;
  readonly #footage = new Footage();
  readonly #ended = new AbortController();
  readonly #tap = (output: Output) => this.#take(output);
  #on = false;
  #paused = false;
  /** The element was paused, so what still comes belongs to no file. */
  #still = false;
  #length = DEFAULT_LENGTH;
  /** The current file, in ticks of SCALE; its start is undefined while it waits for a sync sample. */
  #from: number | undefined;
  #to = 0;
  /** Everything before this was delivered. */
  #delivered = 0;

  /** `deliver` gets every file (video/mp4, or audio/mp4 if there is only audio), and owns it. */
  constructor(player: Player, kind: RecorderKind, deliver: (file: Uint8Array<ArrayBuffer>, kind: RecorderKind) => void) {
    this.#player = player;
    this.#kind = kind;
    this.#deliver = deliver;
    const { signal } = this.#ended;
    for (const init of player.inits.values()) this.#take(init);
    player.taps.add(this.#tap);
    on(player, 'statechange', () => this.#stateChanged(), signal);
    on(player.video, 'pause play', () => this.#held(), signal);
    on(window, 'pagehide', () => this.flush(), signal);
  }

  /** Begins at the newest sync sample that is there, or ends and delivers the last file. */
  record(on: boolean): void {
    if (on === this.#on) return;
    this.#end();
    this.#on = on;
    this.#advance();
  }

  get recording(): boolean {
    return this.#on;
  }

  /** Sets the length of the next files, in ms: at least 1000 and at most 12 hours. An invalid length means the
   * default. */
  setFileLength(ms: number): void {
    this.#length = ms > 0 && ms < Infinity ? Math.min(MAX_LENGTH, Math.max(MIN_LENGTH, ms)) : DEFAULT_LENGTH;
  }

  get fileLength(): number {
    return this.#length;
  }

  /** Leaves out what comes until pause(false): ends the file, and then begins another. */
  pause(on: boolean): void {
    if (on === this.#paused) return;
    this.#end();
    this.#paused = on;
    this.#advance();
  }

  /** Delivers what there is, and continues in another file. */
  flush(): void {
    if (this.#from !== undefined) this.#cut(this.#footage.end);
  }

  /** Delivers what there is, and stops following the player. */
  destroy(): void {
    this.record(false);
    this.#ended.abort();
    this.#player.taps.delete(this.#tap);
    this.#footage.reset();
  }

  #take(output: Output): void {
    switch (output.kind) {
      case 'init': return this.#init(output.track, output.bytes);
      case 'fragment': return this.#media(output, false);
      case 'picture': {
        const init = initOf(output.bytes);
        if (!init) return;
        this.#init(output.track, init);
        this.#media(output, true);
      }
    }
  }

  #init(track: number, init: Uint8Array): void {
    if (this.#footage.knows(track, init)) return;
    this.#end();
    this.#footage.init(track, init);
  }

  #media(fragment: Fragment, picture: boolean): void {
    if (this.#still) return;
    if (!this.#footage.add(fragment, picture)) {
      this.#break();
      this.#footage.add(fragment, picture);
    }
    if (this.#from !== undefined || fragment.sync || this.#footage.size > AHEAD_LIMIT) this.#advance();
  }

  #stateChanged(): void {
    const { state } = this.#player;
    if (state === 'playing' || state === 'buffering') return;
    this.#break();
    if (state !== 'connecting') return;
    this.#footage.reset(); // the next session announces its own tracks
    this.#still = false;
  }

  /** Notes whether the element is paused. The player listens first, so its state is up to date. */
  #held(): void {
    const { video, state } = this.#player;
    if (video.paused) this.#break();
    this.#still = video.paused && state === 'paused';
  }

  /** What comes next does not continue what came before. */
  #break(): void {
    this.#end();
    this.#footage.clear();
    this.#delivered = 0;
  }

  #end(): void {
    this.flush();
    this.#from = undefined;
  }

  /** Begins and ends files as far as the footage reaches. */
  #advance(): void {
    const footage = this.#footage;
    if (this.#on && !this.#paused) {
      if (this.#from === undefined) this.#begin(footage.sync());
      while (this.#from !== undefined && footage.reaches(this.#to)) this.#cut(this.#to);
      if (footage.size > FILE_LIMIT) this.flush();
    } else {
      this.#forget(footage.sync());
    }
    if (this.#from === undefined && footage.size > AHEAD_LIMIT) this.#skip();
  }

  #begin(from: number | undefined): void {
    this.#from = from;
    if (from === undefined) return;
    this.#to = from + (this.#length * SCALE) / 1000;
    this.#forget(from);
  }

  #forget(before: number | undefined): void {
    if (before !== undefined) this.#footage.forget(before);
  }

  /** Delivers the current file up to `to`, and begins the next. */
  #cut(to: number): void {
    const from = this.#from ?? to;
    const file = to > this.#delivered ? movie(this.#footage.reels, from, to) : undefined;
    this.#delivered = Math.max(this.#delivered, to);
    const sync = this.#footage.sync(to) ?? from;
    const carried = sync <= from;
    this.#begin(carried ? Math.max(from, to) : sync);
    if (carried && this.#footage.size > AHEAD_LIMIT) this.#skip();
    if (file) this.#hand(file);
  }

  /** Waits for the next sync sample, because the last one is too far back to carry along everything since. */
  #skip(): void {
    this.#footage.clear();
    this.#from = undefined;
  }

  /** Hands a file to its owner, whose errors must not end the stream. */
  #hand(file: Uint8Array<ArrayBuffer>): void {
    try {
      this.#deliver(file, this.#kind);
    } catch (error) {
      reportError(error);
    }
  }
}
