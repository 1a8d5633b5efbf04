// Shared cameras, real ones: GStreamer's servers before the gateway, and behind
// it the programs that people record and watch with, by RTSP.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RATE, decode, pictures, probe, rtspsrc, watching } from './clients.mjs';
import { Stage } from './processes.mjs';

const PATIENCE = 20_000;
const GENERAL = '[general]\nrtsp_listen = 127.0.0.1:0\n';
const NOBODY = /refuses this user name or password/;

const camera = (name, settings) =>
  `[camera ${name}]\n${Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`).join('')}`;

const withUser = ({ url }, password) => url.replace('://', `://jo:${password}@`);

const locked = (password) => ['--plain', '--audio', 'none', '--user', 'jo', '--password', password];

/** How often a camera refused a request. */
const refusals = ({ output }) => output.split('SENT 401').length - 1;

/** A gateway with these cameras: `rtsp` is where its RTSP is. */
async function serve(stage, settings) {
  const gateway = await stage.gateway(GENERAL + settings);
  const [, address] = await gateway.says(/cameras at (rtsp:\/\/[^/]+\/)/);
  return Object.assign(gateway, { rtsp: address });
}

/** What `look` gives, once that is right. */
async function until(what, look, right) {
  const late = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (right(found)) return found;
    assert.ok(Date.now() < late, `${what}: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the gateway tells of a camera, once that is right. */
const told = (gateway, name, right, what) => until(what, async () => {
  const cameras = await (await fetch(`${gateway.page}api/cameras`)).json();
  return cameras.find((one) => one.name === name);
}, right);

/** A test with programs of its own. */
function scenario(name, act) {
  it(name, { timeout: 120_000 }, async () => {
    const stage = new Stage();
    try {
      await act(stage);
    } catch (error) {
      throw Object.assign(error, { message: `${error.message}\n${stage.transcript()}` });
    } finally {
      await stage.clear();
    }
  });
}

/** Camera, what ffprobe finds in it, and whether there is sound. */
const CASES = [
  ['front', ['h264,480,270', 'aac,44100']],
  ['udp', ['h264,480,270', 'aac,44100']],
  ['found', ['h264,480,270', 'aac,44100']],
  ['locked', ['h264,480,270']],
  ['hevc', ['hevc,480,270', 'aac,44100']],
  ['jpeg', ['mjpeg,480,272', 'pcm_alaw,8000']],
];
const SECONDS = 3;
/** Those that are watched over UDP. */
const datagram = ['udp', 'found'];

describe('clients of plain RTSP', { concurrency: 3 }, () => {
  const stage = new Stage();
  let [gateway, front, datagrams, keeper] = [];
  before(async () => {
    [front, datagrams, keeper] = await Promise.all([
      stage.camera('--plain'), stage.camera('--plain', '--protocol', 'udp'), stage.camera(...locked('right')),
    ]);
    gateway = await serve(stage, camera('front', { url: front.url })
      + camera('udp', { url: datagrams.url, transport: 'udp' })
      + camera('found', { url: datagrams.url })
      + camera('locked', { url: withUser(keeper, 'right') })
      + camera('hevc', { url: `${front.url}h265+aac` })
      + camera('jpeg', { url: `${front.url}mjpeg+alaw` }));
  });
  after(() => stage.clear());

  /** Decodes some seconds during which nothing is lost: over UDP a busy machine loses packets, never over TCP. */
  async function undisturbed(own, name) {
    const lost = async () => (await told(gateway, name, ({ state }) => state === 'live', 'it plays')).lost;
    for (let [round, before] = [1, 0]; ; round += 1) {
      const decoded = await decode(own, gateway.rtsp + name, SECONDS);
      const after = await lost();
      if (after === before) return decoded;
      assert.ok(datagram.includes(name) && round < 10, `${after} packets were lost`);
      before = after;
    }
  }

  for (const [name, tracks] of CASES) {
    scenario(`ffprobe and ffmpeg get all of the camera ${name}`, async (own) => {
      const url = gateway.rtsp + name;
      const found = await probe(own, url, '-rtsp_transport', 'tcp');
      assert.deepEqual(found.tracks, tracks, found.said);
      const { code, pictures: shown, sounds, complaints } = await undisturbed(own, name);
      assert.deepEqual([code, complaints], [0, []]);
      const due = shown / (SECONDS * RATE);
      assert.ok(due > 0.95 && due < 1.05, `${shown} pictures`);
      assert.equal(sounds > 0, tracks.length > 1, `${sounds} pieces of sound`);
    });
  }

  scenario('two at once share one link', async (own) => {
    const url = gateway.rtsp + 'front';
    const both = Promise.all([decode(own, url, SECONDS), decode(own, url, SECONDS)]);
    await told(gateway, 'front', ({ viewers }) => viewers >= 2, 'two viewers');
    for (const { code, complaints } of await both) assert.deepEqual([code, complaints], [0, []]);
    assert.equal(gateway.output.split('[front] connecting').length, 2, gateway.output);
  });

  scenario('UDP is refused, and who may then takes TCP', async (own) => {
    const url = gateway.rtsp + 'front';
    const refused = await probe(own, url, '-rtsp_transport', 'udp');
    assert.notEqual(refused.code, 0);
    assert.match(refused.said, /461/);
    assert.deepEqual((await probe(own, url)).tracks, CASES[0][1]);
    // One track: rtspsrc gives up when the first packets are of one that nobody takes.
    const { code, said } = await rtspsrc(own, gateway.rtsp + 'locked', 2 * RATE);
    assert.deepEqual([code, said.trim()], [0, `PLAYED ${2 * RATE}`]);
  });

  scenario('who gives a password that nobody wants gets the camera', async (own) => {
    const url = gateway.rtsp.replace('://', '://somebody:secret@');
    assert.deepEqual((await probe(own, `${url}front`, '-rtsp_transport', 'tcp')).tracks, CASES[0][1]);
    assert.match((await probe(own, `${url}cellar`)).said, /404 there is no camera cellar; known are front, /);
  });
});

describe('cameras that go, and come back otherwise', { concurrency: 2 }, () => {
  scenario('a refused password is said everywhere, hardly tried again, and mended in the file', async (stage) => {
    let keeper = await stage.camera(...locked('one'));
    const settings = (password) => camera('yard', { url: withUser(keeper, password), always: 'on' });
    const gateway = await serve(stage, settings('no-good'));
    const url = `${gateway.rtsp}yard`;
    const isRefused = async () => {
      const { problem } = await told(gateway, 'yard', (it) => NOBODY.test(it.problem), 'a refusal');
      assert.match(problem, NOBODY);
      for (const _ of [1, 2, 3]) {
        const { code, said } = await probe(stage, url, '-rtsp_transport', 'tcp');
        assert.notEqual(code, 0);
        assert.match(said, /502 the camera refuses this user name or password/);
      }
      assert.equal(refusals(keeper), 2, 'a request without a password, and one with it');
    };
    const plays = async () => {
      await told(gateway, 'yard', ({ state, viewers }) => state === 'live' && viewers === 0, 'it plays for nobody');
      const { code, pictures: shown, complaints } = await decode(stage, url, 1);
      assert.deepEqual([code, complaints], [0, []]);
      assert.ok(shown > 0.9 * RATE, `${shown} pictures`);
    };
    await isRefused();
    await gateway.configure(GENERAL + settings('one'));
    await plays();

    const viewer = watching(stage, url);
    await viewer.says(/^K/m);
    await keeper.end('SIGKILL');
    keeper = await stage.camera(...locked('two'), '--port', String(keeper.port));
    await isRefused();
    await gateway.configure(GENERAL + settings('two'));
    await viewer.ended;
    await plays();
    assert.match(gateway.output, /\[yard\] the camera refuses this user name or password/);
    assert.doesNotMatch(gateway.output, /no-good|jo:/);
  });

  scenario('who stays while a camera restarts gets whole pictures again, from a key frame on', async (stage) => {
    const settings = ['--plain', '--audio', 'none'];
    const first = await stage.camera(...settings);
    const gateway = await serve(stage, camera('front', { url: first.url }));
    const viewers = [watching(stage, `${gateway.rtsp}front`), watching(stage, `${gateway.rtsp}front`)];
    const come = (least) => Promise.all(viewers.map((one) =>
      until('pictures', () => pictures(one).length, (count) => count >= least)));
    await come(60); // more than a group, and not a whole number of them
    await first.end('SIGKILL');
    await stage.camera(...settings, '--port', String(first.port));
    const seen = viewers.map((one) => pictures(one).length);
    await come(60 + 60);
    for (const [i, one] of viewers.entries()) {
      // What the end cut off may come as well, with the next picture.
      const all = pictures(one);
      assert.match(all, /^K/);
      assert.match(all.slice(seen[i], seen[i] + 2), /K/, `${all} behind ${seen[i]}`);
    }
    assert.equal(gateway.output.match(/viewer ends/g), null);
  });
});
