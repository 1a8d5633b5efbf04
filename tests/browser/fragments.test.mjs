// The player's own MP4, judged by a stranger: ffprobe and ffmpeg find nothing
// to warn of in what the player appended.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { OUT, scenario, watchPage } from './browser.mjs';
import { run } from './mp4.mjs';
import { watch } from './playback.mjs';

/** Runs in the page ahead of the player: keeps a copy of all that is appended. */
function record() {
  window.appended = [];
  const { addSourceBuffer } = MediaSource.prototype;
  MediaSource.prototype.addSourceBuffer = function (type) {
    const buffer = addSourceBuffer.call(this, type);
    const track = { type, pieces: [] };
    window.appended.push(track);
    const append = buffer.appendBuffer;
    buffer.appendBuffer = function (piece) {
      track.pieces.push(new Uint8Array(ArrayBuffer.isView(piece) ? piece : new Uint8Array(piece)).slice());
      return append.call(this, piece);
    };
    return buffer;
  };
}

/** Runs in the page: every track as base64. */
async function recorded() {
  const base64 = (blob) =>
    new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
      reader.readAsDataURL(blob);
    });
  const tracks = window.appended.map(async ({ type, pieces }) => ({
    type,
    pieces: pieces.length,
    bytes: await base64(new Blob(pieces)),
  }));
  return Promise.all(tracks);
}

async function assertAccepted({ type, bytes }, name) {
  await mkdir(OUT, { recursive: true });
  const file = `${OUT}${name}-${type.split('/')[0]}.mp4`;
  await writeFile(file, Buffer.from(bytes, 'base64'));
  const probe = run('ffprobe', ['-v', 'warning', '-show_packets', '-of', 'json', file]);
  const packets = JSON.parse(probe.stdout).packets;
  assert.ok(packets.length > 40, `${file} holds ${packets.length} packets`);
  assertContiguous(packets, file);
  run('ffmpeg', ['-v', 'warning', '-i', file, '-f', 'null', '-']);
}

/** A sample starts where the one before it ended: no gap, no overlap. */
function assertContiguous(packets, file) {
  for (let i = 1; i < packets.length; i += 1) {
    const { dts_time: start, duration_time: duration } = packets[i - 1];
    if (duration === undefined) continue; // ffprobe does not tell it for the first packet of AAC
    const gap = Number(packets[i].dts_time) - Number(start) - Number(duration);
    assert.ok(Math.abs(gap) < 0.0001, `${file}: ${gap} s between packets ${i - 1} and ${i}`);
  }
}

for (const source of ['the built-in camera', 'GStreamer']) {
  scenario(`ffprobe and ffmpeg accept the MP4 made from ${source}`, async ({ stage, open }) => {
    const demo = source !== 'GStreamer';
    const gateway = demo ? await stage.demo() : await stage.gateway('targets = loopback\n');
    const url = demo ? gateway.camera : (await stage.camera()).url;
    const page = await open(watchPage(gateway, url), { before: record });
    await watch(page, { frames: 100 });
    const tracks = await page.evaluate(recorded);
    const kinds = tracks.map(({ type }) => type.split(';')[0]).sort();
    assert.deepEqual(kinds, ['audio/mp4', 'video/mp4']);
    for (const track of tracks) await assertAccepted(track, demo ? 'demo' : 'gstreamer');
  });
}
