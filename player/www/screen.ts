// Feeds a media element: with fragments by Media Source Extensions, kept at the live edge, or with pictures through a
// canvas and the audio beside them.
//
// Invariant: the element has exactly one source, of one kind or the other. Whether it was playing survives every
// change of source.

import { now as clock, play } from './event';
import { extras } from './later';
import { Live } from './live';
import { Mse } from './mse';
import type { Pictures } from './pictures';
import { undecodable, type Problem } from './problem';
import { quality, sum, type Stats } from './stats';
import type { Edge, Init, Piece } from './wasm';

/** The MIME type of a track of JPEG pictures. */
const JPEG = 'image/jpeg';

export interface ScreenListener {
  sized(width: number, height: number): void;
  failed(problem: Problem): void;
}

export class Screen {
  readonly #video: HTMLMediaElement;
  readonly #listener: ScreenListener;
  readonly #mse: Mse;
  #live: Live;
  /** Whether the camera sends Motion JPEG. */
  #drawn = false;
  /** Draws Motion JPEG, once its script is loaded. */
  #pictures: Pictures | undefined;

  constructor(video: HTMLMediaElement, keep: number, listener: ScreenListener) {
    this.#video = video;
    this.#listener = listener;
    this.#live = new Live(video);
    const mse: Mse = new Mse(video, keep, {
      appended: (from) => this.#live.appended(clock(), from, mse.history),
      broken: (detail) => listener.failed(undecodable(detail)),
    });
    this.#mse = mse;
  }

  /** A session begins, with tracks of its own and a timeline that starts near 0. */
  begin(): void {
    this.#mse.begin();
    this.#pictures?.begin();
    this.#live.reset();
  }

  /** Takes a track that is new or has a new codec. False if this browser cannot play it. */
  track(id: number, mime: string): boolean {
    const drawn = mime === JPEG;
    if (drawn || mime.startsWith('video')) this.#draw(drawn);
    return drawn || this.#mse.track(id, mime);
  }

  /** Takes the outputs of a session that belong to its tracks. */
  show(output: Init | Piece | Edge): void {
    switch (output.kind) {
      case 'init': return this.#mse.init(output.track, output.bytes);
      case 'fragment': return this.#mse.fragment(output, clock());
      case 'picture': return this.#pictures?.show(output, this.#mse.position, clock());
      case 'edge': this.#mse.edge = output.time;
    }
  }

  /** Whether the stream stands still without pieces like this one: those of the video, or of the audio of a stream
   * without video. */
  leads({ kind, track }: Piece): boolean {
    return kind === 'picture' || (!this.#drawn && this.#mse.leads(track));
  }

  tick(now: number): void {
    this.#mse.tick(now);
    this.#live.sound = this.sound;
    this.#live.tick(now);
    this.#pictures?.tick();
  }

  set keep(seconds: number) {
    this.#mse.keep = seconds;
  }

  get sound(): boolean {
    return this.#mse.sound;
  }

  /** Whether there is something to play. */
  get playable(): boolean {
    return this.codecs.length > 0;
  }

  get codecs(): string[] {
    return [...(this.#drawn ? ['jpeg'] : []), ...this.#mse.codecs];
  }

  get stats(): Pick<Stats, 'codecs' | 'latency' | 'target' | 'buffered' | 'dropped'> {
    const { latency, target } = this.#live;
    return {
      codecs: this.codecs,
      latency,
      target,
      buffered: sum((this.#pictures?.sound ?? this.#video).buffered),
      dropped: quality(this.#video).dropped + (this.#pictures?.dropped ?? 0),
    };
  }

  destroy(): void {
    this.#drawn = false;
    this.#mse.destroy();
    this.#live.destroy();
    this.#pictures?.destroy();
  }

  /** Sets whether pictures are drawn. Those that come before the script is loaded are dropped. */
  #draw(drawn: boolean): void {
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    if (!drawn) return this.#pictures && this.#change(undefined);
    extras().then(({ Pictures }) => {
      if (this.#drawn && !this.#pictures) this.#change(Pictures);
    }).catch((error: unknown) => {
      if (this.#drawn) this.#listener.failed(undecodable(String(error)));
      this.#drawn = false;
    });
  }

  /** Drawn pictures have their audio from an element of its own. */
  #change(Drawn: typeof Pictures | undefined): void {
    const video = this.#video;
    const playing = !video.paused; // emptying an element pauses it
    this.#live.destroy();
    this.#pictures?.destroy();
    const fed = Drawn?.sound() ?? video;
    this.#mse.move(fed);
    this.#live = new Live(fed);
    this.#pictures = Drawn && new Drawn(video, fed, (width, height) => this.#listener.sized(width, height));
    if (playing) play(video);
  }
}
