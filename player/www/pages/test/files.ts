// The recorded files: each can be played, saved and deleted.
//
// Invariant: they are in the memory of the page, so their size is limited, and the oldest is deleted.

import { on } from '../../event';
import { find as box, u32 } from '../../record/box';
import type { RecorderKind } from '../../record';
import { h } from '../dom';
import { fileName, save, size, time } from '../save';

const COUNT_LIMIT = 50;
/** In bytes. */
const SIZE_LIMIT = 512e6;
/** Offsets in `mvhd`, version 0 (ISO 14496-12 8.2.2). */
const TIMESCALE = 12;
const DURATION = 16;

interface Entry {
  row: HTMLElement;
  url: string;
  size: number;
}

export class Files {
  readonly #list: HTMLElement;
  readonly #entries: Entry[] = [];
  readonly #video = h('video', { controls: '', playsinline: '', 'aria-label': 'Recorded file' });

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Lists a file, saves it if wanted, and returns its description. */
  add(file: Uint8Array<ArrayBuffer>, kind: RecorderKind, camera: string, saved: boolean): string {
    const blob = new Blob([file], { type: 'video/mp4' });
    const name = fileName(`${camera} ${kind}`, 'mp4');
    const what = `${lengthOf(file)}, ${size(blob.size)}`;
    const play = h('button', { type: 'button', class: 'small' }, 'Play');
    const download = h('button', { type: 'button', class: 'small' }, 'Download');
    const drop = h('button', { type: 'button', class: 'drop', 'aria-label': `Drop ${name}`, title: 'Drop' }, '×');
    const row = h('li', {}, h('p', {}, h('strong', {}, name), ' ', h('span', {}, what)), play, download, drop);
    const entry = { row, url: URL.createObjectURL(blob), size: blob.size };
    on(play, 'click', () => this.#play(entry));
    on(download, 'click', () => save(blob, name));
    on(drop, 'click', () => this.#drop(entry));
    this.#list.prepend(row);
    this.#entries.push(entry);
    while (this.#entries.length > COUNT_LIMIT || this.#bytes > SIZE_LIMIT) this.#drop(this.#entries[0]);
    if (saved) save(blob, name);
    return `${kind} file: ${what}`;
  }

  get #bytes(): number {
    return this.#entries.reduce((sum, entry) => sum + entry.size, 0);
  }

  #play({ row, url }: Entry): void {
    this.#video.src = url;
    row.append(this.#video);
    this.#video.play().catch(() => {}); // the element itself shows what is wrong
  }

  #drop(entry: Entry | undefined): void {
    const at = this.#entries.findIndex((other) => other === entry);
    if (!entry || at < 0) return;
    this.#entries.splice(at, 1);
    if (entry.row.contains(this.#video)) this.#video.src = '';
    entry.row.remove();
    URL.revokeObjectURL(entry.url);
  }
}

/** The length of the file, such as `0:10.04`. */
function lengthOf(file: Uint8Array): string {
  const header = box(file, 'moov', 'mvhd')?.content ?? file;
  const seconds = u32(header, DURATION) / (u32(header, TIMESCALE) || 1);
  return `${time(seconds)}${(seconds % 1).toFixed(2).slice(1)}`;
}
