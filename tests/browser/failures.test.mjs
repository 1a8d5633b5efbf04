// The words for everything that can go wrong: whose fault it is called, why it came about, and what helps.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { player } from './player.mjs';

const { worded } = await player('words');
const { leftOut, named, silent, unplayable } = await player('problem');

const source = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const answer = (code, phrase, method = 'DESCRIBE') => worded({ code, method, cause: '', message: phrase });
const gateway = (code, cause, message, method = '') => worded({ code, method, cause, message });

/** What has failed, and who is to be named: the title, and the beginning of the message. */
const FAILURES = [
  // Answers of a camera.
  [answer(403, 'Forbidden'), 'The camera does not allow this', 'It does not let this user watch this stream (DESCRIBE: 403 Forbidden). '],
  [answer(404, 'Not Found'), 'No such stream', 'The camera has no stream at this address (DESCRIBE: 404 Not Found). '],
  [answer(410, 'Gone'), 'No such stream', 'The camera has no stream at this address (DESCRIBE: 410 Gone). '],
  [answer(453, 'Not Enough Bandwidth', 'SETUP'), 'The camera is busy', 'It cannot send to one more viewer (SETUP: 453 '],
  [answer(454, 'Session Not Found', 'PLAY'), 'The camera has ended the session', 'It does not know this viewer any more (PLAY: 454 '],
  [answer(455, '', 'PLAY'), 'The camera refuses', 'It does not accept this request now (PLAY: 455). '],
  [answer(461, 'Unsupported Transport', 'SETUP'), 'The camera does not send over TCP', 'It refuses to send this stream on the connection'],
  [answer(461, '', 'SETUP'), 'The camera does not send over TCP', 'It refuses to send this stream on the connection'],
  [answer(500, 'Internal Server Error'), 'The camera has a fault', 'It has failed to do what it was asked (DESCRIBE: 500 '],
  [answer(551, 'Option not supported'), 'The camera has a fault', 'It has failed to do what it was asked (DESCRIBE: 551 '],
  [answer(503, 'Service Unavailable'), 'The camera is busy', 'It cannot serve one more viewer now (DESCRIBE: 503 '],
  [answer(418, 'Teapot'), 'The camera refuses', 'It does not do what it was asked (DESCRIBE: 418 Teapot). '],
  // Sentences of the gateway, in its WSP replies and in its RTSP answers.
  [gateway(400, 'address', 'INIT names no host'), 'This address cannot be used', 'INIT names no host. '],
  [gateway(403, 'forbidden', '8.8.8.8:554 is not among "targets"'), 'Not allowed', '8.8.8.8:554 is not among "targets". '],
  [gateway(404, 'unknown', 'there is no camera "a": none is configured', 'DESCRIBE'), 'No such camera', 'There is no camera "a": none is configured. '],
  [gateway(405, 'request', 'WRAP before INIT was answered'), 'The gateway refuses', 'WRAP before INIT was answered. '],
  [gateway(409, 'request', 'the channel is joined already'), 'The gateway refuses', 'The channel is joined already. '],
  [gateway(454, 'request', 'Session Not Found', 'PLAY'), 'The gateway refuses', 'Session Not Found. '],
  [gateway(502, 'unreachable', 'the camera at 10.0.0.1:554 refuses connections'), 'The camera cannot be reached', 'The camera at 10.0.0.1:554 refuses connections. '],
  [gateway(502, 'password', 'the camera refuses this user name or password', 'DESCRIBE'), 'The camera refuses the gateway', 'The camera refuses this user name or password. '],
  [gateway(502, 'camera', 'the camera cannot serve another viewer now (SETUP: 453)', 'DESCRIBE'), 'The camera does not play', 'The camera cannot serve another viewer now (SETUP: 453). '],
  [gateway(503, 'full', 'too many viewers: see "viewers" in the configuration'), 'The gateway is full', 'Too many viewers: see "viewers" in the configuration. '],
  [gateway(503, 'full', 'too many viewers: see "viewers" in the configuration', 'DESCRIBE'), 'The gateway is full', 'Too many viewers: see "viewers" in the configuration. '],
  [gateway(504, 'silent', 'the camera did not answer'), 'The camera does not answer', 'The camera did not answer. '],
  // A gateway that names no cause.
  [gateway(400, '', 'bad'), 'This address cannot be used', 'Bad. '],
  [gateway(403, '', 'no'), 'Not allowed', 'No. '],
  [gateway(404, '', 'no'), 'No such camera', 'No. '],
  [gateway(502, '', ''), 'The camera cannot be reached', 'There is no connection to it. '],
  [gateway(503, '', ''), 'The gateway is full', 'It cannot take one more viewer. '],
  [gateway(504, '', ''), 'The camera does not answer', 'Nothing has come from it. '],
  [gateway(418, '', 'what'), 'The gateway refuses', 'What. '],
  [gateway(500, 'constructor', 'what'), 'The gateway refuses', 'What. '],
  // What the player finds itself.
  [gateway(502, 'fault', ''), 'The gateway has a fault', 'It sent something that makes no sense. '],
  [gateway(504, 'late', ''), 'The gateway does not answer', 'Nothing has come from it. '],
  [gateway(504, 'silent', '', 'DESCRIBE'), 'The camera does not answer', 'Nothing has come from it. '],
  [gateway(502, 'camera', "the camera's answer is not RTSP"), 'The camera does not play', "The camera's answer is not RTSP. "],
  [gateway(415, 'nothing', ''), 'Nothing to play', 'The camera offers neither video nor audio. '],
  [gateway(415, 'codec', ''), 'Cannot be played', 'This player cannot play what the camera sends. '],
  [named(gateway(415, 'codec', ''), [leftOut('video', 'VP8', 'player')]), 'VP8 cannot be played here', 'The camera sends VP8 video, which this player cannot play. '],
  [named(gateway(415, 'codec', ''), [leftOut('audio', '', 'player')]), 'This stream cannot be played here', 'The camera sends audio of an unknown kind, which this player cannot play. '],
  [unplayable(leftOut('video', 'hvc1.1.6.L93.B0', 'browser')), 'H.265 cannot be played here', 'The camera sends H.265 video, which this browser cannot play. '],
  [silent(false, 'nothing'), 'Waiting for the camera', 'It sends nothing. '],
  [silent(true, 'nothing'), 'Waiting for a picture', 'The camera sends, but no parameter sets. '],
  [silent(true, 'described'), 'Waiting for a picture', 'The camera sends, but no key frame yet. '],
  [silent(true, 'played'), 'Waiting for a picture', 'The camera sends, but no new picture. '],
];

