// The picture and the tone of gstreamer.py, read back from a page that plays
// them. A picture tells its own number, so that its place in time is known.

/** The camera's, as in gstreamer.py: colours of the bars, pictures in one round of them. */
const CARD = {
  bars: [[255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0], [255, 0, 255], [255, 0, 0], [0, 0, 255]],
  round: 60,
  rate: 25,
};

/** Runs in the page ahead of its own script: keeps what plays, on the page or beside it. */
export function keepPlayers() {
  window.players = new Set();
  // What had come when the first picture was shown, in seconds.
  const begin = (element) => element.requestVideoFrameCallback?.(() => {
    const { buffered } = element;
    if (buffered.length) window.before ??= buffered.end(buffered.length - 1) - buffered.start(0);
    else if (!element.srcObject) begin(element);
  });
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    if (!window.players.has(this)) begin(this);
    window.players.add(this);
    return play.call(this);
  };
}

/**
 * What the page shows in `frames` presented frames, or as many fortieths of a
 * second where there is only sound.
 */
export const look = (page, { picture, frames, patience }) =>
  page.evaluate(inspect, { picture, frames, patience, card: CARD });

/** Runs in the page. */
async function inspect({ picture, frames, patience, card }) {
  const { bars, round, rate } = card;
  const late = performance.now() + patience;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const element = () => document.querySelector('camgate-video');
  // What keeps the time: the sound, where the video shows a canvas.
  const clock = () => [...players].find(({ srcObject }) => !srcObject) ?? element().video;
  const columns = 2 * round;
  const canvas = new OffscreenCanvas(columns, 1);
  const pen = canvas.getContext('2d', { willReadFrequently: true });

  // The bar that each column shows, and how far its colour is off.
  const row = (video) => {
    const { videoWidth, videoHeight } = video;
    pen.clearRect(0, 0, columns, 1);
    pen.drawImage(video, 0, videoHeight * 0.3, videoWidth, 2, 0, 0, columns, 1);
    const { data } = pen.getImageData(0, 0, columns, 1);
    if (!data[3]) return undefined; // Firefox tells of the first picture before a canvas can have it
    return Array.from({ length: columns }, (_, x) => {
      const off = bars.map((bar) => Math.max(...bar.map((value, i) => Math.abs(value - data[4 * x + i]))));
      const least = Math.min(...off);
      return { bar: off.indexOf(least), off: least };
    });
  };
  // The number of the picture in its round, and the share of columns that fit it well.
  const read = (video) => {
    const seen = row(video);
    if (!seen) return undefined;
    let best = { fit: -1 };
    for (let shift = 0; shift < columns; shift += 1) {
      const fits = seen.filter(({ bar, off }, x) =>
        off < 64 && bar === Math.floor((((x + 0.5 + shift) % columns) * bars.length) / columns));
      if (fits.length > best.fit * columns) best = { fit: fits.length / columns, number: shift / 2 };
    }
    return best;
  };
  const next = (video) => picture
    ? Promise.race([
        new Promise((resolve) => video.requestVideoFrameCallback((now, data) => resolve({ now, media: data.mediaTime }))),
        pause(1000).then(() => undefined),
      ])
    : pause(1000 / rate).then(() => !video.paused && video.readyState > 2 && { now: performance.now() });

  let seen = [];
  let waits = 0;
  const waiting = () => (waits += 1);
  while (seen.length < frames) {
    const video = element()?.video;
    const frame = video && (await next(video));
    if (performance.now() > late) {
      throw new Error(`${seen.length} of ${frames} frames: ${JSON.stringify({ ...element()?.stats, title: element()?.shadowRoot.textContent.slice(0, 200) })}`);
    }
    const shown = frame && picture ? read(video) : {};
    if (!frame || !shown) {
      seen = [];
      if (!video) await pause(50);
      continue;
    }
    if (!seen.length) {
      waits = 0;
      video.addEventListener('waiting', waiting);
    }
    const { currentTime: time, buffered } = clock();
    const edge = buffered.length ? buffered.end(buffered.length - 1) : NaN;
    seen.push({ ...frame, time, edge, quality: video.getVideoPlaybackQuality(), ...shown });
  }
  const { video, player, stats } = element();
  video.removeEventListener('waiting', waiting);

  const [first, last] = [seen[0], seen.at(-1)];
  const ahead = (steps) => ((steps % round) + round) % round;
  // By how many pictures each is away from where its time puts it, against the first.
  const place = ({ number, media }) => number - media * rate;
  const away = seen.map((one) => ahead(place(one) - place(first) + round / 2) - round / 2).sort((a, b) => a - b);
  const steps = seen.slice(1).map((one, i) => ahead(one.number - seen[i].number));
  const elapsed = (last.now - first.now) / 1000;
  return {
    size: [video.videoWidth, video.videoHeight],
    decoded: last.quality.totalVideoFrames - first.quality.totalVideoFrames,
    presented: seen.length,
    dropped: last.quality.droppedVideoFrames - first.quality.droppedVideoFrames,
    fit: Math.min(...seen.map(({ fit }) => fit)),
    pace: (last.time - first.time) / elapsed,
    arriving: (last.edge - first.edge) / elapsed,
    moving: steps.reduce((all, step) => all + step, 0) / rate / elapsed,
    backwards: steps.filter((step) => step > round / 2).length,
    spread: away.at(-Math.ceil(away.length / 10)) - away[Math.floor(away.length / 10)],
    furthest: away.at(-1) - away[0],
    waits,
    elapsed,
    latency: stats.latency,
    target: stats.target,
    rate: clock().playbackRate,
    codecs: stats.codecs,
    state: player.state,
    muted: video.muted,
    before: window.before,
    sound: [...players].some((one) => one.webkitAudioDecodedByteCount > 0 || one.mozHasAudio),
    error: [...players].map(({ error }) => error?.message).find(Boolean) ?? player.problem?.title ?? null,
  };
}

