// A fake camera that plays: the built-in camera's pictures over and over, at any multiple of
// their pace and as large as one likes. Its RTP clock goes at that multiple, too. Where it has sound, that
// is a tone which begins as late as one likes.

import { readFileSync } from 'node:fs';
import { fakeCamera } from './fakecamera.mjs';

export const CLIP = new URL('../../src/builtin/clip.h264', import.meta.url);
const RATE = 25;
const CLOCK = 90_000;
/** Of a NAL unit in one RTP packet. */
const PIECE = 1400;
/** Between two looks at the clock, in ms. */
const STEP = 4;
/** The name of a sender whose session is gone. */
const STALE = 0xad;
/** Of the sound: samples a second, and in a packet. */
const SAMPLES = 8000;
const PACKET = 160;
/** Of its tone, in Hz: both periods and packets end with it. */
export const TONE = 800;
/** What is particular to a codec: NAL unit types of parameter sets, which slices are, and the description. */
const CODECS = {
  H264: { type: (unit) => unit[0] & 31, isSlice: (type) => [1, 5].includes(type), sets: { 'sprop-parameter-sets': [7, 8] }, more: 'packetization-mode=1;' },
  H265: { type: (unit) => (unit[0] >> 1) & 63, isSlice: (type) => type < 32, sets: { 'sprop-vps': [32], 'sprop-sps': [33], 'sprop-pps': [34] }, more: '' },
};

/** NAL units of an Annex B file. */
export function units(bytes) {
  const starts = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) starts.push(at + 3);
  return starts.map((start, i) => {
    let end = i + 1 < starts.length ? starts[i + 1] - 3 : bytes.length;
    while (bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start, end);
  });
}

/** Pictures, a slice each, with what stands before them. */
function pictures(all, { type, isSlice }) {
  const found = [[]];
  for (const unit of all) {
    found.at(-1).push(unit);
    if (isSlice(type(unit))) found.push([]);
  }
  return found.slice(0, -1);
}

/** A slice that is longer by `size` bytes without a meaning (ITU-T H.264 7.3.2.9.1, cabac_zero_word). */
const padded = (unit, size) => Buffer.concat([unit, Buffer.alloc(size, '000003', 'hex')]);

/** Payloads of RTP (RFC 6184 sections 5.6 and 5.8, RFC 7798 section 4.4). */
function* payloads(unit, codec) {
  if (unit.length <= PIECE) return yield unit;
  const header = codec === CODECS.H264 ? [(unit[0] & 0x60) | 28] : [(unit[0] & 0x81) | (49 << 1), unit[1]];
  for (let at = header.length; at < unit.length; at += PIECE) {
    const ends = (at === header.length ? 0x80 : 0) | (at + PIECE >= unit.length ? 0x40 : 0);
    yield Buffer.concat([Buffer.of(...header, ends | codec.type(unit)), unit.subarray(at, at + PIECE)]);
  }
}

/** A sample as G.711 has it (µ-law). */
function law(sample) {
  const size = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = 31 - Math.clz32(size) - 7;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((size >> (exponent + 3)) & 15)) & 0xff;
}

const tone = Buffer.from(Array.from({ length: PACKET }, (_, i) => law(Math.round(12_000 * Math.sin((2 * Math.PI * TONE * i) / SAMPLES)))));

function describe(all, name, sound) {
  const { type, sets, more } = CODECS[name];
  const set = (wanted) => all.find((unit) => type(unit) === wanted).toString('base64');
  const said = Object.entries(sets).map(([key, types]) => `${key}=${types.map(set).join(',')}`).join(';');
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=clip', 't=0 0', 'a=control:*', 'm=video 0 RTP/AVP 96', `a=rtpmap:96 ${name}/90000`,
    `a=fmtp:96 ${more}${said}`, 'a=control:video', ...(sound ? ['m=audio 0 RTP/AVP 0', 'a=control:audio'] : []), ''].join('\r\n');
}

/**
 * Resolves to `{ url, asked, close }`, as a fake camera does. `speed`: times real
 * pace; `padding`: bytes added to each picture; `silent`: there is sound, which begins so many seconds after
 * the picture; `every`: only key pictures come, one in so many seconds; `stale`:
 * packets of a session that is gone come in between, under a name, numbers and times of their own; `said`: what the
 * description has for NAL units, if not what comes; `all`: NAL units of other pictures, a slice
 * each, by the codec `name`.
 */
export async function clipCamera({ speed = 1, padding = 0, silent, every, stale = false, all = units(readFileSync(CLIP)), said = all, name = 'H264' } = {}) {
  const codec = CODECS[name];
  const whole = pictures(all, codec).map((picture) => [...picture.slice(0, -1), padded(picture.at(-1), padding)]);
  const clip = every ? whole.filter((picture) => picture.length > 1) : whole;
  const pause = every ? every * RATE : 1;
  const sdp = describe(said, name, silent !== undefined);
  return fakeCamera((link) => serve(link, { clip, codec, sdp, speed, silent, pause, stale }));
}

/** An RTP packet on an interleaved channel. */
function frame(channel, type, sequence, time, payload, name = channel) {
  const head = Buffer.alloc(16);
  head.set([0x24, channel, (payload.length + 12) >> 8, (payload.length + 12) & 255, 0x80, type]);
  head.writeUInt16BE(sequence & 0xffff, 6);
  head.writeUInt32BE(time >>> 0, 8);
  head[15] = name;
  return Buffer.concat([head, payload]);
}

/** Plays on one link. */
function serve({ socket, reply }, { clip, codec, sdp, speed, silent = Infinity, pause, stale }) {
  let [timer, sequence, sent, packets] = [undefined, 0, 0, 0];
  const send = () => {
    const frames = [];
    const picture = sent % pause ? [] : clip[(sent / pause) % clip.length];
    const parts = picture.flatMap((unit) => [...payloads(unit, codec)]);
    parts.forEach((part, i) => {
      const last = i + 1 === parts.length ? 0x80 : 0;
      frames.push(frame(0, 96 | last, (sequence += 1), (sent * CLOCK) / RATE, part));
    });
    if (stale) frames.push(...frames.map((each) => frame(0, each[5], each.readUInt16BE(6) + 30_000, each.readUInt32BE(8) + 777_000_000, each.subarray(16), STALE)));
    while ((packets * PACKET) / SAMPLES <= sent / RATE) {
      if (sent / RATE >= silent) frames.push(frame(2, 0, packets, packets * PACKET, tone));
      packets += 1;
    }
    sent += 1;
    socket.write(Buffer.concat(frames));
  };
  const play = () => {
    const begun = performance.now() - (sent * 1000) / RATE / speed;
    timer ??= setInterval(() => {
      while ((sent * 1000) / RATE / speed <= performance.now() - begun) send();
    }, STEP);
  };
  const stop = () => (timer = clearInterval(timer));
  socket.on('close', stop);
  return (request) => {
    const headers = { Session: 1, Public: 'DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN' };
    if (request.method === 'SETUP') headers.Transport = request.header('Transport');
    if (request.method === 'DESCRIBE') headers['Content-Type'] = 'application/sdp';
    reply(request, '200 OK', headers, request.method === 'DESCRIBE' ? sdp : '');
    if (request.method === 'PLAY') play();
    if (request.method === 'PAUSE' || request.method === 'TEARDOWN') stop();
  };
}
