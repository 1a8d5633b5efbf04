// Media Source Extensions: one MediaSource under the video element, one TrackBuffer per track.
//
// A browser wants every track before the first byte of any, and plays only where all of them have
// data. So the tracks of a session are gathered first; audio that stops coming is left out.
//
// Invariant: a new session continues behind the old one on the same MediaSource when it has the
// same tracks (the last picture stays up meanwhile); in every other case a new one is attached.

import { max, min, now as clock, on, play } from './event';
import { extras } from './later';
import { TrackBuffer, type Track, type TrackListener } from './track';
import type { Fragment } from './wasm';

/** A session's tracks are waited for, in ms, once there is video (or once there is only audio). Most sound that is late is silence before. */
const AUDIO_GRACE = 1500;
const VIDEO_GRACE = 5_000;
/** Fragments held while gathering, and their bytes. */
const HELD_LIMIT = 2000;
const HELD_BYTES = 16 << 20;
/** Seconds kept behind the play head: what is meant by a number that is none, and the most. */
const KEEP = 10;
const KEEP_LIMIT = 3600;
/** So many seconds of video without any audio: it has stopped. One sample counts for little, it may span a gap. */
const AUDIO_LOST = 3;
const SAMPLE_COUNTS = 0.5;
/** Audio that stopped and came back is taken in again after so long, in ms: it costs a short break. */
const AUDIO_RETURN = 60_000;
/** A picture stands if none has come for so long, in ms. */
const STANDS = 1500;
/** Seconds buffered ahead of a play head that does not move (a page in the background). */
const AHEAD_LIMIT = 30;
/** Space between two sessions on the timeline, in seconds. */
const SEAM = 0.1;
/** The same before one that begins with history: so far from the play head that browsers show nothing of it. */
const UNSEEN = 2;

export interface MseListener {
  appended(from: number): void;
  broken(detail: string): void;
}

type SourceClass = typeof MediaSource;

/** MediaSource, or what iPhones have in its place. */
function sourceClass(): SourceClass | undefined {
  const global = globalThis as { MediaSource?: SourceClass; ManagedMediaSource?: SourceClass };
  return global.MediaSource ?? global.ManagedMediaSource;
}

export class Mse implements TrackListener {
  /** False: this browser has no Media Source Extensions. */
  static readonly available = !!sourceClass();

  #video: HTMLMediaElement;
  readonly #listener: MseListener;
  #end = new AbortController();
  #keep = KEEP;
  #source: MediaSource | undefined;
  /** Its address, until it is revoked. */
  #url = '';
  /** The tracks by which the buffers of #source were made. */
  #built = '';
  #tracks = new Map<number, Track>();
  #gathering = true;
  /** Where the session's history ends, on its timeline in seconds; NaN: it has none. */
  edge = NaN;
  #held: Fragment[] = [];
  #heldBytes = 0;
  /** When the first fragment was held. */
  #since = 0;
  /** Added to the session's times to get the element's. */
  #offset = 0;
  #trimmed = 0;
  /** It was last told to play, not to pause: emptying an element pauses it without a word. */
  #playing: boolean;

  constructor(video: HTMLMediaElement, keep: number, listener: MseListener) {
    this.#video = video;
    this.#playing = !video.paused;
    this.keep = keep;
    this.#listener = listener;
    this.#listen();
  }

  /** Seconds kept behind the play head. */
  set keep(seconds: number) {
    this.#keep = seconds >= 0 ? min(seconds, KEEP_LIMIT) : KEEP;
  }

  /** Goes on with another element; the old one is left empty. */
  move(video: HTMLMediaElement): void {
    this.#leave();
    this.#video = video;
    this.#playing = !video.paused;
    this.#end = new AbortController();
    this.#listen();
    this.#restart();
  }

