// Which of an element's sources this player plays.

/** The only type of source that this player knows, and its MIME type. */
export const RTSP = 'rtsp';
const MIME = 'application/x-rtsp';

export function isRtsp(url: string): boolean {
  return /^\s*rtsps?:\/\//i.test(url);
}

/** Whether it is RTSP, according to `type` (a MIME type or a name), or else to the address. */
export function playable(url: string, type = ''): boolean {
  return type === RTSP || type.toLowerCase() === MIME || isRtsp(url);
}

/** The address on the element itself, or else that of its first source that the browser cannot play by itself. */
export function sourceOf(element: HTMLMediaElement): string | undefined {
  const sources = [element, ...element.querySelectorAll<HTMLSourceElement>(':scope > source')];
  return sources.map((source) => addressOf(source, element)).find(Boolean);
}

function addressOf(source: HTMLElement, element: HTMLMediaElement): string | undefined {
  // The attribute is read, because the property is percent-encoded, and a space in the address has a meaning.
  const url = source.getAttribute('src')?.trim() ?? '';
  const type = source.getAttribute('type') ?? '';
  const ours = !source.hasAttribute('data-ignore') && !element.canPlayType(type) && playable(url, type);
  return ours && url ? url : undefined;
}
