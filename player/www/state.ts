// The state of a player.

import type { Progress } from './wasm';

/** `stopped`: nobody wants it. `reconnecting`: it is waiting for the next attempt. `failed`: another attempt would not
 * help. */
export type State = Progress | 'stopped' | 'reconnecting' | 'failed';
