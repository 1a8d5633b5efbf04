// A connection that is slower than the camera: the page says how far behind the picture is, and never that it is live.

import assert from 'node:assert/strict';
import { scenario, shoot, words } from './browser.mjs';
import { clipCamera } from './clipcamera.mjs';
import { throttle } from './throttle.mjs';

/** Added to each picture: together they have about 1 Mbit/s. */
const PADDING = 4_000;
/** The slow connection, in bytes per second: 300 kbit/s. */
const SLOW = 37_500;
/** So far behind, in seconds, a picture may be while the badge still says live: one second, and a slow test. */
const LIVE = 2;
/** So many seconds behind is enough to see. */
const ENOUGH = 6;
/** What the page says and what is so may differ by this many seconds: the page is asked a little later. */
const NEAR = 1.5;

/** Runs in the page: the end of the last picture that came, in seconds on the session's timeline. */
function follow() {
  const { player } = document.querySelector('camgate-video');
  player.taps.add(({ kind, track, time, duration }) => {
    if (kind === 'fragment' && track === 1) globalThis.end = time + duration;
  });
}

/** Runs in the page: what it says and knows. */
function look() {
  const element = document.querySelector('camgate-video');
  const badge = element.shadowRoot.querySelector('.live');
  const { state, late, latency } = element.stats;
  return { end: globalThis.end, live: badge.classList.contains('on'), text: badge.textContent, state, late, latency, behind: element.behind };
}

/** Looks again and again until `enough` says so, and checks each time that nothing is called live that is not. */
async function until(page, camera, offset, enough) {
  for (const late = Date.now() + 90_000; ;) {
    const sent = camera.sent();
    const seen = await page.evaluate(look);
    // At least so late is the last picture that has come.
    const truth = sent - seen.end - offset;
    const told = JSON.stringify({ truth, ...seen });
    if (seen.live) assert.ok(truth < LIVE, `it is called live: ${told}`);
    if (enough(seen, truth)) return { ...seen, truth, told };
    assert.ok(Date.now() < late, told);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const shared of [false, true]) {
  scenario(`a slow connection is told, ${shared ? 'shared' : 'direct'}`, async ({ stage, open }) => {
    const camera = await clipCamera({ padding: PADDING });
    const settings = shared ? `[general]\ntargets = none\n[camera front]\nurl = ${camera.url}\n` : 'targets = loopback\n';
    const gateway = await stage.gateway(settings);
    const way = await throttle(gateway.port);
    try {
      const source = encodeURIComponent(shared ? 'rtsp://camgate/front' : camera.url);
      const page = await open(`http://127.0.0.1:${way.port}/watch?src=${source}`);
      await page.locator('camgate-video .live.on').waitFor({ state: 'attached' });
      await page.evaluate(follow);
      await page.waitForFunction(() => globalThis.end > 0);
      // The earliest of several pictures tells where the session's timeline begins.
      let offset = Infinity;
      for (let i = 0; i < 20; i += 1) offset = Math.min(offset, camera.sent() - (await page.evaluate(() => globalThis.end)));

      way.limit(SLOW);
      const slow = await until(page, camera, offset, ({ text }, truth) => truth > ENOUGH && /behind/.test(text));
      assert.ok(Math.abs(slow.late - slow.truth) < NEAR, `as late as it says: ${slow.told}`);
      assert.match(slow.text, /^\d+ s behind$/, slow.told);
      assert.ok(Math.abs(parseInt(slow.text) - slow.behind) <= 1, slow.told);
      assert.ok(slow.behind > slow.truth - NEAR, slow.told);
      await words(page, /^Slow connection$/);
      await page.mouse.move(300, 300);
      await shoot(page, `slow connection ${shared}`);

      way.limit(Infinity);
      await until(page, camera, offset, ({ live }, truth) => live && truth < 1);
      await page.locator('camgate-video .note').waitFor({ state: 'hidden' });
    } finally {
      way.close();
      camera.close();
    }
  });
}
