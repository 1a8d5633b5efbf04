// The numbers that a player reports about itself.

import { max } from './event';
import type { State } from './state';

export interface Stats {
  state: State;
  /** RFC 6381, such as `avc1.42c01f`; `jpeg` for Motion JPEG. */
  codecs: string[];
  /** The size of the picture in pixels. */
  width: number;
  height: number;
  /** Pictures decoded per second. */
  fps: number;
  /** Bits of media that came per second, including all headers. */
  bitrate: number;
  /** Seconds from the play head to the live edge, and the target for that. */
  latency: number;
  target: number;
  /** Seconds in the buffer. */
  buffered: number;
  /** Pictures not shown: the browser was late, or the player left them out because they were damaged. */
  dropped: number;
  /** RTP packets lost in transit, in this session. */
  lost: number;
  /** Pictures that the gateway left out in this session, because they could not be sent fast enough. */
  skipped: number;
  fragments: number;
  /** Bytes of media including all headers, over all sessions. */
  bytes: number;
  reconnects: number;
}

/** A span shorter than this, in ms, says little about a rate. */
const SPAN = 1000;

/** How fast a counter grows, per second. */
class Rate {
  #at = 0;
  #count = 0;
  #value = 0;

  sample(count: number, now: number): number {
    const ms = now - this.#at;
    if (ms < SPAN) return this.#value;
    // A counter that went back has started anew, and before the first span there was nothing to count.
    this.#value = this.#at ? max(0, (count - this.#count) * 1000) / ms : 0;
    this.#count = count;
    this.#at = now;
    return this.#value;
  }
}

/** What a player counts over all its sessions. The fields are those of Stats. */
export class Tally {
  width = 0;
  height = 0;
  fps = 0;
  bitrate = 0;
  fragments = 0;
  bytes = 0;
  reconnects = 0;
  readonly #pictures = new Rate();
  readonly #bits = new Rate();

  /** To be called several times a second, with the number of decoded pictures so far. */
  sample(decoded: number, now: number): void {
    this.fps = this.#pictures.sample(decoded, now);
    this.bitrate = this.#bits.sample(this.bytes * 8, now);
  }
}

/** How many pictures the browser has decoded, and how many of them it did not show. */
export function quality(video: HTMLMediaElement): { decoded: number; dropped: number } {
  const { totalVideoFrames = 0, droppedVideoFrames = 0 } = (video as HTMLVideoElement).getVideoPlaybackQuality?.() ?? {};
  return { decoded: totalVideoFrames, dropped: droppedVideoFrames };
}

/** The total length of all ranges, in seconds. */
export function sum(ranges: TimeRanges): number {
  let seconds = 0;
  for (let i = 0; i < ranges.length; i++) seconds += ranges.end(i) - ranges.start(i);
  return seconds;
}
