// A camera that sends sound all the time and a picture now and then: the sound plays on, and a picture is
// shown when it comes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSERS } from './browsers.mjs';
import { watchPage } from './browser.mjs';
import { clipCamera } from './clipcamera.mjs';
import { Stage } from './processes.mjs';

/** Seconds from picture to picture: longer than the player takes any picture to last. */
const EVERY = 8;
/** So many of the steps of the play head may differ from the clock's: a busy machine stalls, too. */
const UNEVEN = 1 / 3;
/** So long, in ms, it may leap: that no picture comes has to be found out. Then once, on a busy machine. */
const BEGINNING = 3000;
const LEAPS = 1;
/** From look to look, in ms. */
const LOOK = 250;

const stage = new Stage();
let [camera, gateway] = [];

before(async () => {
  camera = await clipCamera({ silent: 0, every: EVERY });
  gateway = await stage.gateway('targets = loopback\n');
});
after(async () => {
  camera.close();
  await stage.clear();
});

/** Runs in the page: how evenly the play head goes until `pictures` have come and are shown. */
async function play({ pictures, look, beginning }) {
  const next = () => new Promise((resolve) => setTimeout(resolve, look));
  const found = () => document.querySelector('camgate-video');
  while (!(found()?.video?.currentTime > 0)) await next();
  const { video, player } = found();
  let [came, edge] = [1, Infinity];
  player.taps.add(({ kind, track }) => {
    came += kind === 'fragment' && track === 1;
    if (came === pictures) edge = Math.min(edge, video.buffered.end(0));
  });
  let [looks, uneven, leaps] = [0, 0, 0];
  video.addEventListener('seeking', () => (leaps += looks * look > beginning));
  for (let [last, at] = [0, 0]; video.currentTime < edge + 1; looks += 1) {
    await next();
    const [time, now] = [video.currentTime, performance.now()];
    const even = Math.abs((time - last) * 1000 - (now - at)) < look / 2;
    uneven += !even;
    [last, at] = [time, now];
  }
  return { looks, uneven, leaps, ranges: video.buffered.length };
}

describe('a picture now and then', { concurrency: 2 }, () => {
  for (const [name, start] of Object.entries(BROWSERS)) {
    test(`${name} plays sound on`, { timeout: 120_000 }, async () => {
      const browser = await start();
      try {
        const page = await browser.open(watchPage(gateway, camera.url), () => {});
        const seen = await page.evaluate(play, { pictures: 2, look: LOOK, beginning: BEGINNING });
        const told = JSON.stringify(seen);
        assert.ok(seen.looks * LOOK > EVERY * 500, `it was long enough: ${told}`);
        assert.ok(seen.uneven < seen.looks * UNEVEN, told);
        assert.ok(seen.leaps <= LEAPS, told);
        assert.equal(seen.ranges, 1, told);
      } finally {
        await browser.close();
      }
    });
  }
});
