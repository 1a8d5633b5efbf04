// The play head goes to where there is something to play, and moves, in both browsers as people have
// them: what is asked of a page counts as a gesture, so these pages tell by themselves.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PATIENCE, watchPage } from './browser.mjs';
import { BROWSERS } from './browsers.mjs';
import { Stage } from './processes.mjs';

/** Pauses of one page. */
const PAUSES = 6;
/** The length of a pause is up to that, in ms: they end anywhere in a group of pictures. */
const LONGEST = 1_500;

/** Runs in the page ahead of its own scripts: the sound that is nowhere on the page tells how far it has played. */
function tellSound() {
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (!this.isConnected && !this.told) {
      this.told = setInterval(() => console.log(`sound ${this.currentTime} ${this.muted}`), 200);
    }
    return play.call(this);
  };
}

/** Runs in the page ahead of its own scripts: keeps where each seek led, and what there was. */
function keepSeeks() {
  window.seeks = [];
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
  Object.defineProperty(HTMLMediaElement.prototype, 'currentTime', {
    get,
    set(time) {
      const ranges = Array.from({ length: this.buffered.length }, (_, i) => [this.buffered.start(i), this.buffered.end(i)]);
      seeks.push({ time, ranges });
      set.call(this, time);
    },
  });
}

async function until(condition, told) {
  const late = Date.now() + PATIENCE;
  while (!(await condition())) {
    assert.ok(Date.now() < late, told());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until the picture of the page plays on from where it is. */
const moves = (page) => page.evaluate(async (patience) => {
  const late = performance.now() + patience;
  const { video } = document.querySelector('camgate-video');
  const moving = () => !video.seeking && video.readyState > 2;
  for (let steps = 0, last = video.currentTime; steps < 10; ) {
    if (performance.now() > late) throw new Error(`it stands at ${video.currentTime}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (moving() && video.currentTime > last) steps += 1;
    last = video.currentTime;
  }
}, PATIENCE);

for (const [name, start] of Object.entries(BROWSERS)) {
  describe(name, () => {
    const stage = new Stage();
    let [browser, camera] = [];
    before(async () => {
      camera = await stage.camera();
      browser = await start();
    });
    after(async () => {
      await browser?.close();
      await stage.clear();
    });

    it(`${name}: the sound of Motion JPEG plays, muted, before anybody has touched the page`, async () => {
      const gateway = await stage.gateway('targets = loopback\n');
      const page = await browser.open(watchPage(gateway, `${camera.url}mjpeg+alaw`), tellSound);
      const played = () => page.said.map((line) => /sound ([\d.]+) true/.exec(line)?.[1]).filter(Boolean).map(Number);
      const enough = () => Math.max(...played()) - Math.min(...played()) > 2;
      await until(enough, () => `it plays: ${page.said.slice(-30).join('\n')}`);
      await page.close();
    });

    it(`${name}: after each pause a shared camera goes on where there is something`, async () => {
      const gateway = await stage.gateway(`targets = none\n[camera front]\nurl = ${camera.url}h264+aac\nalways = on\n`);
      const page = await browser.open(watchPage(gateway, 'rtsp://camgate/front'), keepSeeks);
      await until(() => page.evaluate(() => Boolean(document.querySelector('camgate-video')?.video)), () => 'it is there');
      for (let pause = 0; pause < PAUSES; pause += 1) {
        await moves(page);
        await page.evaluate(async (ms) => {
          const { video } = document.querySelector('camgate-video');
          video.pause();
          await new Promise((resolve) => setTimeout(resolve, ms));
          await video.play();
        }, Math.random() * LONGEST);
      }
      await moves(page);
      const seeks = await page.evaluate(() => seeks);
      assert.ok(seeks.length >= PAUSES, JSON.stringify(seeks));
      for (const { time, ranges } of seeks) {
        assert.ok(ranges.some(([from, to]) => time >= from && time <= to), `${time} is in ${JSON.stringify(ranges)}`);
      }
      await page.close();
    });
  });
}
