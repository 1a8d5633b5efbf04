// `camgate demo`: nothing configured, the built-in camera plays.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { scenario, shoot, watchPage } from './browser.mjs';
import { assertPlays, watch } from './playback.mjs';

/** The picture in the README: rewritten when UPDATE_PICTURE=1. */
const PICTURE = fileURLToPath(new URL('page.png', import.meta.url));

scenario('the first page lists the built-in camera and plays it at a click', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await open(gateway.page);
  await page.getByText(/built-in camera/i).first().click();
  const seen = await assertPlays(page);
  assert.ok(seen.width >= 320 && seen.height >= 180, JSON.stringify(seen));
  await shoot(page, 'first page');
  if (process.env.UPDATE_PICTURE === '1') await page.screenshot({ path: PICTURE, fullPage: true });
});

scenario('the watch page plays the source in its address and fills the window', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await open(watchPage(gateway, gateway.camera));
  await assertPlays(page);
  const share = await page.evaluate(() => {
    const { width, height } = document.querySelector('camgate-video').getBoundingClientRect();
    return (width * height) / (innerWidth * innerHeight);
  });
  assert.ok(share > 0.95, `the player covers ${share} of the window`);
  await shoot(page, 'watch page');
});

scenario('two pages watch the built-in camera at once', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const pages = [];
  for (let i = 0; i < 2; i += 1) pages.push(await open(watchPage(gateway, gateway.camera)));
  for (const page of pages) {
    const seen = await watch(page, { frames: 50 });
    assert.ok(seen.decoded > 0 && seen.colours > 4, JSON.stringify(seen));
  }
});

scenario('on a phone both pages fit its width and play', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const first = await open(gateway.page, { phone: true });
  await fits(first);
  await isFingerSized(first.locator('form#open input, form#open button'));
  await first.getByText(/built-in camera/i).first().tap();
  await assertPlays(first);
  await fits(first);
  await shoot(first, 'first page on a phone');
  await first.close();
  const second = await open(watchPage(gateway, gateway.camera), { phone: true });
  await assertPlays(second);
  await fits(second);
  await shoot(second, 'watch page on a phone');
});

async function fits(page) {
  const { needed, given } = await page.evaluate(() => ({
    needed: document.documentElement.scrollWidth,
    given: document.documentElement.clientWidth,
  }));
  assert.ok(needed <= given, `${page.url()} needs ${needed} pixels of ${given}`);
}

async function isFingerSized(controls) {
  for (const control of await controls.all()) {
    const { height } = await control.boundingBox();
    assert.ok(height >= 40, `${await control.getAttribute('id')} is ${height} pixels high`);
  }
}