test('every failure has a title, a sentence that says why, and one that says what helps', () => {
  for (const [problem, title, why] of FAILURES) {
    assert.equal(problem.title, title);
    assert.ok(problem.message.startsWith(why), problem.message);
    const help = problem.message.slice(problem.message.indexOf('. ') + 2);
    assert.match(help, /^[A-Z][^()]+\.$/, problem.message);
    assert.doesNotMatch(title, /\b[45]\d\d\b|\.$/, title);
  }
});

test('camera and gateway do not answer for each other', () => {
  for (const code of [400, 403, 404, 405, 453, 454, 455, 461, 500, 502, 503, 504]) {
    const its = answer(code, 'Phrase');
    assert.notEqual(its.kind, 'gateway', its.title);
    assert.doesNotMatch(its.title + its.message.split('. ')[0], /gateway/i);
    assert.match(its.message, new RegExp(`\\(DESCRIBE: ${code} Phrase\\)`));
  }
  for (const [problem] of FAILURES.filter(([{ kind }]) => kind === 'gateway')) assert.match(problem.title, /gateway/);
  assert.doesNotMatch(gateway(503, 'full', 'too many viewers', 'DESCRIBE').message, /503|DESCRIBE/, 'its sentence alone');
});

test('an RTSP answer is kept for pages of the Streamedian player', () => {
  assert.equal(answer(404, 'Not Found').answer, '404 Not Found');
  assert.equal(gateway(404, 'unknown', 'there is no camera "a"', 'DESCRIBE').answer, '404 there is no camera "a"');
  assert.equal(gateway(404, 'unknown', 'no tunnel client').answer, undefined);
});

test('every cause that the gateway and the wasm name has words of its own', async () => {
  const rust = (await source('src/failure.rs')).matchAll(/Cause::\w+ => "(\w+)"/g);
  const wasm = (await source('player/src/session/ending.rs')).matchAll(/self\.(?:fail\(\d+|report\(\d+, \w+), "(\w+)"/g);
  const causes = [...rust, ...wasm].map(([, word]) => word);
  assert.ok(causes.length > 10, causes.join());
  for (const cause of causes.filter((word) => word !== 'request')) {
    assert.notEqual(gateway(502, cause, '').title, 'The gateway refuses', cause);
  }
});
