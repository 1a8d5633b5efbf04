// Compares two descriptions of a track: whether they differ only in what their sequence parameter sets say about
// reordering. The wasm rewrites sets when pictures prove to come in order, so that decoders hold none back; a
// recording then continues.
//
// Invariant: reading never fails. A set that cannot be read to its end equals no other.

import { boxes, u32, type Box } from './box';
import type { Track } from './sample';

/** Everything that counts for decoding, and how many pictures a decoder may hold back to reorder them. */
interface Described {
  rest: string;
  held: number;
}

/** The value if no limit is given (ITU-T H.264 E.2.1). */
const UNLIMITED = 16;
/** Profiles whose sets have chroma fields (7.3.2.1.1). */
const HIGH = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
/** The length of a VisualSampleEntry before its boxes (ISO 14496-12 12.1.3). */
const ENTRY = 78;
/** The aspect_ratio_idc that a ratio follows (Table E-1). */
const EXTENDED = 255;

/** The description that is right for both tracks; undefined if they differ in more. */
export function common(one: Track, two: Track): Track | undefined {
  const [a, b] = [described(one), described(two)];
  if (!a || a.rest !== b?.rest) return undefined;
  return a.held < b.held ? two : one;
}

function described({ description, presentation, timescale }: Track): Described | undefined {
  const [entry] = boxes(description.subarray(16));
  const inner = boxes(entry?.content.subarray(ENTRY) ?? description.subarray(0, 0));
  const config = inner.find(({ type }) => /^(avc|hvc)C$/.test(type));
  const set = config && setOf(config);
  if (!entry || !set) return undefined;
  const { content } = config;
  const end = set.at + set.size;
  const bits = new Bits(content.subarray(set.at, end));
  const order = config.type === 'avcC' ? h264(bits) : h265(bits);
  const others = inner.filter((box) => box !== config).map(({ whole }) => whole);
  const around = [presentation, entry.content.subarray(0, ENTRY), ...others, content.subarray(0, set.at - 2), content.subarray(end)];
  return bits.over ? undefined : { ...order, rest: [timescale, entry.type, order.rest, ...around].join(' ') };
}

/** The position of the sequence parameter set in a decoder configuration record, if it has one (ISO 14496-15 5.3.3.1,
 * 8.3.3.1). */
function setOf({ type, content }: Box): { at: number; size: number } | undefined {
  const half = (at: number) => u32(content, at) >>> 16;
  if (type === 'avcC') return content[5] === 0xe1 ? { at: 8, size: half(6) } : undefined;
  let at = 23;
  for (let arrays = content[22] ?? 0; arrays > 0; arrays--) {
    const [kind, count] = [(content[at] ?? 0) & 63, half(at + 1)];
    at += 3;
    if (kind === 33) return count === 1 ? { at: at + 2, size: half(at) } : undefined;
    for (let left = count; left > 0 && at < content.length; left--) at += 2 + half(at);
  }
  return undefined;
}

/** The bits of a NAL unit as 0s and 1s. */
class Bits {
  readonly all: string;
  at = 0;

  constructor(nal: Uint8Array) {
    const raw = nal.filter((byte, at) => byte !== 3 || nal[at - 1] !== 0 || nal[at - 2] !== 0 || at < 2);
    this.all = [...raw].map((byte) => byte.toString(2).padStart(8, '0')).join('').replace(/10*$/, '');
  }

  /** Whether more was read than there is. */
  get over(): boolean {
    return this.at > this.all.length;
  }

  take(count: number): number {
    this.at += count;
    return parseInt(this.all.slice(this.at - count, this.at) || '0', 2);
  }

  /** Reads Exp-Golomb codes (ITU-T H.264 9.1), and returns the last one. */
  codes(count: number): number {
    let value = 0;
    for (let left = Math.min(count, 256); left > 0; left--) {
      const zeros = Math.max(0, this.all.indexOf('1', this.at) - this.at);
      this.at += zeros;
      value = this.take(zeros + 1) - 1;
    }
    return value;
  }
}

/** Reads a set of H.264 (7.3.2.1.1). */
function h264(bits: Bits): Described {
  bits.take(8);
  const profile = bits.take(8);
  bits.take(16);
  bits.codes(1);
  if (HIGH.includes(profile)) {
    if (bits.codes(1) === 3) bits.take(1);
    bits.codes(2);
    bits.take(1);
    if (bits.take(1)) bits.at = Infinity; // scaling lists, which no camera sends
  }
  bits.codes(1);
  const type = bits.codes(1);
  if (type === 0) bits.codes(1);
  if (type === 1) {
    bits.take(1);
    bits.codes(2);
    bits.codes(bits.codes(1));
  }
  bits.codes(1);
  bits.take(1);
  bits.codes(2);
  if (!bits.take(1)) bits.take(1);
  bits.take(1);
  if (bits.take(1)) bits.codes(4);
  const [from, has] = [bits.at, bits.take(1)];
  if (has) usability(bits);
  // Flags that are all zero mean the same as none.
  const flags = bits.all.slice(from + 1, bits.at).replace(/^0*$/, '');
  let held = UNLIMITED;
  if (has && bits.take(1)) {
    bits.take(1);
    bits.codes(4);
    held = bits.codes(1);
    bits.codes(1);
  }
  return { rest: `${bits.all.slice(0, from)} ${flags} ${bits.all.slice(bits.at)}`, held };
}

/** Reads the VUI (H.264 E.1.1) up to bitstream_restriction_flag. */
function usability(bits: Bits): void {
  if (bits.take(1) && bits.take(8) === EXTENDED) bits.take(32);
  if (bits.take(1)) bits.take(1);
  if (bits.take(1)) {
    bits.take(4);
    if (bits.take(1)) bits.take(24);
  }
  if (bits.take(1)) bits.codes(2);
  if (bits.take(1)) bits.take(65);
  const buffers = [rates(bits), rates(bits)];
  if (buffers.includes(true)) bits.take(1);
  bits.take(1);
}

/** Reads the HRD parameters, if there are any (E.1.2). */
function rates(bits: Bits): boolean {
  if (!bits.take(1)) return false;
  const count = Math.min(bits.codes(1), 31) + 1;
  bits.take(8);
  for (let left = count; left > 0; left--) {
    bits.codes(2);
    bits.take(1);
  }
  bits.take(20);
  return true;
}

/** Reads a set of H.265 (7.3.2.2.1) up to the reordering, for a stream with one layer, as cameras send it. */
function h265(bits: Bits): Described {
  bits.take(16 + 4);
  if (bits.take(3)) bits.at = Infinity;
  bits.take(1 + 96);
  bits.codes(1);
  if (bits.codes(1) === 3) bits.take(1);
  bits.codes(2);
  if (bits.take(1)) bits.codes(4);
  bits.codes(3);
  bits.take(1);
  bits.codes(1);
  const from = bits.at;
  const held = bits.codes(1);
  bits.codes(1);
  return { rest: `${bits.all.slice(0, from)} ${bits.all.slice(bits.at)}`, held };
}
