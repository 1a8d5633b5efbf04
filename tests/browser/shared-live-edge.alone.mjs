// A shared camera with a long group of pictures: who comes in the middle of one sees what is live at
// once, and nothing of what was before. The picture says when it was drawn (tests/bench/player/camera.py).

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { PATIENCE, scenario, watchPage } from './browser.mjs';

const CAMERA = fileURLToPath(new URL('../bench/player/camera.py', import.meta.url));
/** As in camera.py. */
const PICTURE = { bits: 20, block: 32 };
/** Pictures from key frame to key frame, 25 a second: a busy machine needs seconds to open a page. */
const GROUP = 500;
/** How long after a key frame somebody comes, in ms. */
const LATER = 8_000;
/** What is shown is none of the history when it is younger than this, in ms, however busy the machine is. */
const LIVE = LATER / 2;

/**
 * Runs in the page ahead of its own script: `ages` tells of each picture presented [when, how old it
 * was], in ms by the wall clock; `before` how much had come by the first one, in seconds.
 */
function readClock({ bits, block }) {
  const canvas = new OffscreenCanvas(bits, 1);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const drawn = (video) => {
    pen.drawImage(video, 0, block / 2, bits * block, 1, 0, 0, bits, 1);
    const { data } = pen.getImageData(0, 0, bits, 1);
    let time = 0;
    for (let i = 0; i < bits; i += 1) time = time * 2 + (data[i * 4] > 127 ? 1 : 0);
    return time;
  };
  window.ages = [];
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    const look = () => {
      const now = Date.now();
      window.ages.push([now, (now - drawn(this) + 2 ** bits) % 2 ** bits]);
      window.before ??= this.currentTime - this.buffered.start(0);
      this.requestVideoFrameCallback(look);
    };
    if (!this.watched) this.requestVideoFrameCallback(look);
    this.watched = true;
    return play.call(this);
  };
}

/** Resolves in the page, `later` ms after a key frame has come. */
const afterKey = (page, later) => page.evaluate((later) => new Promise((resolve) => {
  const { taps } = document.querySelector('camgate-video').player;
  const tap = ({ kind, sync }) => {
    if (kind !== 'fragment' || !sync) return;
    taps.delete(tap);
    setTimeout(resolve, later);
  };
  taps.add(tap);
}), later);

const ages = (page, count) => page.waitForFunction(
  (count) => window.ages.length >= count && window.ages, count, { timeout: PATIENCE }).then((handle) => handle.jsonValue());

scenario('who comes in the middle of a group of pictures sees what is live at once', async ({ stage, open }) => {
  const camera = stage.start('/usr/bin/python3', [CAMERA, '--group', `${GROUP}`]);
  const [, port] = await camera.says(/READY (\d+)/);
  const settings = `[camera front]\nurl = rtsp://127.0.0.1:${port}/\ngop_cache = 8M\n`;
  const gateway = await stage.gateway(`[general]\ntargets = none\n[limits]\npool = 32M\n${settings}`);
  const address = watchPage(gateway, 'rtsp://camgate/front');
  const before = `(${readClock})(${JSON.stringify(PICTURE)})`;

  const first = await open(address, { before });
  await ages(first, 1);
  await afterKey(first, LATER);

  const came = Date.now();
  const late = await open(address, { before });
  const shown = await ages(late, 60);
  const { stats, history } = await late.evaluate(() => ({ stats: document.querySelector('camgate-video').stats, history: window.before }));
  const told = JSON.stringify({ history, shown: shown.map(([at, age]) => [at - came, age]), stats });
  assert.ok(history * 1000 > LATER / 2, `the next key frame was not waited for: ${told}`);
  const old = shown.filter(([, age]) => age > LIVE);
  assert.equal(old.length, 0, `nothing old was shown: ${told}`);
  assert.deepEqual([stats.lost, stats.skipped], [0, 0], told);
});
