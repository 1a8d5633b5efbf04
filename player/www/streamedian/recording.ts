// One of a player's two recorders. What writes the files is a script of its own (record.js beside
// this one): most pages never record.

import type { Player } from '../player';
import { scriptBeside } from './script';

/** The prefix of a file: which recorder it is from. */
export type Prefix = 'continuous' | 'event';

/** As record.js has it. */
interface Recorder {
  record(on: boolean): void;
  setFileLength(ms: number): void;
  pause(on: boolean): void;
  destroy(): void;
}

interface Script {
  Recorder: new (player: Player, kind: Prefix, deliver: (file: Uint8Array<ArrayBuffer>, kind: Prefix) => void) => Recorder;
}

const DEFAULT_LENGTH = 180_000;

export class Recording {
  readonly #player: Promise<Player>;
  readonly #prefix: Prefix;
  readonly #deliver: (file: Uint8Array<ArrayBuffer>, prefix: Prefix) => void;
  readonly #failed: (error: unknown) => void;
  #recorder: Recorder | undefined;
  #loading = false;
  #wanted = false;
  #paused = false;
  #over = false;
  #length = DEFAULT_LENGTH;

  constructor(
    player: Promise<Player>,
    prefix: Prefix,
    deliver: (file: Uint8Array<ArrayBuffer>, prefix: Prefix) => void,
    failed: (error: unknown) => void,
  ) {
    this.#player = player;
    this.#prefix = prefix;
    this.#deliver = deliver;
    this.#failed = failed;
  }

  /** Begins or ends recording; ending delivers the last file. */
  record(on: boolean): void {
    this.#wanted = on;
    this.#recorder?.record(on);
    if (on) void this.prepare();
  }

  /**
   * Fetches the recorder. It follows the player from then on, so that the file of an event can begin
   * with the key frame before the event.
   */
  async prepare(): Promise<void> {
    if (this.#recorder || this.#loading || this.#over) return;
    this.#loading = true;
    try {
      const [{ Recorder }, player] = await Promise.all([scriptBeside<Script>('record.js'), this.#player]);
      if (this.#over) return;
      this.#recorder = new Recorder(player, this.#prefix, this.#deliver);
      this.#recorder.setFileLength(this.#length);
      this.#recorder.pause(this.#paused);
      this.#recorder.record(this.#wanted);
    } catch (error) {
      if (this.#wanted) this.#failed(error); // else it is tried again when it is wanted
    } finally {
      this.#loading = false;
    }
  }

  /** The length of the files to come, in ms; what is no length means three minutes. */
  setFileLength(ms: number | undefined): void {
    this.#length = ms !== undefined && ms > 0 && ms < Infinity ? Number(ms) : DEFAULT_LENGTH;
    this.#recorder?.setFileLength(this.#length);
  }

  /** In ms. */
  get fileLength(): number {
    return this.#length;
  }

  /** Leaves out what comes until pause(false). */
  pause(on: boolean): void {
    this.#paused = on;
    this.#recorder?.pause(on);
  }

  destroy(): void {
    this.#over = true;
    this.#recorder?.destroy();
    this.#recorder = undefined;
  }
}
