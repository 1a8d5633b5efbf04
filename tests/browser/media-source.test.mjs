// Tracks under one element, a fake one: codecs that the browser refuses, tracks that come and go, and
// what is left behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const AVC = 'video/mp4; codecs="avc1.42c01e"';
const HEVC = 'video/mp4; codecs="hvc1.1.6.L93.B0"';
const AAC = 'audio/mp4; codecs="mp4a.40.2"';

class FakeBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  appended = [];
  buffered = { length: 0 };

  changeType() {}

  appendBuffer(bytes) {
    this.appended.push(bytes.length);
    this.updating = true;
    queueMicrotask(() => {
      this.updating = false;
      this.dispatchEvent(new Event('updateend'));
    });
  }
}

const sources = [];
const urls = new Map();

class FakeSource extends EventTarget {
  static isTypeSupported = (mime) => mime !== HEVC;
  readyState = 'closed';
  sourceBuffers = [];

  constructor() {
    super();
    sources.push(this);
  }

  addSourceBuffer(mime) {
    const buffer = Object.assign(new FakeBuffer(), { mime });
    this.sourceBuffers.push(buffer);
    return buffer;
  }
}

class FakeVideo extends EventTarget {
  currentTime = 0;
  paused = true;
  buffered = { length: 0 };
  #src = '';

  get src() {
    return this.#src;
  }

  set src(url) {
    this.#src = url;
    const source = urls.get(url);
    queueMicrotask(() => {
      if (this.#src !== url) return;
      source.readyState = 'open';
      source.dispatchEvent(new Event('sourceopen'));
    });
  }

  removeAttribute() {
    this.#src = '';
  }

  load() {}
}

globalThis.MediaSource = FakeSource;
URL.createObjectURL = (source) => {
  const url = `blob:${sources.indexOf(source)}`;
  urls.set(url, source);
  return url;
};
URL.revokeObjectURL = (url) => urls.delete(url);

const { player } = await import('./player.mjs');
const { Mse } = await player('mse');

const settled = () => new Promise((resolve) => setTimeout(resolve));
const mimes = () => sources.at(-1).sourceBuffers.map(({ mime }) => mime).sort();

/** A session with these tracks, up to its first fragments. */
async function session(...tracks) {
  sources.length = 0;
  urls.clear();
  const mse = new Mse(new FakeVideo(), 10, { appended() {}, broken: assert.fail });
  mse.begin();
  await settled();
  tracks.forEach((mime, index) => {
    assert.ok(mse.track(index + 1, mime));
    mse.init(index + 1, new Uint8Array(2));
  });
  tracks.forEach((_, index) => feed(mse, index + 1, 0));
  await settled();
  return mse;
}

const feed = (mse, track, time) => {
  mse.fragment({ track, bytes: new Uint8Array(3), time, duration: 1, sync: true }, time * 1000);
};

test('a codec that the browser refuses in the middle leaves the other track playing', async () => {
  const mse = await session(AVC, AAC);
  assert.deepEqual(mimes(), [AAC, AVC]);
  const [old] = sources;
  assert.equal(mse.track(1, HEVC), false);
  mse.init(1, new Uint8Array(333));
  feed(mse, 1, 1);
  await settled();
  feed(mse, 2, 1);
  await settled();
  assert.ok(old.sourceBuffers.every(({ appended }) => !appended.includes(333)), 'nothing foreign in the old buffers');
  assert.deepEqual(mimes(), [AAC]);
  assert.deepEqual(mse.codecs, ['mp4a.40.2']);
  assert.ok(sources.at(-1).sourceBuffers[0].appended.length > 1, 'the sound goes on');
});

test('a track that comes in the middle is played on another source', async () => {
  const mse = await session(AVC);
  assert.deepEqual(mimes(), [AVC]);
  assert.ok(mse.track(2, AAC));
  mse.init(2, new Uint8Array(2));
  feed(mse, 2, 1);
  await settled();
  feed(mse, 1, 1);
  await settled();
  assert.deepEqual(mimes(), [AAC, AVC]);
});

test('what is held for a track that does not come is bounded in bytes', async () => {
  sources.length = 0;
  const mse = new Mse(new FakeVideo(), NaN, { appended() {}, broken: assert.fail });
  mse.begin();
  await settled();
  for (const [track, mime] of [[1, AVC], [2, AAC]]) {
    mse.track(track, mime);
    mse.init(track, new Uint8Array(2));
  }
  const bytes = new Uint8Array(1 << 20);
  for (let time = 0; time < 40; time += 1) mse.fragment({ track: 1, bytes, time, duration: 0.01, sync: true }, 0);
  feed(mse, 2, 0);
  await settled();
  const [video] = sources.at(-1).sourceBuffers;
  const taken = video.appended.reduce((sum, size) => sum + size, 0);
  assert.ok(taken > 10 << 20 && taken <= 17 << 20, `${taken} bytes`);
});

test('what is thrown away before it opened leaves no address behind', async () => {
  for (let turn = 0; turn < 20; turn++) {
    const mse = new Mse(new FakeVideo(), 10, { appended() {}, broken: assert.fail });
    mse.begin();
    mse.destroy();
  }
  await settled();
  assert.equal(urls.size, 0);
});
