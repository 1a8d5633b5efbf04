// Addresses as people type them: what is shown of them holds no secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { completed, host, userIn, withoutCredentials } = await player('address');

test('a title is the host, and never more than that', () => {
  for (const [url, expected] of [
    ['rtsp://192.168.1.10:554/h264', '192.168.1.10'],
    ['RTSPS://cam.lan?x', 'cam.lan'],
    ['rtsp://[fe80::1]:554/a', '[fe80::1]'],
    ['rtsp://jo:secret@cam.lan/a', 'cam.lan'],
    ['rtsp://jo:se/cr?et@cam.lan:554/a', 'cam.lan'],
    ['rtsp:///a', 'camera'],
    ['rtsp://[broken/a', 'camera'],
    ['http://jo:secret@cam.lan/', 'camera'],
    ['rtsp:/jo:secret@cam.lan', 'camera'],
    ['jo:secret@cam.lan', 'camera'],
    ['', 'camera'],
  ]) assert.equal(host(url), expected, url);
});

test('no secret is left of an address, however it was written', () => {
  for (const url of ['rtsp://jo:secret@cam.lan/a', 'rtsp://jo:se@secret@cam.lan/a', 'rtsp://jo:a/secret@cam.lan/a', 'rtsps://jo:secret?@[::1]:554/a']) {
    assert.doesNotMatch(withoutCredentials(url), /secret|jo/, url);
    assert.doesNotMatch(host(url), /secret/, url);
  }
  assert.equal(withoutCredentials('rtsp://cam.lan/a@b'), 'rtsp://cam.lan/a@b');
});

test('who signs in is read from the address', () => {
  assert.deepEqual(
    ['rtsp://jo:x@cam/', 'rtsp://a%20b@cam/', 'rtsp://50%@cam/', 'rtsp://cam/', 'rtsp://:x@cam/'].map(userIn),
    ['jo', 'a b', '50%', undefined, ''],
  );
});

test('what was typed becomes an address, or is none', () => {
  assert.deepEqual(
    [' rtsp://cam/a ', '192.168.1.10/stream', 'cam:8554', 'http://cam/', '', '  ', '///'].map(completed),
    ['rtsp://cam/a', 'rtsp://192.168.1.10/stream', 'rtsp://cam:8554', undefined, undefined, undefined, undefined],
  );
});
