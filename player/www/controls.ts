// The control bar at the lower edge. Browsers' own controls have a timeline, which a live picture does not need.

import { icon, made, part, say, type Icon } from './dom';
import { on, play } from './event';

/** The bar disappears when the pointer has rested for this long, in ms. */
const REST = 2_500;

/** A page can put its own controls into the slots. */
const BAR = `<div class="bar"><button class="toggle"></button><button class="sound"></button><slot name="volume"></slot>
<span class="live"></span><slot name="live"></slot><i></i><slot name="bar"></slot>
<button class="window"></button><button class="full"></button></div>`;

interface FullscreenVideo extends HTMLVideoElement {
  webkitEnterFullscreen?(): void; // iPhones show only a video full screen
}

export class Controls {
  readonly #host: HTMLElement;
  readonly #video: FullscreenVideo;
  readonly node = made(BAR);
  /** Shown while the browser allows no audio without a gesture. */
  readonly unmute = made(`<button class="unmute">${icon('muted')} Turn sound on</button>`);
  readonly #play = part(this.node, '.toggle');
  readonly #sound = part(this.node, '.sound');
  readonly #live = part(this.node, '.live');
  readonly #window = part(this.node, '.window');
  readonly #full = part(this.node, '.full');
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(host: HTMLElement, frame: HTMLElement, video: HTMLVideoElement) {
    this.#host = host;
    this.#video = video;
    face(this.#window, 'window', 'Picture in picture');
    this.#window.hidden = !document.pictureInPictureEnabled;
    on(this.#play, 'click', () => this.togglePlay());
    on(this.#sound, 'click', () => this.toggleSound());
    on(this.#window, 'click', () => this.#toggleWindow());
    on(this.#full, 'click', () => this.toggleFull());
    on(video, 'play pause volumechange emptied', () => this.#update());
    on(host, 'fullscreenchange', () => this.#update());
    on(video, 'dblclick', () => this.toggleFull());
    on(frame, 'pointermove pointerdown focusin keydown', () => this.#wake(frame));
    on(this.node, 'click', (event) => release(event as MouseEvent));
    this.#update();
  }

  /** Shows whether the picture is live. */
  set live(live: boolean) {
    this.#live.classList.toggle('on', live);
    say(this.#live, live ? 'Live' : this.#video.paused ? 'Paused' : '');
  }

  togglePlay(): void {
    if (this.#video.paused) play(this.#video);
    else this.#video.pause();
  }

  toggleSound(): void {
    this.#video.muted = !this.#video.muted;
  }

  toggleFull(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (this.#host.requestFullscreen) this.#host.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.();
  }

  #toggleWindow(): void {
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    else this.#video.requestPictureInPicture().catch(() => {});
  }

  #update(): void {
    const { paused, muted } = this.#video;
    const full = document.fullscreenElement === this.#host;
    face(this.#play, paused ? 'play' : 'pause', paused ? 'Play' : 'Pause');
    face(this.#sound, muted ? 'muted' : 'sound', muted ? 'Turn sound on' : 'Mute');
    face(this.#full, full ? 'shrink' : 'grow', full ? 'Leave full screen' : 'Full screen');
  }

  #wake(frame: HTMLElement): void {
    frame.classList.add('awake');
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => frame.classList.remove('awake'), REST);
  }
}

/** Takes the focus from a button that was clicked, which would keep the bar open and react to the space bar. */
function release({ detail, target }: MouseEvent): void {
  if (detail) (target as Element).closest('button')?.blur();
}

function face(element: HTMLElement, name: Icon, label: string): void {
  if (element.getAttribute('aria-label') === label) return;
  element.setAttribute('aria-label', label);
  element.title = label;
  element.innerHTML = icon(name);
}
