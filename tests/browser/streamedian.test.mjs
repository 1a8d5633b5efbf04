// Pages that were written for the Streamedian player, with streamedian.js.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { scenario, shoot } from './browser.mjs';
import { assertShows, seen } from './video.mjs';

const LOOPBACK = 'targets = loopback\n';
const LOCKED = ['--user', 'jo', '--password', 'p@ss:w/rd'];

/** A page of the gateway's own origin with `body` in it. */
function pageWith(gateway, body) {
  const url = `${gateway.page}written.html`;
  const script = `<!doctype html><meta charset="utf-8">${body}`;
  return { url, files: { [url]: { contentType: 'text/html', body: script } } };
}

/** A page with one video and a player on it; `options` is source text. */
function player(gateway, video, options = '{}') {
  return pageWith(gateway, `${video}<script src="streamedian.js"></script><script>
    window.errors = []; window.infos = [];
    window.player = Streamedian.player('video', { errorHandler: (e) => errors.push({ code: e.code, message: e.message }), infoHandler: (i) => infos.push(i), ...${options} });
  </script>`);
}

async function openPlayer(open, gateway, video, options) {
  const { url, files } = player(gateway, video, options);
  return open(url, { files });
}

const error = (page) => page.waitForFunction(() => window.errors[0]).then((handle) => handle.jsonValue());

scenario("the page of another player plays with this one's script", async ({ stage, open }) => {
  const gateway = await stage.demo();
  const text = await readFile(new URL('../../player/examples/streamedian.html', import.meta.url), 'utf8');
  const body = text
    .replaceAll('localhost:8080', new URL(gateway.page).host)
    .replaceAll('rtsp://192.168.1.10:554/stream', gateway.camera);
  const url = `${gateway.page}streamedian.html`;
  const page = await open(url, { files: { [url]: { contentType: 'text/html', body } } });
  const first = await assertShows(page);
  assert.ok(first.audio > 0, 'sound is decoded');
  assert.match(await page.locator('#log').innerText(), /this page: localhost/);
  assert.equal(await page.evaluate('player.isPlaying()'), true);

  // The controls of the page: rate, live edge, another buffer, another source.
  await page.evaluate(() => {
    const rate = document.getElementById('rate');
    rate.value = 0.5;
    rate.dispatchEvent(new Event('input'));
  });
  const slow = await seen(page, { frames: 40 });
  assert.ok(slow.pace < 0.7, `the rate that the page chose stays: ${JSON.stringify(slow)}`);
  await page.click('#to_end');
  await seen(page, { frames: 25 });
  await assertShows(page);
  await page.waitForFunction(() => nativePlayer.buffered.end(0) - nativePlayer.currentTime < 1.5);
  await page.evaluate(() => {
    const range = document.getElementById('buffer_duration');
    range.value = 60;
    range.dispatchEvent(new Event('input'));
  });
  assert.equal(await page.evaluate('player.bufferDuration'), 60);
  assert.equal(await page.inputValue('#continuous_length'), '180000');
  await page.fill('#event_length', '5000');
  await page.click('#event_set');
  assert.equal(await page.evaluate('player.eventRecording.fileLength'), 5000);
  await page.evaluate(() => nativePlayer.addEventListener('emptied', () => { window.emptied = true; }));
  await page.click('#set_new_url');
  await page.waitForFunction(() => window.emptied && nativePlayer.currentTime > 0);
  await assertShows(page);
  await shoot(page, 'streamedian page');
});

scenario('a video with its own address waits for play, then pauses and goes on', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted controls src="${gateway.camera}"></video>`);
  await page.waitForFunction(() => /^blob:/.test(video.currentSrc));
  assert.deepEqual(
    await page.evaluate(() => [player.isPlaying(), player.url, player.type, player.player === video, errors.length]),
    [false, gateway.camera, 'rtsp', true, 0],
  );
  await page.evaluate(() => video.play());
  await assertShows(page);
  assert.equal(await page.evaluate('player.isPlaying()'), true);
  await page.evaluate(() => video.pause());
  assert.equal(await page.evaluate('player.isPlaying()'), false);
  await page.waitForTimeout(500);
  await page.evaluate(() => video.play());
  await assertShows(page);
  await page.evaluate(() => player.stop());
  assert.equal(await page.evaluate('player.isPlaying()'), false);
  await page.evaluate(() => player.start());
  await assertShows(page);
  await page.evaluate(() => player.destroy());
  assert.deepEqual(await page.evaluate(() => [player.isPlaying(), video.currentSrc === '' || !video.src, errors.length]), [false, true, 0]);
  await page.evaluate(() => [player.start(), player.stop(), player.setSource('rtsp://127.0.0.1/')]); // harmless now
});

scenario('the first source that the browser cannot play is taken, unless it is to be ignored', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay>
    <source src="rtsp://127.0.0.1:1/ignored" data-ignore="true"><source src="rtsp://127.0.0.1:1/too" data-ignore>
    <source src="clip.mp4" type="video/mp4">
    <source src="${gateway.camera}" type="application/x-rtsp"></video>`);
  await assertShows(page);
  assert.equal(await page.evaluate('player.url'), gateway.camera);
  assert.deepEqual(
    await page.evaluate(() => ['rtsp://a/', 'RTSPS://a/b', 'http://a/', ''].map((url) => player.canPlayUrl(url))),
    [true, true, false, false],
  );
});

