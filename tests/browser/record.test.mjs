// Recording in the browser: what a page gets, and whether the browser itself
// plays it. Every length and limit by itself is in recorder.test.mjs.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { OUT, scenario, watchPage } from './browser.mjs';
import { decoded, probe, run } from './mp4.mjs';
import { watch } from './playback.mjs';

/** The length of a picture and of a frame of sound are at most that, in seconds. */
const FRAME = 0.045;

/** Runs in the page: two recorders, and what they deliver as base64. */
async function install(lengths) {
  const { Recorder } = await import('/record.js');
  const base64 = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    }
    return btoa(text);
  };
  window.files = { continuous: [], event: [] };
  window.recorders = {};
  for (const [kind, length] of Object.entries(lengths)) {
    const { player } = document.querySelector('camgate-video');
    const recorder = new Recorder(player, kind, (file, prefix) => {
      window.files[prefix].push(base64(file));
      localStorage.setItem(prefix, base64(file));
    });
    recorder.setFileLength(length);
    window.recorders[kind] = recorder;
  }
}

/** Opens the page that plays the built-in camera or GStreamer, with recorders on it. */
async function recording({ stage, open }, lengths, { camera, before } = {}) {
  const gateway = camera ? await stage.gateway('targets = loopback\n') : await stage.demo();
  const page = await open(watchPage(gateway, camera?.url ?? gateway.camera), { before });
  await watch(page, { frames: 25 });
  await page.evaluate(install, lengths);
  return { gateway, page };
}

const record = (page, kind, on) =>
  page.evaluate(([name, value]) => window.recorders[name].record(value), [kind, on]);

const delivered = (page, kind, count) =>
  page.waitForFunction(([name, least]) => window.files[name].length >= least, [kind, count]);

/** The files delivered so far, saved and named. */
async function saved(page, kind, name) {
  const files = await page.evaluate((prefix) => window.files[prefix], kind);
  return Promise.all(files.map((bytes, index) => save(bytes, `${name}-${kind}-${index}`)));
}

async function save(bytes, name) {
  await mkdir(OUT, { recursive: true });
  const file = `${OUT}${name}.mp4`;
  await writeFile(file, Buffer.from(bytes, 'base64'));
  return file;
}

/** A file that anybody's tools take: from 0 on, key frame first, sound in sync, nothing to warn of. */
function assertFile(file, length, { audio = true } = {}) {
  const found = probe(file);
  const told = `${file}: ${JSON.stringify({ ...found.video, packets: undefined })} ${found.duration}`;
  run('ffmpeg', ['-v', 'warning', '-i', file, '-f', 'null', '-']);
  assert.ok(found.video.packets[0].key, told);
  assert.ok(Math.abs(found.video.start) < 0.001, told);
  assert.equal(found.video.packets.length, found.video.frames, told);
  assert.equal(decoded(file).length, found.video.frames, told);
  if (length !== undefined) assert.ok(Math.abs(found.duration - length) < FRAME, `${length}: ${told}`);
  if (!audio) return found;
  assert.ok(Math.abs(found.audio.start - found.video.start) < FRAME, told);
  if (length !== undefined) assert.ok(Math.abs(found.audio.duration - length) < FRAME, told);
  return found;
}

/** Runs in the page: whether the browser plays the file, from its start and after a seek. */
async function plays(bytes) {
  const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]);
  const video = document.createElement('video');
  video.muted = true;
  const event = (name) =>
    new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
  const ready = event('canplaythrough');
  video.src = URL.createObjectURL(blob);
  document.body.append(video);
  await ready;
  const shown = () => new Promise((resolve) => video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime)));
  const first = shown();
  await video.play();
  const start = await first;
  const seeked = event('seeked');
  const next = shown();
  video.currentTime = video.duration / 2;
  await seeked;
  return { duration: video.duration, start, sought: await next };
}

