// /test: everything that the player can do, for people who try it with their own cameras.

import '../camgate';
import { completed, host, withoutCredentials } from '../address';
import { say } from '../dom';
import { on } from '../event';
import type { Problem, Unsupported } from '../player';
import type { RecorderKind } from '../record';
import type { ServerInfo } from '../streamedian';
import { find, h } from './dom';
import { credentials, keep, pageSource, recent, remember, safe, whole, type Credentials } from './memory';
import { fileName, save } from './save';
import { Files } from './test/files';
import { copy, Log } from './test/log';
import { Numbers } from './test/numbers';
import { Playback } from './test/playback';
import { Recording } from './test/recording';

/** How often numbers and sliders are updated, in ms, and how many updates make a point of a graph. */
const TICK = 250;
const POINT = 4;
/** How long a button shows that it has copied, in ms. */
const COPIED = 1_500;

const video = document.querySelector('camgate-video')!;
const { player, video: element } = video;
const address = find<HTMLInputElement>('address');
const [user, password, socket] = ['user', 'password', 'socket'].map(find<HTMLInputElement>) as [HTMLInputElement, HTMLInputElement, HTMLInputElement];
const log = new Log(find('log'));
const files = new Files(find('files'));
const numbers = new Numbers(find('numbers'));
const playback = new Playback(video);
const recordings = (['continuous', 'event'] as const).map((kind) => new Recording(player, kind, deliver, (text) => log.add(text)));
/** When the camera was requested (ms), until its first picture is there. */
let asked = 0;
let ticks = 0;

on(find('open'), 'submit', (event) => {
  event.preventDefault();
  start();
});
on(address, 'input', () => complain(''));
on(find('stop'), 'click', () => {
  video.stop();
  log.add('stopped');
});
on(find('photo'), 'click', () => void photo());
on(find('copy-log'), 'click', () => void copied('copy-log', report()));
on(find('clear-log'), 'click', () => log.clear());
on(find('copy-code'), 'click', () => void copied('copy-code', code()));
on(window, 'beforeunload', (event) => recordings.some((each) => each.on) && event.preventDefault());
follow();
setInterval(tick, TICK);
tick();
void offer();

function start(): void {
  const url = completed(address.value);
  complain(url ? '' : 'This is no camera address. It begins with rtsp:// or rtsps://.');
  if (!url) return;
  log.add(`start ${safe(url)}`);
  const given = user.value ? { user: user.value, password: password.value } : credentials(url);
  video.stop(); // every attempt starts anew
  video.socket = socket.value.trim() || 'ws/';
  video.src = whole(url);
  video.setCredentials(given?.user ?? '', given?.password ?? '');
  video.start();
}

function complain(text: string): void {
  say(find('wrong'), text);
  address.setAttribute('aria-invalid', String(text !== ''));
  if (text) address.focus();
}

/** Logs all events. */
function follow(): void {
  on(video, 'statechange', () => {
    log.add(player.state);
    if (player.state === 'connecting') asked = performance.now();
    if (player.state === 'playing') remember(player.src);
  });
  on(video, 'problem', () => player.problem && log.add(told(player.problem), true));
  on(video, 'unsupported', (event) => log.add((event as CustomEvent<Unsupported>).detail.message, true));
  on(video, 'size', () => log.add(`picture of ${video.stats.width} × ${video.stats.height}`));
  on(video, 'info', (event) => greet((event as CustomEvent<{ info?: ServerInfo }>).detail));
  on(video, 'credentials', (event) => {
    keep(player.src, (event as CustomEvent<Credentials>).detail);
    log.add('signed in');
  });
  on(element, 'playing', first);
  on(element, 'waiting', () => player.state === 'playing' && !asked && log.add('the buffer ran dry'));
  on(element, 'error', () => element.error && log.add(`video element: ${element.error.message}`, true));
}

function told({ kind, code, title, message, retry }: Problem): string {
  return `${title}. ${message} (${kind}${code ? ` ${code}` : ''}${retry ? ', is tried again' : ''})`;
}

/** Takes what the gateway tells about itself: the cameras behind its tunnels can be chosen, too. */
function greet({ info }: { info?: ServerInfo }): void {
  if (!info) return;
  const cameras = Object.entries(info.clients ?? {}).flatMap(([client, list]) =>
    list.map(({ url, description }) => option(`${url} ${client}`, description)));
  log.add(`gateway: this page is ${info.requestedDomain}, ${cameras.length} cameras behind tunnels`);
  find('addresses').append(...cameras);
}

function option(value: string, label = ''): HTMLOptionElement {
  return h('option', { value, label });
}

function first(): void {
  if (!asked) return;
  const { codecs } = video.stats;
  log.add(`first picture after ${Math.round(performance.now() - asked)} ms: ${codecs.join(', ')}`);
  asked = 0;
}

function deliver(file: Uint8Array<ArrayBuffer>, kind: RecorderKind): void {
  log.add(files.add(file, kind, host(player.src), find<HTMLInputElement>('at-once').checked));
}

async function photo(): Promise<void> {
  try {
    save(await video.snapshot(), fileName(host(player.src), 'png'));
    log.add('snapshot saved');
  } catch (error) {
    log.add((error as Error).message, true);
  }
}

function tick(): void {
  playback.tick();
  for (const recording of recordings) recording.tick();
  if (ticks++ % POINT === 0) numbers.show(video.stats);
  say(find('code'), code());
}

/** The markup for a page that plays what is set here. */
function code(): string {
  const [continuous, event] = recordings.map(({ fileLength }) => fileLength);
  return `<video id="video" controls autoplay muted></video>
<script src="${new URL('streamedian.js', location.href).href}"></script>
<script>
  const player = Streamedian.player('video', {
    url: ${JSON.stringify(withoutCredentials(completed(address.value) ?? 'rtsp://…'))},
    socket: ${JSON.stringify(player.socket)},
    bufferDuration: ${playback.bufferDuration},
    continuousFileLength: ${continuous},
    eventFileLength: ${event},
    dataHandler: (file, prefix) => { /* a recorded file */ },
  });
</script>`;
}

/** What somebody who helps wants to know. */
function report(): string {
  return [location.origin, navigator.userAgent, withoutCredentials(player.src), numbers.text, log.text].join('\n\n');
}

async function copied(id: string, text: string): Promise<void> {
  const button = find(id);
  say(button, (await copy(text)) ? 'Copied' : 'Not allowed');
  setTimeout(() => say(button, 'Copy'), COPIED);
}

/** Offers addresses to choose from, and plays the one in the page's own address at once. */
async function offer(): Promise<void> {
  const src = pageSource();
  if (src) {
    address.value = src;
    start();
  }
  const known = recent().map((url) => option(url));
  try {
    const cameras = (await (await fetch('api/cameras')).json()) as { name: string; url: string }[];
    known.push(...cameras.map(({ name, url }) => option(url, name)));
  } catch {
    log.add('The list of cameras could not be had from the gateway.', true);
  }
  find('addresses').append(...known);
  address.value ||= known[0]?.value ?? '';
}
