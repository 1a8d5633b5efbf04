// What a person reads in the picture when it cannot play.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { scenario, shoot, words, watchPage } from './browser.mjs';
import { CLIP, clipCamera, units } from './clipcamera.mjs';
import { fakeCamera } from './fakecamera.mjs';
import { watch } from './playback.mjs';

/** A port that was free a moment ago: nothing answers there. */
async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

scenario('a camera that is not there is named as such', async ({ stage, open }) => {
  const gateway = await stage.gateway('targets = loopback\n');
  const page = await open(watchPage(gateway, `rtsp://127.0.0.1:${await closedPort()}/live`));
  await words(page, /camera.*(refuse|reach|answer|connect)|(refuse|reach|answer|connect).*camera/i);
  await shoot(page, 'words camera');
});

scenario('a camera that takes its time is waited for, and nothing else is said', async ({ stage, open }) => {
  const silent = await fakeCamera(() => undefined);
  const gateway = await stage.gateway('targets = loopback\n');
  const page = await open(watchPage(gateway, silent.url));
  await words(page, /^Waiting for the camera$/);
  await shoot(page, 'words waiting');
  await page.close();
  silent.close();
});

// The address is one that would answer: what refuses is the setting alone.
scenario('an address that is not allowed names the setting that allows it', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway('targets = none\n'), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  await words(page, /targets/);
  await shoot(page, 'words targets');
});

scenario('a path that the camera does not know is told', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway('targets = loopback\n'), await stage.camera()];
  const page = await open(watchPage(gateway, `${camera.url}nothing/here`));
  await words(page, /404|not found|no (such )?stream|does not (know|have)|address/i);
  await shoot(page, 'words path');
});

scenario('a gateway that is gone is named as such', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway('targets = loopback\n'), await stage.camera()];
  const page = await open(watchPage(gateway, camera.url));
  await watch(page, { frames: 25 });
  await gateway.end('SIGKILL');
  await words(page, /gateway|camgate|server/i);
  await shoot(page, 'words gateway');
});

/** An Exp-Golomb code (ITU-T H.264 9.1). */
const code = (value) => (value + 1).toString(2).padStart(2 * Math.floor(Math.log2(value + 1)) + 1, '0');

// Baseline, level 1; 65,536 pixels each way, of which all is shown.
scenario('pictures that would take gigabytes are refused, and that is told', async ({ stage, open }) => {
  const bits = `0100001011000000000010101${code(0)}${code(2)}${code(1)}0${code(4095)}${code(4095)}11001`;
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g).map((byte) => Number.parseInt(byte, 2));
  const all = units(readFileSync(CLIP)).map((unit) => ((unit[0] & 31) === 7 ? Buffer.of(unit[0], ...bytes) : unit));
  const camera = await clipCamera({ all });
  try {
    const gateway = await stage.gateway('targets = loopback\n');
    const page = await open(watchPage(gateway, camera.url));
    await words(page, /too large/);
    const taken = await page.evaluate(() => document.querySelector('camgate-video').stats.fragments);
    assert.equal(taken, 0);
  } finally {
    camera.close();
  }
});
