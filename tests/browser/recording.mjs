// The recorder by itself, without a browser: what real encoders made goes in as
// the player's fragments, and the files that come out are judged by ffprobe and
// ffmpeg, down to the bytes of every sample and the pixels of every picture.

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { probe, run } from './mp4.mjs';

globalThis.window = new EventTarget(); // a page, as far as the recorder is concerned
setMaxListeners(0, window);
export const { Recorder } = await import('../../player/dist/record.js');

export const FOLDER = mkdtempSync(join(tmpdir(), 'camgate-recorder-'));
after(() => rmSync(FOLDER, { recursive: true }));

export const FRAME = 0.04;
export const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=25'];
export const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-sc_threshold', '0'];
export const PLAIN = [...H264, '-tune', 'zerolatency', '-g', '50'];

/** One track of `seconds`, encoded: its init segment and its fragments, as the player would give them. */
export function encode(name, id, input, codec, seconds = 13) {
  const file = join(FOLDER, `${name}.mp4`);
  const flags = ['-movflags', 'frag_every_frame+empty_moov+default_base_moof', '-strict', '-2'];
  run('ffmpeg', ['-v', 'error', '-y', ...input, '-t', `${seconds}`, ...codec, ...flags, file]);
  const boxes = split(readFileSync(file));
  const init = joined(boxes.filter(({ type }) => type === 'ftyp' || type === 'moov'));
  const parts = boxes.flatMap(({ type }, at) => (type === 'moof' ? [joined(boxes.slice(at, at + 2))] : []));
  const { packets } = Object.values(probe(file)).find((value) => value?.packets);
  assert.equal(parts.length, packets.length);
  const fragments = parts.map((bytes, at) => {
    const { time, decode, duration, key: sync } = packets[at];
    return { kind: 'fragment', track: id, bytes, time, decode, duration, sync };
  });
  return { file, packets, init: { kind: 'init', track: id, bytes: init }, fragments };
}

export function split(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const whole = bytes.subarray(at, at + bytes.readUInt32BE(at));
    found.push({ type: whole.toString('latin1', 4, 8), whole });
  }
  return found;
}

export const joined = (boxes) => new Uint8Array(Buffer.concat(boxes.map(({ whole }) => whole)));

/** What a Recorder sees of a Player. */
export class FakePlayer extends EventTarget {
  video = new EventTarget();
  taps = new Set();
  inits = new Map();
  state = 'stopped';

  /** Pauses or plays the element. */
  hold(paused) {
    this.video.paused = paused;
    if (paused) this.show('paused');
    this.video.dispatchEvent(new Event(paused ? 'pause' : 'play'));
  }

  show(state) {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }

  begin(...tracks) {
    this.show('connecting');
    this.inits.clear();
    for (const { init } of tracks) {
      this.inits.set(init.track, init);
      this.give(init);
    }
    this.show('playing');
  }

  give(output) {
    for (const tap of this.taps) tap(output);
  }

  /** Plays the tracks between two times, in decode order; sound arrives `late`. */
  play(tracks, { from = 0, to = Infinity, late = 0 } = {}) {
    const due = ({ decode, track }) => decode + (track === 2 ? late : 0);
    tracks
      .flatMap(({ fragments }) => fragments)
      .filter((fragment) => due(fragment) >= from - 1e-6 && due(fragment) < to - 1e-6)
      .sort((a, b) => due(a) - due(b))
      .forEach((fragment) => this.give(fragment));
  }
}

let written = 0;

/** A recorder, and the paths of the files it delivers. */
export function recorder(player, kind = 'continuous', length = 4000) {
  const files = [];
  const made = new Recorder(player, kind, (bytes, prefix) => {
    assert.equal(prefix, kind);
    files.push(join(FOLDER, `file${(written += 1)}.mp4`));
    writeFileSync(files.at(-1), bytes);
  });
  made.setFileLength(length);
  assert.equal(made.fileLength, length);
  return Object.assign(made, { files });
}

/** Records the tracks from beginning to end. */
export function recorded(tracks, length, options) {
  const player = new FakePlayer();
  const made = recorder(player, 'continuous', length);
  made.record(true);
  player.begin(...tracks);
  player.play(tracks, options);
  made.record(false);
  made.destroy();
  assert.equal(player.taps.size, 0);
  return made.files;
}

export const near = (actual, wanted, slack, told) =>
  assert.ok(Math.abs(actual - wanted) <= slack, `${told}: ${actual}, not ${wanted}`);

/** A file that everybody takes: it starts at 0 with a key frame, in sync, and lasts `length` seconds. */
export function assertFile(file, length, slack = 0.001) {
  const found = probe(file);
  run('ffmpeg', ['-v', 'warning', '-i', file, '-f', 'null', '-']);
  near(found.start, 0, 0.0001, `${file} starts`);
  if (length !== undefined) near(found.duration, length, 0.001, `${file} lasts`);
  const { video, audio } = found;
  for (const stream of [video, audio]) {
    if (!stream) continue;
    near(stream.start, 0, slack, `${file}, ${stream.codec} starts`);
    near(stream.duration, found.duration, slack, `${file}, ${stream.codec} lasts`);
    assert.equal(stream.packets.length, stream.frames, `${file}: frames`);
    assert.ok(stream.packets[0].key, `${file}: the first ${stream.codec} sample is a sync sample`);
  }
  return found;
}

/** The samples of `file` are those of the source from its sample number `first` on. */
export function assertSamples(stream, source, first) {
  const wanted = source.packets.slice(first, first + stream.packets.length).map(({ hash }) => hash);
  assert.deepEqual(stream.packets.map(({ hash }) => hash), wanted);
}

export const h264 = encode('h264', 1, VIDEO, PLAIN);
export const X265 = 'log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=0:repeat-headers=0';
export const h265 = encode('hevc', 1, VIDEO, ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', X265], 6);
export const aac = encode('aac', 2, SOUND, ['-c:a', 'aac']);
