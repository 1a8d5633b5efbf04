// Draws the video element's picture on a page's canvas: pages of the 3.x API show one or the other, depending on the
// format of the picture.

import { HAVE_CURRENT_DATA } from '../event';

/** How often to check a canvas that cannot be seen, or a video that does not move, in ms. */
const REST = 250;

/** Draws on `on`, a canvas or its id, until `signal` is aborted. A canvas that cannot be seen costs nothing. */
export function mirror(video: HTMLMediaElement, on: HTMLCanvasElement | string, signal: AbortSignal): void {
  const canvas = typeof on === 'string' ? document.getElementById(on) : on;
  if (!(canvas instanceof HTMLCanvasElement && video instanceof HTMLVideoElement)) return;
  const pen = canvas.getContext('2d', { alpha: false });
  const draw = (): void => {
    if (signal.aborted) return;
    const { videoWidth: width, videoHeight: height } = video;
    const seen = canvas.getClientRects().length > 0 && !document.hidden;
    if (seen && width && video.readyState >= HAVE_CURRENT_DATA) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      pen?.drawImage(video, 0, 0);
    }
    if (seen && !video.paused && 'requestVideoFrameCallback' in video) video.requestVideoFrameCallback(draw);
    else setTimeout(draw, seen ? 40 : REST);
  };
  draw();
}
