// What a page remembers: the last addresses for good, credentials until the tab is closed.
//
// Invariant: nothing secret reaches localStorage or an address of the page.

import { withoutCredentials } from '../address';

const RECENT = 'camgate.recent';
const RECENT_LIMIT = 6;
const CREDENTIALS = 'camgate.credentials:';

export interface Credentials {
  user: string;
  password: string;
}

/** The last addresses, newest first. */
export function recent(): string[] {
  const list = read('localStorage', RECENT);
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string').slice(0, RECENT_LIMIT) : [];
}

export function remember(url: string): void {
  const safe = withoutCredentials(url);
  write('localStorage', RECENT, [safe, ...recent().filter((other) => other !== safe)].slice(0, RECENT_LIMIT));
}

export function forget(url: string): void {
  write('localStorage', RECENT, recent().filter((other) => other !== url));
}

/** What was given for this address in this tab. */
export function credentials(url: string): Credentials | undefined {
  const found = read('sessionStorage', CREDENTIALS + withoutCredentials(url)) as Partial<Credentials> | undefined;
  return typeof found?.user === 'string' && typeof found.password === 'string'
    ? { user: found.user, password: found.password }
    : undefined;
}

export function keep(url: string, given: Credentials): void {
  write('sessionStorage', CREDENTIALS + withoutCredentials(url), given);
}

type Place = 'localStorage' | 'sessionStorage';

/** Storage may be forbidden or full, and may hold anything: the page works without. */
function read(place: Place, key: string): unknown {
  try {
    return JSON.parse(globalThis[place].getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

function write(place: Place, key: string, value: unknown): void {
  try {
    globalThis[place].setItem(key, JSON.stringify(value));
  } catch {
    // see read()
  }
}
