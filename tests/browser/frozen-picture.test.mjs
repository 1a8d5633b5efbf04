// A picture that stands still is never called live: the badge goes, the picture is dimmed, the page is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE, scenario, shoot, watchPage, words } from './browser.mjs';
import { clipCamera } from './clipcamera.mjs';
import { player } from './player.mjs';

const { Freshness } = await player('freshness');

const live = (page) => page.locator('camgate-video .live.on');

/** Runs in the page, ahead of the page's own scripts: what the element says, in its order. */
function listen() {
  globalThis.said = [];
  for (const type of ['stalled', 'resumed']) {
    addEventListener('DOMContentLoaded', () => document.querySelector('camgate-video').addEventListener(type, () => globalThis.said.push(type)));
  }
}

/** The camera, and a gateway through which it is watched directly or shared. */
async function watched(stage, shared) {
  const camera = await clipCamera();
  const settings = shared ? `[general]\ntargets = none\n[camera front]\nurl = ${camera.url}\n` : 'targets = loopback\n';
  const gateway = await stage.gateway(settings);
  return { camera, gateway, source: shared ? 'rtsp://camgate/front' : camera.url };
}

for (const shared of [false, true]) {
  scenario(`a camera that stops sending is not live, ${shared ? 'shared' : 'direct'}`, async ({ stage, open }) => {
    const { camera, gateway, source } = await watched(stage, shared);
    try {
      const page = await open(watchPage(gateway, source), { before: listen });
      await page.mouse.move(300, 300);
      await live(page).waitFor();
      assert.deepEqual(await page.evaluate(() => globalThis.said), []);
      camera.freeze();
      await live(page).waitFor({ state: 'detached' });
      const told = await words(page, /^No new picture for [2-4] s$/);
      await shoot(page, `frozen ${shared}`);
      assert.deepEqual(await page.evaluate(() => globalThis.said), ['stalled'], told);
      camera.thaw();
      await page.waitForFunction(() => globalThis.said.includes('resumed'));
      await page.mouse.move(310, 300);
      await live(page).waitFor();
      await page.locator('camgate-video .age').waitFor({ state: 'hidden' });
      assert.deepEqual(await page.evaluate(() => globalThis.said), ['stalled', 'resumed']);
    } finally {
      camera.close();
    }
  });
}

scenario('a decoder that fails costs an attempt, and pauses nothing', async ({ stage, open }) => {
  const { camera, gateway, source } = await watched(stage, false);
  try {
    const page = await open(watchPage(gateway, source));
    await page.locator('camgate-video .live.on').waitFor({ state: 'attached' });
    await page.evaluate(() => {
      const { player, video } = document.querySelector('camgate-video');
      video.addEventListener('error', () => (globalThis.failed = true));
      player.taps.add(({ kind, bytes }) => kind === 'fragment' && !globalThis.failed && bytes.fill(0xff, bytes.length / 2));
    });
    await page.waitForFunction(() => globalThis.failed);
    await page.waitForFunction(() => {
      const { stats, video, frozen } = document.querySelector('camgate-video');
      return stats.reconnects > 0 && stats.state === 'playing' && !video.paused && !frozen && video.currentTime > 1;
    });
  } finally {
    camera.close();
  }
});

scenario('a tile whose camera goes away keeps the last picture, and says for how long', async ({ stage, open }) => {
  const { camera, gateway } = await watched(stage, true);
  const page = await open(gateway.page);
  const tile = page.locator('.tile');
  await tile.locator('.state[data-is=live]').waitFor();
  camera.close();
  await tile.locator('.trouble').getByText(/^Offline for \d s$/).waitFor();
  const light = await page.evaluate(() => {
    const { width, height } = document.querySelector('.tile canvas');
    const { data } = document.querySelector('.tile canvas').getContext('2d').getImageData(0, 0, width, height);
    return data.reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / (data.length * 0.75);
  });
  assert.ok(light > 16 && light < 240, `the last picture is there: ${light}`);
  await page.waitForFunction(() => Number(/Offline for (\d+) s/.exec(document.querySelector('.trouble').textContent)?.[1]) >= 6, undefined, { timeout: PATIENCE });
  assert.equal(await tile.locator('.state').getAttribute('data-is'), 'wrong');
  await shoot(page, 'offline tile');
});

/** When the last of some pictures that come so many seconds apart is old, in seconds behind it. */
function old(apart) {
  const freshness = new Freshness();
  let now = 1000;
  for (let i = 1; i <= 30; i += 1) {
    if (i > 2) assert.equal(freshness.age(now), 0, `picture ${i}, ${apart} s apart`);
    freshness.came(i * apart, now);
    freshness.look(i, now);
    now += apart * 1000;
  }
  const last = now - apart * 1000;
  while (!freshness.age(now)) now += 10;
  return (now - last) / 1000;
}

for (const [apart, least, most] of [[0.04, 1, 1.1], [0.5, 1, 1.1], [1, 1.4, 1.6], [20, 25, 35]]) {
  test(`a picture every ${apart} s is a stream, and without one it is not`, () => {
    const found = old(apart);
    assert.ok(found >= least && found <= most, `old after ${found} s`);
  });
}

test('a picture that comes but is not shown is old, and so is one that is shown again', () => {
  const freshness = new Freshness();
  for (let now = 0; now <= 5000; now += 40) {
    freshness.came(now / 1000, now + 1);
    freshness.look(1, now + 1);
  }
  assert.ok(freshness.age(5001) > 4);
  for (let now = 5000; now <= 10_000; now += 40) freshness.look(now, now + 1);
  assert.ok(freshness.age(10_001) > 4);
  freshness.reset();
  assert.equal(freshness.age(60_000), 0);
});