for (const source of ['the built-in camera', 'GStreamer']) {
  scenario(`continuous and event recordings of ${source}, side by side`, async ({ stage, open }) => {
    const camera = source === 'GStreamer' ? await stage.camera() : undefined;
    const { page } = await recording({ stage, open }, { continuous: 4500, event: 2500 }, { camera });
    await watch(page, { frames: 40 }); // the event's file begins before the event
    await record(page, 'continuous', true);
    await record(page, 'event', true);
    await delivered(page, 'event', 2);
    await record(page, 'event', false);
    await delivered(page, 'continuous', 2);
    const name = camera ? 'gstreamer' : 'demo';
    for (const file of (await saved(page, 'event', name)).slice(0, 2)) assertFile(file, 2.5);
    const files = (await saved(page, 'continuous', name)).map((file) => assertFile(file, 4.5));
    // Nothing is missing between two files: the second starts with the last key frame of the first.
    const [first, second] = files.map(({ video }) => video.packets.map(({ hash }) => hash));
    const overlap = first.indexOf(second[0]);
    assert.ok(overlap > 0, 'the second file starts in the first');
    assert.deepEqual(second.slice(0, first.length - overlap), first.slice(overlap));
    const { duration, start, sought } = await page.evaluate(plays, await page.evaluate(() => window.files.continuous[0]));
    assert.ok(Math.abs(duration - 4.5) < FRAME && start < 1, `plays: ${duration} ${start}`);
    assert.ok(sought > 1.5, `seeks: ${sought}`);
  });
}

scenario('a file that begins inside a group of pictures plays from there on', async ({ stage, open }) => {
  const camera = await stage.camera(); // its key frames are two seconds apart
  const { page } = await recording({ stage, open }, { event: 1000 }, { camera });
  await record(page, 'event', true);
  await delivered(page, 'event', 4);
  const files = await saved(page, 'event', 'inside');
  const inside = files.findIndex((file) => probe(file).video.packets[0].time < 0);
  assert.ok(inside >= 0, 'one of the files begins inside');
  assert.ok(Math.abs(probe(files[inside]).duration - 1) < FRAME);
  const bytes = await page.evaluate((index) => window.files.event[index], inside);
  const { duration, start } = await page.evaluate(plays, bytes);
  assert.ok(Math.abs(duration - 1) < FRAME && start < FRAME, `plays: ${duration} ${start}`);
});

scenario('a recording ends when the picture is paused, and continues with it', async ({ stage, open }) => {
  const { page } = await recording({ stage, open }, { continuous: 60_000 });
  await record(page, 'continuous', true);
  await watch(page, { frames: 50 });
  await page.evaluate(() => document.querySelector('camgate-video').video.pause());
  await delivered(page, 'continuous', 1);
  await page.evaluate(() => document.querySelector('camgate-video').video.play());
  await watch(page, { frames: 50 });
  await record(page, 'continuous', false);
  const files = await saved(page, 'continuous', 'paused');
  assert.equal(files.length, 2);
  for (const file of files) assert.ok(assertFile(file).duration > 1, file);
});

scenario('a recording ends with the session, and continues with the next', async ({ stage, open }) => {
  const camera = await stage.camera('--audio', 'none');
  const { page } = await recording({ stage, open }, { continuous: 60_000 }, { camera });
  await record(page, 'continuous', true);
  await watch(page, { frames: 50 });
  await camera.end('SIGKILL');
  await delivered(page, 'continuous', 1);
  await stage.camera('--audio', 'none', '--port', String(camera.port));
  await watch(page, { frames: 75, patience: 60_000 });
  await page.evaluate(() => document.querySelector('camgate-video').player.stop());
  const files = await saved(page, 'continuous', 'session');
  assert.equal(files.length, 2);
  for (const file of files) assert.ok(assertFile(file, undefined, { audio: false }).duration > 1, file);
});

scenario('a page that is closed has its file before', async ({ stage, open }) => {
  const { gateway, page } = await recording({ stage, open }, { event: 60_000 });
  await record(page, 'event', true);
  await watch(page, { frames: 50 });
  await page.goto(`${gateway.page}icon.svg`);
  const file = await save(await page.evaluate(() => localStorage.getItem('event')), 'closed');
  assert.ok(assertFile(file).duration > 1, file);
});
