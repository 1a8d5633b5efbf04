// Motion JPEG: whole pictures, drawn to a canvas whose stream the video element plays.
//
// So a page's own <video> shows them as it shows everything else: controls, picture in picture,
// full screen and snapshots need to know nothing of it. The sound of such a stream comes from an
// element that nobody sees, and follows what is done to the video element.
//
// Invariant: pictures are drawn in their order; what waits, and what is being decoded, is bounded.

import { HAVE_CURRENT_DATA, max, min, on, play } from './event';
import type { Fragment } from './wasm';

/** Pictures that wait for their time; more are dropped. */
const WAITING_LIMIT = 100;
/** Pictures being decoded; a device that needs longer than that shows fewer. */
const DECODING_LIMIT = 3;
/** No picture waits longer than this, in ms: neither for the sound nor for others that came late. */
const WAIT_SOUND = 1000;
const WAIT_LIMIT = 150;
/** Of the camera's clock against ours: what the best transit time may be wrong by, per ms. */
const DRIFT = 0.001;
/** How much of the lateness that was seen is still expected one picture later. */
const FADE = 0.99;

export class Pictures {
  /** What plays the sound. */
  readonly sound: HTMLMediaElement;
  readonly #video: HTMLMediaElement;
  readonly #sized: (width: number, height: number) => void;
  readonly #canvas = document.createElement('canvas');
  readonly #end = new AbortController();
  #waiting = 0;
  #decoding = 0;
  /** Time of the picture on the canvas, on the session's timeline, in seconds. */
  #shown = -Infinity;
  /** Transit time (clock less media time) at best, how late others are, when that was seen: all in ms. */
  #best = Infinity;
  #late = 0;
  #seen = 0;
  #session = 0;
  dropped = 0;

  /** What is to play the sound: a video, for without a gesture Chromium lets no other element play, muted or not. */
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

  /** A session begins: its timeline has nothing to do with the one before. */
  begin(): void {
    this.#session++;
    this.#shown = -Infinity;
    this.#best = Infinity;
  }

  /** To be called several times a second: sound that was not allowed may be by now. */
  tick(): void {
    if (this.sound.paused !== this.#video.paused) this.#follow();
  }

  /** `heard`: the time of what is heard now, on the session's timeline; NaN when there is no sound. */
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
      this.dropped++; // damaged on its way
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

  /** Milliseconds until a picture is due: as the sound is heard, else evenly, as they were taken. */
  #wait(time: number, heard: number, now: number): number {
    const { paused, readyState } = this.sound;
    // Sound that is not allowed, or stands still, holds no picture up.
    if (!paused && readyState > HAVE_CURRENT_DATA && heard <= heard) return within((time - heard) * 1000, WAIT_SOUND);
    const transit = now - time * 1000;
    this.#best = min(transit, this.#best + (now - this.#seen) * DRIFT);
    this.#late = max(within(transit - this.#best, WAIT_LIMIT), this.#late * FADE);
    this.#seen = now;
    return within(this.#best + this.#late - transit, WAIT_LIMIT);
  }

  /** The sound does what the picture does. */
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
