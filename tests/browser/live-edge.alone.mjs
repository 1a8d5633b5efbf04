// The control law of the live edge, against a simulated element, clock and camera.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { Live } = await player('live');

const FRAME = 40;
/** Steps of the simulation, in ms. */
const STEP = 10;
const TICK = 250;
/** As in live.ts, in seconds. */
const MARGIN = 0.055;

/** A media element with one buffered range, whose play head moves while there is something to play. */
class Element extends EventTarget {
  end = 0;
  readyState = 4;
  paused = false;
  seeking = false;
  #rate = 1;
  #time = 0;
  /** What was done to it, and what befell it. */
  changes = 0;
  jumps = 0;
  stalls = 0;
  #dry = false;
  buffered = { length: 0, start: () => 0, end: () => this.end };

  get playbackRate() {
    return this.#rate;
  }

  set playbackRate(rate) {
    this.changes += 1;
    this.#rate = rate;
  }

  get currentTime() {
    return this.#time;
  }

  set currentTime(time) {
    this.jumps += 1;
    this.seeking = false; // the one before is forgotten
    this.#time = time;
  }

  append(end) {
    this.end = end;
    this.buffered.length = 1;
    this.#dry = false;
  }

  pass(ms) {
    if (this.paused || this.seeking || !this.buffered.length) return;
    this.#time = Math.min(this.end, this.#time + (ms / 1000) * this.#rate);
    if (this.#time < this.end || this.#dry) return;
    this.#dry = true;
    this.stalls += 1;
    this.dispatchEvent(new Event('waiting'));
  }
}

/** Plays for `minutes`; `jitter(frame)` is a picture's delay in ms, `skew` how much faster the camera's clock is. */
function play({ minutes, jitter = () => 0, skew = 0, sound = false, settle = 1, each = () => {} }) {
  globalThis.document = new EventTarget();
  const video = new Element();
  const live = new Live(video);
  live.sound = sound;
  const due = [];
  let [frame, last] = [0, 0];
  const minute = { changes: 0, stalls: 0, jumps: 0 };
  const seen = { most: 0, rates: new Set(), changes: 0, stalls: 0, jumps: 0, target: 0 };
  const end = minutes * 60_000;
  for (let now = 0; now < end; now += STEP) {
    for (; frame * FRAME <= now * (1 + skew); frame += 1) {
      last = Math.max(last, now + jitter(frame, now));
      due.push([last, ((frame + 1) * FRAME) / 1000]);
    }
    video.pass(STEP);
    while (due.length && due[0][0] <= now) {
      video.append(due.shift()[1]);
      live.appended(now);
    }
    if (now % TICK === 0) live.tick(now);
    each(now, video, live);
    if (now < settle * 60_000) continue;
    if (now % 60_000 === 0) {
      for (const name of ['changes', 'stalls', 'jumps']) {
        if (now > settle * 60_000) seen[name] = Math.max(seen[name], video[name] - minute[name]);
        minute[name] = video[name];
      }
    }
    seen.most = Math.max(seen.most, (now / 1000) * (1 + skew) - video.currentTime);
    seen.rates.add(video.playbackRate);
    seen.target = live.target;
  }
  live.destroy();
  return seen;
}

/** A minute of P B B: how long before it was to be shown the latest picture came, in seconds. */
function withB() {
  globalThis.document = new EventTarget();
  const video = new Element();
  const live = new Live(video);
  const seen = { stalls: 0, spare: Infinity, most: 0 };
  for (let now = 0; now < 60_000; now += STEP) {
    video.pass(STEP);
    if (now % FRAME === 0) {
      const frame = now / FRAME;
      const shown = ((frame + (frame % 3 === 0 ? 2 : -1)) * FRAME) / 1000;
      if (now > 20_000) seen.spare = Math.min(seen.spare, shown - video.currentTime);
      video.append(Math.max(video.end, shown + FRAME / 1000));
      live.appended(now, shown);
    }
    if (now % TICK === 0) live.tick(now);
    if (now > 20_000) seen.most = Math.max(seen.most, now / 1000 - video.currentTime);
  }
  live.destroy();
  return { ...seen, stalls: video.stalls };
}

/** The same numbers in every run. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Asserts on each minute after the first: no stall, no jump, few changes of the rate, latency in bounds. */
function assertSteady(seen, { most, changes = 6 }) {
  const told = JSON.stringify({ ...seen, rates: [...seen.rates] });
  assert.equal(seen.stalls, 0, told);
  assert.equal(seen.jumps, 0, told);
  assert.ok(seen.changes <= changes, `the rate flaps: ${told}`);
  assert.ok(seen.most <= most, `it lags behind: ${told}`);
  for (const rate of seen.rates) assert.ok(rate >= 0.98 && rate <= 1.1, told);
}

test('on a punctual network the play head stays a frame and a bit behind', () => {
  assertSteady(play({ minutes: 5 }), { most: 0.13 });
});

for (const most of [10, 30, 60]) {
  test(`with up to ${most} ms of jitter it plays without a stall, as near as that allows`, () => {
    const next = random(most);
    assertSteady(play({ minutes: 10, jitter: () => next() * most, settle: 2 }), { most: 0.14 + (2 * most) / 1000 });
  });
}

test('pictures that are sent behind one shown after them come in time, too', () => {
  const seen = withB();
  assert.equal(seen.stalls, 0);
  assert.ok(seen.spare >= MARGIN - 0.02, `a picture came ${seen.spare} s before it was to be shown`);
  assert.ok(seen.most <= 0.3, `it lags behind: ${seen.most}`);
});

test('sound is given the distance that browsers want for it', () => {
  const seen = play({ minutes: 5, sound: true });
  assertSteady(seen, { most: 0.4 });
  assert.ok(seen.target >= 0.2, String(seen.target));
});

for (const skew of [200e-6, -200e-6]) {
  test(`a camera whose clock is ${skew * 1e6} ppm off is followed for 48 hours`, () => {
    const next = random(7);
    assertSteady(play({ minutes: 48 * 60, skew, jitter: () => next() * 5, settle: 2 }), { most: 0.15 });
  });
}

test('a burst after a break of ten seconds is caught up with at once', () => {
  const late = (_, now) => (now % 120_000 > 90_000 && now % 120_000 < 100_000 ? 100_000 - (now % 120_000) : 0);
  const behind = [];
  play({
    minutes: 8,
    jitter: late,
    each: (now, video) => {
      const phase = now % 120_000;
      if (phase === 101_000 || phase === 30_000) behind.push(now / 1000 - video.currentTime);
    },
  });
  assert.ok(behind.length >= 7);
  for (const seconds of behind) assert.ok(seconds < 0.8, `live within a second: ${behind}`);
});

test('a play head that was paused for minutes is live again within a second', () => {
  let found;
  play({
    minutes: 4,
    each: (now, video) => {
      video.paused = now > 60_000 && now < 180_000;
      if (now === 181_000) found = now / 1000 - video.currentTime;
    },
  });
  assert.ok(found < 1, `${found} s behind`);
});

/** Holds the play head of `video` until somebody seeks; that seek takes so many ms. */
function hold(video, way, takes = 0) {
  const { pass } = Element.prototype;
  const { get, set } = Object.getOwnPropertyDescriptor(Element.prototype, 'currentTime');
  let left = Infinity;
  if (way === 'a seek that never ends') video.seeking = true;
  Object.defineProperty(video, 'currentTime', {
    configurable: true,
    get,
    set(time) {
      set.call(this, time);
      this.seeking = takes > 0;
      left = takes;
    },
  });
  video.pass = function (ms) {
    left -= ms;
    if (left >= 0) return;
    video.seeking = false;
    delete video.pass;
    delete video.currentTime;
    pass.call(this, ms);
  };
}

for (const way of ['a seek that never ends', 'nothing that it tells']) {
  for (const sound of [false, true]) {
    test(`a play head that is held by ${way} is freed within 1.5 s${sound ? ', with sound, too' : ''}`, () => {
      let [at, freed] = [];
      play({
        minutes: 2,
        sound,
        each: (now, video) => {
          if (now === 60_000) [at] = [video.currentTime, hold(video, way)];
          if (now > 60_000 && video.currentTime !== at) freed ??= [now, now / 1000 - video.currentTime];
        },
      });
      const [when, behind] = freed;
      assert.ok(when <= 61_500, `after ${when - 60_000} ms`);
      assert.ok(behind < 0.5, `${behind} s behind`);
    });
  }
}

test('a play head whose seeks take seconds is not sought again before they end', () => {
  let [before, jumps, behind] = [];
  play({
    minutes: 2,
    each: (now, video) => {
      if (now === 60_000) [before] = [video.jumps, hold(video, 'nothing that it tells', 5_000)];
      if (now === 90_000) [jumps, behind] = [video.jumps - before, now / 1000 - video.currentTime];
    },
  });
  assert.ok(jumps <= 10, `${jumps} seeks`);
  assert.ok(behind < 0.5, `${behind} s behind`);
});

test('a play head that somebody stopped by its rate stays where it is', () => {
  let [at, jumps] = [];
  play({
    minutes: 2,
    each: (now, video) => {
      if (now === 60_000) [video.playbackRate, at, jumps] = [0, video.currentTime, video.jumps];
      if (now === 63_000) assert.deepEqual([video.currentTime, video.jumps], [at, jumps]);
    },
  });
});

/** An element with a range of before, at whose end it plays, and one that begins with history behind a gap. */
class Resumed extends Element {
  ranges = [[0, 5]];
  buffered = { start: (i) => this.ranges[i][0], end: (i) => this.ranges[i][1] };
  sought = [];

