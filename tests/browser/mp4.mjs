// MP4 files, judged by strangers: ffprobe and ffmpeg.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Runs a program that is to find nothing to complain of. */
export function run(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(done.error, undefined);
  assert.equal(done.status, 0, `${command} ${args.join(' ')}\n${done.stderr}`);
  assert.equal(done.stderr, '', `${command} ${args.join(' ')}`);
  return done;
}

/** What ffprobe says of a file, its packets with hashes of their bytes, by kind of track. */
export function probe(file) {
  const args = ['-v', 'warning', '-show_format', '-show_streams', '-show_packets', '-show_data_hash', 'md5'];
  const { format, streams, packets } = JSON.parse(run('ffprobe', [...args, '-of', 'json', file]).stdout);
  const found = { start: Number(format.start_time), duration: Number(format.duration) };
  for (const stream of streams) {
    found[stream.codec_type] = {
      codec: stream.codec_name,
      start: Number(stream.start_time),
      duration: Number(stream.duration),
      frames: Number(stream.nb_frames),
      packets: packets
        .filter(({ stream_index: index }) => index === stream.index)
        .map((packet) => ({
          time: Number(packet.pts_time),
          decode: Number(packet.dts_time),
          duration: Number(packet.duration_time),
          key: packet.flags.startsWith('K'),
          hash: packet.data_hash,
        })),
    };
  }
  return found;
}

/** Hashes of the pictures that a file shows, with their times in seconds; ffmpeg may say nothing at `level`. */
export function decoded(file, level = 'warning') {
  const args = ['-v', level, '-i', file, '-map', '0:v', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
  const { stdout } = run('ffmpeg', args);
  const [, numerator, denominator] = stdout.match(/#tb 0: (\d+)\/(\d+)/);
  return stdout
    .split('\n')
    .filter((line) => /^0,/.test(line))
    .map((line) => line.split(',').map((field) => field.trim()))
    .map(([, , time, , , hash]) => ({ time: (time * numerator) / denominator, hash }));
}