scenario('seeking stays where it is asked to inside the buffer, and is clamped outside', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`);
  await page.waitForFunction(() => video.currentTime > 5);
  const behind = () => page.evaluate(() => video.buffered.end(0) - video.currentTime);
  await page.evaluate(() => { video.currentTime = video.buffered.end(0) - 4; });
  await seen(page, { frames: 50 });
  assert.ok((await behind()) > 3, `${await behind()} s behind`);
  await page.evaluate(() => { video.currentTime = -10; });
  await seen(page, { frames: 10 });
  assert.ok(await page.evaluate(() => video.currentTime >= video.buffered.start(0)));
  await page.evaluate(() => { video.currentTime = 1e6; });
  await page.waitForFunction(() => video.buffered.end(0) - video.currentTime < 1.5);
});

scenario('what the camera answers reaches errorHandler', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${camera.url}nothing"></video>`);
  assert.equal((await error(page)).message, 'RTSP error: 404 Not Found');
});

scenario('a gateway that is not there is an error of transport, and without a handler it is shown', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const body = `<video id="video" muted autoplay src="${gateway.camera}"></video>`;
  const page = await openPlayer(open, gateway, body, "{ socket: 'ws://127.0.0.1:1/ws/' }");
  assert.equal((await error(page)).code, 6);
  const bare = await openPlayer(open, gateway, body, "{ socket: 'ws://127.0.0.1:1/ws/', errorHandler: undefined }");
  await bare.getByText(/gateway cannot be reached/i).waitFor({ state: 'visible' });
  await shoot(bare, 'streamedian error');
});

for (const socket of ['http://HOST/ws/', 'HOST/ws/', '/ws/', 'ws/', '']) {
  scenario(`the gateway may be given as '${socket}'`, async ({ stage, open }) => {
    const gateway = await stage.demo();
    const given = socket.replace('HOST', new URL(gateway.page).host);
    const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`, `{ socket: '${given}' }`);
    await assertShows(page);
  });
}

for (const socket of ['ws://localhost:808080/', 'ftp://localhost/', '//']) {
  scenario(`'${socket}' is no address of a gateway, and is said to be none`, async ({ stage, open }) => {
    const gateway = await stage.demo();
    const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`, `{ socket: '${socket}' }`);
    const { code, message } = await error(page);
    assert.equal(code, 6);
    assert.match(message, /No socket address.*ws:\/\//);
  });
}

for (const [how, handler] of [
  ['a promise', "async () => ({ user: 'jo', password: 'p@ss:w/rd' })"],
  ['setCredentials', "function () { setTimeout(() => this.setCredentials('jo', 'p@ss:w/rd'), 50); }"],
]) {
  scenario(`queryCredentials answers with ${how}`, async ({ stage, open }) => {
    const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
    const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${camera.url}"></video>`, `{ queryCredentials: ${handler} }`);
    await assertShows(page);
    assert.deepEqual(await page.evaluate('errors'), []);
  });
}

scenario('wrong credentials are an error, and are not tried for ever', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${camera.url}"></video>`,
    "{ queryCredentials: async () => ({ user: 'jo', password: String(window.asked = (window.asked ?? 0) + 1 && 'wrong') }) }");
  assert.equal((await error(page)).message, 'RTSP error: 401 Unauthorized');
});

scenario('without queryCredentials a dialog asks', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${camera.url}"></video>`);
  await page.fill('dialog [name=user]', 'jo');
  await page.fill('dialog [name=password]', 'p@ss:w/rd');
  await shoot(page, 'streamedian sign in');
  await page.press('dialog [name=password]', 'Enter');
  await assertShows(page);
});

scenario('a canvas shows the picture too, and its format and size are told', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway,
    `<video id="video" muted autoplay src="${gateway.camera}" style="display: none"></video><canvas id="canvas"></canvas>`,
    "{ canvas: 'canvas', videoFormatHandler: (f) => { window.format = f; }, trueSizeHandler: (s) => { window.size = s; } }");
  await page.waitForFunction(() => window.format && window.size && canvas.width === window.size.width);
  assert.equal(await page.evaluate('format'), 'h264');
  const sample = () => page.evaluate(() => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((all, value, index) => (all * 31 + value * (index % 5)) % 1_000_003, 7);
  });
  const first = await sample();
  await page.waitForTimeout(500);
  assert.notEqual(await sample(), first, 'the canvas moves');
  await shoot(page, 'streamedian canvas');
});

