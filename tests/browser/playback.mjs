// Whether a page really plays: measured on the frames that it presents, by the
// page's own clock, and on the picture's pixels.

import assert from 'node:assert/strict';
import { PATIENCE } from './browser.mjs';

/** Looks of two seconds or so, until the video is found to go with the clock. */
const ROUNDS = 20;

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
    from: { time: start.time, now: start.now },
    to: { time: end.time, now: end.now },
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
export async function watch(page, { frames = 60, patience = PATIENCE } = {}) {
  const seen = await page.evaluate(observe, { frames, patience });
  return { ...seen, pace: pace(seen.from, seen.to) };
}

/** How fast the time of a video went from one moment to another, by the clock. */
export const pace = (from, to) => ((to.time - from.time) * 1000) / (to.now - from.now);

/**
 * Looks again and again, until the time of the video has gone with the clock: since the last look or since the
 * first. At the start it hurries to the live edge, and on a busy machine it stalls and catches up; but what goes
 * by another clock never comes to that. `look` resolves to { from, to }, each { time, now }.
 */
export async function keepsTime(look) {
  const even = (from, to) => Math.abs(pace(from, to) - 1) < 0.1;
  let first;
  for (let round = 1; ; round += 1) {
    const seen = await look();
    if (!(first?.time <= seen.from.time)) first = seen.from; // or it began anew
    if (even(seen.from, seen.to) || even(first, seen.to)) return seen;
    assert.ok(round < ROUNDS, `the video runs with the clock: ${JSON.stringify({ first, ...seen })}`);
  }
}

/** Watches the page and asserts that picture and sound are right. */
export async function assertPlays(page, { audio = true, ...options } = {}) {
  return keepsTime(async () => assertRight(await watch(page, { frames: 50, ...options }), audio));
}

function assertRight(seen, audio) {
  const told = JSON.stringify(seen);
  assert.equal(seen.error, null, told);
  assert.equal(seen.state.state, 'playing', told);
  assert.ok(seen.decoded >= seen.presented * 0.8, `frames are decoded: ${told}`);
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
