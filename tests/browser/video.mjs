// A plain <video> (or one inside a player), watched from outside: what it
// presents, and what the picture is like.

import assert from 'node:assert/strict';
import { PATIENCE } from './browser.mjs';
import { keepsTime, pace } from './playback.mjs';

/** Runs in the page. */
async function look({ selector, frames, patience }) {
  const find = () => {
    const element = document.querySelector(selector);
    return element?.shadowRoot ? element.video : element;
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const began = performance.now();
  const canvas = new OffscreenCanvas(96, 54);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const colours = new Set();
  let changed = 0;
  let last;
  let first;
  let seen = 0;
  let video;
  while (seen < frames) {
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
    first ??= frame;
    last = frame;
    seen += 1;
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
    from: first,
    to: last,
    width: video.videoWidth,
    height: video.videoHeight,
    audio: video.webkitAudioDecodedByteCount ?? 0,
    error: video.error?.message ?? null,
  };
}

/** What the video that `selector` names (or the player's) shows over `frames` presented frames. */
export async function seen(page, { selector = 'video', frames = 50, patience = PATIENCE } = {}) {
  const result = await page.evaluate(look, { selector, frames, patience });
  return { ...result, pace: pace(result.from, result.to) };
}

/** Asserts that it shows moving pictures in several colours, and that they go with the clock. */
export function assertShows(page, options) {
  return keepsTime(async () => assertRight(await seen(page, options)));
}

function assertRight(result) {
  const told = JSON.stringify(result);
  assert.equal(result.error, null, told);
  assert.ok(result.changed > result.frames / 2, `the picture changes: ${told}`);
  assert.ok(result.colours >= 5, `it has several colours: ${told}`);
  return result;
}
