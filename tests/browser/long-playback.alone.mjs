// All day long in a minute: a camera, a page and a media element whose time goes several times as
// fast as the clock. What the player holds must not grow; and what a browser refuses, for it is full,
// must not end it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { FLAGS, PATIENCE, watchPage } from './browser.mjs';
import { clipCamera } from './clipcamera.mjs';
import { Stage } from './processes.mjs';

const SPEED = 6;
/** Minutes of stream after the first, and what they may cost in bytes. */
const MINUTES = 3;
const GROWTH = 256 << 10;
/** The wasm's room for a message grows to the longest that came, which on a busy machine comes late: up to so much, once. */
const MESSAGE = 128 << 10;
/** What is kept at most, in seconds: 10 behind the play head, the least removal, a group of pictures, what is ahead. */
const KEPT = 10 + 2 + 1 + 2;
/** What the browser takes, in MiB; and of it in a second, in bytes. */
const QUOTA = 3;
const PER_SECOND = 1 << 20;

const stage = new Stage();
let [browser, gateway] = [];

before(async () => {
  const args = [...FLAGS, `--mse-video-buffer-size-limit-mb=${QUOTA}`];
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  gateway = await stage.gateway('targets = loopback\n');
});

after(async () => {
  await browser?.close();
  await stage.clear();
});

/** Runs in the page ahead of its own scripts: its time goes `speed` times as fast, its wasm is within reach. */
function hurry(speed) {
  const { now } = performance;
  performance.now = () => now.call(performance) * speed;
  for (const name of ['setTimeout', 'setInterval']) {
    const set = window[name];
    window[name] = (act, ms, ...given) => set(act, ms / speed, ...given);
  }
  const rate = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'playbackRate');
  Object.defineProperty(HTMLMediaElement.prototype, 'playbackRate', {
    get() { return rate.get.call(this) / speed; },
    set(value) { rate.set.call(this, value * speed); },
  });
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (this.defaultPlaybackRate !== speed) {
      this.defaultPlaybackRate = speed;
      this.playbackRate = 1;
    }
    return play.call(this);
  };
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (module) => {
    const instance = await instantiate(module);
    window.memory = instance.exports.memory;
    return instance;
  };
}

/** Runs in the page: refusals are counted. */
function count() {
  window.refused = 0;
  const { appendBuffer } = SourceBuffer.prototype;
  SourceBuffer.prototype.appendBuffer = function (bytes) {
    try {
      return appendBuffer.call(this, bytes);
    } catch (error) {
      if (error.name === 'QuotaExceededError') window.refused += 1;
      throw error;
    }
  };
}

async function open(camera, script, argument) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.addInitScript(script, argument);
  await page.goto(watchPage(gateway, camera.url));
  await page.waitForFunction(() => document.querySelector('camgate-video')?.video.currentTime > 1);
  return page;
}

/** What the page holds when all that can be collected is. */
async function held(page, session) {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const find = (name) => metrics.find((metric) => metric.name === name).value;
  const seen = await page.evaluate(() => {
    const { video, stats } = document.querySelector('camgate-video');
    return { wasm: memory.buffer.byteLength, time: video.currentTime, buffered: stats.buffered, fragments: stats.fragments, reconnects: stats.reconnects };
  });
  return { ...seen, heap: find('JSHeapUsedSize'), nodes: find('Nodes'), listeners: find('JSEventListeners') };
}

test('over minutes of stream the memory is flat', { timeout: 120_000 }, async () => {
  const camera = await clipCamera({ speed: SPEED });
  const page = await open(camera, hurry, SPEED);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const marks = [];
  for (let minute = 1; minute <= 1 + MINUTES; minute += 1) {
    await page.waitForFunction((until) => document.querySelector('camgate-video').video.currentTime > until, minute * 60, { timeout: 60_000, polling: 500 });
    marks.push(await held(page, session));
  }
  await page.close();
  camera.close();
  const told = JSON.stringify(marks, undefined, 1);
  const [first, last] = [marks[0], marks.at(-1)];
  assert.ok(last.fragments - first.fragments > 0.9 * MINUTES * 60 * 25, `it is fed all the time: ${told}`);
  assert.equal(last.reconnects, 0, told);
  assert.ok(last.wasm - first.wasm <= MESSAGE, `the memory of the wasm does not grow: ${told}`);
  assert.ok(last.heap - first.heap < GROWTH, `nor what the scripts hold: ${told}`);
  for (const name of ['nodes', 'listeners']) assert.ok(last[name] <= first[name] + 10, `${name}: ${told}`);
  // A busy machine gives the page its turn late, by seconds of a stream in such a hurry. If nothing
  // were trimmed, a minute more would be there at each mark.
  for (const { buffered } of marks) assert.ok(buffered < 2 * KEPT, `the buffer is trimmed: ${told}`);
});

test('a buffer that the browser calls full is trimmed, and playing goes on', { timeout: 120_000 }, async () => {
  const camera = await clipCamera({ padding: Math.ceil(PER_SECOND / 25) });
  const page = await open(camera, count);
  await page.evaluate(() => {
    const { player, video } = document.querySelector('camgate-video');
    player.keep = 600;
    video.playbackRate = 0.25; // somebody's wish: it falls behind, and what is ahead of it cannot be given up
  });
  await page.waitForFunction(() => window.refused > 0);
  await page.evaluate(() => (document.querySelector('camgate-video').video.playbackRate = 1));
  const state = () => page.evaluate(() => {
    const { video, stats } = document.querySelector('camgate-video');
    return { time: video.currentTime, buffered: stats.buffered, latency: stats.latency, reconnects: stats.reconnects, error: video.error?.message, refused };
  });
  const before = await state();
  await page.waitForFunction((from) => {
    const { video, stats } = document.querySelector('camgate-video');
    return video.currentTime > from + 6 && stats.latency < 1;
  }, before.time);
  const after = await state();
  await page.close();
  camera.close();
  const told = JSON.stringify({ before, after });
  assert.equal(after.error, undefined, told);
  assert.equal(after.reconnects, 0, told);
  assert.ok(after.buffered <= (QUOTA << 20) / PER_SECOND + 1, `the buffer is within its bounds: ${told}`);
});
