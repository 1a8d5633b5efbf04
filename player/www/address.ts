// Camera addresses as people type them, and the secrets inside them.
//
// Invariant: what withoutCredentials() returns may be shown, stored and put into other addresses.

/** The host and port of an address: what is between an `@` and the path or the end. */
const PLACE = /^(\[[\da-f:.%-]+\]|[^\s/?#:@[\]]+)(:\d*)?(?=[/?]|\s*$)/i;
/** A host that is an address, which no password looks like: IPv4, or IPv6 in brackets. */
const NUMERIC = /^(\d+(\.\d+){3}|\[.*)$/;

/** The two parts of an address: user and password with their `@`, which may be missing, and the address without them.
 */
interface Parts {
  credentials: string;
  rest: string;
  /** The password or the path contains an `@`, and the credentials could end at either. */
  doubtful: boolean;
}

/** Splits an address as the wasm does: `@`, `/` and `?` may be in a password as they are. If two readings make sense,
 * `credentials` is the longer one. */
export function parts(url: string): Parts {
  const [, scheme = '', text = ''] = /^\s*([a-z][a-z\d+.-]*:\/\/)?([^]*)$/i.exec(url) ?? [];
  const place = (at: number): string | undefined => PLACE.exec(text.slice(at + 1))?.[1];
  const near = (/^[^/?]*/.exec(text)?.[0] ?? '').lastIndexOf('@');
  const here = place(near);
  const ats = [...text.matchAll(/@/g)].map(({ index }) => index).reverse();
  const far = ats.find(place) ?? ats[0] ?? -1; // without any host, nothing of it may be shown
  const pathOnly = near < 0 && !text.slice(0, far + 1).includes(':');
  const end = pathOnly || NUMERIC.test(here ?? '') ? near : far;
  return { credentials: text.slice(0, end + 1), rest: scheme + text.slice(end + 1), doubtful: end !== near && here !== undefined };
}

/** The address without user and password. */
export function withoutCredentials(url: string): string {
  return parts(url).rest;
}

/** The user inside the address, as far as it can be told; undefined when there is none. */
export function userIn(url: string): string | undefined {
  const found = /^rtsps?:\/\/([^/:@]*)(:(?!\d+\/).*)?@/i.exec(url)?.[1];
  try {
    return found && decodeURIComponent(found);
  } catch {
    return found; // people paste addresses with and without percent-encoding
  }
}

/** The address that somebody has typed: `192.168.1.10/stream` is one, too. Undefined if it cannot be one. */
export function completed(typed: string): string | undefined {
  const text = typed.trim();
  if (/^rtsps?:\/\/[^\s/]+/i.test(text)) return text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !/^[^\s/]*[\w\]][^\s]*/.test(text)) return undefined;
  return `rtsp://${text}`;
}

/** The host for titles and file names: `rtsp://192.168.1.10:554/h264` → `192.168.1.10`; `camera` if there is none. */
export function host(url: string): string {
  return /^rtsps?:\/\/(\[[\da-f:.]+\]|[^\s/:?#[@]+)(?=[/:?#]|$)/i.exec(withoutCredentials(url))?.[1] ?? 'camera';
}

/** The camera that the address of a page names after `src=`, as people paste it: all that follows belongs to it, with
 * every `&`, `+`, `#` and `%`. In links it is percent-encoded (`rtsp%3A%2F%2F…`), and ends at the next `&` or `#`. */
export function named({ search, hash }: { search: string; hash: string }): string {
  const found = /[?&]src=(?:%20|\+)*([^]*)/.exec(search + hash)?.[1] ?? '';
  // Browsers escape some characters of links even if the rest was pasted.
  if (/^[^%/]*\//.test(found)) return found.replace(/(%20)+$/, '').replace(/%2[36b](?![^]*@)/gi, decodeURIComponent);
  const coded = /^[^&#]*/.exec(found)?.[0] ?? '';
  return new URLSearchParams(`src=${coded}`).get('src')?.trim() ?? '';
}
