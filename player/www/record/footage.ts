// The footage that is there: the newest samples of every track of a session.
//
// The video leads: files begin at its sync samples and end by its clock. If there is no video, the audio leads.
//
// Invariants: a reel is continuous and starts with a sync sample. Nothing is kept that no file will need, so the
// owner's calls of forget() limit the memory.

import { sampleOf } from './jpeg';
import { beginning, type Reel } from './movie';
import { common } from './order';
import { readSamples, readTrack, scaled, SCALE, type Sample } from './sample';
import type { Fragment } from '../wasm';

/** A track that is this far behind the other one is not waited for, in ticks of SCALE. */
const LAG = 2 * SCALE;
/** If decode times step farther than this, in seconds, that is not a long sample but a new beginning. */
const MAX_STEP = 60;
/** The approximate cost of a sample in addition to its bytes, in bytes. */
const OVERHEAD = 400;
/** How many of the last pictures may be out of order, by the limits of the codecs. */
const REORDERED = 32;

interface OwnReel extends Reel {
  init: Uint8Array;
}

export class Footage {
  readonly #reels = new Map<number, OwnReel>();
  /** Its memory in bytes. */
  size = 0;

  get reels(): Iterable<Reel> {
    return this.#reels.values();
  }

  /** Whether the footage continues under this init segment, which then describes both. */
  knows(id: number, init: Uint8Array): boolean {
    const reel = this.#reels.get(id);
    if (!reel) return false;
    if (reel.init.length === init.length && reel.init.every((byte, at) => byte === init[at])) return true;
    const track = readTrack(init);
    const both = track && common(reel.track, track);
    if (!both) return false;
    Object.assign(reel, { init, track: both });
    return true;
  }

  /** Takes a track that is new or has changed. */
  init(id: number, init: Uint8Array): void {
    this.#drop(id);
    const track = readTrack(init);
    if (track) this.#reels.set(id, { init, track, samples: [] });
  }

  /** Adds a fragment or JPEG picture if it continues the footage; returns whether it did. */
  add(fragment: Fragment, picture: boolean): boolean {
    const reel = this.#reels.get(fragment.track);
    if (!reel) return true;
    const { samples, track } = reel;
    for (const sample of picture ? [sampleOf(fragment)] : readSamples(fragment.bytes, track)) {
      const last = samples.at(-1);
      if ((!last && !sample.sync) || !Number.isSafeInteger(sample.until)) continue;
      const step = sample.time - (last ?? sample).time;
      if (step < 0 || step > MAX_STEP * track.timescale) return false;
      samples.push(sample);
      this.size += cost(sample);
    }
    return true;
  }

  leads(id: number): boolean {
    return this.#reels.get(id) === this.#leader;
  }

  /** The presentation time of the newest sync sample that is not after `time`. */
  sync(time = Infinity): number | undefined {
    const sample = this.#leader && this.#leader.samples[beginning(this.#leader.samples, time)];
    return sample && sample.shown <= time ? sample.shown : undefined;
  }

  /** The end of the footage: that of the leading track, unless that has stopped. */
  get end(): number {
    const ends = [...this.#reels.values()].map((reel) => {
      const end = Math.max(0, ...reel.samples.slice(-REORDERED).map(({ until }) => until));
      return reel === this.#leader ? end : end - LAG;
    });
    return Math.max(0, ...ends);
  }

  /** Whether everything before `time` is there, or will not come any more. */
  reaches(time: number): boolean {
    const reached: number[] = [];
    for (const { samples, track } of this.#reels.values()) {
      const last = samples.at(-1);
      // Samples that are decoded after this are also shown after it. The end of the last sample does not count: the
      // sync sample that may start the next file is waited for.
      if (last) reached.push(scaled(last.time, track));
    }
    return reached.every((end) => end >= time) || reached.some((end) => end >= time + LAG);
  }

  /** Forgets what a file that starts at `time` does not need. */
  forget(time: number): void {
    for (const { samples } of this.#reels.values()) {
      for (const sample of samples.splice(0, beginning(samples, time))) this.size -= cost(sample);
    }
  }

  /** Forgets all samples, but keeps the tracks. */
  clear(): void {
    for (const reel of this.#reels.values()) reel.samples = [];
    this.size = 0;
  }

  /** Forgets the tracks, too. */
  reset(): void {
    this.#reels.clear();
    this.size = 0;
  }

  get #leader(): OwnReel | undefined {
    const reels = [...this.#reels.values()];
    return reels.find(({ track }) => track.video) ?? reels[0];
  }

  #drop(id: number): void {
    for (const sample of this.#reels.get(id)?.samples ?? []) this.size -= cost(sample);
    this.#reels.delete(id);
  }
}

function cost({ data }: Sample): number {
  return data.length + OVERHEAD;
}
