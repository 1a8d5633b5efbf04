// Extends a picture that stands still. Cameras may send audio all the time and a picture now and then, but a browser
// plays audio only as long as there is a picture. So the last picture is appended again and again for a moment more,
// if it can be decoded alone.
//
// Invariant: the pictures stay contiguous, whatever their own times were.

import type { Track } from './track';
import type { Fragment } from './wasm';

/** Ticks per second of the wasm's video tracks. */
const SCALE = 90_000;
/** Offsets in a fragment of the wasm: its decode time, its number of samples, and the duration of the first one. */
const START = 60;
const COUNT = 80;
const DURATION = 88;
/** A picture that is behind lasts this share of its duration until the track has caught up, as in the wasm. */
const SHARE = 0.25;

/** How long such a picture lasts at most before the next one, in seconds: Firefox shows none until it has that. */
const LONGEST = 0.5;

/** Shows the last picture for a moment more, as far as the audio needs it. */
export function stand(video: Track, audio: Track): void {
  const { last, end, buffer } = video;
  if (!last?.sync || end > audio.end) return;
  const again = still(last, end, audio.end + LONGEST);
  video.still = still;
  video.end = again.time + again.duration;
  buffer?.append(again);
}

/** The fragment as it must be to begin where the last one ended, at `from`; the same one if it does. Times are in
 * seconds. */
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
