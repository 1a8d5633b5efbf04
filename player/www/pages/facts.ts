// A line below a picture: its format, and how far behind live it is.

import { say } from '../dom';
import type { Stats } from '../stats';

/** Shows the line, which is empty while nothing plays. */
export function showFacts(line: HTMLElement, { state, width, height, codecs, latency }: Stats): void {
  const facts = state !== 'playing' ? [] : [
    width ? `${width} × ${height}` : '',
    codecs.map(codecName).join(' + '),
    latency ? `${Math.max(0.1, latency).toFixed(1)} s behind` : '',
  ];
  say(line, facts.filter(Boolean).join(' · '));
}

function codecName(codec: string): string {
  if (/^avc/.test(codec)) return 'H.264';
  if (/^h(vc|ev)/.test(codec)) return 'H.265';
  return /^mp4a/.test(codec) ? 'AAC' : codec;
}
