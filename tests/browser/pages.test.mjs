// The pages as a person uses them: every control of /watch and /test does what it says.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { PATIENCE, scenario, shoot, watchPage } from './browser.mjs';
import { probe } from './mp4.mjs';
import { assertPlays, watch } from './playback.mjs';

const LOOPBACK = 'targets = loopback\n';
const LOCKED = ['--user', 'jo', '--password', 'p@ss:w/rd'];
/** A frame of picture or sound, in seconds. */
const FRAME = 0.045;

const testPage = (gateway, source) => `${gateway.page}test?src=${encodeURIComponent(source)}`;

/** Opens /watch with the built-in camera and waits until it plays. */
async function watching({ stage, open }, options) {
  const gateway = await stage.demo();
  const page = await open(watchPage(gateway, gateway.camera), options);
  await watch(page, { frames: 25 });
  return page;
}

/** Opens /test with the built-in camera and waits until it plays. */
async function testing({ stage, open }, options) {
  const gateway = await stage.demo();
  const page = await open(testPage(gateway, gateway.camera), options);
  await watch(page, { frames: 25 });
  return page;
}

/** What `look` says of the player's <video>. */
const element = (page, look) => page.evaluate(`(${look})(document.querySelector('camgate-video').video)`);

/** Waits until it says yes. (A string cannot be waited for in the page: its policy forbids to evaluate one.) */
async function becomes(page, look) {
  const late = Date.now() + PATIENCE;
  while (!(await element(page, look))) {
    assert.ok(Date.now() < late, `not yet: ${look}`);
    await page.waitForTimeout(50);
  }
}

/** Waits until the bar is there (and can be pressed) or has gone, and no longer fades. */
const bar = (page, shown) => page.waitForFunction((wanted) => {
  const { opacity, pointerEvents } = getComputedStyle(document.querySelector('camgate-video').shadowRoot.querySelector('.bar'));
  return opacity === (wanted ? '1' : '0') && (!wanted || pointerEvents === 'auto');
}, shown);

const control = (page, name) => page.getByRole('button', { name, exact: true });

/** The path and the name of what is downloaded while `act` runs. */
async function download(page, act) {
  const [file] = await Promise.all([page.waitForEvent('download'), act()]);
  return { path: await file.path(), name: file.suggestedFilename() };
}

function isQuiet(page) {
  assert.deepEqual(page.said.filter((line) => /^(error|warning|uncaught)/.test(line)), []);
}

async function fits(page) {
  const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(needed <= given, `${page.url()} needs ${needed} pixels of ${given}`);
}

for (const how of ['buttons', 'keys']) {
  scenario(`/watch is controlled by ${how}`, async ({ stage, open }) => {
    const page = await watching({ stage, open });
    const press = async (name, key) => {
      if (how === 'keys') return page.keyboard.press(key);
      await page.mouse.move(400 + Math.random() * 9, 300); // the bar comes
      return control(page, name).first().click(); // while it is paused, the picture has a Play, too
    };
    await press('Mute', 'm');
    await becomes(page, '({ muted }) => muted');
    await press('Turn sound on', 'm');
    await becomes(page, '({ muted }) => !muted');

    await press('Pause', ' ');
    await becomes(page, '({ paused }) => paused');
    await bar(page, true);
    await press('Play', ' ');
    await watch(page, { frames: 25 });

    const taken = page.getByText('Snapshot saved').waitFor();
    const photo = await download(page, () => press('Snapshot', 's'));
    await taken;
    const { width, height } = await page.evaluate(() => document.querySelector('camgate-video').stats);
    const bytes = await readFile(photo.path);
    assert.match(photo.name, /^127\.0\.0\.1 \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$/);
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height], 'the size in IHDR');

    const numbers = page.getByText(/avc1.*pictures\/s/s);
    await press('Statistics', 'i');
    await numbers.waitFor({ state: 'visible' });
    await press('Statistics', 'i');
    await numbers.waitFor({ state: 'hidden' });

    if (how === 'buttons' && (await page.evaluate('document.pictureInPictureEnabled'))) {
      await press('Picture in picture');
      await page.waitForFunction(() => document.pictureInPictureElement?.localName === 'camgate-video');
      await press('Picture in picture');
      await page.waitForFunction(() => !document.pictureInPictureElement);
    }

    await press('Full screen', 'f');
    await page.waitForFunction(() => document.fullscreenElement?.localName === 'camgate-video');
    await press('Leave full screen', 'f');
    await page.waitForFunction(() => !document.fullscreenElement);

    await press('Record', 'r');
    await page.locator('#recorded').getByText('0:03').waitFor();
    // The words go after some seconds.
    const saved = page.getByText(/Recording saved, \d+ kB/).waitFor();
    const recorded = await download(page, () => press('Record', 'r'));
    await saved;
    assert.match(recorded.name, /\.mp4$/);
    const { video, audio, duration } = probe(recorded.path);
    assert.ok(video.packets[0].key && audio.packets.length > 0 && duration > 1.5 && duration < 20, String(duration));
    await page.locator('#recorded').waitFor({ state: 'hidden' });
    assert.match(await page.locator('#latency').innerText(), /^\d\.\d s$/);
    isQuiet(page);
  });
}

