// Addresses of cameras as people type them, and the secrets inside them.
//
// Invariant: what withoutCredentials() returns may be shown, stored and put into other addresses.

/** Where a camera may be: what stands between an `@` and the path, or the end. */
const PLACE = /^(\[[\da-f:.%-]+\]|[^\s/?#:@[\]]+)(:\d*)?(?=[/?]|\s*$)/i;
/** No password looks like that: an IPv4 address, or one of IPv6 in its brackets. */
const NUMERIC = /^(\d+(\.\d+){3}|\[.*)$/;

/** An address in two: user and password with their `@`, which may be missing, and the address without them. */
interface Parts {
  credentials: string;
  rest: string;
  /** The password, or the path, may end somewhere else: an `@` is in both, and either could be meant. */
  doubtful: boolean;
}

/**
 * Takes an address apart as the wasm reads it: `@`, `/` and `?` may stand in a password as they are. Where two
 * readings make sense, `credentials` is the longer one.
 */
export function parts(url: string): Parts {
  const [, scheme = '', text = ''] = /^\s*([a-z][a-z\d+.-]*:\/\/)?([^]*)$/i.exec(url) ?? [];
  const place = (at: number): string | undefined => PLACE.exec(text.slice(at + 1))?.[1];
  const near = (/^[^/?]*/.exec(text)?.[0] ?? '').lastIndexOf('@');
  const here = place(near);
  const ats = [...text.matchAll(/@/g)].map(({ index }) => index).reverse();
  const far = ats.find(place) ?? ats[0] ?? -1; // without any host, nothing is to be seen of it
  const pathOnly = near < 0 && !text.slice(0, far + 1).includes(':');
  const end = pathOnly || NUMERIC.test(here ?? '') ? near : far;
  return { credentials: text.slice(0, end + 1), rest: scheme + text.slice(end + 1), doubtful: end !== near && here !== undefined };
}

/** The address without user and password. */
export function withoutCredentials(url: string): string {
  return parts(url).rest;
}

/** The user inside the address, as far as it can be made out; undefined when there is none. */
export function userIn(url: string): string | undefined {
  const found = /^rtsps?:\/\/([^/:@]*)(:(?!\d+\/).*)?@/i.exec(url)?.[1];
  try {
    return found && decodeURIComponent(found);
  } catch {
    return found; // people paste addresses with and without percent-encoding
  }
}

/** What was typed, as an address: `192.168.1.10/stream` is one too. Undefined: it cannot be one. */
export function completed(typed: string): string | undefined {
  const text = typed.trim();
  if (/^rtsps?:\/\/[^\s/]+/i.test(text)) return text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !/^[^\s/]*[\w\]][^\s]*/.test(text)) return undefined;
  return `rtsp://${text}`;
}

/** `rtsp://192.168.1.10:554/h264` → `192.168.1.10`, for titles and the names of files; `camera` where there is none. */
export function host(url: string): string {
  return /^rtsps?:\/\/(\[[\da-f:.]+\]|[^\s/:?#[@]+)(?=[/:?#]|$)/i.exec(withoutCredentials(url))?.[1] ?? 'camera';
}

/**
 * The camera that a page's own address names behind `src=`, as one pastes it: all that follows belongs to it, with
 * every `&`, `+`, `#` and `%`. Links have it percent-encoded (`rtsp%3A%2F%2F…`): then it ends at the next `&` or `#`.
 */
export function named({ search, hash }: { search: string; hash: string }): string {
  const found = /[?&]src=(?:%20|\+)*([^]*)/.exec(search + hash)?.[1] ?? '';
  // What links had to escape even where the rest was pasted.
  if (/^[^%/]*\//.test(found)) return found.replace(/(%20)+$/, '').replace(/%2[36b](?![^]*@)/gi, decodeURIComponent);
  const coded = /^[^&#]*/.exec(found)?.[0] ?? '';
  return new URLSearchParams(`src=${coded}`).get('src')?.trim() ?? '';
}
