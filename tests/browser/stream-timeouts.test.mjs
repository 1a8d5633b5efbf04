// How long the player waits for what, by a clock of the test's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { Patience } = await player('patience');

/** The first moment, in seconds from `from` on, at which it says something (or gives up: `over`). */
function first(patience, from, state, over) {
  for (let second = from; second < from + 400; second++) {
    const trouble = patience.check(second * 1000, state, 0);
    if (trouble && (trouble.over || !over)) return second - from;
  }
  return undefined;
}

function begun() {
  const patience = new Patience();
  patience.begin(1_000_000);
  return patience;
}

test('a camera may take its time to describe itself: the wasm and the gateway have deadlines for that', () => {
  for (const state of ['connecting', 'describing', 'paused']) assert.equal(first(begun(), 1000, state, false), undefined);
});

test('who sends nothing at first is given up soon', () => {
  const patience = begun();
  assert.equal(first(patience, 1000, 'buffering', false), 5);
  assert.equal(first(patience, 1000, 'buffering', true), 16);
});

test('a picture every twenty seconds is waited for, and told to be late only until its pace is known', () => {
  const patience = begun();
  patience.feed(1_000_000, true);
  assert.ok(first(patience, 1000, 'playing', true) > 20, 'the second picture is waited for');
  for (let picture = 1; picture < 5; picture++) {
    const now = 1000 + picture * 20;
    patience.feed(now * 1000, true);
    assert.equal(first(patience, now, 'playing', false), 100, 'five pictures');
  }
});

test('a camera of the usual pace is given up soon, also after one long pause', () => {
  const patience = begun();
  let now = 1_000_000;
  for (let picture = 0; picture < 200; picture++) patience.feed(now += picture === 50 ? 30_000 : 40, true);
  assert.ok(first(patience, Math.ceil(now / 1000), 'playing', true) <= 17);
  assert.equal(patience.check(now + 1000, 'playing', 0), undefined);
});

test('time that somebody paused for is no pace', () => {
  const patience = begun();
  patience.feed(1_000_000, true);
  patience.feed(1_000_040, true);
  patience.feed(1_300_000, false);
  patience.feed(1_300_100, true);
  patience.feed(1_300_140, true);
  assert.ok(first(patience, 1301, 'playing', true) <= 16);
});

test('no camera is waited for longer than two minutes', () => {
  const patience = begun();
  patience.feed(1_000_000, true);
  patience.feed(1_055_000, true);
  assert.ok(first(patience, 1055, 'playing', true) <= 121);
});
