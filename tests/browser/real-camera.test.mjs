// A real RTSP server: GStreamer, H.264 and AAC, encoded live.

import assert from 'node:assert/strict';
import { PATIENCE, scenario, shoot, words, watchPage } from './browser.mjs';
import { assertPlays, stopsPlaying, watch } from './playback.mjs';

const LOOPBACK = 'targets = loopback\n';
const USER = 'jo';
const PASSWORD = 'p@ss:w/rd';
const LOCKED = ['--user', USER, '--password', PASSWORD];

const withPassword = (camera, password) =>
  camera.url.replace('://', `://${USER}:${encodeURIComponent(password)}@`);

scenario('H.264 and AAC from GStreamer play', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  const seen = await assertPlays(page);
  assert.deepEqual([seen.width, seen.height], [480, 270]);
  await shoot(page, 'gstreamer');
});

scenario('a camera without sound plays', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera('--audio', 'none')];
  const page = await open(watchPage(gateway, camera.url));
  await assertPlays(page, { audio: false });
});

for (const scheme of ['digest', 'basic']) {
  scenario(`a camera with a ${scheme} password plays with it`, async ({ stage, open }) => {
    const gateway = await stage.gateway(LOOPBACK);
    const camera = await stage.camera(...LOCKED, '--scheme', scheme);
    const page = await open(watchPage(gateway, withPassword(camera, PASSWORD)));
    await assertPlays(page);
  });
}

scenario('after a wrong password the picture asks for it and takes the right one', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await open(watchPage(gateway, withPassword(camera, 'wrong')));
  const player = page.locator('camgate-video');
  const password = player.locator('input[type=password]');
  await password.waitFor({ state: 'visible' });
  await words(page, /password/i);
  await shoot(page, 'password');
  await player.locator('input[name=user]').fill(USER);
  await password.fill(PASSWORD);
  await password.press('Enter');
  await assertPlays(page);
  assert.ok(!gateway.output.includes(PASSWORD), 'the log holds no password');
});

scenario('a camera that goes and comes back is picked up again', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  await watch(page, { frames: 25 });
  await camera.end('SIGKILL');
  await stopsPlaying(page);
  await stage.camera('--port', String(camera.port));
  await assertPlays(page, { patience: 2 * PATIENCE });
});

scenario('a gateway that goes and comes back is picked up again', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  await watch(page, { frames: 25 });
  await gateway.end('SIGKILL');
  await stopsPlaying(page);
  await stage.gateway(LOOPBACK, gateway.port);
  await assertPlays(page, { patience: 2 * PATIENCE });
});

scenario('a gateway that is told to stop says so and ends with code 0', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  await watch(page, { frames: 25 });
  assert.equal(await gateway.end('SIGTERM'), 0);
  await stopsPlaying(page);
  await stage.gateway(LOOPBACK, gateway.port);
  await watch(page, { frames: 25, patience: 2 * PATIENCE });
});
