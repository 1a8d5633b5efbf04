// One track of the video or the audio: a SourceBuffer, and the queue in front of it.
//
// Invariants: a SourceBuffer that is updating is left alone, and one that was removed from its MediaSource is never
// touched. The queue is limited. What is removed ends exactly at a sync sample (a removal that ends inside a group of
// pictures would take the whole group, including the play head).

import { endOf, max, min, on } from './event';
import type { Fragment } from './wasm';

/** How many bytes of fragments may wait while the buffer is busy. Beyond that, everything up to the next sync sample
 * is dropped. */
const QUEUE_LIMIT = 16 << 20;
/** Waiting fragments are appended together, up to this many bytes. */
const APPEND_LIMIT = 1 << 20;
/** Of sync samples closer together than this, in seconds, only one is remembered: audio consists of them. */
const SYNC_SPACING = 0.5;
/** Removing less than this, in seconds, is not worth an operation. */
const TRIM_STEP = 2;
/** A moment before a sync sample, in seconds: clocks inside the browser are rounded to microseconds. */
const JUST_BEFORE = 0.001;

/** A track of a session, and the buffer that receives it. */
export interface Track {
  mime: string;
  video: boolean;
  init?: BufferSource | undefined;
  buffer?: TrackBuffer | undefined;
  /** The end of the newest fragment on the session's timeline, in seconds. */
  end: number;
  /** The newest fragment, when it came (now()), and what extends a picture that stands still. */
  last?: Fragment;
  came: number;
  still?: ((fragment: Fragment, from: number) => Fragment) | undefined;
  /** For audio: the seconds of video since its newest fragment. */
  missed: number;
  /** When it was left out because it was silent (now()); undefined otherwise. */
  lost?: number | undefined;
}

type Step = { mime: string; init: BufferSource; offset: number } | Fragment;

export interface TrackListener {
  /** Something was appended whose first picture is shown at `from` (in the element's time), so the live edge may have
   * moved. */
  appended(from: number): void;
  /** This buffer cannot be used any more, so the MediaSource has to be replaced. */
  broken(detail: string): void;
}

export class TrackBuffer {
  readonly #source: MediaSource;
  readonly #buffer: SourceBuffer;
  readonly #listener: TrackListener;
  #mime: string;
  #offset = 0;
  #queue: Step[] = [];
  #queued = 0;
  /** The offset of what was queued last, and its end in the element's time. */
  #next = 0;
  #last = 0;
  /** It waits for a sync sample, because something before that was dropped. */
  #starved = true;
  /** The times of sync samples in the buffer, in order. */
  #syncs: number[] = [];
  /** Everything before this is to be removed at the next opportunity. */
  #trimTo = 0;
  /** The earliest time in what is being appended; Infinity if that is no fragment. */
  #from = Infinity;
  #dead = false;
  #held = false;

