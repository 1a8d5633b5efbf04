// Away and back: a computer that slept, a player that was paused, a tab behind
// another. The picture says when it was drawn (tests/bench/player/camera.py), so that how old it is
// needs nobody's word for it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { launch } from 'puppeteer-core';
import { FLAGS, PATIENCE, watchPage } from './browser.mjs';
import { Stage } from './processes.mjs';

const CAMERA = fileURLToPath(new URL('../bench/player/camera.py', import.meta.url));
/** As in camera.py. */
const PICTURE = { bits: 20, block: 32 };
/** The picture is live when it is younger than this, in ms, so many times in a row. */
const LIVE = 1000;
const ROW = 10;
/** So many old pictures may be shown before: what came meanwhile would be four times as many. */
const OLD = 50;
/** What else Chromium is told to do with pages that nobody sees: as if they were seen. */
const UNSEEN = [
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
];
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

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(page, condition, argument) {
  const late = Date.now() + 2 * PATIENCE;
  while (!(await page.evaluate(condition, argument))) {
    assert.ok(Date.now() < late, `in time: ${condition}`);
    await sleep(50);
  }
}

/** Brings the page to where it has played for a while, at the live edge. */
async function play(page) {
  await page.goto(address);
  await until(page, () => document.querySelector('camgate-video')?.video.currentTime > 1);
  await page.evaluate(readClock, PICTURE);
  await becomesLive(page, 0);
  return page;
}

const playing = async () =>
  play(await (await browser.newContext({ viewport: { width: 700, height: 400 } })).newPage());

/** Waits until what is shown after `from` is live. */
const becomesLive = (page, from) => until(page, ([from, live, row]) => {
  const last = window.ages.filter(([at]) => at > from).slice(-row);
  return last.length === row && last.every(([, age]) => age < live);
}, [from, LIVE, ROW]);

/** Asserts that what is shown after `back` gets live by a jump: what was missed is not played, however fast. */
async function assertLive(page, back) {
  await becomesLive(page, back);
  const rows = await page.evaluate((from) => window.ages.filter(([at]) => at > from), back);
  const told = JSON.stringify({ back, rows: rows.map(([at, age]) => [at - back, age]), stats: await page.evaluate(() => document.querySelector('camgate-video').stats) });
  const old = rows.filter(([, age]) => age >= LIVE);
  assert.ok(old.length < OLD, `${old.length} old pictures were shown: ${told}`);
}

test('a computer that slept is live at once when it wakes', async () => {
  const page = await playing();
  const group = -server.process().pid; // the browser and all of its children
  process.kill(group, 'SIGSTOP');
  await sleep(AWAY);
  const back = Date.now();
  process.kill(group, 'SIGCONT');
  await assertLive(page, back);
  await page.context().close();
});

test('a player that was paused is live at once when it plays again', async () => {
  const page = await playing();
  await page.evaluate(() => document.querySelector('camgate-video').video.pause());
  await sleep(AWAY);
  const back = Date.now();
  await page.evaluate(() => document.querySelector('camgate-video').video.play());
  await assertLive(page, back);
  await page.context().close();
});

test('a tab that was hidden is live at once when it is shown again', async () => {
  // Playwright has every page seen: this is a browser as people have it.
  const tabs = await launch({ executablePath: '/usr/bin/chromium', args: FLAGS, ignoreDefaultArgs: UNSEEN });
  try {
    const page = await play(await tabs.newPage());
    await page.evaluate(() => {
      window.ticks = 0;
      setInterval(() => (window.ticks += document.hidden ? 1 : 0), 50);
    });
    const other = await tabs.newPage();
    await other.bringToFront();
    await until(page, () => document.hidden);
    await sleep(AWAY);
    const [hidden, ticks] = await page.evaluate(() => [document.hidden, window.ticks]);
    assert.ok(hidden && ticks < (2 * AWAY) / 1000, `its timers are held back: ${hidden} ${ticks}`);
    const back = Date.now();
    await page.bringToFront();
    await until(page, () => !document.hidden);
    await assertLive(page, back);
  } finally {
    await tabs.close();
  }
});
