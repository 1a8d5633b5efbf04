// A camera's stream out of a capture: as long as one likes, as a gateway hands it over.

import { readFileSync } from 'node:fs';

/** Ticks a second of the two RTP clocks. */
const CLOCKS = { video: 90_000, audio: 44_100 };
/** Interleaved channels of RTP. */
const CHANNELS = { video: 0, audio: 2 };

/** The session description; the parameter sets are those in the capture. */
function describe(video) {
  const set = (type) => video.map((packet) => packet.subarray(12)).find((nal) => (nal[0] & 31) === type);
  const [sps, pps] = [set(7), set(8)];
  const sets = `profile-level-id=${sps.toString('hex', 1, 4)};sprop-parameter-sets=${sps.toString('base64')},${pps.toString('base64')}`;
  const config = 'mode=AAC-hbr;config=1208;sizelength=13;indexlength=3;indexdeltalength=3';
  const lines = [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=capture',
    't=0 0',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;${sets}`,
    'a=control:video',
    'm=audio 0 RTP/AVP 97',
    'a=rtpmap:97 MPEG4-GENERIC/44100/1',
    `a=fmtp:97 streamtype=5;profile-level-id=2;${config}`,
    'a=control:audio',
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** The packets of an RFC 4571 file. */
function packets(path) {
  const bytes = readFileSync(path);
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + bytes.readUInt16BE(at);
    found.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return found;
}

/**
 * `rounds` times the capture in `directory`, numbered and timed on and on. Each message holds what
 * came in 40 ms: the interleaved frames (RFC 2326 §10.12) of a picture and of the sound beside it.
 */
export function stream(directory, rounds) {
  const tracks = ['video', 'audio'].map((kind) => {
    const all = packets(`${directory}/${kind}.rtp`);
    const pictures = new Set(all.map((packet) => packet.readUInt32BE(4))).size;
    return { kind, all, pictures };
  });
  const [video] = tracks;
  const length = video.pictures / 25; // seconds
  const timed = [];
  for (let round = 0; round < rounds; round++) {
    for (const { kind, all } of tracks) {
      all.forEach((packet, index) => timed.push(frame(packet, kind, round, length, round * all.length + index)));
    }
  }
  timed.sort((a, b) => a.slot - b.slot || a.order - b.order);
  const messages = [];
  for (const { slot, bytes } of timed) (messages[slot] ??= []).push(bytes);
  return {
    sdp: describe(video.all),
    messages: messages.filter(Boolean).map((frames) => Buffer.concat(frames)),
    pictures: video.pictures * rounds,
  };
}

function frame(packet, kind, round, length, order) {
  const clock = CLOCKS[kind];
  const bytes = Buffer.alloc(4 + packet.length);
  bytes.set([0x24, CHANNELS[kind], packet.length >> 8, packet.length & 255]);
  bytes.set(packet, 4);
  bytes.writeUInt16BE(order & 0xffff, 6);
  const time = packet.readUInt32BE(4) + round * length * clock;
  bytes.writeUInt32BE(time >>> 0, 8);
  return { slot: Math.floor((time / clock) * 25 + 1e-6), order, bytes };
}
