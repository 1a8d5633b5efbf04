// The start page: an address box, the gateway's cameras, the last addresses, and a player.

import '../camgate';
import { completed, host, withoutCredentials } from '../address';
import { made } from '../dom';
import { find, h } from './dom';
import { credentials, forget, keep, recent, remember, type Credentials } from './memory';

interface Camera {
  name: string;
  description: string;
  url: string;
}

/** How often the facts below the picture are renewed, in ms. */
const TICK = 1_000;

const video = document.querySelector('camgate-video')!;
const form = find<HTMLFormElement>('open');
const address = find<HTMLInputElement>('address');
const wrong = find('wrong');
const stage = find('stage');
const cameraList = find('camera-list');

let cameras: Camera[] = [];
/** The address as it was asked for, and what it is called. */
let playing: { url: string; name: string; typed: boolean } | undefined;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const url = completed(address.value);
  complain(url ? '' : address.value.trim()
    ? 'This is no camera address. It begins with rtsp:// or rtsps://.'
    : 'Type the address of a camera first.');
  if (url) watch(url, host(url), true);
});
address.addEventListener('input', () => complain(''));
find('leave').addEventListener('click', leave);
video.addEventListener('credentials', (event) => {
  if (playing) keep(playing.url, (event as CustomEvent<Credentials>).detail);
});
video.addEventListener('statechange', () => {
  if (!playing?.typed || video.player.state !== 'playing') return;
  remember(playing.url); // an address that plays is worth remembering
  showRecent();
});
setInterval(showFacts, TICK);
showRecent();
void showCameras();

function complain(text: string): void {
  wrong.textContent = text;
  address.setAttribute('aria-invalid', String(text !== ''));
  if (text) address.focus();
}

function watch(url: string, name: string, typed: boolean): void {
  playing = { url, name, typed };
  complain('');
  stage.hidden = false;
  find('name').textContent = name;
  const query = `?src=${encodeURIComponent(withoutCredentials(url))}`;
  find<HTMLAnchorElement>('alone').href = `watch${query}`;
  find<HTMLAnchorElement>('test').href = `test${query}`;
  document.title = `${name} · camgate`;
  video.src = url;
  const known = credentials(url);
  if (known) video.setCredentials(known.user, known.password);
  video.start();
  showFacts();
  markCamera();
  showRecent();
  stage.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

function leave(): void {
  playing = undefined;
  video.src = '';
  stage.hidden = true;
  document.title = 'camgate';
  markCamera();
  showRecent();
  address.focus();
}

/** One quiet line: what comes, and how far it is behind. */
function showFacts(): void {
  const { state, width, height, codecs, latency } = video.stats;
  const facts = state !== 'playing' ? [] : [
    width ? `${width} × ${height}` : '',
    codecs.map(codecName).join(' + '),
    latency ? `${Math.max(0.1, latency).toFixed(1)} s behind` : '',
  ];
  const text = facts.filter(Boolean).join(' · ');
  if (find('facts').textContent !== text) find('facts').textContent = text;
}

function codecName(codec: string): string {
  if (/^avc/.test(codec)) return 'H.264';
  if (/^h(vc|ev)/.test(codec)) return 'H.265';
  return /^mp4a/.test(codec) ? 'AAC' : codec;
}

async function showCameras(): Promise<void> {
  const failed = find('cameras-wrong');
  try {
    const response = await fetch('api/cameras');
    if (!response.ok) throw new Error(String(response.status));
    cameras = (await response.json()) as Camera[];
    cameraList.replaceChildren(...cameras.map(card));
    find('cameras').hidden = !cameras.length;
    failed.hidden = true;
    markCamera();
  } catch {
    failed.textContent = 'The list of cameras could not be had from the gateway. It is tried again.';
    failed.hidden = false;
    find('cameras').hidden = false;
    setTimeout(() => void showCameras(), 10_000);
  }
  showRecent();
}

function card({ name, description, url }: Camera): HTMLElement {
  const mark = made<SVGElement>('<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9.5-5.5z"/></svg>');
  const button = h('button', { type: 'button', 'data-url': url }, mark, h('strong', {}, name));
  if (description) button.append(h('span', {}, description));
  button.addEventListener('click', () => watch(url, name, false));
  return h('li', {}, button);
}

function markCamera(): void {
  for (const button of cameraList.querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset.url === playing?.url));
  }
}

function showRecent(): void {
  const list = recent();
  find('recent-list').replaceChildren(...list.map(recentItem));
  find('recent').hidden = !list.length;
  find('welcome').hidden = playing !== undefined || list.length > 0 || !find('cameras').hidden;
}

function recentItem(url: string): HTMLElement {
  const go = h('button', { type: 'button', class: 'go' }, url.replace(/^rtsp:\/\//, ''));
  const drop = h('button', { type: 'button', class: 'drop', 'aria-label': `Forget ${url}`, title: 'Forget' }, '×');
  go.addEventListener('click', () => {
    address.value = url;
    watch(url, host(url), true);
  });
  drop.addEventListener('click', () => {
    forget(url);
    showRecent();
  });
  return h('li', {}, go, drop);
}
