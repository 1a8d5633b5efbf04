// One track's SourceBuffer, a fake one: what happens when it is full, and when the codec changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { TrackBuffer } = await player('track');

const AVC = 'video/mp4; codecs="avc1.42c01e"';
const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0"';

/** Takes one-byte fragments, a second of media each; `full` appends are refused. */
class FakeBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  full = 0;
  calls = [];
  ranges = [];

  get buffered() {
    const { ranges } = this;
    return { length: ranges.length, start: (i) => ranges[i][0], end: (i) => ranges[i][1] };
  }

  changeType(mime) {
    this.calls.push(`type ${mime}`);
  }

  appendBuffer(bytes) {
    if (this.full > 0) {
      this.full -= 1;
      throw new DOMException('full', 'QuotaExceededError');
    }
    this.calls.push(bytes.length === 2 ? 'init' : `append ${bytes.length}`);
    if (bytes.length !== 2) {
      const [[start, end] = [0, 0]] = this.ranges;
      this.ranges = [[start, end + bytes.length]];
    }
    this.#update();
  }

  remove(start, end) {
    this.calls.push(`remove ${start} ${end.toFixed(1)}`);
    const last = this.ranges[0]?.[1] ?? 0;
    this.ranges = end < last ? [[Math.max(end, this.ranges[0][0]), last]] : [];
    this.#update();
  }

  #update() {
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }
}

function track() {
  const buffer = new FakeBuffer();
  const source = { readyState: 'open', sourceBuffers: [buffer], addSourceBuffer: () => buffer };
  const seen = { appended: 0, broken: [] };
  const listener = { appended: () => (seen.appended += 1), broken: (detail) => seen.broken.push(detail) };
  return { buffer, seen, track: new TrackBuffer(source, AVC, listener) };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const init = new Uint8Array(2);
const fragment = (time, sync) => ({ track: 1, bytes: new Uint8Array(1), time, duration: 1, sync });

/** Seconds `from` to `to`, a sync sample every fourth. */
async function feed(target, from, to) {
  for (let time = from; time < to; time += 1) {
    target.append(fragment(time, time % 4 === 0));
    await settled();
  }
}

for (const times of [1, 3]) {
  test(`a buffer that says ${times} times that it is full is emptied and goes on`, async () => {
    const { buffer, seen, track: target } = track();
    target.configure(AVC, init, 0);
    await settled();
    await feed(target, 0, 10);
    buffer.full = times;
    await feed(target, 10, 30);
    assert.deepEqual(seen.broken, []);
    assert.ok(buffer.calls.some((call) => call.startsWith('remove')), buffer.calls.join());
    assert.ok(buffer.calls.at(-1).startsWith('append'), buffer.calls.join());
    assert.ok(buffer.ranges[0][1] - buffer.ranges[0][0] >= 4, JSON.stringify(buffer.ranges));
  });
}

test('a codec that changes changes the type of the buffer ahead of its init segment', async () => {
  const { buffer, seen, track: target } = track();
  target.configure(AVC, init, 0);
  await settled();
  await feed(target, 0, 4);
  target.configure(HEVC, init, 0);
  target.append(fragment(4, false)); // of no use before a sync sample
  target.append(fragment(5, true));
  await settled();
  const from = buffer.calls.indexOf(`type ${HEVC}`);
  assert.deepEqual(buffer.calls.slice(from), [`type ${HEVC}`, 'init', 'append 1']);
  assert.deepEqual(seen.broken, []);
});

test('the same codec anew is a new init segment, no new type', async () => {
  const { buffer, track: target } = track();
  target.configure(AVC, init, 0);
  target.configure(AVC, init, 0);
  await settled();
  assert.deepEqual(buffer.calls, ['init', 'init']);
});

test('what is trimmed ends at a sync sample, and all day long no more is kept', async () => {
  const { buffer, track: target } = track();
  target.configure(AVC, init, 0);
  await settled();
  let most = 0;
  for (let time = 0; time < 2000; time += 1) {
    target.append(fragment(time, time % 4 === 0));
    target.trim(time - 10);
    await settled();
    most = Math.max(most, buffer.ranges[0][1] - buffer.ranges[0][0]);
  }
  assert.ok(most <= 10 + 4 + 3, `${most} s are kept`);
  for (const call of buffer.calls.filter((name) => name.startsWith('remove'))) {
    const end = Number(call.split(' ')[2]);
    assert.ok(Math.abs(end - 4 * Math.round(end / 4)) < 0.01, call);
  }
});

test('what waits while nothing may be appended counts for where the buffer ends', async () => {
  const { buffer, track: target } = track();
  target.configure(AVC, init, 100);
  await settled();
  target.hold(true);
  target.append(fragment(0, true));
  target.append(fragment(1, false));
  target.append(fragment(2, false));
  assert.equal(target.end, 103);
  target.hold(false);
  await settled();
  assert.deepEqual(buffer.calls, ['init', 'append 3']);
});
