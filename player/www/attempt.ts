// One attempt to watch a stream: a session and the handling of its outputs. What can be seen and heard goes to the
// screen, everything else to the player.
//
// Invariant: an attempt that was ended starts no session, and no output of its session is handled any more.

import { codecs } from './mse';
import { leftOut, unloadable, unplayable, type Problem, type Unsupported } from './problem';
import type { Screen } from './screen';
import { Session, type SessionListener, type StreamAddress } from './session';
import { Machine, type Output, type Progress } from './wasm';

export interface AttemptListener {
  /** This many bytes of media have come, including all headers. */
  received(bytes: number): void;
  /** The session has an output; called before it is handled. */
  output(output: Output): void;
  advanced(state: Progress): void;
  /** A picture has come, or audio in a stream without video: the stream is fine. */
  fed(): void;
  /** The attempt has failed and is to be ended. */
  failed(problem: Problem): void;
  sized(width: number, height: number): void;
  /** Something for the page to know: `unsupported` or `info`. */
  emit(type: string, detail: unknown): void;
}

export class Attempt implements SessionListener {
  readonly #screen: Screen;
  readonly #listener: AttemptListener;
  #left = false;
  /** The wasm, taken over from the attempt before unless it trapped. It still counts statistics after the attempt has
   * ended. */
  machine: Machine | undefined;
  session: Session | undefined;
  /** Tracks of the camera that are not played. */
  unsupported: Unsupported[] = [];

  constructor(screen: Screen, listener: AttemptListener, machine: Machine | undefined) {
    this.#screen = screen;
    this.#listener = listener;
    this.machine = machine;
  }

  async start(source: StreamAddress): Promise<void> {
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
    this.#listener.output(output);
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
      case 'info': return this.#listener.emit('info', output.info);
    }
  }

  #track(id: number, mime: string): void {
    const media = mime.startsWith('audio') ? 'audio' : 'video';
    this.unsupported = this.unsupported.filter((track) => track.media !== media); // it was about the track's previous codec
    if (!this.#screen.track(id, mime)) this.#leaveOut(leftOut(media, codecs(mime), 'browser'));
  }

  #leaveOut(track: Unsupported): void {
    this.unsupported.push(track);
    this.#listener.emit('unsupported', track);
  }

  /** Fails if nothing that comes can be played. */
  #complain(): void {
    const [culprit] = this.unsupported;
    if (culprit) this.#listener.failed(unplayable(culprit));
  }
}
