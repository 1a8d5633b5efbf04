// Away and back: a computer that slept, a player that was paused. The picture
// says when it was drawn (tests/bench/player/camera.py), so that how old it is
// needs nobody's word for it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { FLAGS, PATIENCE, watchPage } from './browser.mjs';
import { Stage } from './processes.mjs';

const CAMERA = fileURLToPath(new URL('../bench/player/camera.py', import.meta.url));
/** As in camera.py. */
const PICTURE = { bits: 20, block: 32 };
/** The picture is live when it is younger than this, and has to be that soon after it came back, in ms. */
const LIVE = 1000;
/** A second, and half of one for a busy machine. */
const SOON = 1500;
/** How long it is away, in ms. A group of pictures is 2 s. */
const AWAY = 9_000;

const stage = new Stage();
let [server, browser, address] = [];

before(async () => {
  // A server, for its process is needed.
  server = await chromium.launchServer({ executablePath: '/usr/bin/chromium', args: FLAGS });
  browser = await chromium.connect(server.wsEndpoint());
  const gateway = await stage.gateway('targets = loopback\n');
  const camera = stage.start('/usr/bin/python3', [CAMERA]);
  const [, port] = await camera.says(/READY (\d+)/);
  address = watchPage(gateway, `rtsp://127.0.0.1:${port}/`);
});

after(async () => {
  await server?.close();
  await stage.clear();
});

/** Runs in the page: `ages` tells of each picture presented [when, how old it was], both in ms, by the wall clock. */
function readClock({ bits, block }) {
  const { video } = document.querySelector('camgate-video');
  const canvas = new OffscreenCanvas(bits, 1);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const drawn = () => {
    pen.drawImage(video, 0, block / 2, bits * block, 1, 0, 0, bits, 1);
    const { data } = pen.getImageData(0, 0, bits, 1);
    let time = 0;
    for (let i = 0; i < bits; i += 1) time = time * 2 + (data[i * 4] > 127 ? 1 : 0);
    return time;
  };
  window.ages = [];
  const look = () => {
    const now = Date.now();
    window.ages.push([now, (now - drawn() + 2 ** bits) % 2 ** bits]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/** A page that has played for a while, at the live edge. */
async function playing() {
  const page = await (await browser.newContext({ viewport: { width: 700, height: 400 } })).newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector('camgate-video')?.video.currentTime > 1);
  await page.evaluate(readClock, PICTURE);
  await page.waitForFunction((live) => window.ages.slice(-10).filter(([, age]) => age < live).length === 10, LIVE);
  return page;
}

/** Asserts that what is shown from SOON after `back` on is live, and that it moves. */
async function assertLive(page, back) {
  await page.waitForFunction((until) => Date.now() > until, back + 2 * SOON);
  const rows = await page.evaluate((from) => window.ages.filter(([at]) => at > from), back);
  const told = JSON.stringify({ back, rows: rows.map(([at, age]) => [at - back, age]), stats: await page.evaluate(() => document.querySelector('camgate-video').stats) });
  const later = rows.filter(([at]) => at >= back + SOON);
  assert.ok(later.length > SOON / 40 / 3, `pictures are shown: ${told}`);
  const old = later.filter(([, age]) => age > LIVE);
  assert.equal(old.length, 0, `they are live within a second: ${told}`);
}

test('a computer that slept is live within a second of waking', async () => {
  const page = await playing();
  const group = -server.process().pid; // the browser and all of its children
  process.kill(group, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, AWAY));
  const back = Date.now();
  process.kill(group, 'SIGCONT');
  await assertLive(page, back);
  await page.context().close();
});

test('a player that was paused is live within a second of playing again', async () => {
  const page = await playing();
  await page.evaluate(() => document.querySelector('camgate-video').video.pause());
  await page.waitForTimeout(AWAY);
  const back = Date.now();
  await page.evaluate(() => document.querySelector('camgate-video').video.play());
  await assertLive(page, back);
  await page.context().close();
});