scenario('the volume of /watch is a slider, and arrows', async ({ stage, open }) => {
  const page = await watching({ stage, open });
  await page.mouse.move(400, 300);
  const { x, y, width, height } = await page.locator('#volume').boundingBox();
  await page.mouse.click(x + width / 2, y + height / 2);
  await becomes(page, '({ volume, muted }) => !muted && Math.abs(volume - 0.5) < 0.15');
  const before = await element(page, '({ volume }) => volume');
  await page.locator('#volume').evaluate((slider) => slider.blur());
  await page.keyboard.press('ArrowUp');
  assert.ok(Math.abs((await element(page, '({ volume }) => volume')) - before - 0.1) < 0.01);
  await page.mouse.move(400, 300);
  await page.mouse.click(x + 1, y + height / 2);
  await becomes(page, '({ muted }) => muted');
  assert.equal(await page.locator('#volume').inputValue(), '0');
});

scenario('the bar of /watch goes when nobody moves, and says which keys there are', async ({ stage, open }) => {
  const page = await watching({ stage, open });
  await bar(page, false);
  await page.mouse.move(300, 300);
  await bar(page, true);
  assert.match(await page.locator('.keys').innerText(), /Space.*M.*S.*R.*F/s);
  await shoot(page, 'watch page awake');
  await control(page, 'Mute').click();
  await bar(page, false); // what was clicked does not hold it
  await page.keyboard.press(' ');
  await becomes(page, '({ paused, muted }) => paused && muted');
  await page.keyboard.press(' ');
  await page.keyboard.press('Tab');
  await bar(page, true); // who goes through the controls by key sees them
});

scenario('on a phone the bar of /watch comes with a tap that presses nothing', async ({ stage, open }) => {
  const page = await watching({ stage, open }, { phone: true });
  await bar(page, false);
  await fits(page);
  const middle = async (name) => {
    const { x, y, width, height } = await control(page, name).boundingBox();
    assert.ok(width >= 36 && height >= 40 && x >= 0 && x + width <= 390, `${name}: ${x} ${width} ${height}`);
    return [x + width / 2, y + height / 2];
  };
  for (const name of ['Pause', 'Snapshot', 'Record', 'Statistics', 'Full screen']) await middle(name);
  const record = await middle('Record');
  await page.touchscreen.tap(...record);
  await bar(page, true);
  assert.equal(await control(page, 'Record').getAttribute('aria-pressed'), 'false');
  await page.touchscreen.tap(...record);
  await page.locator('#recorded').waitFor({ state: 'visible' });
  await shoot(page, 'watch page awake on a phone');
  const sound = await middle('Mute');
  await page.touchscreen.tap(390 / 2, 100); // it may have gone
  await bar(page, true);
  await page.touchscreen.tap(...sound);
  await becomes(page, '({ muted }) => muted');
  isQuiet(page);
});

scenario('keys that are typed into the form of /watch stay there', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await open(watchPage(gateway, camera.url));
  const user = page.getByLabel('User');
  await user.waitFor({ state: 'visible' });
  await page.keyboard.type('m frs'); // it has the focus
  assert.equal(await user.inputValue(), 'm frs');
  assert.deepEqual(
    await page.evaluate(() => [document.fullscreenElement, document.getElementById('recording').hidden]),
    [null, true],
  );
  await user.fill('jo');
  await page.getByLabel('Password').fill('p@ss:w/rd');
  await page.keyboard.press('Enter');
  await assertPlays(page);
});