scenario('a logger writes with its tag, from its level on', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const { url, files } = pageWith(gateway, '<script src="streamedian.js"></script>');
  const page = await open(url, { files });
  await page.evaluate(() => {
    const log = Streamedian.logger('mine');
    log.info('silent');
    log.setLevel('debug');
    log.debug('heard');
    if (log !== Streamedian.logger('mine')) throw new Error('another logger');
  });
  assert.deepEqual(page.said.filter((line) => /mine/.test(line)), ['debug: [mine] heard']);
});

for (const redirected of [true, false]) {
  scenario(`the element's own errors ${redirected ? 'reach errorHandler' : 'stay with the element'}`, async ({ stage, open }) => {
    const gateway = await stage.demo();
    const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`,
      `{ redirectNativeMediaErrors: ${redirected} }`);
    await seen(page, { frames: 10 });
    await page.evaluate(() => {
      Object.defineProperty(video, 'error', { configurable: true, value: { code: 3, message: 'broken for a test' } });
      video.dispatchEvent(new Event('error'));
      delete video.error;
    });
    const expected = redirected ? [{ code: 3, message: 'broken for a test' }] : [];
    assert.deepEqual(await page.evaluate('errors'), expected);
    await seen(page, { frames: 25 });
    await assertShows(page); // it has mended itself
  });
}

scenario('both recorders of a page deliver files, with the prefix of each', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`,
    '{ dataHandler: (data, prefix) => (window.files ??= []).push([prefix, data.length, String.fromCharCode(...data.slice(4, 8))]), eventFileLength: 2000 }');
  await seen(page, { frames: 25 });
  await page.evaluate(() => {
    player.continuousRecording.record(true);
    player.eventRecording.record(true);
  });
  await page.waitForFunction(() => window.files?.some(([prefix]) => prefix === 'event'));
  await page.evaluate(() => player.continuousRecording.record(false));
  await page.waitForFunction(() => window.files.some(([prefix]) => prefix === 'continuous'));
  const before = await page.evaluate('files.length');
  await page.evaluate(() => video.pause());
  await page.waitForFunction((count) => files.length > count, before);
  for (const [, size, type] of await page.evaluate('files')) {
    assert.ok(size > 1000, String(size));
    assert.equal(type, 'ftyp');
  }
  assert.deepEqual(await page.evaluate('errors'), []);
});

scenario('a recorder that recorded nothing delivers nothing, and what there is comes when a player is destroyed', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted src="${gateway.camera}"></video>`,
    '{ dataHandler: (data, prefix) => (window.files ??= []).push(prefix), continuousFileLength: 0 }');
  const lengths = () => page.evaluate(() => [player.continuousRecording.fileLength, player.eventRecording.fileLength]);
  assert.deepEqual(await lengths(), [180_000, 180_000]);
  await page.evaluate(() => player.eventRecording.setFileLength(60_000));
  assert.deepEqual(await lengths(), [180_000, 60_000]);
  await page.evaluate(() => {
    player.eventRecording.record(true);
    player.eventRecording.record(false); // before anything has played
    player.start();
  });
  await seen(page, { frames: 25 });
  await page.evaluate(() => {
    player.continuousRecording.pause(true);
    player.continuousRecording.record(true);
  });
  await seen(page, { frames: 50 });
  await page.evaluate(() => player.continuousRecording.record(false));
  assert.equal(await page.evaluate(() => window.files), undefined);
  await page.evaluate(() => player.eventRecording.record(true));
  await seen(page, { frames: 25 });
  await page.evaluate(() => player.destroy());
  assert.deepEqual(await page.evaluate(() => files), ['event']);
});

scenario('a new player takes the element over from the one before', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPlayer(open, gateway, `<video id="video" muted autoplay src="${gateway.camera}"></video>`);
  await assertShows(page);
  const url = await page.evaluate(() => {
    window.second = Streamedian.player(video, { url: player.url, bufferDuration: '30' });
    return second.url;
  });
  assert.equal(url, gateway.camera);
  await assertShows(page);
  assert.deepEqual(await page.evaluate(() => [player.isPlaying(), second.isPlaying(), second.bufferDuration]), [false, true, 30]);
  const durations = await page.evaluate(() => [NaN, 0, -1, 45].map((seconds) => {
    second.bufferDuration = seconds;
    return second.bufferDuration;
  }));
  assert.deepEqual(durations, [120, 120, 120, 45]);
});
