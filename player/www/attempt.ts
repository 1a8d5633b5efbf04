// One attempt to watch a stream: a session, and what becomes of all that it brings. What is to be seen and heard
// goes to the screen, what is to be known to the player.
//
// Invariant: an attempt that was left begins no session, and nothing more comes of the one that it had.

import { codecs } from './mse';
import { leftOut, unloadable, unplayable, type Problem, type Unsupported } from './problem';
import type { Screen } from './screen';
import { Session, type SessionListener, type Source } from './session';
import { Machine, type Output, type Progress } from './wasm';

export interface AttemptListener {
  /** So many bytes of media came, with all their headers. */
  received(bytes: number): void;
  /** All that the session brings, before anything is done with it. */
  brought(output: Output): void;
  advanced(state: Progress): void;
  /** A picture came, or sound where there is nothing else: nothing is wrong any more. */
  fed(): void;
  /** It is to be left. */
  failed(problem: Problem): void;
  sized(width: number, height: number): void;
  /** Something for the page: `unsupported` or `info`. */
  tell(type: string, detail: unknown): void;
}

export class Attempt implements SessionListener {
  readonly #screen: Screen;
  readonly #listener: AttemptListener;
  #left = false;
  /** The wasm: that of the attempt before, unless it is spoilt. It counts on when the attempt was left. */
  machine: Machine | undefined;
  session: Session | undefined;
  /** Tracks that the camera has but that are left out. */
  unsupported: Unsupported[] = [];

  constructor(screen: Screen, listener: AttemptListener, machine: Machine | undefined) {
    this.#screen = screen;
    this.#listener = listener;
    this.machine = machine;
  }

  async start(source: Source): Promise<void> {
    try {
      this.machine ??= await Machine.create();
    } catch (error) {
      if (!this.#left) this.#listener.failed(unloadable(error));
      return;
    }
    if (this.#left) return;
    this.#screen.begin();
    this.session = new Session(this.machine, source, this);
    this.session.start();
  }

  leave(): void {
    this.#left = true;
    this.session?.stop();
    this.session = undefined;
  }

  received(bytes: number): void {
    this.#listener.received(bytes);
  }

  ended(problem: Problem | undefined, spoilt: boolean): void {
    if (spoilt) this.machine = undefined;
    if (problem) this.#listener.failed(problem);
  }

  media(output: Output): void {
    this.#listener.brought(output);
    switch (output.kind) {
      case 'state': return this.#listener.advanced(output.text);
      case 'track': return this.#track(output.track, output.text);
      case 'init':
      case 'edge': return this.#screen.show(output);
      case 'fragment':
      case 'picture':
        if (!this.#screen.playable) return this.#complain();
        if (this.#screen.leads(output)) this.#listener.fed();
        return this.#screen.show(output);
      case 'unsupported': return this.#leaveOut(leftOut(output.media, output.codec, 'player'));
      case 'size': return this.#listener.sized(output.width, output.height);
      case 'info': return this.#listener.tell('info', output.info);
    }
  }

  #track(id: number, mime: string): void {
    const media = mime.startsWith('audio') ? 'audio' : 'video';
    this.unsupported = this.unsupported.filter((track) => track.media !== media); // said of its codec before
    if (!this.#screen.track(id, mime)) this.#leaveOut(leftOut(media, codecs(mime), 'browser'));
  }

  #leaveOut(track: Unsupported): void {
    this.unsupported.push(track);
    this.#listener.tell('unsupported', track);
  }

  /** Nothing of what comes can be played. */
  #complain(): void {
    const [culprit] = this.unsupported;
    if (culprit) this.#listener.failed(unplayable(culprit));
  }
}
