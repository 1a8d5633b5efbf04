// What pages build upon: <camgate-video>, Player, their numbers and their photos.

import assert from 'node:assert/strict';
import { PATIENCE, scenario, shoot, watchPage } from './browser.mjs';
import { assertPlays } from './playback.mjs';
import { assertShows, seen } from './video.mjs';

const LOOPBACK = 'targets = loopback\n';
const LOCKED = ['--user', 'jo', '--password', 'p@ss:w/rd'];

/** Opens a page of the gateway's own origin that holds `body`. */
function openPage(open, gateway, body, options) {
  const url = `${gateway.page}written.html`;
  const text = `<!doctype html><meta charset="utf-8">${body}`;
  return open(url, { ...options, files: { [url]: { contentType: 'text/html', body: text } } });
}

const element = (src, attributes = '') =>
  `<script type="module" src="camgate.js"></script><camgate-video src="${src}" autoplay muted ${attributes}></camgate-video>`;

/** A <video> with nothing but a Player on it: `window.player`. */
const bare = (src, options = '{}', tag = '<video muted width="640"></video>') => `${tag}<script type="module">
  import { Player } from './player.js';
  const video = document.querySelector('video, audio');
  window.player = new Player(video, { src: '${src}', ...${options} });
  player.start();
  video.play().catch(() => {});
</script>`;

scenario('a Player feeds a plain <video>, and adds nothing to the page', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, bare(gateway.camera));
  const result = await assertShows(page);
  assert.ok(result.audio > 0, 'sound is decoded');
  const { tags, defined } = await page.evaluate(() => ({
    tags: [...document.body.querySelectorAll('*')].map(({ localName }) => localName).join(),
    defined: customElements.get('camgate-video') !== undefined,
  }));
  assert.equal(tags, 'video,script');
  assert.equal(defined, false);
  await page.evaluate(() => player.destroy());
  assert.equal(await page.evaluate(() => document.querySelector('video').src), '');
});

scenario('numbers tell how it goes, and stand over the picture if wanted', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, element(gateway.camera, 'stats controls'));
  await assertShows(page, { selector: 'camgate-video', frames: 100 });
  const stats = await page.waitForFunction(() => {
    const { stats } = document.querySelector('camgate-video');
    return stats.fps > 5 && stats.fps < 40 && stats.latency < 1.5 && stats;
  }).then((handle) => handle.jsonValue());
  const told = JSON.stringify(stats);
  assert.match(stats.codecs.join(), /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/, told);
  assert.ok(stats.width >= 320 && stats.height >= 180, told);
  assert.ok(stats.bitrate > 50_000 && stats.bitrate < 10_000_000, told);
  assert.ok(stats.latency > 0, told);
  assert.ok(stats.buffered > stats.latency, told);
  assert.ok(stats.dropped >= 0 && stats.lost === 0 && stats.reconnects === 0, told);
  const shown = page.locator('camgate-video').getByText(/avc1.*pictures\/s.*kbit\/s.*behind.*buffered.*dropped/s);
  await shown.waitFor({ state: 'visible' });
  await shoot(page, 'player stats');
  await page.evaluate(() => document.querySelector('camgate-video').removeAttribute('stats'));
  await shown.waitFor({ state: 'hidden' });
});

scenario('a snapshot is the picture at its full size, as PNG or JPEG', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, element(gateway.camera));
  const early = await page.evaluate(async () => {
    await customElements.whenDefined('camgate-video');
    const video = document.createElement('camgate-video');
    return video.snapshot().then(() => 'a picture', ({ name }) => name);
  });
  assert.equal(early, 'InvalidStateError');
  const { width, height } = await seen(page, { selector: 'camgate-video' });
  const taken = await page.evaluate(async () => {
    const video = document.querySelector('camgate-video');
    const photos = [await video.snapshot(), await video.snapshot('image/jpeg', 0.8)];
    return Promise.all(photos.map(async (photo) => {
      const bitmap = await createImageBitmap(photo);
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      canvas.getContext('2d').drawImage(bitmap, 0, 0);
      const { data } = canvas.getContext('2d').getImageData(0, 0, bitmap.width, bitmap.height);
      const colours = new Set();
      for (let i = 0; i < data.length; i += 4) colours.add((data[i] >> 6) * 16 + (data[i + 1] >> 6) * 4 + (data[i + 2] >> 6));
      return { type: photo.type, width: bitmap.width, height: bitmap.height, colours: colours.size };
    }));
  });
  assert.deepEqual(taken.map(({ type, width: w, height: h }) => [type, w, h]), [['image/png', width, height], ['image/jpeg', width, height]]);
  for (const { colours } of taken) assert.ok(colours >= 5, JSON.stringify(taken));
});

