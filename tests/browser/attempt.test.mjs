// What becomes of what a session brings: the attempt, with a screen and a player that only note what they are told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { Attempt } = await player('attempt');

/** An attempt in front of a screen that can play `playable` only, and all that screen and player were told, in order. */
function attempt(playable, leads = () => true) {
  const told = [];
  const note = (name, answer) => (...values) => {
    told.push([name, ...values]);
    return answer;
  };
  const tracks = new Set();
  const screen = {
    begin: note('begin'),
    show: (output) => void told.push(['show', output.kind]),
    leads,
    track(id, mime) {
      tracks.delete(id);
      if (playable.test(mime)) tracks.add(id);
      return playable.test(mime);
    },
    get playable() {
      return tracks.size > 0;
    },
  };
  const listener = {
    output: ({ kind }) => void told.push(['output', kind]),
    fed: note('fed'),
    advanced: note('advanced'),
    failed: ({ title }) => void told.push(['failed', title]),
    sized: note('sized'),
    emit: (type) => void told.push(['emit', type]),
  };
  return { made: new Attempt(screen, listener, {}), told };
}

const track = (mime) => ({ kind: 'track', track: 1, text: mime });
const fragment = { kind: 'fragment', track: 1, bytes: new Uint8Array(1), time: 0, duration: 1, sync: true };

test('what was said of a codec is taken back when another takes its place', () => {
  const { made } = attempt(/avc1/);
  made.media(track('video/mp4; codecs="none.1"'));
  made.media(track('video/mp4; codecs="none.2"'));
  assert.deepEqual(made.unsupported.map(({ codec }) => codec), ['none.2']);
  made.media(track('video/mp4; codecs="avc1.42c01f"'));
  assert.deepEqual(made.unsupported, []);
});

test('what nothing here can play ends the attempt, by the name of its codec', () => {
  const { made, told } = attempt(/avc1/);
  made.media(track('video/mp4; codecs="hvc1.1.6.L93.B0"'));
  made.media(fragment);
  assert.deepEqual(told.at(-1), ['failed', 'H.265 cannot be played here']);
  assert.ok(!told.some(([name]) => name === 'show'));
});

test('a picture is told before it is shown; sound beside one is shown only', () => {
  for (const [leads, expected] of [[true, ['output', 'fed', 'show']], [false, ['output', 'show']]]) {
    const { made, told } = attempt(/./, () => leads);
    made.media(track('video/mp4; codecs="avc1.42c01f"'));
    told.length = 0;
    made.media(fragment);
    assert.deepEqual(told.map(([name]) => name), expected);
  }
});

test('an attempt that was left while the wasm was fetched begins nothing', async () => {
  const { made, told } = attempt(/./);
  made.leave();
  await made.start({ url: 'rtsp://10.0.0.1/', user: '', password: '', there: [], socket: 'ws://10.0.0.1/' });
  assert.deepEqual([told, made.session], [[], undefined]);
});
