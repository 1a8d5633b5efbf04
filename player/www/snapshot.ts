// A photo of what a video element shows.

import { HAVE_CURRENT_DATA } from './event';

/** `type` and `quality` as for HTMLCanvasElement.toBlob(). Without a picture the promise is rejected with an
 * InvalidStateError. */
export function snapshot(element: HTMLMediaElement, type = 'image/png', quality?: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const video = element as HTMLVideoElement;
    const none = (): void => reject(new DOMException('There is no picture yet', 'InvalidStateError'));
    if (!video.videoWidth || video.readyState < HAVE_CURRENT_DATA) return none();
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    canvas.toBlob((blob) => (blob ? resolve(blob) : none()), type, quality);
  });
}
