// The recorder by itself, without a browser: what real encoders made goes in as
// the player's fragments, and the files that come out are judged by ffprobe and
// ffmpeg, down to the bytes of every sample and the pixels of every picture.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decoded, probe, run } from './mp4.mjs';

globalThis.window = new EventTarget(); // a page, as far as the recorder is concerned
setMaxListeners(0, window);
const { Recorder } = await import('../../player/dist/record.js');

const FOLDER = mkdtempSync(join(tmpdir(), 'camgate-recorder-'));
after(() => rmSync(FOLDER, { recursive: true }));

const FRAME = 0.04;
const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=25'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-sc_threshold', '0'];
const PLAIN = [...H264, '-tune', 'zerolatency', '-g', '50'];

/** One track of `seconds`, encoded: its init segment and its fragments, as the player would give them. */
function encode(name, id, input, codec, seconds = 13) {
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

function split(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const whole = bytes.subarray(at, at + bytes.readUInt32BE(at));
    found.push({ type: whole.toString('latin1', 4, 8), whole });
  }
  return found;
}

const joined = (boxes) => new Uint8Array(Buffer.concat(boxes.map(({ whole }) => whole)));

/** What a Recorder sees of a Player. */
class FakePlayer extends EventTarget {
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
function recorder(player, kind = 'continuous', length = 4000) {
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
function recorded(tracks, length, options) {
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

const near = (actual, wanted, slack, told) =>
  assert.ok(Math.abs(actual - wanted) <= slack, `${told}: ${actual}, not ${wanted}`);

/** A file that everybody takes: it starts at 0 with a key frame, in sync, and lasts `length` seconds. */
function assertFile(file, length, slack = 0.001) {
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
function assertSamples(stream, source, first) {
  const wanted = source.packets.slice(first, first + stream.packets.length).map(({ hash }) => hash);
  assert.deepEqual(stream.packets.map(({ hash }) => hash), wanted);
}

const h264 = encode('h264', 1, VIDEO, PLAIN);
const X265 = 'log-level=none:keyint=25:min-keyint=25:scenecut=0:bframes=0:repeat-headers=0';
const h265 = encode('hevc', 1, VIDEO, ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', X265], 6);
const aac = encode('aac', 2, SOUND, ['-c:a', 'aac']);

/** The init segment with another sequence parameter set, whose bits (0s and 1s) `change` makes of those there are. */
function changed({ init }, box, change) {
  const old = Buffer.from(init.bytes);
  const record = old.indexOf(box) + 4;
  const at = record + (box === 'avcC' ? 8 : hvcSet(old.subarray(record)));
  const size = old.readUInt16BE(at - 2);
  const plain = Buffer.from(old.subarray(at, at + size).toString('hex').replace(/(?<=^(?:..)*)000003/g, '0000'), 'hex');
  const bits = change([...plain].map((byte) => byte.toString(2).padStart(8, '0')).join('').replace(/10*$/, ''));
  const whole = `${bits}1`.padEnd(Math.ceil((bits.length + 1) / 8) * 8, '0');
  const bytes = whole.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2));
  const set = Buffer.from(Buffer.from(bytes).toString('hex').replace(/(?<=^(?:..)*)0000(?=0[0-3])/g, '000003'), 'hex');
  const made = Buffer.concat([old.subarray(0, at), set, old.subarray(at + size)]);
  made.writeUInt16BE(set.length, at - 2);
  for (const name of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', box === 'avcC' ? 'avc1' : 'hev1', box]) {
    const start = made.indexOf(name) - 4;
    made.writeUInt32BE(made.readUInt32BE(start) + set.length - size, start);
  }
  return { ...init, bytes: new Uint8Array(made) };
}

/** Where in the record of H.265 its sequence parameter set begins, behind one video parameter set. */
function hvcSet(record) {
  const video = 26 + 2 + record.readUInt16BE(26);
  assert.equal(record[video] & 63, 33);
  return video + 5;
}

test('files are as long as asked, start at 0 with a key frame and hold the samples of the source', () => {
  const files = recorded([h264, aac], 4000);
  assert.equal(files.length, 4);
  for (const [index, file] of files.entries()) {
    const { video, audio } = assertFile(file, index < 3 ? 4 : 1);
    assert.equal(video.frames, index < 3 ? 100 : 25);
    assertSamples(video, h264, 100 * index);
    const first = aac.packets.findLastIndex(({ time }) => time <= 4 * index + 1e-6);
    assertSamples(audio, aac, first);
    // The sound of 4 * index is heard at 0: the frame it is in began that much earlier.
    near(audio.packets[0].time, aac.packets[first].time - 4 * index, 0.0001, 'the first sound');
  }
});

test('a length that ends between two key frames lets the next file start at the one before', () => {
  const files = recorded([h264, aac], 3000);
  const starts = [0, 2, 4, 6, 8, 10];
  assert.equal(files.length, starts.length);
  for (const [index, file] of files.entries()) {
    const { video } = assertFile(file, 3);
    assert.equal(video.frames, 75);
    assertSamples(video, h264, 25 * starts[index]);
  }
});

test('sound that comes later than its picture is waited for', () => {
  const [file] = recorded([h264, aac], 4000, { late: 0.7 });
  const { audio } = assertFile(file, 4);
  assertSamples(audio, aac, 0);
});

test('sound that stops does not hold up the files', () => {
  const player = new FakePlayer();
  const made = recorder(player);
  made.record(true);
  player.begin(h264, aac);
  player.play([h264, aac], { to: 2 });
  player.play([h264], { from: 2, to: 9 });
  assert.equal(made.files.length, 1);
  const { video, audio } = probe(made.files[0]);
  near(video.duration, 4, 0.001, 'picture');
  near(audio.duration, 2, 0.03, 'sound');
});

test('key frames rarer than the length: files continue exactly where the one before ended', () => {
  const rare = encode('rare', 1, VIDEO, [...H264, '-tune', 'zerolatency', '-g', '250']);
  const files = recorded([rare, aac], 4000);
  // 0 to 4, 4 to 8, 8 to 12 (there is a key frame at 10), 10 to 13
  const starts = [0, 4, 8, 10];
  assert.equal(files.length, starts.length);
  const source = decoded(rare.file);
  for (const [index, file] of files.entries()) {
    const found = probe(file);
    near(found.duration, index < 3 ? 4 : 3, 0.001, file);
    assert.ok(found.video.packets[0].key);
    const seen = decoded(file);
    const first = 25 * starts[index];
    assert.deepEqual(
      seen.map(({ hash }) => hash),
      source.slice(first, first + (index < 3 ? 100 : 75)).map(({ hash }) => hash),
    );
    near(seen[0].time, 0, 0.001, 'the first picture');
  }
});

for (const [name, options] of [
  ['closed', ['-bf', '2', '-g', '50']],
  ['open', ['-bf', '3', '-g', '50', '-x264-params', 'open-gop=1:b-pyramid=normal']],
]) {
  test(`pictures out of order, ${name} groups: lengths, times and pictures are right`, () => {
    const source = encode(`bframes-${name}`, 1, VIDEO, ['-c:v', 'libx264', '-preset', 'veryfast', '-sc_threshold', '0', ...options]);
    const files = recorded([source, aac], 3000);
    const all = decoded(source.file);
    assert.ok(files.length >= 4);
    for (const [index, file] of files.slice(0, -1).entries()) {
      const { video } = probe(file);
      near(video.duration, 3, 0.001, file);
      near(video.start, 0, 0.0001, file);
      assert.ok(video.packets[0].key);
      // A decoder complains of what open groups refer to from before the file.
      const seen = decoded(file, name === 'open' ? 'fatal' : 'warning');
      const at = all.findIndex(({ hash }) => hash === seen[0].hash);
      assert.ok(at >= 50 * index * 0.9, `file ${index} starts at picture ${at}`);
      near(seen.length, 75, 1, 'pictures');
      for (const { time, hash } of seen) {
        const same = all.find((picture) => picture.hash === hash);
        assert.ok(same, 'every picture is one of the source');
        near(same.time - all[at].time, time, 0.001, 'its time');
      }
    }
  });
}

test('H.265 with Opus', () => {
  const codec = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=50:min-keyint=50:bframes=0:scenecut=0', '-tag:v', 'hvc1'];
  const h265 = encode('h265', 1, VIDEO, codec, 7);
  const opus = encode('opus', 2, SOUND, ['-c:a', 'libopus', '-ar', '48000'], 7);
  const files = recorded([h265, opus], 3000);
  for (const [index, file] of files.slice(0, 2).entries()) {
    const { video, audio } = assertFile(file, 3);
    assert.deepEqual([video.codec, audio.codec], ['hevc', 'opus']);
    assertSamples(video, h265, 50 * index);
  }
});

test('picture alone', () => {
  const [file] = recorded([h264], 4000);
  const { video, audio } = assertFile(file, 4);
  assert.equal(video.frames, 100);
  assert.equal(audio, undefined);
});

for (const [name, codec] of [
  ['aac', ['-c:a', 'aac', '-ar', '16000']],
  ['flac', ['-c:a', 'flac', '-ar', '8000', '-frame_size', '320']],
  ['opus', ['-c:a', 'libopus', '-ar', '48000']],
]) {
  test(`sound alone (${name})`, () => {
    const source = encode(`alone-${name}`, 2, SOUND, codec, 9);
    const files = recorded([source], 4000);
    assert.equal(files.length, 3);
    for (const file of files.slice(0, 2)) {
      const { video, audio } = assertFile(file, 4);
      assert.equal(video, undefined);
      assert.equal(audio.codec, name);
    }
  });
}

test('Motion JPEG with sound', () => {
  run('ffmpeg', ['-v', 'error', ...VIDEO, '-t', '7', '-c:v', 'mjpeg', '-huffman', '0', join(FOLDER, 'picture%03d.jpg')]);
  const fragments = Array.from({ length: 175 }, (_, index) => {
    const bytes = new Uint8Array(readFileSync(join(FOLDER, `picture${String(index + 1).padStart(3, '0')}.jpg`)));
    const time = index * FRAME;
    return { kind: 'picture', track: 1, bytes, time, decode: time, duration: FRAME, sync: true };
  });
  const player = new FakePlayer();
  const made = recorder(player, 'continuous', 3000);
  made.record(true);
  player.begin(aac);
  player.play([{ fragments }, aac], { to: 7 });
  player.give({ ...fragments[0], bytes: new Uint8Array([0xff, 0xd8, 0xff, 0xd9]) }); // no picture
  made.record(false);
  assert.equal(made.files.length, 3);
  for (const [index, file] of made.files.entries()) {
    const { video } = assertFile(file, index < 2 ? 3 : 1);
    assert.deepEqual([video.codec, video.frames], ['mjpeg', index < 2 ? 75 : 25]);
    const bytes = fragments.slice(75 * index, 75 * index + video.frames).map((fragment) => fragment.bytes);
    const hashes = bytes.map((picture) => `MD5:${createHash('md5').update(picture).digest('hex')}`);
    assert.deepEqual(video.packets.map(({ hash }) => hash), hashes);
  }
});

test('an event file begins with the key frame before the event', () => {
  const player = new FakePlayer();
  const made = recorder(player, 'event');
  player.begin(h264, aac);
  player.play([h264, aac], { to: 5.4 });
  made.record(true);
  player.play([h264, aac], { from: 5.4, to: 6.4 });
  made.record(false);
  const { video } = assertFile(made.files[0], 2.4);
  assertSamples(video, h264, 100);
  made.record(true); // nothing has come since
  made.record(false);
  assert.equal(made.files.length, 1);
});

test('a recorder that comes late knows the tracks, and begins with the next key frame', () => {
  const player = new FakePlayer();
  player.begin(h264, aac);
  player.play([h264, aac], { to: 5.4 });
  const made = recorder(player);
  made.record(true);
  player.play([h264, aac], { from: 5.4 });
  assertSamples(assertFile(made.files[0], 4).video, h264, 150);
});

test('two recorders do not know of each other', () => {
  const player = new FakePlayer();
  const [continuous, event] = [recorder(player), recorder(player, 'event', 1000)];
  continuous.record(true);
  player.begin(h264, aac);
  player.play([h264, aac], { to: 6.2 });
  event.record(true);
  player.play([h264, aac], { from: 6.2, to: 8.6 });
  event.record(false);
  player.play([h264, aac], { from: 8.6 });
  continuous.record(false);
  assert.deepEqual(continuous.files, recordedNames(continuous.files, [4, 4, 4, 1]));
  assert.deepEqual(event.files, recordedNames(event.files, [1, 1, 0.6]));
});

/** The same files, once their lengths are checked. */
function recordedNames(files, lengths) {
  assert.equal(files.length, lengths.length);
  files.forEach((file, index) => assertFile(file, lengths[index]));
  return files;
}

test('pause() leaves out what comes meanwhile', () => {
  const player = new FakePlayer();
  const made = recorder(player);
  made.record(true);
  player.begin(h264, aac);
  player.play([h264, aac], { to: 2.4 });
  made.pause(true);
  player.play([h264, aac], { from: 2.4, to: 8.2 });
  assert.equal(made.files.length, 1);
  assertFile(made.files[0], 2.4);
  made.pause(false);
  player.play([h264, aac], { from: 8.2, to: 9 });
  made.record(false);
  assert.equal(made.files.length, 2);
  assertSamples(assertFile(made.files[1], 1).video, h264, 200);
});

test('a paused element, a page that closes and a session that ends deliver what there is', () => {
  const ends = {
    pause: (player) => player.hold(true),
    close: () => window.dispatchEvent(new Event('pagehide')),
    loss: (player) => player.show('reconnecting'),
    stop: (player) => player.show('stopped'),
  };
  for (const [name, end] of Object.entries(ends)) {
    const player = new FakePlayer();
    const made = recorder(player);
    made.record(true);
    player.begin(h264, aac);
    player.play([h264, aac], { to: 2.4 });
    end(player);
    end(player);
    assert.equal(made.files.length, 1, name);
    assertFile(made.files[0], 2.4);
    made.destroy();
    assert.equal(made.files.length, 1, name);
  }
});

test('after a pause of the element or another session a new file begins', () => {
  const player = new FakePlayer();
  const made = recorder(player);
  made.record(true);
  player.begin(h264, aac);
  player.play([h264, aac], { to: 2.4 });
  player.hold(true);
  player.play([h264, aac], { from: 2.4, to: 4.4 }); // was on its way
  player.hold(false);
  player.play([h264, aac], { from: 6, to: 7 });
  player.begin(h264);
  player.play([h264], { to: 1 });
  made.record(false);
  assert.equal(made.files.length, 3);
  // There is no sound from before the picture here: it starts with its first whole frame.
  assertSamples(assertFile(made.files[1], 1, 1024 / 44_100).video, h264, 150);
  assert.equal(assertFile(made.files[2], 1).audio, undefined);
});

test('another codec or size ends the file and begins one', () => {
  const larger = encode('larger', 1, ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'], PLAIN, 6);
  const player = new FakePlayer();
  const made = recorder(player, 'continuous', 60_000);
  made.record(true);
  player.begin(h264, aac);
  player.play([h264, aac], { to: 4 });
  player.give(h264.init); // says nothing new
  player.play([h264, aac], { from: 4, to: 5 });
  player.give(larger.init);
  player.play([larger], { from: 4 });
  player.play([aac], { from: 5, to: 6 });
  made.record(false);
  assert.equal(made.files.length, 2);
  assertFile(made.files[0], 5);
  assertSamples(probe(made.files[1]).video, larger, 100);
});

test('a timeline that leaps back begins another file', () => {
  const player = new FakePlayer();
  const made = recorder(player);
  made.record(true);
  player.begin(h264);
  player.play([h264], { from: 6, to: 7 });
  player.play([h264], { from: 0, to: 1 });
  made.record(false);
  assert.equal(made.files.length, 2);
  made.files.forEach((file) => assertFile(file, 1));
});

test('an owner that fails does not end the stream', () => {
  const said = [];
  globalThis.reportError = (error) => said.push(error.message);
  const player = new FakePlayer();
  const made = new Recorder(player, 'event', () => {
    throw new Error('no room');
  });
  made.record(true);
  player.begin(h264);
  player.play([h264], { to: 1 });
  made.record(false);
  assert.deepEqual(said, ['no room']);
});

test('what is no length means three minutes, and none is shorter than a second or longer than 12 hours', () => {
  const made = recorder(new FakePlayer());
  for (const [asked, got] of [[NaN, 180_000], [0, 180_000], [-1, 180_000], [Infinity, 180_000], [1, 1000], [2500, 2500], [86_400_000, 43_200_000]]) {
    made.setFileLength(asked);
    assert.equal(made.fileLength, got);
  }
});

test('nothing is delivered that is nothing', () => {
  const player = new FakePlayer();
  const made = recorder(player);
  made.record(true);
  made.flush();
  player.begin(h264, aac);
  made.pause(true);
  made.pause(false);
  player.play([aac], { to: 1 }); // sound alone, where there is to be a picture
  player.play([{ fragments: h264.fragments.slice(1, 40) }]); // no key frame
  made.record(false);
  made.destroy();
  assert.deepEqual(made.files, []);
});

test('no bytes make it fail, whatever they claim', () => {
  let seed = 7;
  const random = (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  /** Some bytes changed, or the end missing; mostly in the headers. */
  const spoilt = (output) => {
    const bytes = output.bytes.slice(0, random(4) ? undefined : random(output.bytes.length));
    for (let i = random(6); i > 0; i -= 1) {
      bytes[random(Math.min(bytes.length, random(8) ? 160 : 1e9))] = random(2) ? random(256) : [0, 255][random(2)];
    }
    return { ...output, bytes };
  };
  let files = 0;
  for (let round = 0; round < 300; round += 1) {
    const player = new FakePlayer();
    const made = new Recorder(player, 'event', () => (files += 1));
    made.setFileLength(1000);
    made.record(true);
    player.begin(...[h264, aac].map(({ init }) => ({ init: random(3) ? init : spoilt(init) })));
    const given = [...h264.fragments.slice(0, 60), ...aac.fragments.slice(0, 60)].sort((a, b) => a.decode - b.decode);
    for (const fragment of given) player.give(random(12) ? fragment : spoilt(fragment));
    const picture = { ...given[0], kind: 'picture', bytes: given[random(60)].bytes };
    player.give(random(2) ? picture : { ...picture, bytes: new Uint8Array([0xff, 0xd8, 0xff, random(256), 0, random(256), 8, 1, 1]) });
    made.destroy();
  }
  assert.ok(files > 300, `${files} files`);
});

/** The first fragment of the source with `size` bytes of media in it, `index` frames later. */
function swollen({ fragments: [fragment] }, index, size, sync) {
  const start = fragment.bytes.length;
  const bytes = new Uint8Array(start + size);
  bytes.set(fragment.bytes);
  const view = new DataView(bytes.buffer);
  const at = (type) => Buffer.from(bytes.buffer, 0, start).indexOf(type, 0, 'latin1');
  const flags = view.getUint32(at('trun') + 4);
  const held = at('tfhd');
  assert.equal(flags & 0x200, 0, 'the size is in the tfhd');
  assert.equal(view.getUint32(held + 4) & 0x3f, 0x38);
  view.setUint32(held + 16, size);
  view.setUint32(held + 20, sync ? 0x200_0000 : 0x101_0000);
  if (flags & 4) view.setUint32(at('trun') + 16, sync ? 0x200_0000 : 0x101_0000);
  view.setBigUint64(at('tfdt') + 8, BigInt(512 * index));
  return { ...fragment, bytes, sync };
}

test('memory is bounded however rare key frames are', () => {
  const player = new FakePlayer();
  const made = recorder(player, 'continuous', 60_000);
  const sizes = [];
  const plain = new Recorder(player, 'event', (bytes) => sizes.push(bytes.length >> 20));
  player.begin(h264);
  for (let i = 0; i < 40; i += 1) player.give(swollen(h264, i, 1 << 20, i === 0));
  made.record(true); // what was at hand has become too much
  player.give(swollen(h264, 40, 1 << 20, false));
  made.record(false);
  assert.deepEqual(made.files, []);
  plain.record(true);
  for (let i = 41; i < 441; i += 1) player.give(swollen(h264, i, 1 << 20, i % 200 === 41));
  plain.record(false);
  assert.equal(sizes.length, 2);
  near(sizes[0], 256, 2, 'MiB of the first file');
});

/** An Exp-Golomb code (ITU-T H.264 9.1), of what is small. */
const CODE = '(?:1|01.|001..|0001.{3}|00001.{4}|0{5}1.{5}|0{6}1.{6}|0{7}1.{7})';
/** Before the order in a set of H.265 (ITU-T H.265 7.3.2.2.1), and it. */
const ORDER = new RegExp(`^(.{120}${CODE}{4}(?:0|1${CODE}{4})${CODE}{3}.${CODE})${CODE}{2}`);

/** The same stream, whose sets say that pictures are held back, and (as x264 and x265 write it) that none is. */
const HELD = {
  h264: [h264, changed(h264, 'avcC', (bits) => bits.replace(/1111(0001010){2}1010$/, '0'))],
  h265: [h265, changed(h265, 'hvcC', (bits) => bits.replace(ORDER, '$1' + '010' + '1'))],
};

for (const [codec, [plain, held]] of Object.entries(HELD)) {
  for (const [first, second] of [[held, plain.init], [plain.init, held]]) {
    const way = first === held ? 'in order' : 'out of order';
    test(`a file of ${codec} goes on when pictures prove to come ${way}, and holds back what it has to`, () => {
      assert.notDeepEqual(held.bytes, plain.init.bytes);
      const player = new FakePlayer();
      const made = recorder(player, 'continuous', 60_000);
      made.record(true);
      player.begin({ init: first });
      player.play([plain], { to: 2 });
      player.give(second);
      player.play([plain], { from: 2 });
      made.destroy();
      assert.equal(made.files.length, 1);
      const [file] = made.files;
      const hashes = (path) => decoded(path).map(({ hash }) => hash);
      assert.deepEqual(hashes(file), hashes(plain.file));
      const box = codec === 'h264' ? 'avcC' : 'hvcC';
      const record = ({ buffer, byteOffset, length }) => {
        const bytes = Buffer.from(buffer, byteOffset, length);
        const at = bytes.indexOf(box);
        return bytes.subarray(at, at + bytes.readUInt32BE(at - 4) - 4).toString('hex');
      };
      assert.equal(record(readFileSync(file)), record(held.bytes));
    });
  }
}

test('another file begins where sets change in anything else', () => {
  const changes = {
    avcC: [h264, (bits) => bits.replace(/^(.{31})(.)/, (_, before, bit) => before + (1 - bit))],
    hvcC: [h265, (bits) => bits.slice(0, -1) + (1 - bits.at(-1))],
  };
  for (const [box, [plain, change]] of Object.entries(changes)) {
    const player = new FakePlayer();
    const made = recorder(player, 'continuous', 60_000);
    made.record(true);
    player.begin(plain);
    player.play([plain], { to: 2 });
    player.give(changed(plain, box, change));
    player.play([plain], { from: 2 });
    made.destroy();
    assert.equal(made.files.length, 2, box);
  }
});
