// Motion JPEG: pictures drawn to a canvas, whose stream the <video> plays. The
// wasm is a stand-in here that says what the real one says of such a stream.

import assert from 'node:assert/strict';
import { scenario, shoot } from './browser.mjs';
import { player } from './player.mjs';
import { assertShows, seen } from './video.mjs';

const { ABI, KINDS } = await player('wasm');

/**
 * Runs in the page ahead of the player: a wasm that makes pictures of the clock, 25 a second. `version` and `kinds`
 * are those of the boundary.
 */
function standIn(version, kinds) {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const text = (value) => new TextEncoder().encode(value);
  const queue = [];
  const tell = (kind, data, time) => queue.push({ kind: kinds.indexOf(kind) + 1, data, time });
  let current;
  let media = 0;
  window.sent = 0;
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 320, height: 180 });
  const pen = canvas.getContext('2d');
  const picture = () => {
    const now = performance.now();
    const time = media++ / 25;
    for (let x = 0; x < 8; x += 1) {
      pen.fillStyle = `hsl(${(x * 45 + now / 10) % 360} 100% 50%)`;
      pen.fillRect(x * 40, 0, 40, 180);
    }
    canvas.toBlob(async (blob) => {
      let data = new Uint8Array(await blob.arrayBuffer());
      if (media % 10 === 0) data = data.slice(0, 100); // damaged on its way
      tell('picture', data, time);
      window.sent += 1;
      exports.wake = 0;
    }, 'image/jpeg');
  };
  const exports = {
    memory,
    wake: Infinity,
    abi: () => version,
    input: () => 65536,
    seed() {},
    open() {
      tell('state', text('buffering'));
      tell('track', text('image/jpeg'));
      window.timer = setInterval(picture, 40);
      exports.wake = 0;
    },
    timeout: () => performance.now() + 10,
    handle_timeout() {},
    poll_output: () => (current = queue.shift())?.kind ?? 0,
    output_ptr() {
      new Uint8Array(memory.buffer, 131072, current.data.length).set(current.data);
      return 131072;
    },
    output_len: () => current.data.length,
    output_track: () => 1,
    output_time: () => current.time ?? 0,
    output_duration: () => 0,
    output_sync: () => 1,
    statistic: (which) => [0, 7, 0, 3][which],
    close: () => clearInterval(window.timer),
    pause() {},
    play() {},
    control_opened() {},
  };
  WebAssembly.instantiate = async () => ({ exports });
}

/** `body` on a page of the gateway's own origin. */
function openPage(open, gateway, body) {
  const url = `${gateway.page}written.html`;
  const before = `(${standIn})(${ABI}, ${JSON.stringify(KINDS)})`;
  return open(url, { before, files: { [url]: { contentType: 'text/html', body: `<!doctype html>${body}` } } });
}

scenario('Motion JPEG shows in the player as any other stream does', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway,
    `<script type="module" src="camgate.js"></script><camgate-video src="${gateway.camera}" autoplay muted controls stats></camgate-video>`);
  const result = await assertShows(page, { selector: 'camgate-video', frames: 75 });
  assert.deepEqual([result.width, result.height], [320, 180]);
  await page.waitForFunction(() => {
    const { fps } = document.querySelector('camgate-video').stats;
    return fps > 5 && fps < 40;
  });
  const { stats, ratio, photo } = await page.evaluate(async () => {
    const element = document.querySelector('camgate-video');
    const { naturalWidth, naturalHeight } = await new Promise(async (resolve) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.src = URL.createObjectURL(await element.snapshot('image/jpeg'));
    });
    return { stats: element.stats, ratio: element.clientWidth / element.clientHeight, photo: [naturalWidth, naturalHeight] };
  });
  const told = JSON.stringify(stats);
  assert.deepEqual(stats.codecs, ['jpeg'], told);
  assert.deepEqual([stats.width, stats.height], [320, 180], told);
  assert.deepEqual(photo, [320, 180]);
  assert.ok(Math.abs(ratio - 16 / 9) < 0.05, `the element is as wide as the picture: ${ratio}`);
  assert.equal(stats.lost, 7, told);
  assert.ok(stats.dropped > 3 + 5, `damaged pictures are counted: ${told}`);
  await shoot(page, 'pictures');
});

scenario('Motion JPEG pauses, goes on live, and leaves nothing behind', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, `<video muted></video><script type="module">
    import { Player } from './player.js';
    window.player = new Player(document.querySelector('video'), { src: '${gateway.camera}' });
    player.start();
    player.video.play().catch(() => {});
  </script>`);
  await assertShows(page);
  await page.evaluate(() => player.video.pause());
  const frame = () => page.evaluate(() => player.video.getVideoPlaybackQuality().totalVideoFrames);
  await page.waitForTimeout(300);
  await page.evaluate(() => player.video.play());
  await seen(page, { frames: 25 });
  assert.ok((await frame()) > 0);
  await page.evaluate(() => player.stop());
  assert.deepEqual(await page.evaluate(() => [player.video.srcObject, player.video.src, player.state]), [null, '', 'stopped']);
  await page.evaluate(() => {
    player.start();
    player.video.play().catch(() => {}); // the picture comes from another source than the one that is there now
  });
  await assertShows(page);
});
