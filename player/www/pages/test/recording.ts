// One of the two recorders of the test page, with its length and its button.

import { say } from '../../dom';
import { on } from '../../event';
import type { Player } from '../../player';
import { Recorder, type RecorderKind } from '../../record';
import { find } from '../dom';
import { time } from '../save';

export class Recording {
  readonly #kind: RecorderKind;
  readonly #recorder: Recorder;
  readonly #length: HTMLInputElement;
  readonly #button: HTMLElement;
  readonly #pause: HTMLElement;
  readonly #note: (text: string) => void;
  /** When it began (ms). */
  #since = 0;
  #paused = false;

  constructor(player: Player, kind: RecorderKind, deliver: (file: Uint8Array<ArrayBuffer>, kind: RecorderKind) => void, note: (text: string) => void) {
    this.#kind = kind;
    this.#note = note;
    this.#recorder = new Recorder(player, kind, deliver);
    this.#length = find<HTMLInputElement>(`${kind}FileLength`);
    this.#button = find(`${kind}-record`);
    this.#pause = find(`${kind}-pause`);
    on(this.#button, 'click', () => this.#toggle());
    on(this.#pause, 'click', () => this.#setPaused(!this.#paused));
    on(this.#length, 'change', () => {
      this.#setLength();
      note(`${this.#length.id}: ${this.fileLength}`);
    });
    this.#setLength();
  }

  /** The length of its files, in ms. */
  get fileLength(): number {
    return this.#recorder.fileLength;
  }

  get on(): boolean {
    return this.#recorder.recording;
  }

  /** To be called several times a second. */
  tick(): void {
    say(this.#button, this.on ? `Stop ${time((performance.now() - this.#since) / 1000)}` : 'Record');
  }

  #toggle(): void {
    const on = !this.on;
    this.#since = performance.now();
    this.#button.setAttribute('aria-pressed', String(on));
    this.#note(on ? `${this.#kind} recording begins, files of ${this.fileLength} ms` : `${this.#kind} recording ends`);
    this.#recorder.record(on);
    this.#pause.hidden = !on;
    if (!on && this.#paused) this.#setPaused(false);
    this.tick();
  }

  /** What comes during a pause is in no file. */
  #setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#recorder.pause(paused);
    this.#pause.setAttribute('aria-pressed', String(paused));
    this.#note(`${this.#kind} recording ${paused ? 'pauses' : 'goes on'}`);
  }

  /** Replaces an invalid length by a valid one. */
  #setLength(): void {
    this.#recorder.setFileLength(Number(this.#length.value));
    this.#length.value = String(this.fileLength);
    say(find(`${this.#kind}-text`), time(this.fileLength / 1000));
  }
}
