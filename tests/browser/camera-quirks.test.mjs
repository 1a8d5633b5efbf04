// Cameras with quirks that others put up with: scripted, for a real one cannot be made to have them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { scenario, watchPage } from './browser.mjs';
import { CLIP, clipCamera, units } from './clipcamera.mjs';
import { assertPlays } from './playback.mjs';

const all = units(readFileSync(CLIP));

/** Level 3, 640x480, as H.264 baseline has it: none of the sets that come. */
const OTHER = Buffer.from('6742c01ed900a03d90', 'hex');

const SHARED = 'rtsp://camgate/front';

/** What is particular to a camera, and how it is watched after it was watched by itself. */
const HABITS = {
  'packets of a session that is gone in between': [{ stale: true }, [SHARED]],
  'a description with parameter sets of another stream': [{ said: [OTHER, ...all.filter((unit) => (unit[0] & 31) !== 7)] }, [SHARED, SHARED]],
};

for (const [habit, [options, watched]] of Object.entries(HABITS)) {
  scenario(`a camera with ${habit} plays, also shared`, async ({ stage, open }) => {
    const camera = await clipCamera({ all, ...options });
    try {
      const gateway = await stage.gateway(`targets = loopback\n[camera front]\nurl = ${camera.url}\n`);
      const seen = [];
      for (const source of [camera.url, ...watched]) {
        const page = await open(watchPage(gateway, source));
        const { width, height, state } = await assertPlays(page, { audio: false });
        seen.push([width, height, state.lost]);
      }
      assert.deepEqual(seen, Array(watched.length + 1).fill([640, 360, 0]));
    } finally {
      camera.close();
    }
  });
}
