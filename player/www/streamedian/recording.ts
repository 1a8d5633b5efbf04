// One of a player's two recorders. The code that writes files is a script of its own (record.js beside this one),
// because most pages never record.
//
// Invariant: requests are carried out in order, as soon as the recorder is loaded.

/** The prefix of a file, which names the recorder it is from. */
export type Prefix = 'continuous' | 'event';

/** The interface of record.js. */
export interface Recorder {
  record(on: boolean): void;
  setFileLength(ms: number): void;
  pause(on: boolean): void;
  destroy(): void;
}

const DEFAULT_LENGTH = 180_000;

export class Recording {
  readonly #load: () => Promise<Recorder>;
  readonly #failed: (error: unknown) => void;
  #recorder: Promise<Recorder> | undefined;
  #length = DEFAULT_LENGTH;

  /** `failed` is called if a recorder is needed and cannot be loaded. */
  constructor(load: () => Promise<Recorder>, failed: (error: unknown) => void) {
    this.#load = load;
    this.#failed = failed;
  }

  /** Begins or ends recording; ending it delivers the last file. */
  record(on: boolean): void {
    this.#do((recorder) => recorder.record(on), on);
  }

  /** Loads the recorder. It follows the player from then on, so that the file of an event can begin at the key frame
   * before the event. */
  prepare(): void {
    this.#recorder ??= this.#load();
    this.#do((recorder) => recorder.setFileLength(this.#length));
  }

  /** Sets the length of the next files, in ms; an invalid length means three minutes. */
  setFileLength(ms: number | undefined): void {
    this.#length = ms !== undefined && ms > 0 && ms < Infinity ? Number(ms) : DEFAULT_LENGTH;
    this.#do((recorder) => recorder.setFileLength(this.#length));
  }

  /** The length of files, in ms. */
  get fileLength(): number {
    return this.#length;
  }

  /** Leaves out what comes until pause(false). */
  pause(on: boolean): void {
    this.#do((recorder) => recorder.pause(on), on);
  }

  destroy(): void {
    this.#do((recorder) => recorder.destroy());
  }

  /** Has the recorder do something; if `needed`, it is loaded for that. */
  #do(act: (recorder: Recorder) => void, needed = false): void {
    if (needed && !this.#recorder) this.prepare();
    this.#recorder?.then(act).catch((error: unknown) => {
      this.#recorder = undefined; // loading it may work the next time
      if (needed) this.#failed(error);
    });
  }
}
