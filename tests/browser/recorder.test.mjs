// The files of the recorder: their lengths, their samples, and every codec.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decoded, probe, run } from './mp4.mjs';
import { aac, assertFile, assertSamples, encode, FakePlayer, FOLDER, FRAME, H264, h264, h265, near, recorded, recorder, SOUND, VIDEO } from './recording.mjs';

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
