// How a player stands.

import type { Progress } from './wasm';

/** `stopped`: nobody wants it. `reconnecting`: it waits for the next attempt. `failed`: trying again would not help. */
export type State = Progress | 'stopped' | 'reconnecting' | 'failed';
