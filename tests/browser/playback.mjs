// Whether a page really plays: measured on the frames that it presents, by the
// page's own clock, and on the picture's pixels.

import assert from 'node:assert/strict';
import { PATIENCE } from './browser.mjs';

/**
 * Runs in the page. Waits for `frames` presented frames of the player's video
 * and says what they were like.
 */
async function observe({ frames, patience }) {
  const started = performance.now();
  const late = () => performance.now() - started > patience;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const element = () => document.querySelector('camgate-video');
  const state = () => ({ ...element()?.player?.stats, error: element()?.video?.error?.message });
  while (!element()?.video) {
    if (late()) throw new Error('there is no player on the page');
    await pause(50);
  }

  const canvas = new OffscreenCanvas(96, 54);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const pixels = (video) => {
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data;
  };
  // A frame, or null after a second without one (a new source may have taken the video over).
  const next = (video) =>
    Promise.race([
      new Promise((resolve) => video.requestVideoFrameCallback((now, data) => resolve({ now, data }))),
      pause(1000).then(() => null),
    ]);

  let seen = [];
  let first;
  let video;
  while (seen.length < frames) {
    if (late()) throw new Error(`${seen.length} of ${frames} frames: ${JSON.stringify(state())}`);
    if (video !== element().video || seen.length === 0) {
      video = element().video;
      seen = [];
    }
    const frame = await next(video);
    if (!frame) {
      seen = [];
      continue;
    }
    const quality = video.getVideoPlaybackQuality();
    if (seen.length === 0) first = pixels(video);
    seen.push({
      now: frame.now,
      time: video.currentTime,
      decoded: quality.totalVideoFrames,
      dropped: quality.droppedVideoFrames,
      audio: video.webkitAudioDecodedByteCount ?? 0,
    });
  }

  const last = pixels(video);
  const colours = new Set();
  let light = 0;
  let changed = 0;
  for (let i = 0; i < last.length; i += 4) {
    const [red, green, blue] = last.slice(i, i + 3);
    light += (0.3 * red + 0.6 * green + 0.1 * blue) / (last.length / 4);
    colours.add(((red >> 6) << 4) | ((green >> 6) << 2) | (blue >> 6));
    if (Math.abs(first[i] - red) + Math.abs(first[i + 1] - green) + Math.abs(first[i + 2] - blue) > 48) {
      changed += 1;
    }
  }
  const [start, end] = [seen[0], seen[seen.length - 1]];
  return {
    presented: seen.length,
    decoded: end.decoded - start.decoded,
    dropped: end.dropped - start.dropped,
    audio: end.audio - start.audio,
    pace: ((end.time - start.time) * 1000) / (end.now - start.now),
    seconds: (end.now - start.now) / 1000,
    light,
    colours: colours.size,
    changed,
    width: video.videoWidth,
    height: video.videoHeight,
    error: video.error?.message ?? null,
    state: state(),
  };
}

/** What the page shows over `frames` presented frames. */
export function watch(page, { frames = 60, patience = PATIENCE } = {}) {
  return page.evaluate(observe, { frames, patience });
}

/** Waits until the player no longer hurries to catch up with the camera. */
async function settles(page, options) {
  for (let half = 0; ; half += 1) {
    const { pace, state } = await watch(page, { ...options, frames: 12 });
    if (Math.abs(pace - 1) < 0.1) return;
    assert.ok(half < 30, `still at ${pace} times the clock: ${JSON.stringify(state)}`);
  }
}

/** Watches the page and asserts that picture and sound are right. */
export async function assertPlays(page, { audio = true, ...options } = {}) {
  await settles(page, options);
  const seen = await watch(page, { frames: 50, ...options });
  const told = JSON.stringify(seen);
  assert.equal(seen.error, null, told);
  assert.equal(seen.state.state, 'playing', told);
  assert.ok(seen.decoded >= seen.presented * 0.8, `frames are decoded: ${told}`);
  assert.ok(seen.pace > 0.9 && seen.pace < 1.1, `the video runs with the clock: ${told}`);
  assert.ok(seen.light > 16 && seen.light < 240, `the picture is neither black nor white: ${told}`);
  assert.ok(seen.colours >= 5, `the picture has several colours: ${told}`);
  assert.ok(seen.changed > 0, `the picture changes: ${told}`);
  if (audio) assert.ok(seen.audio > 0, `sound is decoded: ${told}`);
  return seen;
}

/** Waits until the player has something else to say than that it plays. */
export async function stopsPlaying(page) {
  await page.waitForFunction(
    () => document.querySelector('camgate-video').player.stats.state !== 'playing',
  );
}
