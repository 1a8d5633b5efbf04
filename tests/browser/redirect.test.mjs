// A camera that sends the player elsewhere (RFC 2326 section 11.3): to another
// host and port, so both of the viewer's sockets are opened anew.

import assert from 'node:assert/strict';
import { scenario, watchPage, words } from './browser.mjs';
import { fakeCamera } from './fakecamera.mjs';
import { assertPlays } from './playback.mjs';
import { assertShows } from './video.mjs';

const LOOPBACK = 'targets = loopback\n';

/** A camera that answers every DESCRIBE with 302 to `location(its own address)`; `act` gets its address and the requests so far. */
async function withSignpost(location, act) {
  const camera = await fakeCamera(({ reply }) => (request) => {
    if (request.method === 'DESCRIBE') reply(request, '302 Moved Temporarily', { Location: location(camera.url) });
    else reply(request, '200 OK', { Public: 'OPTIONS, DESCRIBE' });
  });
  try {
    await act(camera.url, camera.asked);
  } finally {
    camera.close();
  }
}

scenario('a redirect to another host and port ends at the picture', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  await withSignpost(() => `rtsp://localhost:${camera.port}/h264+aac`, async (address, asked) => {
    const page = await open(watchPage(gateway, address));
    await assertPlays(page);
    assert.ok(asked.includes(`DESCRIBE ${address}`), asked.join());
    assert.ok(!asked.some((line) => /^(SETUP|PLAY)/.test(line)), asked.join());
    assert.equal(await page.evaluate(() => document.querySelector('camgate-video').stats.reconnects), 0);
  });
});

const [USER, PASSWORD] = ['jo', 'p@ss:w/rd'];
const LOCKED = ['--user', USER, '--password', PASSWORD];

scenario('the new host may ask for a password, and what is typed goes there', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const place = `rtsp://localhost:${camera.port}/h264+aac`;
  await withSignpost(() => place, async (address) => {
    const page = await open(watchPage(gateway, address.replace('://', '://other:secret@')));
    const player = page.locator('camgate-video');
    const password = player.locator('input[type=password]');
    await password.waitFor({ state: 'visible' });
    await words(page, place);
    await player.locator('input[name=user]').fill(USER);
    await password.fill(PASSWORD);
    await password.press('Enter');
    await assertPlays(page);
  });
});

scenario('a redirect may bring the password along', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const secrets = `${USER}:${encodeURIComponent(PASSWORD)}@`;
  await withSignpost(() => `rtsp://${secrets}localhost:${camera.port}/h264+aac`, async (address) => {
    await assertPlays(await open(watchPage(gateway, address)));
  });
});

scenario('pages of the Streamedian player follow a redirect too', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  await withSignpost(() => camera.url, async (address) => {
    const url = `${gateway.page}written.html`;
    const body = `<!doctype html><video id="video" muted autoplay><source src="${address}" type="application/x-rtsp"></video>
      <script src="streamedian.js"></script><script>
      window.errors = [];
      window.player = Streamedian.player('video', { errorHandler: (e) => errors.push(e.message) });
      </script>`;
    const page = await open(url, { files: { [url]: { contentType: 'text/html', body } } });
    await assertShows(page);
    assert.deepEqual(await page.evaluate(() => [errors, player.isPlaying()]), [[], true]);
  });
});

scenario('a camera that redirects to itself for ever is given up in words', async ({ stage, open }) => {
  const gateway = await stage.gateway(LOOPBACK);
  await withSignpost((own) => own, async (address, asked) => {
    const page = await open(watchPage(gateway, address));
    await words(page, /redirects in a circle/);
    assert.ok(asked.length < 100, `${asked.length} requests`);
  });
});
