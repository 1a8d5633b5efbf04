// Motion JPEG: whole pictures, drawn to a canvas whose stream the video element plays.
//
// So a page's own <video> shows them like everything else: controls, picture in picture, full screen and snapshots
// need to know nothing about it. A hidden element plays the audio of such a stream, and follows the video element.
//
// Invariant: pictures are drawn in order, and the numbers of those that wait and of those being decoded are limited.

import { HAVE_CURRENT_DATA, max, min, on, play } from './event';
import type { Fragment } from './wasm';

/** How many pictures may wait for their time; further ones are dropped. */
const WAITING_LIMIT = 100;
/** How many pictures may be decoded at once; a device that is slower shows fewer. */
const DECODING_LIMIT = 3;
/** No picture waits longer than this, in ms, neither for audio nor for other pictures that came late. */
const WAIT_SOUND = 1000;
const WAIT_LIMIT = 150;
/** The drift of the camera's clock against ours: how wrong the best transit time may become, per ms. */
const DRIFT = 0.001;
/** The share of the observed lateness that is still expected one picture later. */
const FADE = 0.99;

export class Pictures {
  /** The element that plays the audio. */
  readonly sound: HTMLMediaElement;
  readonly #video: HTMLMediaElement;
  readonly #sized: (width: number, height: number) => void;
  readonly #canvas = document.createElement('canvas');
  readonly #end = new AbortController();
  #waiting = 0;
  #decoding = 0;
  /** The time of the picture on the canvas, on the session's timeline in seconds. */
  #shown = -Infinity;
  /** The best transit time (clock minus media time), how late others are, and when that was observed; all in ms. */
  #best = Infinity;
  #late = 0;
  #seen = 0;
  #session = 0;
  dropped = 0;

  /** Creates the element that plays the audio. It is a video, because Chromium lets no other element play without a
   * gesture, muted or not. */
  static sound(): HTMLMediaElement {
    return Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  }

  constructor(video: HTMLMediaElement, sound: HTMLMediaElement, sized: (width: number, height: number) => void) {
    this.#video = video;
    this.sound = sound;
    this.#sized = sized;
    this.#canvas.getContext('2d', { alpha: false }); // a canvas without a context has no stream
    video.srcObject = this.#canvas.captureStream();
    on(video, 'play pause volumechange', () => this.#follow(), this.#end.signal);
    this.#follow();
  }

  /** A session begins, with a timeline of its own. */
  begin(): void {
    this.#session++;
    this.#shown = -Infinity;
    this.#best = Infinity;
  }

  /** To be called several times a second: audio that was not allowed may be allowed now. */
  tick(): void {
    if (this.sound.paused !== this.#video.paused) this.#follow();
  }

  /** Shows a picture in time. `heard`: the current position of the audio on the session's timeline; NaN if there is
   * none. */
  show({ bytes, time }: Fragment, heard: number, now: number): void {
    const wait = this.#wait(time, heard, now);
    if (this.#waiting >= WAITING_LIMIT) return void this.dropped++;
    const session = this.#session;
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      if (session === this.#session) void this.#draw(bytes, time, session);
    }, wait);
  }

  destroy(): void {
    this.#session++;
    this.#end.abort();
    this.#video.srcObject = null;
  }

  async #draw(bytes: BlobPart, time: number, session: number): Promise<void> {
    if (this.#decoding >= DECODING_LIMIT) return void this.dropped++;
    this.#decoding++;
    try {
      const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
      if (session === this.#session && time > this.#shown) this.#paint(picture, time);
      picture.close();
    } catch {
      this.dropped++; // it was damaged on its way
    }
    this.#decoding--;
  }

  #paint(picture: ImageBitmap, time: number): void {
    const { width, height } = picture;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
      this.#sized(width, height);
    }
    this.#canvas.getContext('2d')?.drawImage(picture, 0, 0);
    this.#shown = time;
  }

  /** Milliseconds until a picture is due: when its audio is heard, or else so that pictures are evenly spaced. */
  #wait(time: number, heard: number, now: number): number {
    const { paused, readyState } = this.sound;
    // Audio that is not allowed, or stands still, delays no picture.
    if (!paused && readyState > HAVE_CURRENT_DATA && heard <= heard) return within((time - heard) * 1000, WAIT_SOUND);
    const transit = now - time * 1000;
    this.#best = min(transit, this.#best + (now - this.#seen) * DRIFT);
    this.#late = max(within(transit - this.#best, WAIT_LIMIT), this.#late * FADE);
    this.#seen = now;
    return within(this.#best + this.#late - transit, WAIT_LIMIT);
  }

  /** Makes the audio element do what the video element does. */
  #follow(): void {
    const { paused, muted, volume } = this.#video;
    Object.assign(this.sound, { muted, volume });
    if (paused) this.sound.pause();
    else play(this.sound);
  }
}

function within(ms: number, limit: number): number {
  return min(limit, max(0, ms));
}
