// Reads and writes the boxes of MP4 files (ISO 14496-12 4.2).
//
// Invariant: reading never fails. Bytes beyond the end read as 0, and a box that claims more than there is (or an
// impossible size) ends where the bytes end.

/** The length of size and type. */
const HEADER = 8;

export interface Box {
  type: string;
  /** The box with its header, and without. */
  whole: Uint8Array;
  content: Uint8Array;
}

export function u32(bytes: Uint8Array, at: number): number {
  const byte = (index: number) => bytes[at + index] ?? 0;
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
}

export function i32(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) | 0;
}

/** Reads 64 bits, exact up to 2^53. */
export function u64(bytes: Uint8Array, at: number): number {
  return u32(bytes, at) * 2 ** 32 + u32(bytes, at + 4);
}

/** The consecutive boxes in `bytes`. */
export function boxes(bytes: Uint8Array): Box[] {
  const found: Box[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const size = u32(bytes, at) >= HEADER ? u32(bytes, at) : bytes.length; // 0 stands for the last box
    const whole = bytes.subarray(at, at + size);
    const type = String.fromCharCode(...whole.subarray(4, HEADER));
    found.push({ type, whole, content: whole.subarray(HEADER) });
    at += size;
  }
  return found;
}

/** The first box at `path` below `bytes`. */
export function find(bytes: Uint8Array, ...path: string[]): Box | undefined {
  let found: Box | undefined;
  for (const type of path) {
    found = boxes(found?.content ?? bytes).find((box) => box.type === type);
    if (!found) return undefined;
  }
  return found;
}

/** Writes numbers of 32 bits, in two's complement. */
export function words(values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, index) => view.setUint32(4 * index, value));
  return new Uint8Array(view.buffer);
}

/** A box with `parts` in it; numbers are written with 32 bits. */
export function box(type: string, ...parts: (Uint8Array | number)[]): Uint8Array {
  const bytes = parts.map((part) => (typeof part === 'number' ? words([part]) : part));
  const size = bytes.reduce((sum, { length }) => sum + length, HEADER);
  return joined([words([size]), letters(type), ...bytes], size);
}

/** A text with one byte per letter. */
export function letters(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function joined(parts: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
