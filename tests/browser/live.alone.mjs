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

test('a play head that is stuck in a seek is taken to the live edge', () => {
  let found;
  play({
    minutes: 2,
    each: (now, video) => {
      if (now === 60_000) video.seeking = true;
      if (now === 64_000) found = now / 1000 - video.currentTime;
    },
  });
  assert.ok(found < 1, `${found} s behind`);
});
