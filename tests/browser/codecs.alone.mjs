// Every codec in both browsers, from a real camera: what is seen is the test
// card at the camera's pace, what is heard is the camera's tone.
//
// A browser, a gateway and a camera serve all cases of a browser, some of them
// side by side, each in a window of its own.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { watchPage, shoot } from './browser.mjs';
import { BROWSERS } from './browsers.mjs';
import { Stage } from './processes.mjs';
import { hear, keepPlayers, look, unmute } from './testcard.mjs';

const SIDE_BY_SIDE = 2;
const PATIENCE = 40_000;
/** Of three seconds each, until they are even. */
const ROUNDS = 20;
/** What is heard may break off on a busy machine: so often it is listened to. */
const LISTENINGS = 5;

/** How the player names the codecs of gstreamer.py, and each sound's tone in Hz. */
const VIDEO = { h264: /^avc1\./, 'h264-bframes': /^avc1\.4d/, h265: /^hvc1\./, mjpeg: /^jpeg$/ };
const AUDIO = {
  aac: [/^mp4a\.40\.2$/, 441],
  latm: [/^mp4a\.40\.2$/, 567],
  opus: [/^opus$/, 693],
  alaw: [/^flac$/, 819],
  mulaw: [/^flac$/, 945],
  l16: [/^flac$/, 1071],
};

const CASES = [
  ['h264', 'aac'],
  ['h264-bframes', 'aac'],
  ['h264', 'alaw'],
  ['h264', 'mulaw'],
  ['h264', 'opus'],
  ['h264', 'latm'],
  ['h264', 'l16'],
  ['h264', 'none'],
  ['none', 'aac'],
  ['none', 'mulaw'],
  ['mjpeg', 'none'],
  ['mjpeg', 'alaw'],
  ['h265', 'aac'],
];

for (const [name, start] of Object.entries(BROWSERS)) {
  describe(name, { concurrency: SIDE_BY_SIDE }, () => {
    const stage = new Stage();
    let [browser, gateway, camera] = [];
    before(async () => {
      [gateway, camera] = [await stage.gateway('targets = loopback\n'), await stage.camera()];
      browser = await start();
    });
    after(async () => {
      await browser?.close();
      await stage.clear();
    });
    for (const [video, audio] of CASES) {
      it(`${name} plays ${video} with ${audio}`, async () => {
        const page = await browser.open(watchPage(gateway, `${camera.url}${video}+${audio}`), keepPlayers);
        const title = `${name} ${video} ${audio}`;
        try {
          await plays(page, { video, audio, firefox: name === 'Firefox' });
          await shoot(page, title);
        } catch (error) {
          await shoot(page, `failed ${title}`);
          const said = page.said.slice(-30).join('\n');
          throw Object.assign(error, { message: `${error.message}\n${said}\n${stage.transcript()}` });
        } finally {
          await page.close();
        }
        assert.deepEqual(page.said.filter((line) => /^uncaught/.test(line)), []);
      });
    }
  });
}

async function plays(page, { video, audio, firefox }) {
  const shown = video !== 'none' && (firefox || video !== 'h265');
  const seen = await settled(page, video, shown);
  const told = JSON.stringify(seen);
  assert.equal(seen.muted, true, `it began without a gesture, and so without sound: ${told}`);
  const expected = [...(shown ? [VIDEO[video]] : []), ...(audio === 'none' ? [] : [AUDIO[audio][0]])];
  assert.equal(seen.codecs.length, expected.length, told);
  for (const [i, codec] of expected.entries()) assert.match(seen.codecs[i], codec);
  if (!shown && video !== 'none') assert.match(await text(page), /H\.265 video.*this\s+browser cannot play/);
  if (audio !== 'none') await assertHeard(page, audio, firefox && video === 'none');
}

/**
 * What the page shows once it plays evenly. At the start it hurries to the
 * live edge, and a busy machine makes it stall: only some seconds have to be
 * even, but in none of them may a picture be wrong.
 */
async function settled(page, video, shown) {
  for (let round = 1; ; round += 1) {
    const seen = await look(page, { picture: shown, frames: 75, patience: PATIENCE });
    const told = JSON.stringify(seen);
    assert.equal(seen.error, null, told);
    if (shown) assertRight(seen, video, told);
    const uneven = unevenness(seen, shown);
    if (seen.state === 'playing' && !uneven) return seen;
    assert.ok(round < ROUNDS, `${uneven}: ${told}`);
  }
}

/** Pictures are whole and in their order, and each at its time. */
function assertRight(seen, video, told) {
  assert.deepEqual(seen.size, [480, video === 'mjpeg' ? 272 : 270], told);
  assert.ok(seen.fit > 0.9, `every picture is the test card: ${told}`);
  assert.equal(seen.backwards, 0, `no picture comes after a later one: ${told}`);
  if (video === 'mjpeg') return; // a canvas: its pictures have no times, and nothing is decoded
  assert.ok(seen.decoded >= 0.8 * seen.presented, `pictures are decoded: ${told}`);
  assert.ok(seen.spread <= 1.01, `pictures are shown at their own time: ${told}`);
  assert.ok(seen.before < 2 * (50 / 25), `the first is shown within two groups of pictures: ${told}`);
}

/** What is not as it should be: time against the clock, the play head at the live edge. */
function unevenness(seen, shown) {
  const near = (ratio) => ratio > 0.88 && ratio < 1.12; // it catches up by a tenth
  // Firefox does not count the time of a canvas.
  if (!near(seen.pace) && !(shown && seen.codecs.join() === 'jpeg')) return 'the time does not go with the clock';
  if (shown && !near(seen.moving)) return "the pictures do not come at the camera's pace";
  if (shown && seen.presented < 0.7 * seen.elapsed * 25) return 'pictures are left out';
  if (seen.waits > 1) return 'it stalls';
  if (seen.arriving && !near(seen.arriving)) return 'what arrives is not at the pace of the clock';
  if (seen.latency > 4 * seen.target) return 'it is far behind';
  return undefined;
}

/** `brief`: the browser records no more than moments. */
async function assertHeard(page, audio, brief) {
  await unmute(page);
  const even = ({ heard, steady, pure }) => pure > 0.8 && (brief || (heard > 1 && steady > 0.8));
  let heard = await hear(page);
  for (let more = 1; more < LISTENINGS && !even(heard); more += 1) heard = await hear(page);
  const told = JSON.stringify(heard);
  const [, tone] = AUDIO[audio];
  assert.equal(heard.muted, false, told);
  assert.ok(Math.abs(heard.tone - tone) < 0.02 * tone, `the tone is the camera's, ${tone} Hz: ${told}`);
  assert.ok(heard.pure > 0.8, `it is a pure one: ${told}`);
  if (brief) return;
  assert.ok(heard.heard > 1, `all of it is heard: ${told}`);
  assert.ok(heard.steady > 0.8, `it does not break off: ${told}`);
}

const text = (page) =>
  page.evaluate(() => document.querySelector('camgate-video').shadowRoot.querySelector('.overlay').innerText);
