// What a page remembers: the last addresses permanently, credentials until the tab is closed.
//
// Invariant: nothing secret gets into localStorage or into an address that a page makes.

import { named, parts, withoutCredentials } from '../address';

const RECENT = 'camgate.recent';
const RECENT_LIMIT = 6;
const CREDENTIALS = 'camgate.credentials:';
const WHOLE = 'camgate.address:';

export interface Credentials {
  user: string;
  password: string;
}

/** The last addresses, newest first. Entries of earlier versions that contain a password are dropped. */
export function recent(): string[] {
  const found = read('localStorage', RECENT);
  if (!Array.isArray(found)) return [];
  const list = found.filter((item) => typeof item === 'string' && !parts(item).credentials).slice(0, RECENT_LIMIT) as string[];
  if (list.length < found.length) write('localStorage', RECENT, list);
  return list;
}

/** Remembers the address, unless it is doubtful: then it could be that of another camera without the credentials. */
export function remember(url: string): void {
  const { rest: safe, doubtful } = parts(url);
  if (doubtful) return;
  write('localStorage', RECENT, [safe, ...recent().filter((other) => other !== safe)].slice(0, RECENT_LIMIT));
}

export function forget(url: string): void {
  write('localStorage', RECENT, recent().filter((other) => other !== url));
}

/** The credentials that were given for this address in this tab. */
export function credentials(url: string): Credentials | undefined {
  const found = read('sessionStorage', CREDENTIALS + withoutCredentials(url)) as Partial<Credentials> | undefined;
  return typeof found?.user === 'string' && typeof found.password === 'string'
    ? { user: found.user, password: found.password }
    : undefined;
}

export function keep(url: string, given: Credentials): void {
  write('sessionStorage', CREDENTIALS + withoutCredentials(url), given);
}

/** The address without its credentials, which are kept for the other pages of this tab. */
export function safe(url: string): string {
  const { credentials, rest } = parts(url);
  if (!credentials) return url;
  write('sessionStorage', WHOLE + rest, url);
  write('sessionStorage', CREDENTIALS + rest, null); // the ones in the address are newer
  return rest;
}

/** The address with the credentials that it had when it was given in this tab. */
export function whole(url: string): string {
  const kept = read('sessionStorage', WHOLE + url);
  return typeof kept === 'string' ? kept : url;
}

/** The address of a page that plays this camera. */
export const linkTo = (page: string, url: string): string => `${page}?src=${encodeURIComponent(safe(url))}`;

/** The camera that the address of this page names. Its credentials are removed from there, unless nothing can be
 * stored. */
export function pageSource(): string {
  const url = named(location);
  const rest = safe(url);
  if (rest === url) return whole(url);
  try {
    if (whole(rest) === url) history.replaceState(history.state, '', linkTo('', rest));
  } catch {
    // this is a frame without any rights
  }
  return url;
}

type Place = 'localStorage' | 'sessionStorage';

/** Reads from storage, which may be forbidden or full, and may contain anything: the page works without it. */
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
