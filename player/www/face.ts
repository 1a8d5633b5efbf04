// The face of <camgate-video>: the control bar, the messages and the numbers over the picture. It is a script of its
// own (face.js), together with the dialogs of streamedian.js, so that the picture need not wait for it.
//
// Invariant: it uses only what every page may use of an element (attributes, properties, events: see Host), so that
// the face of a newer gateway works on a page that is still open.

import { Controls } from './controls';
import { adopt, made } from './dom';
import { HAVE_METADATA, on, play } from './event';
import css from './face.css';
import { Overlay } from './overlay';
import type { Player } from './player';
import { Readout } from './readout';

export { ask, tell } from './streamedian/dialog';

/** The part of a <camgate-video> that its face uses. */
interface Host extends HTMLElement {
  readonly player: Player;
  readonly video: HTMLVideoElement;
  readonly src: string;
  readonly hushed: boolean;
  readonly controls: boolean;
  start(): void;
  setCredentials(user: string, password: string): void;
}

export class Face {
  readonly #element: Host;
  readonly #frame: HTMLElement;
  readonly #overlay: Overlay;
  readonly #controls: Controls;
  readonly #readout = new Readout();
  /** The play head has moved since the last start. */
  #moving: boolean;

  /** `frame` is in the element's shadow root, and contains the picture. */
  constructor(element: Host, frame: HTMLElement) {
    const { video } = element;
    this.#element = element;
    this.#frame = frame;
    this.#moving = video.currentTime > 0 && !video.paused;
    this.#controls = new Controls(element, frame, video);
    this.#overlay = new Overlay({
      play: () => element.start(),
      again: () => element.start(),
      signIn: (user, password) => this.#signIn(user, password),
    });
    on(this.#controls.unmute, 'click', () => this.#unmute());
    adopt(frame.getRootNode() as ShadowRoot, css);
    frame.append(this.#readout.node, this.#overlay.note, this.#controls.unmute, made('<slot name="picture"></slot>'), this.#controls.node, this.#overlay.node);
    on(video, 'emptied', () => this.#move(false));
    on(video, 'waiting volumechange', () => this.show());
    on(video, 'timeupdate', () => this.#move(!video.paused));
    this.show();
  }

  /** Shows the state of the element. To be called when it changes, and several times a second. */
  show(): void {
    const { player, video, src, hushed, controls } = this.#element;
    const { state, problem, retryIn, unsupported } = player;
    const moving = this.#moving && video.readyState > HAVE_METADATA;
    this.#overlay.show({ state, problem, retryIn, moving, idle: src !== '' && video.paused, unsupported }, player.user);
    const playing = state === 'playing' && moving && !video.paused;
    this.#controls.live = playing && !problem;
    this.#controls.unmute.hidden = !(hushed && playing && player.sound);
    this.#readout.node.hidden = !this.#element.hasAttribute('stats');
    this.#readout.show(player);
    const classes = { controls, running: state !== 'stopped' && state !== 'failed', still: video.paused, blank: !video.videoWidth };
    for (const [name, has] of Object.entries(classes)) this.#frame.classList.toggle(name, has);
  }

  #move(moving: boolean): void {
    if (moving === this.#moving) return;
    this.#moving = moving;
    this.show();
  }

  #signIn(user: string, password: string): void {
    const element = this.#element;
    element.setCredentials(user, password);
    element.dispatchEvent(new CustomEvent('credentials', { detail: { user, password } }));
    element.video.focus();
  }

  #unmute(): void {
    const { video } = this.#element;
    video.muted = false;
    play(video);
  }
}
