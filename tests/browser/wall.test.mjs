// The wall of cameras: those of the configuration, live, side by side, and one of them enlarged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE, scenario, shoot } from './browser.mjs';
import { BROWSERS } from './browsers.mjs';
import { Stage } from './processes.mjs';

const GENERAL = '[general]\ntargets = none\n';
/** Nothing listens there. */
const DEAD = 'rtsp://127.0.0.1:9/';

const camera = (name, settings) =>
  `[camera ${name}]\n${Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`).join('')}`;

const sixteen = (url) => GENERAL + Array.from({ length: 16 }, (_, i) => camera(`c${i}`, { url })).join('');

const tile = (page, name) => page.locator(`.tile a[href="#${name}"]`);

/** Looks at a player, once it has shown `frames` more pictures: its size, and a few of its pixels. */
const played = (page, selector, frames = 15) => page.evaluate(async ([selector, frames, patience]) => {
  const late = performance.now() + patience;
  const video = () => document.querySelector(`${selector} camgate-video`)?.video;
  const shown = () => video()?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
  let from = shown();
  while (shown() < from + frames || !video()?.videoWidth) {
    from = Math.min(from, shown());
    if (performance.now() > late) throw new Error(`${selector}: ${JSON.stringify(document.querySelector(`${selector} camgate-video`)?.stats)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const pen = new OffscreenCanvas(32, 18).getContext('2d');
  pen.drawImage(video(), 0, 0, 32, 18);
  return {
    size: [video().videoWidth, video().videoHeight],
    muted: video().muted,
    pixels: [...pen.getImageData(0, 0, 32, 18).data],
  };
}, [selector, frames, PATIENCE]);

const selector = (name) => `.tile:has(a[href="#${name}"])`;

/** How far two pictures are apart, from 0 to 255. */
const apart = (one, other) =>
  one.pixels.reduce((sum, value, i) => sum + Math.abs(value - other.pixels[i]), 0) / one.pixels.length;

