// Reads the init segment and the fragments of a track, whatever its codec (ISO 14496-12 8.8): the samples, and what a
// file needs to know of the track.
//
// Invariant: a sample's bytes are a view of its fragment's bytes, not a copy; recorders share them.

import { boxes, find, i32, u32, u64 } from './box';

/** Ticks per second of the timescale that all tracks share. */
export const SCALE = 90_000;

/** Flags of tfhd, tfdt and trun (ISO 14496-12 8.8.7, 8.8.8). */
const BASE_OFFSET = 0x1;
const DESCRIPTION = 0x2;
const DEFAULTS = [0x8, 0x10, 0x20];
const DATA_OFFSET = 0x1;
const FIRST_FLAGS = 0x4;
const DURATION = 0x100;
const SIZE = 0x200;
const FLAGS = 0x400;
const COMPOSITION = 0x800;
/** The sample flag of samples that are no sync samples (8.8.3.1). */
const NOT_SYNC = 0x1_0000;

export interface Track {
  video: boolean;
  /** Ticks per second of the track's own times. */
  timescale: number;
  /** The end of `tkhd`: volume, matrix and picture size. */
  presentation: Uint8Array;
  /** The end of `mdhd`: the language. */
  language: Uint8Array;
  /** Whole boxes as they are: `hdlr`; the media header and `dinf`; `stsd`. */
  handler: Uint8Array;
  information: Uint8Array[];
  description: Uint8Array;
  /** Duration, size and flags of samples that have none of their own (`trex`). */
  defaults: number[];
}

export interface Sample {
  data: Uint8Array;
  /** The decode time, the duration, and the presentation time minus the decode time, in the track's ticks. */
  time: number;
  duration: number;
  composition: number;
  sync: boolean;
  /** When it is shown, and until when, in ticks of SCALE. */
  shown: number;
  until: number;
}

export const scaled = (ticks: number, { timescale }: Track): number => Math.round((ticks / timescale) * SCALE);

/** The track that an init segment describes; undefined if it is none. */
export function readTrack(init: Uint8Array): Track | undefined {
  const trak = find(init, 'moov', 'trak')?.content;
  const media = trak && find(trak, 'mdia')?.content;
  const header = media && find(media, 'mdhd')?.content;
  const handler = media && find(media, 'hdlr');
  const information = media && find(media, 'minf')?.content;
  const description = information && find(information, 'stbl', 'stsd')?.whole;
  const shape = trak && find(trak, 'tkhd')?.content;
  if (!header || !handler || !description || !shape) return undefined;
  const timescale = u32(header, header[0] ? 20 : 12);
  const extends_ = find(init, 'moov', 'mvex', 'trex')?.content ?? init.subarray(0, 0);
  return timescale ? {
    video: u32(handler.content, 8) === 0x7669_6465, // vide
    timescale,
    presentation: shape.subarray(-60),
    language: header.subarray(-4),
    handler: handler.whole,
    information: boxes(information).filter(({ type }) => type !== 'stbl').map(({ whole }) => whole),
    description,
    defaults: [u32(extends_, 12), u32(extends_, 16), u32(extends_, 20)],
  } : undefined;
}

/** The samples of a fragment (one `moof`, one `traf`, data offsets from the `moof`), in decode order. */
export function readSamples(fragment: Uint8Array, track: Track): Sample[] {
  const moof = find(fragment, 'moof');
  const traf = moof && find(moof.content, 'traf')?.content;
  const header = traf && find(traf, 'tfhd')?.content;
  const start = traf && find(traf, 'tfdt')?.content;
  if (!header || !start) return [];
  const defaults = defaultsOf(header, track);
  const body = fragment.subarray(moof.whole.byteOffset - fragment.byteOffset);
  const samples: Sample[] = [];
  let time = start[0] ? u64(start, 4) : u32(start, 4);
  for (const { type, content } of boxes(traf)) {
    if (type === 'trun') time = readRun(content, body, time, { track, defaults, samples });
  }
  return samples;
}

function defaultsOf(header: Uint8Array, track: Track): number[] {
  const flags = u32(header, 0);
  let at = 8 + (flags & BASE_OFFSET ? 8 : 0) + (flags & DESCRIPTION ? 4 : 0);
  return track.defaults.map((value, index) => {
    if (!(flags & (DEFAULTS[index] ?? 0))) return value;
    at += 4;
    return u32(header, at - 4);
  });
}

interface Target {
  track: Track;
  defaults: number[];
  samples: Sample[];
}

/** Reads a `trun` whose first sample is decoded at `time`; returns the end of its last sample. */
function readRun(run: Uint8Array, body: Uint8Array, time: number, { track, defaults, samples }: Target): number {
  const flags = u32(run, 0);
  const [duration0 = 0, size0 = 0, flags0 = 0] = defaults;
  let at = 8;
  const next = (flag: number, otherwise: number): number => {
    if (!(flags & flag)) return otherwise;
    at += 4;
    return u32(run, at - 4);
  };
  let offset = next(DATA_OFFSET, 0);
  let first: number | undefined = next(FIRST_FLAGS, flags0);
  for (let left = u32(run, 4); left > 0; left--) {
    const duration = next(DURATION, duration0);
    const size = next(SIZE, size0);
    const sampleFlags = next(FLAGS, first ?? flags0);
    first = undefined;
    if (flags & COMPOSITION) at += 4;
    const composition = flags & COMPOSITION ? i32(run, at - 4) : 0;
    if (!size || offset + size > body.length) break; // it claims more than there is
    const [shown, until] = [time + composition, time + composition + duration];
    samples.push({
      data: body.subarray(offset, offset + size),
      time,
      duration,
      composition,
      sync: !(sampleFlags & NOT_SYNC),
      shown: scaled(shown, track),
      until: scaled(until, track),
    });
    offset += size;
    time += duration;
  }
  return time;
}
