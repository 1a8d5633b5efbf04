// Where the files of the recorder begin and end: events, pauses, other sessions, owners that fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probe } from './mp4.mjs';
import { aac, assertFile, assertSamples, encode, FakePlayer, h264, PLAIN, Recorder, recorder } from './recording.mjs';

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
