// Addresses of cameras as people type them, and the secrets inside them.
//
// Invariant: what withoutCredentials() returns may be shown, stored and put into other addresses.

/** Everything before the `@` that ends the credentials: the last one before the path. */
const CREDENTIALS = /^(rtsps?:\/\/)([^\s/?#]*)@/i;
/** Unescaped `/` and `?` in a password push the `@` behind what looks like the path. */
const SLOPPY = /^(rtsps?:\/\/)([^\s/@]*:[^\s]*)@(?=[\w.[\]:-]+(?:[/?\s]|$))/i;

/** The address without user and password. */
export function withoutCredentials(url: string): string {
  return url.replace(CREDENTIALS, '$1').replace(SLOPPY, '$1');
}

/** The user inside the address, as far as it can be made out; undefined when there is none. */
export function userIn(url: string): string | undefined {
  const found = /^rtsps?:\/\/([^\s/:@]*)[^\s/]*@/i.exec(url)?.[1];
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
