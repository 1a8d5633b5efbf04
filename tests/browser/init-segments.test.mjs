// Init segments that change while the stream goes on, as those of a camera do whose parameter sets say
// nothing of reordering, or more than there is: no picture is missing or black for that, or moved.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { watchPage } from './browser.mjs';
import { BROWSERS } from './browsers.mjs';
import { clipCamera, units } from './clipcamera.mjs';
import { Stage } from './processes.mjs';

const RATE = 25;
/** Pictures of a group, groups of one set, and sets. */
const [GROUP, GROUPS, SETS] = [12, 3, 2];
/** Pictures to look at: several rounds of the clip. */
const FRAMES = 250;
const IN_ORDER = `bframes=3:b-adapt=1:keyint=${GROUP}:min-keyint=${GROUP}:scenecut=0:open-gop=0:log-level=error`;

/** Encoded so that pictures might be reordered but are not; `kind`: tells one set from another. */
function encode(name, kind) {
  const folder = mkdtempSync(join(tmpdir(), 'camgate-'));
  const file = join(folder, 'clip');
  const [codec, options, format] = name === 'H264'
    ? ['x264', `${IN_ORDER}:b-bias=-100:ref=3:slices=1:videoformat=${['pal', 'ntsc'][kind]}`, 'h264']
    : ['x265', `${IN_ORDER}:bframe-bias=-90:frame-threads=1:videoformat=${kind}`, 'hevc'];
  const source = `testsrc2=size=320x180:rate=${RATE}:duration=${(GROUP * GROUPS * SETS) / RATE}`;
  const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', '-threads', '1',
    '-c:v', `lib${codec}`, '-preset', 'fast', `-${codec}-params`, options, '-f', format, file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const all = units(readFileSync(file));
  rmSync(folder, { recursive: true });
  return all;
}

const slices = { H264: (unit) => [1, 5].includes(unit[0] & 31), H265: (unit) => unit[0] >> 1 < 32 };

/** Some groups with one set, as many with another, in turns. */
function clip(name) {
  const all = [];
  for (let kind = 0; kind < SETS; kind += 1) {
    let picture = 0;
    for (const unit of encode(name, kind)) {
      if (Math.floor(picture / (GROUP * GROUPS)) === kind) all.push(name === 'H264' && kind === 0 ? bare(unit) : unit);
      if (slices[name](unit)) picture += 1;
    }
    assert.equal(picture, GROUP * GROUPS * SETS);
  }
  return all;
}

/** A sequence parameter set of H.264 without its VUI; everything else as it is. */
function bare(unit) {
  if ((unit[0] & 31) !== 7) return unit;
  const bytes = unit.toString('hex').replace(/((?:..)*?0000)03/g, '$1');
  const bits = [...Buffer.from(bytes, 'hex')].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let at = 32;
  const number = () => {
    const zeros = bits.indexOf('1', at) - at;
    at += 2 * zeros + 1;
    return parseInt(bits.slice(at - zeros - 1, at), 2) - 1;
  };
  const numbers = (count) => Array.from({ length: count }, number);
  numbers(4); // the id, chroma, depths
  at += 2;
  numbers(2); // frame numbers, picture order count of type 0
  number();
  number(); // references
  at += 1;
  numbers(2); // the size
  assert.equal(bits[at], '1', 'frames only');
  at += 2;
  if (bits[at++] === '1') numbers(4);
  const kept = `${bits.slice(0, at)}01`;
  const whole = kept.padEnd(Math.ceil(kept.length / 8) * 8, '0').match(/.{8}/g);
  return Buffer.from(whole.map((byte) => parseInt(byte, 2)));
}

/**
 * Runs in the page: each picture that was presented, and when each group begins (`time`, in seconds) and whether
 * another init segment came before it.
 */
async function look(frames) {
  const element = () => document.querySelector('camgate-video');
  while (!element()?.video?.currentTime) await new Promise((resolve) => setTimeout(resolve, 20));
  const { video, player } = element();
  const groups = [];
  let changed = false;
  player.taps.add(({ kind, time, sync }) => {
    if (kind === 'init') changed = true;
    if (kind !== 'fragment' || !sync) return;
    groups.push({ time, changed });
    changed = false;
  });
  const pen = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
  const light = () => {
    pen.drawImage(video, 0, 0, 8, 8);
    return Math.max(...pen.getImageData(0, 0, 8, 8).data.filter((_, i) => i % 4 < 3));
  };
  const next = () => new Promise((resolve) => {
    video.requestVideoFrameCallback((_, { mediaTime, presentedFrames }) => resolve({ media: mediaTime, count: presentedFrames, light: light() }));
  });
  const seen = [];
  while (seen.length < frames) seen.push(await next());
  return { seen, groups };
}

/** How many pictures were left out behind each group's beginning; a page that is busy is told of some only in sum. */
function missing(seen, { time }) {
  const behind = seen.findIndex(({ media }) => media > time - 0.5 / RATE);
  const end = seen.findIndex(({ media }) => media > time + GROUP / RATE);
  const [from, to] = [seen[behind - 1], seen[end]];
  return from && to && Math.round((to.media - from.media) * RATE) - (to.count - from.count);
}

for (const [browser, name] of [['Chromium', 'H264'], ['Firefox', 'H264'], ['Firefox', 'H265']]) {
  it(`${browser} shows every picture of ${name} whose init segment changes`, { timeout: 120_000 }, async () => {
    const stage = new Stage();
    const camera = await clipCamera({ all: clip(name), name });
    const started = await BROWSERS[browser]();
    try {
      const gateway = await stage.gateway('targets = loopback\n');
      const page = await started.open(watchPage(gateway, camera.url), '');
      const { seen, groups } = await page.evaluate(look, FRAMES);
      assert.ok(seen.every(({ light }) => light > 0), 'none is black');
      const switches = new Map();
      groups.slice(1).forEach((group, at) => {
        const step = group.time - groups[at].time;
        assert.ok(Math.abs(step * RATE - GROUP) < 0.3, `a group takes ${step} s at ${group.time} s`);
        const left = group.changed ? missing(seen, group) : undefined;
        if (left === undefined) return;
        const place = Math.round((group.time * RATE) / GROUP) % (GROUPS * SETS);
        switches.set(place, [...(switches.get(place) ?? []), left]);
      });
      // A machine that is busy leaves some out now and then, and never all at the same switch.
      const told = JSON.stringify([...switches]);
      assert.equal(switches.size, 2 * SETS, told);
      for (const left of switches.values()) assert.ok(Math.min(...left) < GROUP / 4, told);
    } catch (error) {
      throw Object.assign(error, { message: `${error.message}\n${stage.transcript()}` });
    } finally {
      await started.close();
      camera.close();
      await stage.clear();
    }
  });
}
