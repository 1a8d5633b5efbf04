// The player's numbers as a live table, with a graph of the last minute for the important ones.

import { made, say } from '../../dom';
import type { Stats } from '../../player';
import { h } from '../dom';
import { size } from '../save';

/** The number of points in a graph, and its height. */
const POINTS = 60;
const HEIGHT = 16;

interface Row {
  name: string;
  text(stats: Stats): string;
  /** The value of the graph. */
  line?(stats: Stats): number;
}

/** A time in ms; empty, not 0, while nothing is known. */
const ms = ({ buffered }: Stats, seconds: number): string => (buffered ? `${Math.round(seconds * 1000)} ms` : '');

const ROWS: Row[] = [
  { name: 'state', text: ({ state }) => state },
  { name: 'codecs', text: ({ codecs }) => codecs.join(', ') },
  { name: 'size', text: ({ width, height }) => (width ? `${width} × ${height}` : '') },
  { name: 'fps', text: ({ fps }) => fps.toFixed(1), line: ({ fps }) => fps },
  { name: 'bitrate', text: ({ bitrate }) => `${Math.round(bitrate / 1000)} kbit/s`, line: ({ bitrate }) => bitrate },
  { name: 'latency', text: (stats) => ms(stats, stats.latency), line: ({ latency }) => latency },
  { name: 'target', text: (stats) => ms(stats, stats.target) },
  { name: 'buffered', text: ({ buffered }) => `${buffered.toFixed(1)} s` },
  { name: 'dropped', text: ({ dropped }) => `${dropped} pictures` },
  { name: 'lost', text: ({ lost }) => `${lost} packets` },
  { name: 'fragments', text: ({ fragments }) => String(fragments) },
  { name: 'bytes', text: ({ bytes }) => size(bytes) },
  { name: 'reconnects', text: ({ reconnects }) => String(reconnects) },
];

export class Numbers {
  readonly #cells = ROWS.map(() => h('span'));
  readonly #lines = ROWS.map(({ line }) => (line ? new Line() : undefined));

  constructor(table: HTMLElement) {
    const rows = ROWS.map(({ name }, index) =>
      h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, this.#lines[index]?.node ?? '', this.#cells[index] ?? '')));
    table.append(h('tbody', {}, ...rows));
  }

  show(stats: Stats): void {
    ROWS.forEach(({ text, line }, index) => {
      const cell = this.#cells[index];
      if (cell) say(cell, text(stats));
      if (line && stats.state === 'playing') this.#lines[index]?.add(line(stats));
    });
  }

  /** The table as text. */
  get text(): string {
    return ROWS.map(({ name }, index) => `${name}: ${this.#cells[index]?.textContent ?? ''}`).join('\n');
  }
}

class Line {
  readonly node = made<SVGElement>(
    `<svg viewBox="0 0 ${POINTS} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>`);
  #values: number[] = [];

  add(value: number): void {
    this.#values = [...this.#values.slice(1 - POINTS), value];
    const most = Math.max(...this.#values) || 1;
    const from = POINTS - this.#values.length; // the newest point is on the right
    const points = this.#values.map((each, at) => `${from + at},${(HEIGHT - 1 - (each / most) * (HEIGHT - 2)).toFixed(1)}`);
    this.node.firstElementChild?.setAttribute('points', points.join(' '));
  }
}