  constructor(source: MediaSource, mime: string, listener: TrackListener) {
    this.#source = source;
    this.#mime = mime;
    this.#listener = listener;
    this.#buffer = source.addSourceBuffer(mime);
    on(this.#buffer, 'updateend', () => this.#updated());
    on(this.#buffer, 'error', () => this.#break('The browser refused the stream.'));
  }

  /** Takes a new init segment; from here on `offset` seconds are added to the times of fragments. */
  configure(mime: string, init: BufferSource, offset: number): void {
    this.#queue.push({ mime, init, offset });
    this.#next = offset;
    this.#starved = true;
    this.#pump();
  }

  append(fragment: Fragment): void {
    if (this.#starved && !fragment.sync) return;
    this.#starved = false;
    this.#queue.push(fragment);
    this.#queued += fragment.bytes.length;
    this.#last = fragment.time + fragment.duration + this.#next;
    if (this.#queued > QUEUE_LIMIT) this.#drop();
    this.#pump();
  }

  /** Removes what is before `time` (in seconds of the element's time), as far as sync samples allow. */
  trim(time: number): void {
    this.#trimTo = max(this.#trimTo, time);
    this.#pump();
  }

  /** Stops or continues appending. */
  hold(held: boolean): void {
    this.#held = held;
    this.#pump();
  }

  /** The end of what is buffered or queued, in the element's time; 0 if there is nothing. */
  get end(): number {
    if (!this.#alive) return 0;
    return max(endOf(this.#buffer.buffered), this.#queued ? this.#last : 0);
  }

  destroy(): void {
    this.#dead = true;
    this.#queue = [];
  }

  get #alive(): boolean {
    if (this.#dead || this.#source.readyState !== 'open') return false;
    return [...this.#source.sourceBuffers].includes(this.#buffer);
  }

  #updated(): void {
    if (!this.#alive) return;
    const from = this.#from;
    this.#from = Infinity;
    this.#listener.appended(from);
    this.#pump();
  }

  #break(detail: string): void {
    if (this.#dead) return;
    this.destroy();
    this.#listener.broken(detail);
  }

  /** Carries out the next operation if the buffer is free; its updateend calls this again. */
  #pump(): void {
    if (!this.#alive || this.#buffer.updating) return;
    try {
      if (this.#removeOld()) return;
      const step = this.#queue[0];
      if (!step || this.#held) return;
      if ('init' in step) this.#apply(step);
      else this.#appendRun();
    } catch (error) {
      const { name, message } = error as Error;
      if (name === 'QuotaExceededError') this.#makeRoom();
      else this.#break(message);
    }
  }

  #apply(step: { mime: string; init: BufferSource; offset: number }): void {
    if (step.mime !== this.#mime) {
      this.#buffer.changeType(step.mime);
      this.#mime = step.mime;
    }
    if (step.offset !== this.#offset) {
      this.#buffer.timestampOffset = step.offset;
      this.#offset = step.offset;
    }
    this.#buffer.appendBuffer(step.init);
    this.#queue.shift();
  }

  /** Appends the fragments at the head of the queue at once: an append costs far more than a copy. */
  #appendRun(): void {
    const run: Fragment[] = [];
    let size = 0;
    for (const step of this.#queue) {
      if ('init' in step || (size && size + step.bytes.length > APPEND_LIMIT)) break;
      run.push(step);
      size += step.bytes.length;
    }
    this.#buffer.appendBuffer(joined(run, size));
    this.#queue.splice(0, run.length);
    this.#queued -= size;
    this.#from = min(...run.map(({ time }) => time)) + this.#offset;
    for (const { sync, time } of run) if (sync) this.#remember(time + this.#offset);
  }

  #remember(time: number): void {
    const last = this.#syncs.at(-1);
    if (last === undefined || time - last >= SYNC_SPACING) this.#syncs.push(time);
  }

  /** Removes what is before the last sync sample that is not after #trimTo. True if it has begun. */
  #removeOld(): boolean {
    const { buffered } = this.#buffer;
    if (!buffered.length) return false;
    let keep = -1;
    for (const time of this.#syncs) {
      if (time > this.#trimTo) break;
      keep = time;
    }
    if (keep - buffered.start(0) < TRIM_STEP) return false;
    this.#syncs = this.#syncs.filter((time) => time >= keep);
    this.#buffer.remove(0, keep - JUST_BEFORE);
    return true;
  }

  /** The browser's own limit is reached: keeps the newest group of pictures, or at worst nothing. */
  #makeRoom(): void {
    const newest = this.#syncs.at(-1) ?? 0;
    const { buffered } = this.#buffer;
    const useful = buffered.length > 0 && newest - JUST_BEFORE > buffered.start(0);
    this.#syncs = useful ? [newest] : [];
    if (!useful) this.#drop();
    this.#buffer.remove(0, useful ? newest - JUST_BEFORE : Infinity);
  }

  /** Drops the waiting fragments, and continues at the next sync sample. */
  #drop(): void {
    this.#queue = this.#queue.filter((step) => 'init' in step);
    this.#queued = 0;
    this.#starved = true;
  }
}

function joined(run: Fragment[], size: number): BufferSource {
  const [first] = run;
  if (first && run.length === 1) return first.bytes;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of run) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}
