// Events, playing and time: one line each, for all modules.

export const max = Math.max;
export const min = Math.min;

/** Listens to several events, until `signal` (if given) is aborted. */
export function on(target: EventTarget, types: string, listener: (event: Event) => void, signal?: AbortSignal): void {
  for (const type of types.split(' ')) target.addEventListener(type, listener, { signal } as AddEventListenerOptions);
}

/** Plays, and ignores whether the browser allows it: the element's events tell its owner. */
export function play(element: HTMLMediaElement): void {
  element.play().catch(() => {});
}

/** Milliseconds on a monotonic clock. */
export const now = (): number => performance.now();

/** The end of the last range, in seconds; 0 if there is none. */
export function endOf(ranges: TimeRanges): number {
  return ranges.length ? ranges.end(ranges.length - 1) : 0;
}

/** Values of `HTMLMediaElement.readyState`: metadata is there; the current picture is there, but not the next. */
export const HAVE_METADATA = 1;
export const HAVE_CURRENT_DATA = 2;
