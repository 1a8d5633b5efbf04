// The footage at hand: the newest samples of every track of a session.
//
// The picture leads: files begin at its sync samples and end by its clock. Where there is none,
// the sound leads.
//
// Invariants: a reel is continuous and starts with a sync sample; nothing is kept that no file
// will need, so the owner's forget() bounds the memory.

import { sampleOf } from './jpeg';
import { beginning, type Reel } from './movie';
import { common } from './order';
import { readSamples, readTrack, scaled, SCALE, type Sample } from './sample';
import type { Fragment } from '../wasm';

/** A track so far behind the other is not waited for, in ticks of SCALE. */
const LAG = 2 * SCALE;
/** A step of decode times beyond this, in seconds, is no sample that lasts, but another beginning. */
const MAX_STEP = 60;
/** What a sample costs beside its bytes, in bytes, roughly. */
const OVERHEAD = 400;
/** So many of the last pictures may be out of order, by the codecs' own limits. */
const REORDERED = 32;

interface OwnReel extends Reel {
  init: Uint8Array;
}

export class Footage {
  readonly #reels = new Map<number, OwnReel>();
  /** Bytes of memory. */
  size = 0;

  get reels(): Iterable<Reel> {
    return this.#reels.values();
  }

  /** Whether what is here goes on under this init segment: it is told of in the way that is right for all. */
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

  /** A track, new or changed. */
  init(id: number, init: Uint8Array): void {
    this.#drop(id);
    const track = readTrack(init);
    if (track) this.#reels.set(id, { init, track, samples: [] });
  }

  /** Whether the fragment (or JPEG picture) continues what is here; if not, it was not taken. */
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

  /** When the newest sync sample not after `time` is shown. */
  sync(time = Infinity): number | undefined {
    const sample = this.#leader && this.#leader.samples[beginning(this.#leader.samples, time)];
    return sample && sample.shown <= time ? sample.shown : undefined;
  }

  /** Where the footage ends: with what leads, unless that stopped. */
  get end(): number {
    const ends = [...this.#reels.values()].map((reel) => {
      const end = Math.max(0, ...reel.samples.slice(-REORDERED).map(({ until }) => until));
      return reel === this.#leader ? end : end - LAG;
    });
    return Math.max(0, ...ends);
  }

  /** Whether everything before `time` is here, or will not come any more. */
  reaches(time: number): boolean {
    const reached: number[] = [];
    for (const { samples, track } of this.#reels.values()) {
      const last = samples.at(-1);
      // What is decoded from here on is shown later. Not where it ends: the sync sample that may
      // start the next file is waited for.
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

  /** Forgets all samples; the tracks stay. */
  clear(): void {
    for (const reel of this.#reels.values()) reel.samples = [];
    this.size = 0;
  }

  /** Forgets the tracks too. */
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