scenario('/test plays at the rate, from the buffer and with as much of it as is set', async ({ stage, open }) => {
  const page = await testing({ stage, open });
  const slide = (id, value) => page.locator(`#${id}`).evaluate((slider, to) => {
    slider.value = to;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  }, value);
  const behind = '({ buffered, currentTime }) => buffered.end(buffered.length - 1) - currentTime';
  await slide('bufferDuration', 60);
  assert.equal(await page.evaluate(() => document.querySelector('camgate-video').player.keep), 60);
  assert.equal(await page.locator('#bufferDuration-text').innerText(), '60 s');

  await slide('playbackRate', 0.5);
  const slow = await watch(page, { frames: 30 });
  assert.ok(slow.pace < 0.7, JSON.stringify(slow));
  await becomes(page, `(video) => (${behind})(video) > 3`);
  await page.locator('#position-text').getByText(/\d\.\d s behind/).waitFor();
  await control(page, 'Live').click();
  await becomes(page, `(video) => (${behind})(video) < 1.5`);
  assert.equal(await page.locator('#playbackRate').inputValue(), '1');
  await page.locator('#position-text').getByText('live').waitFor();

  await slide('position', -3);
  await becomes(page, `(video) => Math.abs((${behind})(video) - 3) < 1`);
  await watch(page, { frames: 25 });
  await slide('position', 0);
  await becomes(page, `(video) => (${behind})(video) < 1.5`);
  await assertPlays(page);

  const photo = await download(page, () => control(page, 'Snapshot').click());
  assert.match(photo.name, /\.png$/);
  await control(page, 'Stop').click();
  await page.waitForFunction(() => document.querySelector('camgate-video').player.state === 'stopped');
  await control(page, 'Live').click();
  await assertPlays(page);
  isQuiet(page);
});

scenario('/test lists recorded files, plays and saves them', async ({ stage, open }) => {
  const page = await testing({ stage, open });
  await page.getByText(/None yet/).waitFor({ state: 'visible' });
  await page.fill('#eventFileLength', '300');
  await page.press('#eventFileLength', 'Tab');
  assert.equal(await page.inputValue('#eventFileLength'), '1000', 'the shortest that there is');
  await page.fill('#eventFileLength', '2500');
  await page.press('#eventFileLength', 'Tab');
  assert.match(await page.locator('#continuous-text').innerText(), /3:00/);
  await page.click('#continuous-record');
  await page.click('#event-record');
  const rows = page.locator('#files li');
  await rows.filter({ hasText: 'event' }).nth(1).waitFor();
  await page.click('#event-record');
  await page.click('#continuous-record');
  const continuous = rows.filter({ hasText: 'continuous' });
  await continuous.waitFor();
  await page.getByText(/None yet/).waitFor({ state: 'hidden' });

  const file = rows.filter({ hasText: '0:02.50' }).last();
  assert.match(await file.innerText(), /127\.0\.0\.1-event .*\.mp4\s+0:02\.50, \d+ kB/);
  const saved = await download(page, () => file.getByRole('button', { name: 'Download' }).click());
  assert.ok(Math.abs(probe(saved.path).duration - 2.5) < FRAME);
  await file.getByRole('button', { name: 'Play' }).click();
  await page.waitForFunction(() => {
    const video = document.querySelector('#files video');
    return video?.ended && video.getVideoPlaybackQuality().totalVideoFrames > 50 && Math.abs(video.duration - 2.5) < 0.05;
  });
  await shoot(page, 'test page');
  const count = await rows.count();
  await continuous.getByRole('button', { name: /^Drop/ }).click();
  assert.equal(await rows.count(), count - 1);

  await page.check('#at-once');
  await page.click('#event-record');
  await watch(page, { frames: 25 });
  const last = await download(page, () => page.click('#event-record'));
  assert.match(last.name, /event.*\.mp4$/);
  isQuiet(page);
});

scenario('/test pauses a recording: what comes meanwhile is in no file', async ({ stage, open }) => {
  const page = await testing({ stage, open });
  const pause = page.getByRole('button', { name: 'Pause event recording' });
  assert.equal(await pause.isVisible(), false);
  await page.click('#event-record');
  await watch(page, { frames: 50 });
  await pause.click();
  const rows = page.locator('#files li');
  await rows.first().waitFor();
  assert.equal(await pause.getAttribute('aria-pressed'), 'true');
  await watch(page, { frames: 75 });
  assert.equal(await rows.count(), 1);
  await pause.click();
  await watch(page, { frames: 50 });
  await page.click('#event-record');
  await rows.nth(1).waitFor();
  assert.equal(await pause.isVisible(), false);
  assert.match(await page.locator('#log').innerText(), /event recording pauses[^]*event recording goes on[^]*event recording ends/);
  isQuiet(page);
});

