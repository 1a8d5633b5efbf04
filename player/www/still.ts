// A picture that stands: cameras may send sound all the time and a picture now and then, but a browser plays
// sound no further than there is a picture to it. So the last one is given to it again and again, as far as it
// can be decoded alone, each time to be shown for a moment more.
//
// Invariant: the pictures stay contiguous, whatever the times were that they had.

import type { Track } from './track';
import type { Fragment } from './wasm';

/** Ticks per second of the wasm's video tracks. */
const SCALE = 90_000;
/** Where a fragment of the wasm has its decode time, how many samples it has, and how long the first one lasts. */
const START = 60;
const COUNT = 80;
const DURATION = 88;
/** A picture that is behind takes this share of its time, until it is not: as the wasm has it. */
const SHARE = 0.25;

/** How long such a picture lasts at most, in seconds, before the next one: Firefox shows none until it has that. */
const LONGEST = 0.5;

/** The picture is shown for a moment more, as is due by the sound. */
export function stand(video: Track, audio: Track): void {
  const { last, end, buffer } = video;
  if (!last?.sync || end > audio.end) return;
  const again = still(last, end, audio.end + LONGEST);
  video.still = still;
  video.end = again.time + again.duration;
  buffer?.append(again);
}

/** The fragment as it is to be when it begins where the last one ended, at `from`; itself if it does. In seconds. */
function still(fragment: Fragment, from: number, until = fragment.time + fragment.duration): Fragment {
  const { time, duration, sync } = fragment;
  let to = Math.max(until, from + duration * SHARE);
  if (sync) to = Math.min(to, from + LONGEST);
  if (Math.abs(time - from) + Math.abs(time + duration - to) < 1 / SCALE) return fragment;
  const bytes = fragment.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setBigUint64(START, BigInt(Math.round(from * SCALE)));
  if (view.getUint32(COUNT) > 1) to = from + duration;
  else view.setUint32(DURATION, Math.round((to - from) * SCALE));
  return { ...fragment, bytes, time: from, duration: to - from };
}
