// One camera of the wall: its picture while it is visible, its name and its state.
//
// Invariant: the camera is watched only while the tile is wanted, and for a little longer; the last picture stays.

import { say } from '../dom';
import { on } from '../event';
import type { Camera, Stream } from './cameras';
import { h } from './dom';

/** How long a tile must be wanted before it requests its camera, in ms, so that scrolling past does not. */
const SETTLE = 150;
/** How long it keeps a camera that is not wanted any more, in ms. */
const LINGER = 3_000;
/** The maximum width of the last picture that is kept. */
const STILL_WIDTH = 960;

export class Tile {
  readonly node: HTMLElement;
  readonly link: HTMLAnchorElement;
  /** The last picture before the stream ended. */
  readonly still = h('canvas', { 'aria-hidden': 'true' });
  readonly #video = h('camgate-video', { muted: '', inert: '', socket: 'ws/' });
  readonly #name = h('strong');
  readonly #state = h('span', { class: 'state' });
  readonly #title = h('strong');
  readonly #message = h('span');
  readonly #trouble = h('span', { class: 'trouble' }, this.#title, this.#message);
  #camera: Camera;
  #wanted = false;
  #watching = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(camera: Camera) {
    this.#camera = camera;
    const label = h('span', { class: 'label' }, this.#name, this.#state);
    this.link = h('a', { href: anchor(camera) }, this.still, this.#video, this.#trouble, label);
    this.node = h('li', { class: 'tile' }, this.link);
    on(this.#video, 'statechange problem', () => this.#show());
    this.#show();
  }

  get camera(): Camera {
    return this.#camera;
  }

  /** The camera as the gateway now describes it. */
  set camera(camera: Camera) {
    const changed = signature(camera) !== signature(this.#camera);
    this.#camera = camera;
    if (this.#watching && changed) {
      if (this.#video.src !== this.#stream.url) this.#video.src = this.#stream.url;
      else if (this.#video.player.state === 'failed') this.#video.start(); // it failed for a reason that is gone
    }
    this.#show();
  }

  /** Whether somebody can see the tile. */
  set wanted(wanted: boolean) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    if (wanted !== this.#watching) this.#timer = setTimeout(() => this.#watch(wanted), wanted ? SETTLE : LINGER);
  }

  /** Keeps the current picture. */
  keep(): void {
    const { video } = this.#video;
    const { videoWidth: width, videoHeight: height } = video;
    if (!width || !height) return;
    const scale = Math.min(1, STILL_WIDTH / width);
    this.still.width = width * scale;
    this.still.height = height * scale;
    this.still.getContext('2d')?.drawImage(video, 0, 0, this.still.width, this.still.height);
  }

  remove(): void {
    clearTimeout(this.#timer);
    this.node.remove();
  }

  get #stream(): Stream {
    return this.#camera.sub ?? this.#camera;
  }

  #watch(watching: boolean): void {
    this.#watching = watching;
    if (!watching) this.keep();
    this.#video.src = watching ? this.#stream.url : '';
    if (watching) this.#video.start();
    this.#show();
  }

  #show(): void {
    const { state, problem } = this.#video.player;
    const live = state === 'playing' && !problem;
    // The gateway's reason stays the same from one attempt to the next.
    const reason = live ? '' : this.#stream.problem ?? '';
    const message = problem?.kind === 'camera' && this.#stream.state ? '' : problem?.message ?? ''; // the gateway's reason will come
    const wrong = reason !== '' || problem !== undefined;
    const name = label(this.#camera);
    say(this.#name, name);
    say(this.#title, reason ? 'No picture' : problem?.title ?? '');
    say(this.#message, reason ? sentence(reason) : message);
    say(this.#state, wrong ? 'No picture' : live ? 'Live' : this.#watching ? 'Connecting' : '');
    this.#state.dataset.is = wrong ? 'wrong' : live ? 'live' : '';
    this.#trouble.hidden = !wrong;
    const told = wrong ? [this.#title, this.#message].map((part) => part.textContent).join('. ') : this.#state.textContent;
    this.link.setAttribute('aria-label', told ? `${name}: ${told}` : name);
  }
}

/** The name that people see. */
export const label = ({ name, description }: Camera): string => description || name;

/** The fragment of the page's address that enlarges this camera. */
export const anchor = ({ name }: Camera): string => `#${encodeURIComponent(name)}`;

/** What must change before another attempt makes sense. */
const signature = ({ url, state, problem, sub }: Camera): string =>
  JSON.stringify([url, state, problem, sub?.url, sub?.state, sub?.problem]);

const sentence = (reason: string): string =>
  reason.charAt(0).toUpperCase() + reason.slice(1) + (/[.!?]$/.test(reason) ? '' : '.');
