// /watch?src=rtsp://…: one player that fills the window, with everything that one can do with a picture: photos,
// recordings, numbers, the keyboard.

import '../camgate';
import { host } from '../address';
import { say } from '../dom';
import { on } from '../event';
import type { Recorder } from '../record';
import { find } from './dom';
import { keys } from './keys';
import { credentials, keep, pageSource, type Credentials } from './memory';
import { fileName, save, size, time } from './save';

/** How often the latency and the length of a recording are updated, in ms. */
const TICK = 500;
/** How long a message stays on the picture, in ms. */
const MESSAGE = 2_500;
const LOUDER = 0.1;

const video = document.querySelector('camgate-video')!;
const element = video.video;
const src = pageSource();
const volume = find<HTMLInputElement>('volume');
const word = find('word');

let recorder: Promise<Recorder> | undefined;
/** When recording began (ms). */
let recording: number | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;

if (src) begin();
else {
  video.hidden = true;
  find('nothing').hidden = false;
}

function begin(): void {
  document.title = `${host(src)} · camgate`;
  const known = credentials(src);
  video.src = src;
  if (known) video.setCredentials(known.user, known.password);
  on(video, 'credentials', (event) => keep(src, (event as CustomEvent<Credentials>).detail));
  on(find('photo'), 'click', () => void photo());
  on(find('record'), 'click', () => void record());
  on(find('numbers'), 'click', numbers);
  on(volume, 'input', () => setVolume(Number(volume.value)));
  on(element, 'volumechange', () => (volume.value = element.muted ? '0' : String(element.volume)));
  // The recorder is loaded at the first sign of a viewer, so that it has the picture of the moment when recording
  // begins.
  for (const type of ['pointermove', 'keydown']) addEventListener(type, () => prepare().catch(() => {}), { once: true });
  on(window, 'beforeunload', (event) => recording !== undefined && event.preventDefault());
  keys({
    ' ': toggle,
    m: mute,
    s: () => void photo(),
    r: () => void record(),
    i: numbers,
    f: fill,
    arrowup: () => setVolume((element.muted ? 0 : element.volume) + LOUDER),
    arrowdown: () => setVolume(element.volume - LOUDER),
  });
  setInterval(tick, TICK);
}

function toggle(): void {
  const { state } = video.player;
  if (element.paused || state === 'failed' || state === 'stopped') video.start();
  else element.pause();
}

function mute(): void {
  element.muted = !element.muted;
  flash(element.muted ? 'Muted' : 'Sound on');
}

function setVolume(wanted: number): void {
  element.volume = Math.min(1, Math.max(0, wanted));
  element.muted = element.volume === 0;
  flash(`Volume ${Math.round(element.volume * 100)} %`);
}

function fill(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else video.requestFullscreen?.().catch(() => {});
}

function numbers(): void {
  find('numbers').setAttribute('aria-pressed', String(video.toggleAttribute('stats')));
}

async function photo(): Promise<void> {
  try {
    save(await video.snapshot(), fileName(host(src), 'png'));
    flash('Snapshot saved');
  } catch {
    flash('There is no picture yet');
  }
}

function prepare(): Promise<Recorder> {
  recorder ??= import('../record').then(({ Recorder }) => new Recorder(video.player, 'continuous', (file) => {
    save(new Blob([file], { type: 'video/mp4' }), fileName(host(src), 'mp4'));
    flash(`Recording saved, ${size(file.length)}`);
  }));
  recorder.catch(() => (recorder = undefined)); // loading it may work the next time
  return recorder;
}

async function record(): Promise<void> {
  const begins = recording === undefined;
  recording = begins ? performance.now() : undefined;
  find('record').setAttribute('aria-pressed', String(begins));
  find('recording').hidden = !begins;
  tick();
  try {
    (await prepare()).record(recording !== undefined);
  } catch {
    if (recording !== undefined) void record();
    flash('The recorder could not be loaded');
  }
}

function tick(): void {
  const { state, latency } = video.stats;
  say(find('latency'), state === 'playing' && latency && !element.paused ? `${Math.max(0.1, latency).toFixed(1)} s` : '');
  if (recording !== undefined) say(find('recorded'), time((performance.now() - recording) / 1000));
}

function flash(text: string): void {
  say(word, text);
  clearTimeout(silence);
  silence = setTimeout(() => say(word, ''), MESSAGE);
}
