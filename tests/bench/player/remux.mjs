// What turning RTP into fragmented MP4 costs: camgate's wasm beside Axis' media-stream-library, in the
// same engine, on the same capture, taking turns. Shown are medians; a ratio is taken round by round.
//
//   node --expose-gc remux.mjs CAPTURE    (made by capture.py)

import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { Machine } from './machine.mjs';
import { stream } from './stream.mjs';

// Its ES module requires what only CommonJS has.
const { components } = createRequire(import.meta.url)('media-stream-library');

/** Its types of messages. */
const RAW = 1;
const ISOM = 8;
const quick = Boolean(process.env.BENCH_QUICK);
const ROUNDS = quick ? 3 : 7;
/** Times the capture of ten seconds. */
const LENGTH = quick ? 6 : 18;
/** How many times less processor time camgate has to take. */
const AIM = 5;

async function camgate({ sdp, messages }) {
  const machine = await Machine.create(sdp);
  for (const message of messages) machine.media(message);
  return { fragments: machine.fragments, bytes: machine.bytes };
}

function axis({ sdp, messages }) {
  const { Source, RtspParser, H264Depay, AACDepay, Mp4Muxer, Sink } = components;
  const found = { fragments: 0, bytes: 0 };
  const incoming = new PassThrough({ objectMode: true });
  const source = new Source(incoming, new PassThrough({ objectMode: true }));
  const sink = Sink.fromHandler((message) => {
    if (message.type !== ISOM) return;
    found.bytes += message.data.length;
    found.fragments += Number(message.data.includes('moof'));
  });
  source.connect(new RtspParser()).connect(new H264Depay()).connect(new AACDepay()).connect(new Mp4Muxer()).connect(sink);
  return new Promise((resolve, reject) => {
    sink.incoming.on('finish', () => resolve(found)).on('error', reject);
    const head = `RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
    incoming.write({ type: RAW, data: Buffer.from(head) });
    for (const data of messages) incoming.write({ type: RAW, data });
    incoming.end();
  });
}

/** Processor time of this thread and the engine's helpers, in ms for a second of stream. */
async function timed(remux, capture) {
  const { pictures } = capture;
  globalThis.gc?.();
  const before = process.cpuUsage();
  const found = await remux(capture);
  const { user, system } = process.cpuUsage(before);
  if (found.fragments < pictures) throw new Error(`${remux.name}: ${found.fragments} fragments of ${pictures} pictures`);
  return { cost: (user + system) / 1000 / (pictures / 25), ...found };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const capture = stream(process.argv[2], LENGTH);
const { messages, pictures } = capture;
const volume = messages.reduce((sum, message) => sum + message.length, 0);
const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  const ours = await timed(camgate, capture);
  const theirs = await timed(axis, capture);
  rounds.push({ ours, theirs });
}
const cost = (who) => median(rounds.map((round) => round[who].cost));
const ratio = median(rounds.map(({ ours, theirs }) => theirs.cost / ours.cost));
const rate = ((volume * 8) / (pictures / 25) / 1e6).toFixed(1);
console.log(`RTP to fragmented MP4, H.264 and AAC, ${rate} Mbit/s, ${pictures / 25} s, in node ${process.version}`);
console.log(`  camgate               ${cost('ours').toFixed(2)} ms of processor time a second of stream`);
console.log(`  media-stream-library  ${cost('theirs').toFixed(2)} ms`);
console.log(`  ${ratio >= AIM ? 'met   ' : 'MISSED'}  at least ${AIM} times less: ${ratio.toFixed(1)} times`);