scenario('a page that knows the password is asked before the person is', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, bare(camera.url,
    "{ credentials: async (asking, problem) => { window.asked = [asking === window.player, problem.code]; return { user: 'jo', password: 'p@ss:w/rd' }; } }"));
  await assertShows(page);
  assert.deepEqual(await page.evaluate('asked'), [true, 401]);
});

scenario('credentials that stay wrong are given up, not tried for ever', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, bare(camera.url,
    "{ credentials: () => { window.asked = (window.asked ?? 0) + 1; return { user: 'jo', password: 'wrong' }; } }"));
  await page.waitForFunction(() => player.state === 'failed');
  assert.deepEqual(await page.evaluate(() => [asked, player.problem.kind]), [2, 'credentials']);
});

/** Runs in the page ahead of the player: what an iPhone has in place of MediaSource. */
function managed() {
  const { MediaSource } = window;
  window.sources = [];
  window.ManagedMediaSource = class extends MediaSource {
    constructor() {
      super();
      window.sources.push(this);
      window.remote = () => document.querySelector('camgate-video').video.disableRemotePlayback;
    }
    streaming(on) {
      this.dispatchEvent(new Event(on ? 'startstreaming' : 'endstreaming'));
    }
  };
  delete window.MediaSource;
}

scenario('without MediaSource a ManagedMediaSource is used, and fed when it wants to be', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await open(watchPage(gateway, gateway.camera), { before: managed });
  await assertPlays(page);
  assert.deepEqual(await page.evaluate(() => [typeof MediaSource, sources.length, remote()]), ['undefined', 1, true]);
  const edge = () => page.evaluate(() => {
    const { buffered } = document.querySelector('camgate-video').video;
    return buffered.end(buffered.length - 1);
  });
  await page.evaluate(() => sources[0].streaming(false));
  await page.waitForFunction(() => [...sources[0].sourceBuffers].every(({ updating }) => !updating));
  const held = await edge();
  const { fragments } = await page.evaluate(() => document.querySelector('camgate-video').stats);
  await page.waitForFunction((count) => document.querySelector('camgate-video').stats.fragments > count + 25, fragments);
  assert.equal(await edge(), held, 'nothing is appended while it does not want anything');
  await page.evaluate(() => sources[0].streaming(true));
  await page.waitForFunction((from) => {
    const { buffered } = document.querySelector('camgate-video').video;
    return buffered.length === 1 && buffered.end(0) > from + 0.6;
  }, held);
  await assertPlays(page);
});

scenario('without any media source it says so', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await open(watchPage(gateway, gateway.camera), { before: () => delete window.MediaSource });
  await page.getByText(/cannot play live video/i).waitFor({ state: 'visible' });
});

scenario('nine players on a page all play', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const style = '<style>body { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 4px; margin: 0 }</style>';
  const page = await openPage(open, gateway, style + element(gateway.camera).replace(/(<camgate-video.*)/, '$1'.repeat(9)));
  await page.waitForFunction(() => {
    const all = [...document.querySelectorAll('camgate-video')];
    return all.length === 9 && all.every(({ video }) => video?.getVideoPlaybackQuality().totalVideoFrames > 50 && video.currentTime > 2);
  }, null, { timeout: 2 * PATIENCE });
  const problems = await page.evaluate(() => [...document.querySelectorAll('camgate-video')].map(({ player }) => [player.state, player.problem?.title]));
  for (const told of problems) assert.deepEqual(told, ['playing', undefined]);
  await shoot(page, 'player nine');
  await page.evaluate(() => document.querySelectorAll('camgate-video').forEach((video, index) => index && video.remove()));
  await page.waitForFunction(() => document.querySelectorAll('camgate-video').length === 1);
  await assertShows(page, { selector: 'camgate-video' });
});