  /** A session begins: its tracks come anew, its timeline starts near 0. */
  begin(): void {
    this.#tracks = new Map([...this.#tracks].map(([id, { buffer }]) => [id, { ...blank(''), buffer }]));
    this.#gather();
    this.edge = NaN;
    if (!this.#source || this.#source.readyState === 'ended' || this.#video.error) this.#attach();
  }

  /** A track, new or with a new codec. False: this browser cannot play it. */
  track(id: number, mime: string): boolean {
    if (!sourceClass()?.isTypeSupported(mime)) return this.#refuse(id);
    this.#tracks.set(id, { ...blank(mime), ...this.#tracks.get(id), mime, video: mime.startsWith('video'), init: undefined });
    return true;
  }

  /** What was there under this name is over: nothing of the new codec may come into its buffer. */
  #refuse(id: number): false {
    const buffer = this.#tracks.get(id)?.buffer;
    this.#tracks.delete(id);
    buffer?.destroy();
    if (buffer && !this.#gathering) this.#restart();
    return false;
  }

  init(id: number, bytes: BufferSource): void {
    const track = this.#tracks.get(id);
    if (!track?.mime) return;
    track.init = bytes;
    if (!this.#gathering) track.buffer?.configure(track.mime, bytes, this.#offset);
  }

  fragment(fragment: Fragment, now: number): void {
    const track = this.#tracks.get(fragment.track);
    if (!track?.init) return;
    const next = track.still?.(fragment, track.end) ?? fragment;
    if (next === fragment) track.still = undefined; // it follows by itself
    fragment = next;
    track.end = fragment.time + fragment.duration;
    track.last = fragment;
    track.came = now;
    track.missed = 0;
    if (!this.#wanted(track, now)) return;
    if (!this.#gathering && !track.buffer) this.#restart(); // it came later than its sisters
    if (this.#gathering) {
      this.#hold(fragment, now);
    } else {
      track.buffer?.append(fragment);
      if (track.video) this.#dropSilentAudio(min(fragment.duration, SAMPLE_COUNTS), now);
      else this.#stand(track, now);
    }
    this.#trim(track);
  }

  /** Time passed: nothing to gather may be left to wait for. */
  tick(now: number): void {
    if (this.#gathering && this.#held.length && this.#complete(now)) this.#build();
  }

  /** Whether the stream is at a stand without this track: the video, or the audio of a stream without. */
  leads(id: number): boolean {
    return !this.#current()[0]?.[1].video || !!this.#tracks.get(id)?.video;
  }

  get sound(): boolean {
    return !!this.#audio;
  }

  get #audio(): Track | undefined {
    return this.#current().find(([, { video }]) => !video)?.[1];
  }

  /** The video's first. */
  get codecs(): string[] {
    return this.#current().map(([, { mime }]) => codecs(mime));
  }

  destroy(): void {
    this.#leave();
    this.#tracks.clear();
    this.#gather();
  }

  /** What the element plays now, on the session's timeline in seconds; NaN: nothing. */
  get position(): number {
    return this.#gathering || !this.codecs.length ? NaN : this.#video.currentTime - this.#offset;
  }

  /** Where the session's history ends, in the element's time; NaN: it has none. */
  get history(): number {
    return this.edge + this.#offset;
  }

  appended(from: number): void {
    this.#listener.appended(from);
  }

  broken(detail: string): void {
    this.#detach();
    this.#listener.broken(this.#video.error?.message || detail);
  }

  #listen(): void {
    const { signal } = this.#end;
    on(this.#video, 'error', () => this.#source && this.broken('The browser cannot decode it.'), signal);
    on(this.#video, 'play pause', ({ type }) => (this.#playing = type === 'play'), signal);
    on(this.#video, 'emptied', () => this.#emptied(), signal);
  }

  /** The page called load(): the source is lost, and playing with it. */
  #emptied(): void {
    const { src, srcObject, paused } = this.#video;
    if (!this.#built || this.#source?.readyState !== 'closed' || src !== this.#url || srcObject) return;
    this.#restart();
    if (this.#playing && paused) play(this.#video); // as it was
  }

  #leave(): void {
    this.#end.abort();
    this.#detach();
    if (this.#video.src) {
      this.#video.removeAttribute('src');
      this.#video.load();
    }
  }

  #gather(): void {
    this.#gathering = true;
    this.#held = [];
    this.#heldBytes = 0;
  }

  #hold(fragment: Fragment, now: number): void {
    if (!this.#held.length) this.#since = now;
    this.#held.push(fragment);
    this.#heldBytes += fragment.bytes.length;
    while (this.#held.length > HELD_LIMIT || this.#heldBytes > HELD_BYTES) this.#heldBytes -= this.#held.shift()?.bytes.length ?? 0;
    if (this.#complete(now)) this.#build();
  }

  /** Every track has come, or was waited for long enough. */
  #complete(now: number): boolean {
    if (this.#source?.readyState !== 'open') return false;
    const here = new Set(this.#held.map(({ track }) => track));
    const missing = this.#current().filter(([id]) => !here.has(id));
    const grace = missing.some(([, { video }]) => video) ? VIDEO_GRACE : AUDIO_GRACE;
    return !missing.length || now - this.#since >= grace;
  }

  /** The tracks of this session that can be played and are not left out, the video's first. */
  #current(): [number, Track][] {
    const current = [...this.#tracks].filter(([, { mime, lost }]) => mime && lost === undefined);
    return current.sort(([, a], [, b]) => +b.video - +a.video);
  }

  /** Makes the buffers, or continues on those that are there, and lets the held fragments in. */
  #build(): void {
    const here = new Set(this.#held.map(({ track }) => track));
    for (const [id, track] of this.#current()) if (!here.has(id)) track.lost = -Infinity; // when it comes it is taken in at once
    const current = this.#current();
    const built = current.map(([id, { video }]) => `${id}${video}`).sort().join();
    if (this.#built && this.#built !== built) return this.#attach(); // comes back here when it is open
    if (!this.#built && !this.#makeBuffers(current)) return;
    this.#built = built;
    this.#offset = max(0, ...current.map(([, { buffer }]) => buffer?.end ?? 0));
    this.#offset += this.edge >= 0 ? UNSEEN : this.#offset && SEAM;
    this.#gathering = false;
    this.#trimmed = 0;
    for (const [, { buffer, mime, init }] of current) if (init) buffer?.configure(mime, init, this.#offset);
    for (const fragment of this.#held) this.#tracks.get(fragment.track)?.buffer?.append(fragment);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #makeBuffers(current: [number, Track][]): boolean {
    try {
      for (const [, track] of current) {
        if (this.#source) track.buffer = new TrackBuffer(this.#source, track.mime, this);
      }
      return true;
    } catch (error) {
      this.broken(String(error));
      return false;
    }
  }

  /** A fresh MediaSource under the element, which plays on if it was playing. */
  #attach(): void {
    const Source = sourceClass();
    if (!Source) return;
    this.#detach();
    const source = new Source();
    this.#url = URL.createObjectURL(source);
    on(source, 'sourceopen', () => {
      if (source !== this.#source) return;
      URL.revokeObjectURL(this.#url);
      this.tick(clock());
    });
    // A ManagedMediaSource says when it wants to be fed: the radio may sleep in between.
    on(source, 'startstreaming endstreaming', ({ type }) => {
      for (const { buffer } of this.#tracks.values()) buffer?.hold(type === 'endstreaming');
    });
    this.#source = source;
    const playing = !this.#video.paused;
    this.#video.disableRemotePlayback = true; // a condition of ManagedMediaSource
    this.#video.src = this.#url;
    if (playing) play(this.#video);
  }

  #detach(): void {
    this.#tracks.forEach(release);
    URL.revokeObjectURL(this.#url);
    this.#source = undefined;
    this.#built = '';
    this.#trimmed = 0;
  }

  /** A track that was left out may come back: sound after a while. */
  #wanted(track: Track, now: number): boolean {
    if (track.lost === undefined) return true;
    if (!track.video && now - track.lost < AUDIO_RETURN) return false;
    track.lost = undefined;
    return true;
  }

  /** Without this the picture would stand still where the sound ended. */
  #dropSilentAudio(seconds: number, now: number): void {
    const audio = this.#audio;
    if (!audio || (audio.missed += seconds) <= AUDIO_LOST) return;
    audio.lost = now;
    release(audio);
    this.#restart();
  }

  /** Sound goes on where no picture comes: the last one is shown until one does, if it can be decoded alone. */
  #stand(audio: Track, now: number): void {
    const [, video] = this.#current()[0]!; // or it is the sound itself, which has just come
    if ((video.still || now - video.came > STANDS) && video.end < audio.end) extras().then(({ stand }) => stand(video, audio)).catch(() => {});
  }

  /** The same session on a new MediaSource. */
  #restart(): void {
    this.#gather();
    this.#attach();
  }

  #trim(track: Track): void {
    if (this.#gathering || !track.buffer || track.end - this.#trimmed < 1) return;
    this.#trimmed = track.end;
    const edge = track.end + this.#offset;
    const from = max(this.#video.currentTime, edge - AHEAD_LIMIT) - this.#keep;
    for (const { buffer } of this.#tracks.values()) buffer?.trim(from);
  }
}

function release(track: Track): void {
  track.buffer?.destroy();
  track.buffer = undefined;
}

function blank(mime: string): Track {
  return { mime, video: mime.startsWith('video'), end: 0, came: 0, missed: 0 };
}

/** `video/mp4; codecs="avc1.42c01f"` → `avc1.42c01f` */
export function codecs(mime: string): string {
  return /codecs="?([^"]*)/.exec(mime)?.[1] ?? mime;
}
