// <camgate-video src="rtsp://…">: a player with a user interface, its face. The face is a script of its own (face.ts),
// which is loaded while the player connects to the camera; the picture does not need it.
//
// Attributes: src, socket, autoplay, muted, controls, stats. Properties: the first five, credentials,
// hushed, player, video, stats (numbers, whether shown or not). Methods: start(), stop(), snapshot(type,
// quality), setCredentials(user, password). Events: those of Player, and `credentials` (detail:
// user, password) when somebody has signed in on the picture. Slots: `volume`, `live` and `bar` for what
// a page adds to the control bar, `picture` for what it puts over the picture.

import { adopt, made } from './dom';
import css from './element.css';
import { on } from './event';
import type { Face } from './face';
import { load, Player, type Ask, type Stats } from './player';

const FORWARDED = 'statechange problem unsupported size info';
/** How often texts that count seconds are updated, in ms. */
const TICK = 250;

/** Servers that render pages load this script, too, and have no HTMLElement. */
const Base = globalThis.HTMLElement ?? class {};

export class CamgateVideo extends Base {
  static readonly observedAttributes = ['src', 'socket', 'muted', 'controls', 'stats'];

  readonly video = made<HTMLVideoElement>('<video part="video" playsinline></video>');
  readonly player: Player;
  readonly #frame = made('<div class="frame"></div>');
  #face: Face | undefined;
  #dressing: Promise<void> | undefined;
  #hushed = false;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    adopt(root, css);
    this.player = new Player(this.video);
    this.#frame.append(this.video);
    root.append(this.#frame);
    this.#listen();
  }

  connectedCallback(): void {
    this.#upgrade();
    load().catch(() => {}); // prefetched; an error is reported when it is used
    this.#dress();
    this.#ticker ??= setInterval(() => this.#face?.show(), TICK);
    if (this.autoplay && this.src) this.start();
    this.#face?.show();
  }

  disconnectedCallback(): void {
    // An element that is moved is removed and inserted again at once.
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
    this.#face?.show();
  }

  get src(): string {
    return this.getAttribute('src') ?? '';
  }

  set src(url: string | null | undefined) {
    this.setAttribute('src', url ?? ''); // frameworks reset a property to undefined
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

  /** The browser allowed no audio without a gesture, so the picture plays muted until somebody turns it on. */
  get hushed(): boolean {
    return this.#hushed;
  }

  get stats(): Stats {
    return this.player.stats;
  }

  /** Reflects the attribute, because frameworks set every property that they find. */
  set stats(shown: unknown) {
    this.toggleAttribute('stats', Boolean(shown));
  }

  /** Asks for credentials instead of the form on the picture; see PlayerOptions. */
  get credentials(): Ask | undefined {
    return this.player.credentials;
  }

  set credentials(ask: Ask | undefined) {
    this.player.credentials = ask;
  }

  /** The current picture; `type` and `quality` as for HTMLCanvasElement.toBlob(). */
  snapshot(type?: string, quality?: number): Promise<Blob> {
    return this.player.snapshot(type, quality);
  }

  /** Starts playing, or tries again after a failure. */
  start(): void {
    this.player.start();
    void this.#play();
  }

  stop(): void {
    this.player.stop();
  }

  setCredentials(user: string, password: string): void {
    this.player.setCredentials(user, password);
  }

  /** Applies properties that were set before this script was loaded, which would hide the accessors. */
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
    this.player.src = url;
    if (!url) this.player.stop();
    else if (this.isConnected && (active || this.autoplay)) this.start();
  }

  /** Loads the face, and tries again until that succeeds. */
  #dress(): void {
    this.#dressing ??= import('./face').then(({ Face }) => {
      this.#face = new Face(this, this.#frame);
    }).catch((error: unknown) => {
      this.#dressing = undefined;
      console.warn('camgate: the controls could not be loaded.', error);
    });
  }

  /** Browsers allow audio only after a gesture. Playing muted is better than not playing. */
  async #play(): Promise<void> {
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      if (this.video.muted) return; // even muted playing is not allowed; there is a button for it
      this.video.muted = this.#hushed = true;
      return this.#play();
    }
  }

  #listen(): void {
    on(this.player, FORWARDED, (event) => {
      const { type, detail } = event as CustomEvent<unknown>;
      if (type === 'size') this.#resize();
      this.#dress();
      this.#face?.show();
      this.dispatchEvent(new CustomEvent(type, { detail }));
    });
    on(this.video, 'volumechange', () => {
      if (!this.video.muted) this.#hushed = false;
    });
  }

  #resize(): void {
    const { width, height } = this.stats;
    if (width && height) this.#frame.style.aspectRatio = `${width} / ${height}`;
  }
}
