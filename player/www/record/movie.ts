// Writes an MP4 file (ISO 14496-12): `moov` first, so that it plays while it is still being loaded, then the samples
// of all tracks, interleaved.
//
// Invariant: the file's timeline starts at 0, and ends exactly where it was asked to. Edit lists hide what a decoder
// needs from before the start (an audio frame that began earlier) and from after the end (a picture that earlier ones
// refer to).

import { box, joined, letters, words } from './box';
import { SCALE, scaled, type Sample, type Track } from './sample';

/** How much of one track is stored together, in ticks of SCALE. */
const CHUNK = SCALE / 2;
/** The identity matrix (8.2.2.2). */
const IDENTITY = words([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
const FILE_TYPE = box('ftyp', letters('iso4'), 0x200, letters('iso4iso5mp41'));

/** A track and its samples, in decode order, beginning with a sync sample. */
export interface Reel {
  track: Track;
  samples: Sample[];
}

interface Chunk {
  count: number;
  /** Counted from the start of the media data. */
  offset: number;
}

/** A track of the file, with times in ticks of SCALE; only the start of the edit is in the track's ticks. */
interface Strip extends Reel {
  /** For how long nothing is shown at first. */
  empty: number;
  start: number;
  length: number;
  chunks: Chunk[];
}

/** The index in `samples` where a file that starts at `from` begins: the last sync sample that is not later. */
export function beginning(samples: Sample[], from: number): number {
  let at = samples.length - 1;
  while (at > 0 && !(samples[at]?.sync && samples[at]!.shown <= from)) at--;
  return Math.max(0, at);
}

/** A file with what is shown from `from` until `to`, in ticks of SCALE; undefined if that is nothing. */
export function movie(reels: Iterable<Reel>, from: number, to: number): Uint8Array<ArrayBuffer> | undefined {
  const strips = [...reels].map((reel) => strip(reel, from, to)).filter((strip) => strip !== undefined);
  if (!strips.length) return undefined;
  const pieces = interleave(strips);
  const size = pieces.reduce((sum, { length }) => sum + length, 8);
  const mdat = [words([size]), letters('mdat')];
  // The offsets do not change the size of the box that contains them.
  const start = FILE_TYPE.length + header(strips, 0).length + 8;
  return joined([FILE_TYPE, header(strips, start), ...mdat, ...pieces], start - 8 + size);
}

function strip({ track, samples }: Reel, from: number, to: number): Strip | undefined {
  const first = beginning(samples, from);
  let end = samples.length;
  while (end > first && samples[end - 1]!.shown >= to) end--;
  const lead = samples[first]?.shown ?? 0;
  // Pictures that are shown before the first one refer to missing ones.
  const cut = samples.slice(first, end).filter(({ shown }) => shown >= lead);
  const [key] = cut;
  const until = Math.min(to, Math.max(...cut.slice(-32).map((sample) => sample.until)));
  const begin = Math.max(from, lead);
  if (!key || until <= begin) return undefined;
  const skipped = Math.round(((begin - lead) / SCALE) * track.timescale);
  return { track, samples: cut, empty: begin - from, start: key.composition + skipped, length: until - begin, chunks: [] };
}

/** Cuts the strips into chunks, and returns the samples' bytes in the order of the file. */
function interleave(strips: Strip[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const queues = strips.map((strip) => ({ strip, next: 0 }));
  const timeOf = ({ strip, next }: { strip: Strip; next: number }) => {
    const sample = strip.samples[next];
    return sample ? scaled(sample.time, strip.track) : Infinity;
  };
  let offset = 0;
  for (;;) {
    const until = Math.min(...queues.map(timeOf)) + CHUNK;
    if (until === Infinity) return pieces;
    // The earliest sample is always taken, even if large numbers are rounded.
    for (const queue of queues) {
      const chunk = { count: 0, offset };
      for (; timeOf(queue) <= until; queue.next++) {
        const data = queue.strip.samples[queue.next]!.data;
        pieces.push(data);
        offset += data.length;
        chunk.count++;
      }
      if (chunk.count) queue.strip.chunks.push(chunk);
    }
  }
}

/** The `moov` of a file whose media data starts at `data`. */
function header(strips: Strip[], data: number): Uint8Array {
  const length = Math.max(...strips.map((strip) => strip.empty + strip.length));
  return box('moov',
    // version; creation, modification, timescale, duration; rate 1, volume 1
    box('mvhd', 0, 0, 0, SCALE, length, 0x1_0000, 0x100_0000, 0, 0, IDENTITY, zeros(24), strips.length + 1),
    ...strips.map((strip, index) => trak(strip, index + 1, data)));
}

function trak(strip: Strip, id: number, data: number): Uint8Array {
  const { track, samples, empty, start, length } = strip;
  const durations = durationsOf(samples);
  const total = durations.reduce((sum, duration) => sum + duration, 0);
  const edits = empty ? [empty, -1, 0x1_0000, length, start, 0x1_0000] : [length, start, 0x1_0000];
  return box('trak',
    box('tkhd', 3, 0, 0, id, 0, empty + length, track.presentation),
    box('edts', box('elst', 0, words([edits.length / 3, ...edits]))),
    box('mdia',
      box('mdhd', 0, 0, 0, track.timescale, total, track.language),
      track.handler,
      box('minf', ...track.information, box('stbl', track.description, ...tables(strip, durations, data)))));
}

/** The durations of samples; each lasts until the next one is decoded. */
function durationsOf(samples: Sample[]): number[] {
  return samples.map(({ time, duration }, index) => (samples[index + 1]?.time ?? time + duration) - time);
}

/** The sample tables (ISO 14496-12 8.6 and 8.7). */
function tables({ samples, chunks }: Strip, durations: number[], data: number): Uint8Array[] {
  const compositions = samples.map(({ composition }) => composition);
  const syncs = samples.flatMap(({ sync }, index) => (sync ? [index + 1] : []));
  const groups = runs(chunks.map(({ count }) => count));
  const written = [box('stts', 0, ...counted(runs(durations).flatMap(({ count, value }) => [count, value]), 2))];
  if (compositions.some(Boolean)) {
    written.push(box('ctts', 0x100_0000, ...counted(runs(compositions).flatMap(({ count, value }) => [count, value]), 2)));
  }
  if (syncs.length < samples.length) written.push(box('stss', 0, ...counted(syncs, 1)));
  return [...written,
    box('stsc', 0, ...counted(groups.flatMap(({ first, value }) => [first, value, 1]), 3)),
    box('stsz', 0, 0, ...counted(samples.map(({ data: { length } }) => length), 1)),
    box('stco', 0, ...counted(chunks.map(({ offset }) => data + offset), 1))];
}

function counted(values: number[], perEntry: number): [number, Uint8Array] {
  return [values.length / perEntry, words(values)];
}

/** Merges equal consecutive values; `first` counts from 1. */
function runs(values: number[]): { first: number; count: number; value: number }[] {
  const found: { first: number; count: number; value: number }[] = [];
  values.forEach((value, index) => {
    const last = found.at(-1);
    if (last?.value === value) last.count++;
    else found.push({ first: index + 1, count: 1, value });
  });
  return found;
}

function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}
