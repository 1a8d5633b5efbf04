// What pages remember, in stores of the test's own: no secret, and nothing that is of no use without one.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { player } from './player.mjs';

/** As the browser's. */
class Store {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
}

const { credentials, keep, linkTo, recent, remember, safe, whole } = await player('pages/memory');

beforeEach(() => {
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(globalThis, name, { configurable: true, value: new Store() });
  }
});

const kept = () => JSON.stringify([...localStorage.items]);

test('addresses are remembered without credentials, newest first, each once', () => {
  for (const url of ['rtsp://cam/1', 'rtsp://jo:se cret@cam/2', 'rtsp://jo:se"c#r/e%t@cam/1']) remember(url);
  assert.deepEqual(recent(), ['rtsp://cam/1', 'rtsp://cam/2']);
  assert.doesNotMatch(kept(), /jo|cret/);
});

test('an address that can be read in two ways is not remembered', () => {
  remember('rtsp://jo:secret@cam/a@b');
  assert.deepEqual(recent(), []);
});

test('secrets that earlier versions have stored are dropped when the list is read', () => {
  localStorage.setItem('camgate.recent', JSON.stringify(['rtsp://cam/1', 'rtsp://jo:se cret@cam/2', 3]));
  assert.deepEqual(recent(), ['rtsp://cam/1']);
  assert.doesNotMatch(kept(), /jo|cret/);
});

test('credentials inside an address are known to the other pages of the tab, until newer ones come', () => {
  const url = 'rtsp://jo:se cret@cam/1';
  assert.equal(linkTo('watch', url), `watch?src=${encodeURIComponent('rtsp://cam/1')}`);
  assert.equal(whole('rtsp://cam/1'), url);
  keep('rtsp://cam/1', { user: 'jo', password: 'other' });
  assert.deepEqual(credentials(url), { user: 'jo', password: 'other' });
  assert.equal(safe('rtsp://jo:third@cam/1'), 'rtsp://cam/1');
  assert.equal(credentials('rtsp://cam/1'), undefined);
  assert.equal(whole('rtsp://cam/1'), 'rtsp://jo:third@cam/1');
});

test('where nothing can be stored, pages work without', () => {
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(globalThis, name, { configurable: true, get: () => { throw new Error('forbidden'); } });
  }
  remember('rtsp://cam/1');
  assert.deepEqual([recent(), safe('rtsp://jo:x@cam/'), whole('rtsp://cam/')], [[], 'rtsp://cam/', 'rtsp://cam/']);
});
