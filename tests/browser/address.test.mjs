// Addresses as people type them: what is shown of them holds no secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { player } from './player.mjs';

const { completed, host, named, parts, userIn, withoutCredentials } = await player('address');

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

/** What people have in their passwords, and what else may stand there. */
const PASSWORDS = ['secret', 'se cret', ' secret', 'secret ', 'se@cret', 'se#cret', 'se/cret', 'se?cret', 'se%cret', '50%', 'se%20cret', 'se"cret"', "se'cret'",
  'se<cret>', 'se\\cret', 'se:cret', '12/34', '554/34', 'secret@', '@secret', '/secret', 'se@cret/x', 'se cret@x/y', 'se@10/x', 'se@x cret', 'sé crét', 'se\tcret', 'a@b@c/d@e', 'x&src=y', '[se]'];

test('whatever a password is made of, all of it goes and the rest stays', () => {
  for (const password of PASSWORDS) {
    for (const place of ['192.168.1.10/h264', '192.168.1.10:8554/a?b=c d', '[fe80::1]:554/a', 'cam.lan/h264', 'cam', 'cam:8554/', 'kämera.lan/a']) {
      for (const user of ['jo', 'jo.smith', 'jo smith', 'dom\\jo', 'dom/jo', '1234']) {
        const url = `rtsp://${user}:${password}@${place}`;
        assert.equal(withoutCredentials(url), `rtsp://${place}`, url);
        assert.equal(parts(url).credentials, `${user}:${password}@`, url);
      }
    }
  }
});

test('an address without a secret stays as it is', () => {
  for (const url of ['rtsp://cam/a@b', 'rtsp://10.0.0.1:554/a@b', 'rtsp://10.0.0.1/user:x@cam/', 'rtsp://[::1]:554/a:b@c/', 'rtsps://cam.lan:322/a?b=c:d', 'rtsp://cam.lan/a?mail=jo@cam.lan', '']) {
    assert.equal(withoutCredentials(url), url);
  }
});

test('where a password may end is doubtful if an @ stands behind a host, too', () => {
  for (const url of ['rtsp://jo:secret@cam/a@b', 'rtsp://jo:se@cret/x@cam/a', 'rtsp://cam:554/a@b']) assert.equal(parts(url).doubtful, true, url);
  for (const url of ['rtsp://jo:secret@cam/a', 'rtsp://jo:a/b@cam/', 'rtsp://jo:x@10.0.0.1/a@b', 'rtsp://cam/a@b']) assert.equal(parts(url).doubtful, false, url);
});

test('who signs in is read from the address', () => {
  assert.deepEqual(
    ['rtsp://jo:x@cam/', 'rtsp://a%20b@cam/', 'rtsp://50%@cam/', 'rtsp://cam/', 'rtsp://:x@cam/'].map(userIn),
    ['jo', 'a b', '50%', undefined, ''],
  );
  assert.deepEqual(
    ['rtsp://jo:a b@cam/', 'rtsp://jo:a/b@cam/', 'rtsp://jo:a?#@b@cam/', 'rtsp://jo smith@cam/', 'rtsp://10.0.0.1:554/a@b', 'rtsp://cam.lan/a@b'].map(userIn),
    ['jo', 'jo', 'jo', 'jo smith', undefined, undefined],
  );
});

test('what was typed becomes an address, or is none', () => {
  assert.deepEqual(
    [' rtsp://cam/a ', '192.168.1.10/stream', 'cam:8554', 'http://cam/', '', '  ', '///'].map(completed),
    ['rtsp://cam/a', 'rtsp://192.168.1.10/stream', 'rtsp://cam:8554', undefined, undefined, undefined, undefined],
  );
});

/** What a page knows of its own address, as a browser has it. */
const page = (query) => new URL(`http://gateway:8080/watch${query}`);

const PASTED = [
  'rtsp://cam/cam/realmonitor?channel=1&subtype=1',
  'rtsp://jo:se+cret@cam/a+b?x=1&y=2&src=3#4',
  'rtsp://jo:p%40ss%2Bw%25@cam/a%20b?c=50%&d',
  'rtsp://jo:p#ss&w?rd@cam:8554/a',
  'rtsps://[fe80::1]:322/a?b=c&d=e',
  'cam.lan/a?b=c&d=e#f',
];

test('the camera in the address of a page is all that follows, as it was pasted', () => {
  for (const url of PASTED) {
    assert.equal(named(page(`?src=${url}`)), url);
    assert.equal(named(page(`?src=%20 ${url} `)), url, 'with spaces around it');
    assert.equal(named(page(`?other=1&src=${url}`)), url, 'behind something else');
  }
  assert.equal(named(page('?src=rtsp://jo:se cret@cam/a b')), 'rtsp://jo:se%20cret@cam/a%20b');
  for (const none of ['', '?', '?src', '?src=', '?src=%20', '#src=rtsp://cam/', '?xsrc=rtsp://cam/']) assert.equal(named(page(none)), '', none);
});

test('a link has it percent-encoded, and then it ends where the link says', () => {
  for (const url of [...PASTED, 'rtsp://jo:se cret@cam/ä', 'rtsp://cam/100%']) {
    assert.equal(named(page(`?src=${encodeURIComponent(url)}`)), url);
    assert.equal(named(page(`?${new URLSearchParams({ src: url, other: '1' })}#x`)), url);
    assert.equal(named(page(`?other=1&src=${encodeURIComponent(url)}&src=rtsp://other/`)), url);
  }
  assert.equal(named(page('?src=rtsp%3A//cam/a%3Fb%3D1%26c%3D2')), 'rtsp://cam/a?b=1&c=2', 'slashes need not be');
  assert.equal(named(page('?src=rtsp://jo:a%26b@cam/a?b=1%26c=2%23d%2be')), 'rtsp://jo:a%26b@cam/a?b=1&c=2#d+e', 'nor all the rest');
});
