// Motion JPEG from a real camera, with sound.

import assert from 'node:assert/strict';
import { scenario, shoot, watchPage } from './browser.mjs';
import { assertShows, seen } from './video.mjs';

for (const sound of [false, true]) {
  scenario(`Motion JPEG ${sound ? 'and AAC' : 'alone'} from GStreamer play`, async ({ stage, open }) => {
    const [gateway, camera] = [await stage.gateway('targets = loopback\n'), await stage.camera('--video', 'mjpeg', ...(sound ? [] : ['--audio', 'none']))];
    // The sound comes from an element that is nowhere on the page.
    const before = () => {
      window.sounds = [];
      const { play } = HTMLMediaElement.prototype;
      HTMLMediaElement.prototype.play = function () {
        if (!this.isConnected && !sounds.includes(this)) sounds.push(this);
        return play.call(this);
      };
    };
    const page = await open(watchPage(gateway, camera.url), { before });
    const result = await assertShows(page, { selector: 'camgate-video', frames: 75 });
    assert.deepEqual([result.width, result.height], [480, 272]);
    const stats = await page.waitForFunction(() => {
      const { stats } = document.querySelector('camgate-video');
      return stats.fps > 5 && stats.fps < 30 && stats;
    }).then((handle) => handle.jsonValue());
    assert.deepEqual(stats.codecs, sound ? ['jpeg', 'mp4a.40.2'] : ['jpeg'], JSON.stringify(stats));
    await shoot(page, `jpeg ${sound}`);
    if (!sound) return;
    const heard = () => page.evaluate(() => {
      const { currentTime, paused, muted, webkitAudioDecodedByteCount: bytes, playbackRate, error } = sounds.at(-1);
      return { at: currentTime, paused, muted, bytes, playbackRate, error: error?.message, latency: document.querySelector('camgate-video').stats.latency };
    });
    const first = await heard();
    assert.ok(first.bytes > 0 && first.at > 0 && !first.paused, JSON.stringify(first));
    await page.evaluate(() => {
      document.querySelector('camgate-video').video.muted = false;
    });
    await seen(page, { selector: 'camgate-video', frames: 50 });
    assert.equal((await heard()).muted, false);
    await page.waitForFunction((at) => sounds.at(-1).currentTime > at + 1 && document.querySelector('camgate-video').stats.latency < 1.5, first.at);
    await page.evaluate(() => document.querySelector('camgate-video').video.pause());
    await page.waitForFunction(() => sounds.at(-1).paused);
    await page.evaluate(() => document.querySelector('camgate-video').video.play());
    await assertShows(page, { selector: 'camgate-video' });
    assert.equal((await heard()).paused, false);
  });
}

scenario('a camera that changes to H.264 and back is followed, and so is another address', async ({ stage, open }) => {
  const gateway = await stage.gateway('targets = loopback\n');
  let camera = await stage.camera('--video', 'mjpeg');
  const page = await open(watchPage(gateway, camera.url));
  const shows = async (codec) => {
    await page.waitForFunction((name) => {
      const { stats } = document.querySelector('camgate-video');
      return stats.state === 'playing' && stats.codecs[0]?.startsWith(name);
    }, codec);
    await assertShows(page, { selector: 'camgate-video' });
  };
  await shows('jpeg');
  for (const [options, codec] of [[[], 'avc1'], [['--video', 'mjpeg'], 'jpeg']]) {
    await camera.end('SIGKILL');
    camera = await stage.camera('--port', String(camera.port), ...options);
    await shows(codec);
  }
  const other = await stage.camera();
  await page.evaluate((url) => {
    document.querySelector('camgate-video').src = url;
  }, other.url);
  await shows('avc1');
  assert.equal(await page.evaluate(() => document.querySelector('camgate-video').video.srcObject), null);
});
