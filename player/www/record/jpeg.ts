// Motion JPEG comes as whole pictures and not as fragments. This makes the init segment that it would have, and its
// samples. In MP4, JPEG pictures are MPEG-4 visual objects with a type of their own.

import { box, letters, words } from './box';
import { SCALE, type Sample } from './sample';
import type { Fragment } from '../wasm';

/** objectTypeIndication (ISO 14496-1 7.2.6.6): ISO 10918-1. */
const JPEG_OBJECT = 0x6c;
const VISUAL_STREAM = 0x11;
/** JPEG markers (ISO 10918-1 table B.1): those of frame headers, and those among them that are something else. */
const FIRST_FRAME = 0xc0;
const LAST_FRAME = 0xcf;
const NO_FRAMES = [0xc4, 0xc8, 0xcc];
const START_OF_SCAN = 0xda;

/** The init segment of pictures like this one; undefined if it is no JPEG. */
export function initOf(picture: Uint8Array): Uint8Array | undefined {
  const size = sizeOf(picture);
  if (!size) return undefined;
  const [width, height] = size;
  const matrix = words([0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
  const entry = box('mp4v', 0, 1, new Uint8Array(16), words([(width << 16) | height, 0x48_0000, 0x48_0000, 0]),
    Uint8Array.of(0, 1), new Uint8Array(32), Uint8Array.of(0, 0x18, 0xff, 0xff), box('esds', 0, elementaryStream()));
  return box('moov', box('trak',
    box('tkhd', 3, 0, 0, 1, 0, 0, new Uint8Array(16), matrix, width << 16, height << 16),
    box('mdia',
      box('mdhd', 0, 0, 0, SCALE, 0, 0x55c4_0000),
      box('hdlr', 0, 0, letters('vide'), new Uint8Array(13)),
      box('minf',
        box('vmhd', 1, 0, 0),
        box('dinf', box('dref', 0, 1, box('url ', 1))),
        box('stbl', box('stsd', 0, 1, entry))))));
}

export function sampleOf({ bytes, time, duration }: Fragment): Sample {
  const [start, length] = [Math.round(time * SCALE), Math.max(1, Math.round(duration * SCALE))];
  return { data: bytes, time: start, duration: length, composition: 0, sync: true, shown: start, until: start + length };
}

/** ES_Descriptor (ISO 14496-1 7.2.6.5) with unknown rates. */
function elementaryStream(): Uint8Array {
  const decoder = [4, 13, JPEG_OBJECT, VISUAL_STREAM, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const sync = [6, 1, 2];
  return Uint8Array.of(3, 3 + decoder.length + sync.length, 0, 1, 0, ...decoder, ...sync);
}

/** Width and height from the frame header (ISO 10918-1 B.2.2). */
function sizeOf(jpeg: Uint8Array): [number, number] | undefined {
  const u16 = (at: number) => ((jpeg[at] ?? 0) << 8) | (jpeg[at + 1] ?? 0);
  for (let at = 2; jpeg[at] === 0xff; at += 2 + u16(at + 2)) {
    const marker = jpeg[at + 1] ?? START_OF_SCAN;
    if (marker === START_OF_SCAN) return undefined;
    const frame = marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.includes(marker);
    if (frame) return u16(at + 7) && u16(at + 5) ? [u16(at + 7), u16(at + 5)] : undefined;
  }
  return undefined;
}
