// What runs in the page: it reads the camera's clock off every frame that is presented.
//
// Each function is handed over as text and may use nothing but its arguments.

/** Ahead of the page's own scripts: notes when the first IDR picture came and when the first frame was shown. */
export function watchStart() {
  const start = (window.start = { idr: undefined, frame: undefined, waiting: [] });
  const PREFIX = 4; // `$`, channel, length (RFC 2326 section 10.12)
  const holdsIdr = (bytes) => {
    for (let at = 0; at + PREFIX + 13 < bytes.length && bytes[at] === 0x24; ) {
      const size = bytes[at + 2] * 256 + bytes[at + 3];
      if (bytes[at + 1] % 2 === 0) {
        const rtp = bytes.subarray(at + PREFIX, at + PREFIX + size);
        const header = 12 + 4 * (rtp[0] & 15);
        const type = rtp[header] & 31;
        if (type === 5 || (type === 28 && (rtp[header + 1] & 31) === 5)) return true;
      }
      at += PREFIX + size;
    }
    return false;
  };
  const { WebSocket } = window;
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (start.idr !== undefined || typeof data === 'string') return;
        if (holdsIdr(new Uint8Array(data))) start.idr = performance.now();
      });
    }
  };
  const find = () => {
    const video = document.querySelector('camgate-video')?.video;
    if (!video) return setTimeout(find, 5);
    video.addEventListener('waiting', () => start.waiting.push(performance.now()));
    video.requestVideoFrameCallback(() => {
      start.frame = performance.now();
    });
  };
  find();
}

/**
 * Watches for `seconds` and returns a row for each presented frame:
 * [callback's now, expected display, wall clock minus the page's, drawn, mediaTime, presentedFrames].
 */
export function observe({ seconds, bits, block }) {
  const video = document.querySelector('camgate-video').video;
  const canvas = new OffscreenCanvas(bits, 1);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const middle = block / 2;
  const drawn = () => {
    // One pixel out of the middle of each block.
    pen.drawImage(video, 0, middle, bits * block, 1, 0, 0, bits, 1);
    const { data } = pen.getImageData(0, 0, bits, 1);
    let time = 0;
    for (let i = 0; i < bits; i += 1) time = time * 2 + (data[i * 4] > 127 ? 1 : 0);
    return time;
  };
  return new Promise((resolve) => {
    const rows = [];
    const begun = performance.now();
    const seen = (now, { expectedDisplayTime, mediaTime, presentedFrames }) => {
      const offset = Date.now() - performance.now();
      rows.push([now, expectedDisplayTime, offset, drawn(), mediaTime, presentedFrames]);
      if (performance.now() - begun < seconds * 1000) video.requestVideoFrameCallback(seen);
      else finish();
    };
    const finish = () => {
      const { waiting } = window.start;
      clearTimeout(limit);
      resolve({ rows, waiting: waiting.filter((time) => time >= begun).length });
    };
    const limit = setTimeout(finish, seconds * 1000 + 5000);
    video.requestVideoFrameCallback(seen);
  });
}
