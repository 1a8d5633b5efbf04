// Programs that speak RTSP themselves, as players and recorders do: ffmpeg,
// ffprobe and GStreamer's rtspsrc.

import { fileURLToPath } from 'node:url';

const RTSPSRC = fileURLToPath(new URL('rtspsrc.py', import.meta.url));

/** Pictures per second of gstreamer.py. */
export const RATE = 25;

/** Runs a program to its end; resolves to its exit code and what it said. */
async function run(stage, command, args) {
  const program = stage.start(command, args);
  const code = await program.finishes();
  return { code, said: program.output };
}

/** What ffprobe finds, a line for each track; `said` is why it finds nothing. */
export async function probe(stage, url, ...options) {
  const tracks = ['-show_entries', 'stream=codec_name,width,height,sample_rate', '-of', 'csv=p=0'];
  const { code, said } = await run(stage, 'ffprobe', ['-v', 'error', ...options, ...tracks, url]);
  return { code, said, tracks: said.split('\n').filter((line) => /^\w+,\d+/.test(line)) };
}

/**
 * ffmpeg decodes `seconds` of the stream, and ends at the first fault. Says how
 * many pictures and pieces of sound that were, and what it complained of. Sound
 * is fitted to its times: the reports of a camera on a busy machine move them.
 */
export async function decode(stage, url, seconds) {
  const strict = ['-v', 'warning', '-nostdin', '-xerror', '-err_detect', 'explode', '-rtsp_transport', 'tcp'];
  const { code, said } = await run(stage, 'ffmpeg', [...strict, '-i', url, '-t', String(seconds), '-af', 'aresample=async=1', '-f', 'framecrc', '-']);
  return { code, ...counted(said) };
}

/** Pictures, pieces of sound and complaints in what ffmpeg says. */
function counted(said) {
  const lines = said.split('\n');
  const of = (track) => lines.filter((line) => line.startsWith(`${track}, `)).length;
  return { pictures: of(0), sounds: of(1), complaints: lines.filter((line) => /@ 0x/.test(line)) };
}

/** ffprobe reads the stream until it is ended; `pictures` tells how far it is. */
export const watching = (stage, url) => stage.start('stdbuf', [
  '-oL', 'ffprobe', '-v', 'error', '-rtsp_transport', 'tcp', '-select_streams', 'v',
  '-show_entries', 'packet=flags', '-of', 'csv=p=0', url,
]);

/** The pictures that have come to such a program, in order: K for a key frame, - for another. */
export const pictures = ({ output }) =>
  [...output.matchAll(/^([K_])[_D]/gm)].map(([, flag]) => (flag === 'K' ? 'K' : '-')).join('');

/** GStreamer's rtspsrc decodes `count` pictures, over what it chooses. */
export const rtspsrc = (stage, url, count) => run(stage, '/usr/bin/python3', [RTSPSRC, url, String(count)]);
