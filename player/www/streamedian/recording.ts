// One of a player's two recorders. What writes the files is a script of its own (record.js beside
// this one): most pages never record.
//
// Invariant: what is asked of it is done in order, as soon as the recorder is there.

/** The prefix of a file: which recorder it is from. */
export type Prefix = 'continuous' | 'event';

/** As record.js has it. */
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

  /** `failed` is told when a recorder that is needed cannot be had. */
  constructor(load: () => Promise<Recorder>, failed: (error: unknown) => void) {
    this.#load = load;
    this.#failed = failed;
  }

  /** Begins or ends recording; ending delivers the last file. */
  record(on: boolean): void {
    this.#do((recorder) => recorder.record(on), on);
  }

  /**
   * Fetches the recorder. It follows the player from then on, so that the file of an event can begin
   * with the key frame before the event.
   */
  prepare(): void {
    this.#recorder ??= this.#load();
    this.#do((recorder) => recorder.setFileLength(this.#length));
  }

  /** The length of the files to come, in ms; what is no length means three minutes. */
  setFileLength(ms: number | undefined): void {
    this.#length = ms !== undefined && ms > 0 && ms < Infinity ? Number(ms) : DEFAULT_LENGTH;
    this.#do((recorder) => recorder.setFileLength(this.#length));
  }

  /** In ms. */
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

  /** `needed`: the recorder is fetched for it. */
  #do(act: (recorder: Recorder) => void, needed = false): void {
    if (needed && !this.#recorder) this.prepare();
    this.#recorder?.then(act).catch((error: unknown) => {
      this.#recorder = undefined; // it may come the next time
      if (needed) this.#failed(error);
    });
  }
}
