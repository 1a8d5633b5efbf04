// A plain <video> (or one inside a player), watched from outside: what it
// presents, and what the picture is like.

import assert from 'node:assert/strict';
import { PATIENCE } from './browser.mjs';

/** Runs in the page. */
async function look({ selector, frames, patience, settled }) {
  const find = () => {
    const element = document.querySelector(selector);
    return element?.shadowRoot ? element.video : element;
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const BEGINNING = 0.9; // a rate that the player sets only at the start
  const began = performance.now();
  const canvas = new OffscreenCanvas(96, 54);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const colours = new Set();
  let changed = 0;
  let last;
  let first;
  let seen = 0;
  let steady = 0;
  let video;
  while (seen < frames || steady < frames / 2) {
    if (performance.now() - began > patience) {
      const { paused, readyState, currentTime, error, src } = video ?? {};
      throw new Error(`${selector}: ${seen} of ${frames} frames; ${JSON.stringify({ paused, readyState, currentTime, src, error: error?.message })}`);
    }
    video = find();
    const frame = video && (await Promise.race([
      new Promise((resolve) => video.requestVideoFrameCallback((now) => resolve({ now, time: video.currentTime }))),
      pause(500),
    ]));
    if (!frame) {
      if (!video) await pause(50);
      continue;
    }
    // The clock's pace begins when the player has its distance to the live edge, if it is to be waited for.
    if (settled && video.playbackRate < BEGINNING) [first, steady] = [undefined, 0];
    else first ??= frame;
    last = frame;
    seen += 1;
    steady += first ? 1 : 0;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < pixels.length; i += 4) {
      colours.add(((pixels[i] >> 6) << 4) | ((pixels[i + 1] >> 6) << 2) | (pixels[i + 2] >> 6));
    }
    const sum = pixels.reduce((all, value, index) => (all * 31 + value * (index % 7)) % 1_000_003, 7);
    if (look.sum !== undefined && look.sum !== sum) changed += 1;
    look.sum = sum;
  }
  return {
    frames: seen,
    changed,
    colours: colours.size,
    pace: ((last.time - first.time) * 1000) / (last.now - first.now),
    width: video.videoWidth,
    height: video.videoHeight,
    audio: video.webkitAudioDecodedByteCount ?? 0,
    error: video.error?.message ?? null,
  };
}

/** What the video that `selector` names (or the player's) shows over `frames` presented frames. */
export function seen(page, { selector = 'video', frames = 50, patience = PATIENCE, settled = false } = {}) {
  return page.evaluate(look, { selector, frames, patience, settled });
}

/** Asserts that it shows moving pictures in several colours, at the clock's pace give or take catching up. */
export async function assertShows(page, options) {
  const result = await seen(page, { ...options, settled: true });
  const told = JSON.stringify(result);
  assert.equal(result.error, null, told);
  assert.ok(result.changed > result.frames / 2, `the picture changes: ${told}`);
  assert.ok(result.colours >= 5, `it has several colours: ${told}`);
  assert.ok(result.pace > 0.8 && result.pace < 1.25, `it runs with the clock: ${told}`);
  return result;
}
