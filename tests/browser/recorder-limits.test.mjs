// What the recorder makes of damaged bytes, of rare key frames, and of parameter sets that change.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decoded } from './mp4.mjs';
import { aac, FakePlayer, h264, h265, near, Recorder, recorder } from './recording.mjs';

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
