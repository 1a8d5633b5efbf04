// Listening, playing, measuring: what every module needs in one line.

export const max = Math.max;
export const min = Math.min;

/** Listens to several events, until `signal` is aborted if there is one. */
export function on(target: EventTarget, types: string, listener: (event: Event) => void, signal?: AbortSignal): void {
  for (const type of types.split(' ')) target.addEventListener(type, listener, { signal } as AddEventListenerOptions);
}

/** Plays without caring whether the browser allows it: who owns the element hears of that from its events. */
export function play(element: HTMLMediaElement): void {
  element.play().catch(() => {});
}

/** Milliseconds on a clock that only goes forward. */
export const now = (): number => performance.now();

/** The end of the last range, in seconds; 0 when there is none. */
export function endOf(ranges: TimeRanges): number {
  return ranges.length ? ranges.end(ranges.length - 1) : 0;
}

/** `HTMLMediaElement.readyState`: there is metadata; there is the current picture but not the next. */
export const HAVE_METADATA = 1;
export const HAVE_CURRENT_DATA = 2;
