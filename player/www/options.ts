// What a player is told, and how it stands: the types of it.

import type { Player } from './player';
import type { Problem } from './problem';

export interface PlayerOptions {
  src?: string;
  /** Of the gateway: ws(s) or http(s), absolute or relative to the page. Default: /ws/ where this script came from. */
  socket?: string;
  user?: string;
  password?: string;
  /** Seconds kept behind the play head. Default: 10. */
  keep?: number;
  /** Called when the camera wants a (different) user and password. Undefined, or the same again: given up. */
  credentials?: Ask;
}

export interface Credentials {
  user: string;
  password: string;
}

/** `problem.message` says whether any are wanted or others than were given. */
export type Ask = (player: Player, problem: Problem) => Promise<Credentials | undefined> | Credentials | undefined;