/** Who watches what, once that is as it should be. */
async function watched(gateway, right, what) {
  const late = Date.now() + PATIENCE;
  for (;;) {
    const cameras = await (await fetch(`${gateway.page}api/cameras`)).json();
    const viewers = cameras.map(({ viewers }) => viewers);
    if (right(viewers)) return viewers;
    assert.ok(Date.now() < late, `${what}: ${viewers}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function fits(page) {
  const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(needed <= given, `it needs ${needed} pixels of ${given}`);
}

/** Four cameras: one dead, one with a smaller stream, one that sends over UDP only. */
async function four(stage) {
  const [clip, bars, ball] = await Promise.all([
    stage.clip(),
    stage.camera('--audio', 'none'),
    stage.camera('--audio', 'none', '--pattern', 'ball', '--protocol', 'udp'),
  ]);
  const settings = GENERAL
    + camera('front', { url: clip.url, sub: bars.url, description: 'Front door' })
    + camera('yard', { url: clip.url, description: 'Yard' })
    + camera('garage', { url: ball.url, description: 'Garage' })
    + camera('attic', { url: DEAD, description: 'Attic' });
  return { clip, bars, ball, settings, gateway: await stage.gateway(settings) };
}

scenario('the wall shows four cameras live, and why one of them is not', async ({ stage, open }) => {
  const { gateway } = await four(stage);
  const page = await open(gateway.page);
  const seen = [];
  for (const name of ['front', 'yard', 'garage']) seen.push(await played(page, selector(name)));
  assert.ok(apart(seen[0], seen[1]) > 10 && apart(seen[1], seen[2]) > 10 && apart(seen[0], seen[2]) > 10);
  assert.ok(seen.every(({ muted }) => muted), 'a wall is silent');
  const attic = tile(page, 'attic');
  await attic.locator('.trouble').getByText(/refuses connections/).waitFor();
  for (const name of ['front', 'yard', 'garage']) await tile(page, name).locator('.state[data-is=live]').waitFor();
  assert.match(await attic.getAttribute('aria-label'), /^Attic: No picture\. .*refuses connections/);
  assert.equal(await attic.locator('.state').innerText(), 'No picture');
  assert.ok(await page.evaluate(() => document.querySelector('#address').checkVisibility() === false));
  await fits(page);
  await shoot(page, 'wall');
  for (const name of ['front', 'yard', 'garage']) await played(page, selector(name)); // undisturbed
});

test('Firefox shows the wall, and a camera of it enlarged', { timeout: 120_000 }, async () => {
  const stage = new Stage();
  const browser = await BROWSERS.Firefox();
  try {
    const { gateway } = await four(stage);
    const page = await browser.open(gateway.page, () => {});
    const seen = [];
    for (const name of ['front', 'yard', 'garage']) seen.push(await played(page, selector(name)));
    assert.ok(apart(seen[0], seen[1]) > 10 && apart(seen[1], seen[2]) > 10 && apart(seen[0], seen[2]) > 10);
    const attic = () => page.evaluate((tile) => document.querySelector(tile).textContent, selector('attic'));
    for (const late = Date.now() + PATIENCE; !/refuses connections/.test(await attic());) {
      assert.ok(Date.now() < late, await attic());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await shoot(page, 'wall in Firefox');
    const [x, y] = await page.evaluate((tile) => {
      const { x, y, width, height } = document.querySelector(tile).getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    }, selector('front'));
    await page.mouse.click(x, y);
    const large = await played(page, '#large');
    assert.notDeepEqual(large.size, seen[0].size);
    assert.deepEqual(page.said.filter((line) => /^uncaught/.test(line)), []);
  } catch (error) {
    throw Object.assign(error, { message: `${error.message}\n${stage.transcript()}` });
  } finally {
    await browser.close();
    await stage.clear();
  }
});

scenario('an enlarged camera is its main stream, by click, key and address', async ({ stage, open }) => {
  const { gateway } = await four(stage);
  const page = await open(gateway.page);
  const small = await played(page, selector('front'));
  assert.deepEqual(small.size, [480, 270]);
  await tile(page, 'front').click();
  const large = await played(page, '#large');
  assert.notDeepEqual(large.size, small.size);
  assert.ok(apart(large, small) > 10);
  assert.equal(new URL(page.url()).hash, '#front');
  await page.locator('#large-facts').getByText(/H\.264/).waitFor();
  await shoot(page, 'wall enlarged');
  await page.mouse.move(400, 300);
  await page.getByRole('button', { name: 'Turn sound on' }).click();
  assert.equal((await played(page, '#large', 1)).muted, false);
  // What lies behind is not watched.
  await watched(gateway, ([, yard, garage]) => yard + garage === 0, 'tiles behind');

  await page.keyboard.press('ArrowRight');
  await page.locator('#large-name').getByText('Yard').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#large').waitFor({ state: 'hidden' });
  // It goes back in the history, which takes a moment.
  await page.waitForFunction(() => location.hash === '' && document.activeElement.hash === '#yard');
  await played(page, selector('front'));

  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.locator('#large-name').getByText('Front door').waitFor();
  await played(page, '#large');
  await page.goBack();
  await page.locator('#large').waitFor({ state: 'hidden' });

  const direct = await open(`${gateway.page}#garage`);
  await played(direct, '#large');
  await direct.keyboard.press('Escape');
  await played(direct, selector('garage'));
});

scenario('the wall follows the configuration without being loaded again', async ({ stage, open }) => {
  const { gateway, clip, bars, ball, settings } = await four(stage);
  const page = await open(gateway.page);
  await played(page, selector('yard'));
  await page.evaluate(() => (window.same = document.querySelector('.tile:has(a[href="#yard"]) camgate-video').video));
  const changed = GENERAL
    + camera('cellar', { url: ball.url, description: 'Cellar' })
    + camera('yard', { url: clip.url, description: 'Yard' })
    + camera('attic', { url: bars.url, description: 'Loft' });
  await gateway.configure(changed);
  await played(page, selector('cellar'));
  await played(page, selector('attic'));
  await tile(page, 'attic').getByText('Loft', { exact: true }).waitFor();
  await tile(page, 'front').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.tile').count(), 3);
  assert.ok(await page.evaluate(() => same === document.querySelector('.tile:has(a[href="#yard"]) camgate-video').video && !same.paused));
  assert.deepEqual(await page.locator('.tile a').evaluateAll((all) => all.map(({ hash }) => hash)), ['#cellar', '#yard', '#attic']);

  await gateway.configure(GENERAL);
  await page.locator('#address').waitFor({ state: 'visible' });
  await page.getByText('No camera yet').waitFor();
  await gateway.configure(settings);
  await played(page, selector('front'));
});

scenario('only what can be seen of sixteen cameras is watched', async ({ stage, open }) => {
  const clip = await stage.clip();
  const gateway = await stage.gateway(sixteen(clip.url));
  const page = await open(gateway.page, { phone: true });
  await page.locator('.tile').nth(15).waitFor({ state: 'attached' });
  await fits(page);
  const inView = () => page.locator('.tile').evaluateAll((all) => all.map((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return bottom > 8 && top < innerHeight - 8 ? 1 : 0;
  }));
  const asSeen = async () => {
    const expected = await inView();
    const shown = expected.reduce((sum, one) => sum + one, 0);
    assert.ok(shown > 0 && shown < 16, String(expected));
    await watched(gateway, (viewers) => viewers.join() === expected.join(), `tiles ${expected}`);
    return expected;
  };
  const above = await asSeen();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const below = await asSeen();
  assert.notDeepEqual(below, above);
  await shoot(page, 'wall of sixteen on a phone');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await watched(gateway, (viewers) => viewers.every((count) => count === 0), 'a hidden page');
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await asSeen();
});
