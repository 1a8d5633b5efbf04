// `make bench`, the player's part: how old a picture is when Chromium shows it.
//
// Camera, gateway and browser run on this machine. The camera draws its clock into the picture
// (camera.py); the page reads it off every frame presented (observe.mjs). The encoder's time, the
// gateway's, the decoder's and the wait for the display are all in it. A frame counts as shown at
// `expectedDisplayTime`; the moment of the callback is printed beside it.
//
// BENCH_QUICK=1 watches for 10 s instead of a minute. Writes target/bench/player.json and .md.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch, watchPage } from '../../browser/browser.mjs';
import { Stage } from '../../browser/processes.mjs';
import { evaluate } from './latency.mjs';
import { jitteryNetwork } from './network.mjs';
import { observe, watchStart } from './observe.mjs';
import { judge, markdown, show } from './table.mjs';

const CAMERA = fileURLToPath(new URL('camera.py', import.meta.url));
const RESULTS = fileURLToPath(new URL('../../../target/bench/', import.meta.url));
/** As in camera.py. */
const PICTURE = { bits: 20, block: 32 };
const FRAME = 40;
const JITTER = 30;
/** The player finds its distance to the live edge, in seconds. */
const SETTLE = 12;
const quick = !['', '0', undefined].includes(process.env.BENCH_QUICK);
const SECONDS = quick ? 10 : 60;

const CASES = [
  { id: 'video', title: 'video', sound: false, jitter: 0 },
  { id: 'video-jitter', title: `video, ${JITTER} ms of jitter`, sound: false, jitter: JITTER },
  { id: 'sound', title: 'video and sound', sound: true, jitter: 0 },
  { id: 'sound-jitter', title: `video and sound, ${JITTER} ms of jitter`, sound: true, jitter: JITTER },
];

async function measure({ sound, jitter }) {
  const stage = new Stage();
  const browser = await launch();
  let network;
  try {
    const gateway = await stage.gateway('targets = loopback\n');
    const camera = stage.start('/usr/bin/python3', [CAMERA, ...(sound ? ['--sound'] : [])]);
    let port = Number((await camera.says(/READY (\d+)/))[1]);
    if (jitter) {
      network = await jitteryNetwork(port, jitter);
      port = network.port;
    }
    const page = await browser.newPage({ viewport: { width: 700, height: 400 } });
    await page.addInitScript(watchStart);
    await page.goto(watchPage(gateway, `rtsp://127.0.0.1:${port}/`));
    await page.waitForFunction(() => window.start.frame !== undefined);
    await page.waitForTimeout(SETTLE * 1000);
    const seen = await page.evaluate(observe, { seconds: SECONDS, ...PICTURE });
    const state = await page.evaluate(() => {
      const { video, stats } = document.querySelector('camgate-video');
      const { idr, frame } = window.start;
      return { first: frame - idr, rate: video.playbackRate, target: stats.target * 1000, behind: stats.latency * 1000 };
    });
    return { ...evaluate(seen, { clock: 2 ** PICTURE.bits, frame: FRAME }), ...state };
  } finally {
    await browser.close();
    network?.close();
    await stage.clear();
  }
}

const wanted = process.env.BENCH_CASE?.split(',');
const results = [];
for (const situation of CASES.filter(({ id }) => !wanted || wanted.includes(id))) {
  process.stderr.write(`${situation.title} …\n`);
  results.push({ ...situation, ...(await measure(situation)) });
}
const targets = judge(results);
process.stdout.write(show(results, targets));
await mkdir(RESULTS, { recursive: true });
await writeFile(`${RESULTS}player.json`, `${JSON.stringify({ mode: quick ? 'quick' : 'full', cases: results, targets }, null, 1)}\n`);
await writeFile(`${RESULTS}player.md`, markdown(results));