  constructor() {
    super();
    Object.defineProperty(this.buffered, 'length', { get: () => this.ranges.length });
  }

  get currentTime() {
    return this.at ?? 4.9;
  }

  set currentTime(time) {
    assert.ok(this.ranges.some(([start, end]) => time > start && time <= end), `${time} is in none of ${JSON.stringify(this.ranges)}`);
    this.sought.push(time);
    this.at = time;
  }
}

/** A session begins with history from 7 s to `history`, which comes by `pieces` until `until`; then what is live. */
function resume({ history, until = Infinity, piece, wait = 10 }) {
  globalThis.document = new EventTarget();
  const video = new Resumed();
  const live = new Live(video);
  live.sound = true;
  live.tick(0);
  live.reset();
  let now = 20;
  const fresh = () => video.ranges.at(-1);
  const append = (end) => {
    if (video.ranges.length < 2) video.ranges.push([7, 7]);
    fresh()[1] = end;
    live.appended(now, end - piece, history);
    live.appended(now, end - piece, history); // the other track's
  };
  for (let end = 7 + piece; end <= Math.min(history, until) + 1e-9; end += piece) {
    append(end);
    now += wait;
    if (now % TICK === 0) live.tick(now);
  }
  const sought = video.sought.slice();
  for (const last = now + 2_000; now < last; now += TICK) live.tick(now);
  live.destroy();
  return { before: sought, all: video.sought, end: fresh()[1] };
}

test('history that is shorter than the latency aimed at is played from its beginning', () => {
  const { all } = resume({ history: 7.1, piece: 0.05 });
  assert.ok(all[0] > 7 && all[0] < 7.05, String(all));
});

test('history that comes in pieces is skipped in one go, when all of it is there', () => {
  const { before } = resume({ history: 11, piece: 0.1 });
  assert.equal(before.length, 1, String(before));
  assert.ok(before[0] > 10.3 && before[0] < 11, String(before));
});

test('history that takes most of a second to come is not shown meanwhile', () => {
  const { before } = resume({ history: 11, piece: 0.1, wait: 20 });
  assert.equal(before.length, 1, String(before));
  assert.ok(before[0] > 10.3, String(before));
});

test('history that takes seconds to come is shown until what is live is there', () => {
  const { before } = resume({ history: 11, piece: 0.1, wait: 125 });
  assert.ok(before.length > 1 && before.at(-1) > 10.3, String(before));
});

test('history of which the rest never comes is shown rather than nothing', () => {
  const { before, all, end } = resume({ history: 11, until: 9, piece: 0.1 });
  assert.deepEqual(before, []);
  assert.ok(all.length > 0 && all[0] > end - 1, String(all));
});
