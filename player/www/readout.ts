// The numbers over the picture (attribute `stats`).

import { made, say } from './dom';
import type { Player } from './player';

export class Readout {
  readonly node = made('<pre class="readout" part="stats" hidden></pre>');

  show(player: Player): void {
    if (!this.node.hidden) say(this.node, lines(player).join('\n'));
  }
}

function lines({ stats }: Player): string[] {
  const { width, height, fps, bitrate, latency, target, buffered, dropped, skipped, lost, reconnects } = stats;
  return [
    stats.codecs.join(' + ') || stats.state,
    `${width} × ${height}, ${fps.toFixed()} pictures/s`,
    `${(bitrate / 1000).toFixed()} kbit/s`,
    buffered ? `${(latency * 1000).toFixed()} ms behind, aims at ${(target * 1000).toFixed()}` : '', // JPEG pictures are not buffered
    buffered ? `${buffered.toFixed(1)} s buffered` : '',
    `${dropped} pictures dropped, ${skipped} skipped, ${lost} packets lost`,
    reconnects ? `${reconnects} reconnects` : '',
  ].filter(Boolean);
}
