// Media Source Extensions: one MediaSource under the media element, and one TrackBuffer per track.
//
// A browser wants to know every track before the first byte of any, and plays only where all of them have data. So
// the tracks of a session are gathered first, and audio that stops coming is left out.
//
// Invariant: if a new session has the same tracks, it continues after the old one on the same MediaSource, so the
// last picture stays visible meanwhile; otherwise a new MediaSource is attached.

import { max, min, now as clock, on, play } from './event';
import { extras } from './later';
import { TrackBuffer, type Track, type TrackListener } from './track';
import type { Fragment } from './wasm';

/** How long other tracks are waited for once there is video, or only audio, in ms. Most late audio is preceded by
 * silence. */
const AUDIO_GRACE = 1500;
const VIDEO_GRACE = 5_000;
/** How many fragments, and how many bytes of them, are held while tracks are gathered. */
const HELD_LIMIT = 2000;
const HELD_BYTES = 16 << 20;
/** How many seconds behind the play head are kept: the default, and the maximum. */
const KEEP = 10;
const KEEP_LIMIT = 3600;
/** Audio has stopped when there is this much video without any, in seconds. A single sample counts for little, because
 * it may span a gap. */
const AUDIO_LOST = 3;
const SAMPLE_COUNTS = 0.5;
/** Audio that had stopped and has come back is played again after this time, in ms, because that costs a short break.
 */
const AUDIO_RETURN = 60_000;
/** The picture stands still if no new one has come for this long, in ms. */
const STANDS = 1500;
/** How many seconds are buffered in front of a play head that does not move (of a page in the background). */
const AHEAD_LIMIT = 30;
/** The gap between two sessions on the timeline, in seconds. */
const SEAM = 0.1;
/** The gap before a session that begins with history: so far from the play head that browsers show nothing of it. */
const UNSEEN = 2;

export interface MseListener {
  appended(from: number): void;
  broken(detail: string): void;
}

type SourceClass = typeof MediaSource;

/** MediaSource, or ManagedMediaSource on iPhones. */
function sourceClass(): SourceClass | undefined {
  const global = globalThis as { MediaSource?: SourceClass; ManagedMediaSource?: SourceClass };
  return global.MediaSource ?? global.ManagedMediaSource;
}

export class Mse implements TrackListener {
  /** False if this browser has no Media Source Extensions. */
  static readonly available = !!sourceClass();

  #video: HTMLMediaElement;
  readonly #listener: MseListener;
  #end = new AbortController();
  #keep = KEEP;
  #source: MediaSource | undefined;
  /** The object URL of #source, until it is revoked. */
  #url = '';
  /** The tracks that the buffers of #source were made for. */
  #built = '';
  #tracks = new Map<number, Track>();
  #gathering = true;
  /** The end of the session's history, on its timeline in seconds; NaN if it has none. */
  edge = NaN;
  #held: Fragment[] = [];
  #heldBytes = 0;
  /** When the first fragment was held. */
  #since = 0;
  /** Added to the session's times to get the element's times. */
  #offset = 0;
  #trimmed = 0;
  /** The element was last told to play, not to pause. (Emptying an element pauses it without an event.) */
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

  /** Continues with another element, and leaves the old one empty. */
  move(video: HTMLMediaElement): void {
    this.#leave();
    this.#video = video;
    this.#playing = !video.paused;
    this.#end = new AbortController();
    this.#listen();
    this.#restart();
  }

