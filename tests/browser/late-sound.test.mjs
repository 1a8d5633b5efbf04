// Sound that begins later than the picture, as where PLAY starts the camera's encoder of sound or the
// microphone is off, in both browsers.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchPage } from './browser.mjs';
import { BROWSERS } from './browsers.mjs';
import { clipCamera, TONE } from './clipcamera.mjs';
import { Stage } from './processes.mjs';
import { hear, keepPlayers, unmute } from './testcard.mjs';

/** Runs in the page ahead of its own script: counts the sources that were made for the element. */
function countSources() {
  window.sources = 0;
  const { createObjectURL } = URL;
  URL.createObjectURL = (object) => {
    if (object instanceof MediaSource) window.sources += 1;
    return createObjectURL.call(URL, object);
  };
}

/** Both scripts as one, for pages that take a single one. */
const prepare = new Function(`(${keepPlayers})(); (${countSources})();`);

/** Runs in the page: waits until it has played so many seconds. */
async function played(seconds) {
  const video = () => document.querySelector('camgate-video')?.video;
  while (!(video()?.currentTime > seconds)) await new Promise((resolve) => setTimeout(resolve, 50));
}

for (const [name, start] of Object.entries(BROWSERS)) {
  describe(name, () => {
    for (const silent of [1.5, 4]) {
      it(`${name} joins sound that begins ${silent} s after the picture`, { timeout: 120_000 }, async () => {
        await watch(start, silent, async (page) => {
          await page.evaluate(played, silent + 1.5);
          await unmute(page);
          const heard = await hear(page);
          assert.ok(Math.abs(heard.tone - TONE) < 0.02 * TONE && heard.pure > 0.8, JSON.stringify(heard));
        });
      });
    }

    it(`${name} shows the picture of a camera that never sends its sound`, { timeout: 120_000 }, async () => {
      await watch(start, Infinity, (page) => page.evaluate(played, 8));
    });
  });
}

/** `act` on a page that plays; whatever comes, the picture is never put up anew. */
async function watch(start, silent, act) {
  const stage = new Stage();
  const camera = await clipCamera({ silent });
  const browser = await start();
  try {
    const gateway = await stage.gateway('targets = loopback\n');
    const page = await browser.open(watchPage(gateway, camera.url), prepare);
    await act(page);
    const seen = await page.evaluate(() => ({ sources, codecs: document.querySelector('camgate-video').stats.codecs }));
    assert.equal(seen.sources, 1, 'the picture was never interrupted');
    assert.equal(seen.codecs.length, 2, `there is sound: ${seen.codecs}`);
    assert.deepEqual(page.said.filter((line) => /^uncaught/.test(line)), []);
  } catch (error) {
    throw Object.assign(error, { message: `${error.message}\n${stage.transcript()}` });
  } finally {
    await browser.close();
    camera.close();
    await stage.clear();
  }
}
