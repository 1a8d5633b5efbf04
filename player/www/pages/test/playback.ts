// The sliders of the test page: how much is kept, how fast it plays, and the position.

import { say } from '../../dom';
import type { CamgateVideo } from '../../element';
import { endOf, on } from '../../event';
import { find } from '../dom';

/** A play head this close to the end of the buffer, in seconds, is live. */
const LIVE = 1.5;

export class Playback {
  readonly #video: CamgateVideo;
  readonly #keep = find<HTMLInputElement>('bufferDuration');
  readonly #rate = find<HTMLInputElement>('playbackRate');
  readonly #position = find<HTMLInputElement>('position');
  /** Somebody is dragging the slider. */
  #held = false;

  constructor(video: CamgateVideo) {
    this.#video = video;
    on(this.#keep, 'input', () => this.#apply());
    on(this.#rate, 'input', () => this.#apply());
    on(this.#position, 'input', () => this.#seek(Number(this.#position.value)));
    on(this.#position, 'pointerdown', () => (this.#held = true));
    on(this.#position, 'pointerup pointercancel', () => (this.#held = false));
    on(find('live'), 'click', () => this.live());
    on(video.video, 'emptied', () => this.#setRate(1)); // playback starts anew
    this.#apply();
  }

  /** Seconds kept behind the play head. */
  get bufferDuration(): number {
    return Number(this.#keep.value);
  }

  /** Goes back to the live edge, at normal speed. */
  live(): void {
    const { video } = this.#video;
    this.#setRate(1);
    if (video.paused) this.#video.start();
    if (video.buffered.length) video.currentTime = endOf(video.buffered);
  }

  /** To be called several times a second. */
  tick(): void {
    const { buffered, currentTime } = this.#video.video;
    const end = endOf(buffered);
    const behind = buffered.length ? Math.max(0, end - currentTime) : 0;
    const live = behind < LIVE;
    this.#position.min = String(buffered.length ? Math.min(-LIVE, buffered.start(0) - end) : -LIVE);
    if (!this.#held) this.#position.value = String(live ? 0 : -behind);
    say(find('position-text'), live ? 'live' : `${behind.toFixed(1)} s behind`);
  }

  #seek(position: number): void {
    const { video } = this.#video;
    if (position > -LIVE) this.live();
    else video.currentTime = endOf(video.buffered) + position;
  }

  #setRate(rate: number): void {
    this.#rate.value = String(rate);
    this.#apply();
  }

  #apply(): void {
    const rate = Number(this.#rate.value);
    this.#video.player.keep = this.bufferDuration;
    this.#video.video.playbackRate = rate;
    say(find('bufferDuration-text'), `${this.bufferDuration} s`);
    say(find('playbackRate-text'), `${rate} ×`);
  }
}