  /** A session begins, with tracks of its own and a timeline that starts near 0. */
  begin(): void {
    this.#tracks = new Map([...this.#tracks].map(([id, { buffer }]) => [id, { ...blank(''), buffer }]));
    this.#gather();
    this.edge = NaN;
    if (!this.#source || this.#source.readyState === 'ended' || this.#video.error) this.#attach();
  }

  /** Takes a track that is new or has a new codec. False if this browser cannot play it. */
  track(id: number, mime: string): boolean {
    if (!sourceClass()?.isTypeSupported(mime)) return this.#refuse(id);
    this.#tracks.set(id, { ...blank(mime), ...this.#tracks.get(id), mime, video: mime.startsWith('video'), init: undefined });
    return true;
  }

  /** Ends the track with this number: data of its new codec must not get into the old buffer. */
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
    if (next === fragment) track.still = undefined; // the next one follows without a change
    fragment = next;
    track.end = fragment.time + fragment.duration;
    track.last = fragment;
    track.came = now;
    track.missed = 0;
    if (!this.#wanted(track, now)) return;
    if (!this.#gathering && !track.buffer) this.#restart(); // it came later than the other tracks
    if (this.#gathering) {
      this.#hold(fragment, now);
    } else {
      track.buffer?.append(fragment);
      if (track.video) this.#dropSilentAudio(min(fragment.duration, SAMPLE_COUNTS), now);
      else this.#stand(track, now);
    }
    this.#trim(track);
  }

  /** Stops waiting for tracks once the time is over. */
  tick(now: number): void {
    if (this.#gathering && this.#held.length && this.#complete(now)) this.#build();
  }

  /** Whether the stream stands still without this track: the video, or the audio of a stream without video. */
  leads(id: number): boolean {
    return !this.#current()[0]?.[1].video || !!this.#tracks.get(id)?.video;
  }

  get sound(): boolean {
    return !!this.#audio;
  }

  get #audio(): Track | undefined {
    return this.#current().find(([, { video }]) => !video)?.[1];
  }

  /** The codecs, that of the video first. */
  get codecs(): string[] {
    return this.#current().map(([, { mime }]) => codecs(mime));
  }

  destroy(): void {
    this.#leave();
    this.#tracks.clear();
    this.#gather();
  }

  /** What the element is playing, on the session's timeline in seconds; NaN if nothing. */
  get position(): number {
    return this.#gathering || !this.codecs.length ? NaN : this.#video.currentTime - this.#offset;
  }

  /** The end of the session's history in the element's time; NaN if it has none. */
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

  /** The page has called load(), which removed the source and paused the element. */
  #emptied(): void {
    const { src, srcObject, paused } = this.#video;
    if (!this.#built || this.#source?.readyState !== 'closed' || src !== this.#url || srcObject) return;
    this.#restart();
    if (this.#playing && paused) play(this.#video); // as before
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

  /** Whether every track has come, or the time for that is over. */
  #complete(now: number): boolean {
    if (this.#source?.readyState !== 'open') return false;
    const here = new Set(this.#held.map(({ track }) => track));
    const missing = this.#current().filter(([id]) => !here.has(id));
    const grace = missing.some(([, { video }]) => video) ? VIDEO_GRACE : AUDIO_GRACE;
    return !missing.length || now - this.#since >= grace;
  }

  /** The tracks of this session that can be played and are not left out, the video first. */
  #current(): [number, Track][] {
    const current = [...this.#tracks].filter(([, { mime, lost }]) => mime && lost === undefined);
    return current.sort(([, a], [, b]) => +b.video - +a.video);
  }

  /** Makes new buffers or continues with the existing ones, and passes on the held fragments. */
  #build(): void {
    const here = new Set(this.#held.map(({ track }) => track));
    for (const [id, track] of this.#current()) if (!here.has(id)) track.lost = -Infinity; // so that it is played as soon as it comes
    const current = this.#current();
    const built = current.map(([id, { video }]) => `${id}${video}`).sort().join();
    if (this.#built && this.#built !== built) return this.#attach(); // this is called again when it is open
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

  /** Attaches a new MediaSource to the element, which plays on if it was playing. */
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
    // A ManagedMediaSource says when it wants data, so that the radio may sleep in between.
    on(source, 'startstreaming endstreaming', ({ type }) => {
      for (const { buffer } of this.#tracks.values()) buffer?.hold(type === 'endstreaming');
    });
    this.#source = source;
    const playing = !this.#video.paused;
    this.#video.disableRemotePlayback = true; // required by ManagedMediaSource
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

  /** Whether a track that was left out may come back, which audio may after a while. */
  #wanted(track: Track, now: number): boolean {
    if (track.lost === undefined) return true;
    if (!track.video && now - track.lost < AUDIO_RETURN) return false;
    track.lost = undefined;
    return true;
  }

  /** Leaves out audio that has stopped; otherwise the picture would stop where the audio ended. */
  #dropSilentAudio(seconds: number, now: number): void {
    const audio = this.#audio;
    if (!audio || (audio.missed += seconds) <= AUDIO_LOST) return;
    audio.lost = now;
    release(audio);
    this.#restart();
  }

  /** Shows the last picture while audio continues without a new one, if that picture can be decoded alone. */
  #stand(audio: Track, now: number): void {
    const [, video] = this.#current()[0]!; // otherwise the track is the audio itself, which has just come
    if ((video.still || now - video.came > STANDS) && video.end < audio.end) extras().then(({ stand }) => stand(video, audio)).catch(() => {});
  }

  /** Continues the session on a new MediaSource. */
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