scenario('/test counts live, and its log can be copied', async ({ stage, open }) => {
  const page = await testing({ stage, open });
  const number = async (name) => (await page.locator(`#numbers tr:has(th:text-is("${name}")) td`).innerText()).trim();
  await page.locator('#numbers').getByText('avc1').waitFor();
  assert.equal(await number('state'), 'playing');
  assert.match(await number('size'), /^\d+ × \d+$/);
  assert.match(await number('latency'), /^\d+ ms$/);
  const before = Number(await number('fragments'));
  await page.waitForFunction((count) => Number(document.querySelectorAll('#numbers tr')[10].innerText.match(/\d+/)) > count, before);
  await page.waitForFunction(() => document.querySelector('#numbers polyline').getAttribute('points').split(' ').length > 2);

  const log = page.locator('#log');
  assert.match(await log.innerText(), /start rtsp.*describing.*playing.*first picture after \d+ ms: avc1/s);
  await page.evaluate(() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; });
  await page.click('#copy-log');
  assert.match(await page.waitForFunction(() => window.copied).then((text) => text.jsonValue()), /Mozilla.*rtsp:.*fps: .*first picture after/s);
  // Without https there is no such clipboard, but the old way to it.
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.execCommand = (what) => { window.copied = `${what}: ${document.activeElement.value}`; return true; };
  });
  await page.click('summary:has-text("page of yours")');
  await page.click('#copy-code');
  await page.locator('#copy-code').getByText('Copied').waitFor();
  assert.match(await page.evaluate('copied'), /^copy: <video id="video".*<\/script>$/s);
  await page.click('#clear-log');
  assert.equal(await log.innerText(), '');
  assert.match(await page.locator('#code').textContent(), /streamedian\.js.*url: "rtsp:.*bufferDuration: 30,\s+continuousFileLength: 180000,\s+eventFileLength: 10000/s);
  isQuiet(page);
});

scenario('/test says what is wrong, in the picture and in the log', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await open(`${gateway.page}test`);
  await page.fill('#address', 'http://example.com/');
  await page.keyboard.press('Enter');
  await page.getByText(/no camera address/).waitFor();
  await page.fill('#address', `${camera.url}nothing`);
  await page.keyboard.press('Enter');
  await page.locator('#log .wrong').getByText(/No such stream.*404/).first().waitFor();
  await page.locator('camgate-video').getByText('No such stream').first().waitFor();
  await page.fill('#address', camera.url);
  await control(page, 'Play').first().click();
  await assertPlays(page);
});

scenario('/test takes credentials and another gateway, and tells nobody the password', async ({ stage, open }) => {
  const [gateway, other, camera] = [await stage.gateway(LOOPBACK), await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await open(`${gateway.page}test`);
  await page.fill('#address', camera.url);
  await page.click('summary');
  await page.fill('#user', 'jo');
  await page.fill('#password', 'p@ss:w/rd');
  await page.fill('#socket', `ws://127.0.0.1:${other.port}/ws/`);
  await page.press('#socket', 'Enter');
  await assertPlays(page);
  assert.match(await page.locator('#code').textContent(), new RegExp(`socket: "ws://127.0.0.1:${other.port}/ws/"`));
  const secrets = await page.evaluate(() => document.body.innerText + JSON.stringify({ ...localStorage }) + location.href);
  assert.doesNotMatch(secrets, /w\/rd/);
});

scenario('/test fits a phone, and both pages are linked', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await open(gateway.page, { phone: true });
  await page.getByText(/built-in camera/i).first().tap();
  await watch(page, { frames: 10 });
  await page.getByRole('link', { name: 'Test page' }).tap();
  await page.waitForURL(/\/test\?src=/);
  await watch(page, { frames: 25 });
  await page.evaluate(() => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
  await page.tap('#event-record');
  await watch(page, { frames: 25 });
  await page.tap('#event-record');
  await page.locator('#files li').getByRole('button', { name: 'Play' }).first().tap();
  await fits(page);
  await shoot(page, 'test page on a phone');
  isQuiet(page);
  await page.getByRole('link', { name: /start page/ }).tap();
  await page.waitForURL(gateway.page);
});

scenario('strangers cannot frame the pages, the same host can', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const body = `<iframe src="${watchPage(gateway, gateway.camera)}"></iframe>`;
  const framed = async (url) => {
    const page = await open(url, { files: { [url]: { body, contentType: 'text/html' } } });
    const [, frame] = page.frames();
    return { page, frame };
  };
  const stranger = await framed('http://stranger.example/');
  const late = Date.now() + PATIENCE;
  while (!stranger.page.said.some((line) => line.includes('frame-ancestors'))) {
    assert.ok(Date.now() < late, `nothing forbids it: ${stranger.page.said.join('\n')}`);
    await stranger.page.waitForTimeout(50);
  }
  assert.ok(!stranger.frame.url().includes('/watch'), stranger.frame.url());
  const { frame } = await framed('http://127.0.0.1:1/');
  await watch(frame, { frames: 10 });
});
