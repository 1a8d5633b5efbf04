// The script of pages that were written for the Streamedian player: a classic script that defines
// `window.Streamedian`. Such a page changes the address of its script, and nothing else.

import { logger, type Logger } from './streamedian/logger';
import { StreamedianPlayer, type StreamedianOptions } from './streamedian/player';

export type { Logger, LogLevel } from './streamedian/logger';
export type { StreamedianError } from './streamedian/error';
export type { ServerInfo, StreamedianOptions, StreamedianPlayer, VideoFormat } from './streamedian/player';
export type { Recording } from './streamedian/recording';

export interface StreamedianApi {
  /** A logger whose lines begin with `tag`; the same tag returns the same logger. */
  logger(tag?: string): Logger;
  /** A player on the given `<video>` element or the one with the given id. Its previous player, if any, is destroyed.
   */
  player(element: string | HTMLMediaElement, options?: StreamedianOptions): StreamedianPlayer;
}

declare global {
  interface Window {
    Streamedian: StreamedianApi;
  }
}

const players = new WeakMap<HTMLMediaElement, StreamedianPlayer>();

window.Streamedian = {
  logger,
  player(target, options = {}) {
    const element = typeof target === 'string' ? document.getElementById(target) : target;
    if (!(element instanceof HTMLMediaElement)) {
      throw new TypeError(`Streamedian.player: ${String(target)} is no video element of this page`);
    }
    void players.get(element)?.destroy();
    const player = new StreamedianPlayer(element, options);
    players.set(element, player);
    return player;
  },
};
