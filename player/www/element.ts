// <camgate-video src="rtsp://…">: a player with a face.
//
// Attributes: src, socket, autoplay, muted, controls, stats. Properties: the first five, credentials,
// player, video, stats (numbers, whether shown or not). Methods: start(), stop(), snapshot(type,
// quality), setCredentials(user, password). Events: those of Player, and `credentials` (detail:
// user, password) when somebody signed in through the picture. Slots: `volume`, `live`, `bar` for what
// a page adds to the bar, `picture` for what lies over the picture.

import { userIn } from './address';
import { Controls } from './controls';
import { adopt, made } from './dom';
import css from './element.css';
import { HAVE_METADATA, on } from './event';
import { Overlay } from './overlay';
import { load, Player, type Ask, type Stats } from './player';
import { Readout } from './readout';

const FORWARDED = 'statechange problem unsupported size info';
/** How often words that count seconds are renewed, in ms. */
const TICK = 250;

/** Servers that render pages load this script too, and have no elements. */
const Base = globalThis.HTMLElement ?? class {};

export class CamgateVideo extends Base {
  static readonly observedAttributes = ['src', 'socket', 'muted', 'controls', 'stats'];

  readonly video = made<HTMLVideoElement>('<video part="video" playsinline></video>');
  readonly player: Player;
  readonly #frame = made('<div class="frame"></div>');
  readonly #overlay: Overlay;
  readonly #controls: Controls;
  readonly #readout = new Readout();
  /** The browser allowed no sound without a gesture. */
  #hushed = false;
  /** The play head has moved since the last (re)start. */
  #moving = false;
  #user = '';
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    adopt(root, css);
    this.player = new Player(this.video);
    this.#controls = new Controls(this, this.#frame, this.video);
    this.#overlay = new Overlay({
      play: () => this.start(),
      again: () => this.start(),
      signIn: (user, password) => this.#signIn(user, password),
    });
    on(this.#controls.unmute, 'click', () => this.#unmute());
    this.#frame.append(this.video, this.#readout.node, this.#overlay.note, this.#controls.unmute, made('<slot name="picture"></slot>'), this.#controls.node, this.#overlay.node);
    root.append(this.#frame);
    this.#listen();
  }

  connectedCallback(): void {
    this.#upgrade();
    load().catch(() => {}); // ready when it is wanted; failing is told then
    this.#ticker ??= setInterval(() => this.#render(), TICK);
    if (this.autoplay && this.src) this.start();
    this.#render();
  }

  disconnectedCallback(): void {
    // Moving an element takes it out and puts it in again at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      clearInterval(this.#ticker);
      this.#ticker = undefined;
      this.player.stop();
    });
  }

  attributeChangedCallback(name: string, _old: string | null, value: string | null): void {
    if (name === 'src') this.#changeSource(value ?? '');
    else if (name === 'socket') this.player.socket = value ?? '';
    else if (name === 'muted') this.video.muted = value !== null;
    else if (name === 'stats') this.#readout.node.hidden = value === null;
    else this.#frame.classList.toggle('controls', value !== null);
  }

  get src(): string {
    return this.getAttribute('src') ?? '';
  }

  set src(url: string | null | undefined) {
    this.setAttribute('src', url ?? ''); // frameworks take a property back so
  }

  get socket(): string {
    return this.player.socket;
  }

  set socket(url: string | null | undefined) {
    this.setAttribute('socket', url ?? '');
  }

  get autoplay(): boolean {
    return this.hasAttribute('autoplay');
  }

  set autoplay(value: boolean) {
    this.toggleAttribute('autoplay', value);
  }

  get controls(): boolean {
    return this.hasAttribute('controls');
  }

  set controls(value: boolean) {
    this.toggleAttribute('controls', value);
  }

  get muted(): boolean {
    return this.video.muted;
  }

  set muted(value: boolean) {
    this.video.muted = value;
  }

  get stats(): Stats {
    return this.player.stats;
  }

  /** The attribute; frameworks set whatever property they find. */
  set stats(shown: unknown) {
    this.toggleAttribute('stats', Boolean(shown));
  }

  /** Asked instead of the person before the picture; see PlayerOptions. */
  get credentials(): Ask | undefined {
    return this.player.credentials;
  }

  set credentials(ask: Ask | undefined) {
    this.player.credentials = ask;
  }

  /** The picture as it is now; `type` and `quality` as for HTMLCanvasElement.toBlob(). */
  snapshot(type?: string, quality?: number): Promise<Blob> {
    return this.player.snapshot(type, quality);
  }

  /** Plays; tries again if it had failed. */
  start(): void {
    this.player.start();
    void this.#play();
  }

  stop(): void {
    this.player.stop();
  }

  setCredentials(user: string, password: string): void {
    this.#user = user;
    this.player.setCredentials(user, password);
  }

  /** What was set before this script had come hides the accessors. */
  #upgrade(): void {
    for (const name of ['socket', 'credentials', 'src', 'autoplay', 'muted', 'controls', 'stats'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const { [name]: value } = this;
      delete (this as Partial<CamgateVideo>)[name];
      Object.assign(this, { [name]: value });
    }
  }

  #changeSource(url: string): void {
    const active = this.player.state !== 'stopped';
    this.#user = userIn(url) ?? '';
    this.player.src = url;
    if (!url) this.player.stop();
    else if (this.isConnected && (active || this.autoplay)) this.start();
    this.#render();
  }

  #signIn(user: string, password: string): void {
    this.setCredentials(user, password);
    this.#tell('credentials', { user, password });
    this.video.focus();
  }

  /** Browsers allow sound only after a gesture: rather play without than not at all. */
  async #play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (this.video.muted) return this.#render(); // not even so: there is a button for it
      this.video.muted = this.#hushed = true;
      return this.#play();
    }
  }

  #unmute(): void {
    this.video.muted = this.#hushed = false;
    this.video.play().catch(() => {});
  }

  #listen(): void {
    on(this.player, FORWARDED, (event) => {
      const { type, detail } = event as CustomEvent<unknown>;
      if (type === 'size') this.#resize();
      this.#render();
      this.#tell(type, detail);
    });
    on(this.video, 'emptied', () => this.#move(false));
    on(this.video, 'waiting', () => this.#render());
    on(this.video, 'timeupdate', () => this.#move(!this.video.paused));
    on(this.video, 'volumechange', () => {
      if (!this.video.muted) this.#hushed = false;
      this.#render();
    });
  }

  #tell(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #move(moving: boolean): void {
    if (moving === this.#moving) return;
    this.#moving = moving;
    this.#render();
  }

  #resize(): void {
    const { width, height } = this.stats;
    if (width && height) this.#frame.style.aspectRatio = `${width} / ${height}`;
  }

  #render(): void {
    const { player, video } = this;
    const { state, problem } = player;
    const idle = this.src !== '' && video.paused;
    const moving = this.#moving && video.readyState > HAVE_METADATA;
    this.#overlay.show({ state, problem, retryIn: player.retryIn, moving, idle, unsupported: player.unsupported }, this.#user);
    const playing = state === 'playing' && moving && !video.paused;
    this.#controls.live = playing && !problem;
    this.#readout.show(player);
    this.#frame.classList.toggle('running', state !== 'stopped' && state !== 'failed');
    this.#frame.classList.toggle('still', video.paused);
    this.#controls.unmute.hidden = !(this.#hushed && playing && player.sound);
  }
}