/** Turns the sound on as a person does. */
export async function unmute(page) {
  const button = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector('camgate-video');
    const { x, y, width, height } = shadowRoot.querySelector('.unmute').getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  });
  await page.mouse.click(button.x, button.y);
}

/** Says what the sound is like. */
export const hear = (page) => page.evaluate(analyse, { seconds: 2, from: 200, to: 1400, step: 4 });

/**
 * Runs in the page: records what is decoded, and looks for the strongest tone
 * in every tenth of a second. Not by an AudioContext that listens: Firefox has
 * none that runs on a machine without a sound card.
 */
async function analyse({ seconds, from, to, step }) {
  const rate = 48_000;
  const sounding = [...players].find(({ srcObject }) => !srcObject);
  const record = async () => {
    const stream = (sounding.captureStream ?? sounding.mozCaptureStream).call(sounding);
    const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks()));
    const pieces = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, (seconds + 1) * 1000));
    recorder.stop();
    await stopped;
    const bytes = await new Blob(pieces).arrayBuffer();
    const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
    return decoded.getChannelData(0).slice(-seconds * rate);
  };
  // Firefox breaks the first recordings of an element without a picture off.
  let samples = await record();
  for (let again = 0; again < 2 && samples.length < seconds * rate; again += 1) {
    const longer = await record();
    if (longer.length > samples.length) samples = longer;
  }

  const size = 4800;
  const window = Float64Array.from({ length: size }, (_, i) => 1 - Math.cos((2 * Math.PI * i) / size));
  // The share of its power that a piece has at a frequency (a Goertzel filter).
  const share = (piece, power, frequency) => {
    const turn = 2 * Math.cos((2 * Math.PI * frequency) / rate);
    let [last, before] = [0, 0];
    for (const value of piece) [last, before] = [value + turn * last - before, last];
    const amplitude = (2 * Math.sqrt(last ** 2 + before ** 2 - turn * last * before)) / size;
    return amplitude ** 2 / 2 / power;
  };
  const tones = [];
  for (let at = 0; at + size <= samples.length; at += size) {
    const loud = samples.subarray(at, at + size);
    const power = loud.reduce((sum, value) => sum + value ** 2, 0) / size;
    const piece = window.map((value, i) => value * loud[i]);
    let best = { pure: 0 };
    for (let tone = from; power > 1e-4 && tone < to; tone += step) {
      const pure = share(piece, power, tone);
      if (pure > best.pure) best = { tone, pure };
    }
    tones.push(best);
  }
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  const tone = middle(tones.map((one) => one.tone ?? 0));
  return {
    tone,
    pure: middle(tones.map(({ pure }) => pure)),
    steady: tones.filter((one) => Math.abs(one.tone - tone) <= 2 * step).length / tones.length,
    heard: samples.length / rate,
    muted: document.querySelector('camgate-video').video.muted,
  };
}
