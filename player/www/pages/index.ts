// The start page: the wall of the gateway's cameras. An address box, the last addresses and a player are behind a
// button, or shown at once if there are no cameras.

import '../camgate';
import { completed, host } from '../address';
import { made, say } from '../dom';
import { follow, type Camera } from './cameras';
import { find, h } from './dom';
import { showFacts } from './facts';
import { credentials, forget, keep, linkTo, recent, remember, whole, type Credentials } from './memory';
import { Wall } from './wall';

/** How often the facts below the picture are updated, in ms. */
const TICK = 1_000;

const video = document.querySelector('camgate-video')!;
const form = find<HTMLFormElement>('open');
const address = find<HTMLInputElement>('address');
const wrong = find('wrong');
const stage = find('stage');
const cameraList = find('camera-list');

/** The list that is shown beside the address box, as JSON. */
let cameras = '';
let wall: Wall | undefined;
/** The address box was opened beside the wall. */
let opened = false;
/** The address that was requested, and its name. */
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
  remember(playing.url); // an address that plays is remembered
  showRecent();
});
setInterval(() => showFacts(find('facts'), video.stats), TICK);
find('other').addEventListener('click', openOther);
follow(listed, unlisted);

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
  find<HTMLAnchorElement>('alone').href = linkTo('watch', url);
  find<HTMLAnchorElement>('test').href = linkTo('test', url);
  document.title = `${name} · camgate`;
  video.src = whole(url);
  const known = credentials(url);
  if (known) video.setCredentials(known.user, known.password);
  video.start();
  showFacts(find('facts'), video.stats);
  markCamera();
  showRecent();
  stage.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

function openOther(): void {
  opened = !opened;
  find('main').hidden = !opened;
  find('other').setAttribute('aria-expanded', String(opened));
  if (opened) address.focus();
  else leave();
}

function leave(): void {
  playing = undefined;
  video.src = '';
  stage.hidden = true;
  document.title = 'camgate';
  markCamera();
  showRecent();
  if (!find('main').hidden) address.focus();
}

function listed(list: Camera[]): void {
  // The built-in camera of a demo has no state; it is offered beside the address box.
  const walled = list.some(({ state }) => state !== undefined);
  document.documentElement.classList.toggle('walled', walled);
  document.documentElement.classList.remove('asking');
  find('main').hidden = walled && !opened;
  find('other').hidden = !walled;
  if (walled) wall ??= new Wall();
  wall?.show(walled ? list : []);
  showCameras(walled ? [] : list);
}

function unlisted(): void {
  document.documentElement.classList.remove('asking');
  if (wall) return; // the tiles say what is wrong
  say(find('cameras-wrong'), 'The list of cameras could not be had from the gateway. It is tried again.');
  find('cameras-wrong').hidden = find('cameras').hidden = false;
}

function showCameras(list: Camera[]): void {
  const shown = JSON.stringify(list);
  find('cameras-wrong').hidden = true;
  find('cameras').hidden = !list.length;
  if (shown !== cameras) {
    cameras = shown;
    cameraList.replaceChildren(...list.map(card));
    markCamera();
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
  find('welcome').hidden = playing !== undefined || list.length > 0 || !find('wall').hidden || !find('cameras').hidden;
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
