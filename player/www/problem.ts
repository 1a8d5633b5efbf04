// What can go wrong, worded for people, and whether trying again can help.
//
// Invariant: no text here contains a password, or an address that may contain one.

/** Groups problems by what the user can do about them. */
export type ProblemKind =
  | 'credentials' // the camera wants a (different) user and password
  | 'refused' // the gateway or the camera does not allow it
  | 'address' // the address is wrong: unreadable, or no such stream
  | 'camera' // the camera cannot be reached or fails
  | 'codec' // nothing of what it sends can be played in this browser
  | 'silent' // connected, but nothing arrives
  | 'gateway' // the gateway cannot be reached or is full
  | 'player'; // this browser, or the player itself

export interface Problem {
  kind: ProblemKind;
  /** The status of WSP, RTSP or HTTP, if there is one; otherwise 0. */
  code: number;
  /** A short headline. */
  title: string;
  /** A sentence or two: what happened and what to do. */
  message: string;
  /** Whether the player tries again by itself. */
  retry: boolean;
  /** The address that asks for credentials, if the stream has moved there. */
  moved?: string;
}

/** The state of the attempt when the camera asked for credentials. */
export interface Asked {
  /** Whether credentials were given and refused. */
  given: boolean;
  /** The address to which the stream has moved, if it has. */
  moved: string;
}

/** An error from the wasm: the status and the sentence of the gateway or the camera. */
export function failed(code: number, message: string, { given, moved }: Asked): Problem {
  const found = meant(code, message, given);
  return moved ? { ...found, moved, message: `The stream has moved to ${moved}. ${found.message}` } : found;
}

function meant(code: number, message: string, given: boolean): Problem {
  switch (code) {
    case 400: return problem('address', code, 'This address cannot be used', message, false);
    case 401: return credentials(given);
    case 403: return refused(code, message);
    case 404: return problem('address', code, 'No such stream', message);
    case 415: return problem('codec', code, 'Cannot be played', message, false);
    case 504: return problem('camera', code, 'The camera does not answer', message);
    case 503: return full(message);
    case 502: return problem('camera', code, 'The camera cannot be reached', message);
    default: return problem('camera', code, 'The stream ended', message);
  }
}

/** The gateway or the camera does not allow this. */
export function refused(code: number, message: string): Problem {
  return problem('refused', code, 'Not allowed', message, false);
}

function credentials(given: boolean): Problem {
  return given
    ? problem('credentials', 401, 'Wrong user or password', 'The camera refused them. Try again.', false)
    : problem('credentials', 401, 'Sign in to the camera', 'It asks for a user name and a password.', false);
}

/** The gateway has closed an open socket (RFC 6455 §7.4, and the gateway's own codes 4xxx). */
export function closed(code: number, reason: string): Problem {
  switch (code) {
    case 1013: return gateway(code, 'The gateway is busy', reason || 'It is full, or about to restart.');
    case 1011: return problem('camera', code, 'The camera went away', reason || 'Its connection ended.');
    case 4003: return refused(code, reason || 'The gateway does not allow this camera.');
    default: return gateway(code, 'The connection was lost', reason || 'The gateway went away.');
  }
}

/** Nothing answers at the gateway's address. */
export function unreachable(): Problem {
  return gateway(0, 'The gateway cannot be reached', 'Is it running, and this device on the right network?');
}

export function full(message: string): Problem {
  return gateway(503, 'The gateway is full', message);
}

/** No fragment has come for a while; `bytes`: the camera does send something. */
export function silent(bytes: boolean): Problem {
  return bytes
    ? problem('silent', 0, 'Waiting for a picture', 'The camera sends, but no new picture has come.')
    : problem('silent', 0, 'Waiting for the camera', 'It sends nothing.');
}

/** Connecting took too long, for an unknown reason. */
export function stuck(): Problem {
  return gateway(0, 'No answer', 'The gateway did not answer.');
}

/** A track that is not played; `by` is who cannot play it. */
export interface Unsupported {
  media: string;
  codec: string;
  by: 'browser' | 'player';
  /** A sentence that says what is missing. */
  message: string;
}

export function leftOut(media: string, codec: string, by: Unsupported['by']): Unsupported {
  const message = `The camera sends ${codecName(codec)} ${media}, which this ${by} cannot play.`;
  return { media, codec, by, message };
}

/** There is nothing to play without this track. */
export function unplayable(track: Unsupported): Problem {
  const wanted = track.media === 'video' ? 'H.264' : 'AAC';
  const other = track.by === 'browser' ? ', or try another browser' : '';
  return problem('codec', 415, `${codecName(track.codec)} cannot be played here`,
    `${track.message} Set the camera to ${wanted}${other}.`, false);
}

/** Adds the name of the codec to "nothing playable". */
export function named(problem: Problem, unsupported: readonly Unsupported[]): Problem {
  const culprit = unsupported.find(({ media }) => media === 'video') ?? unsupported[0];
  return problem.code === 415 && culprit ? unplayable(culprit) : problem;
}

/** The browser has neither MediaSource nor ManagedMediaSource. */
export function noMediaSource(): Problem {
  return problem('player', 0, 'This browser cannot play live video',
    'It has no Media Source Extensions (iPhones do from iOS 17.1 on).', false);
}

/** The largest picture in pixels, a little above the highest levels of H.264 and H.265: browsers allocate memory for
 * any size. */
export const MAX_PIXELS = 36e6;

/** The browser's decoder has failed. */
export function undecodable(detail: string): Problem {
  return problem('player', 0, 'The picture could not be decoded', detail || 'No reason is given.');
}

/** The script could not be loaded, or has a fault of its own. */
export function internal(error: unknown): Problem {
  const detail = error instanceof Error ? error.message : String(error);
  return problem('player', 0, 'The player failed', detail);
}

/** The wasm could not be loaded, most likely because the gateway is gone. */
export function unloadable(error: unknown): Problem {
  return error instanceof TypeError ? unreachable() : internal(error);
}

/** The codec's usual name, from "avc1.42c01f", "H265", "PCMU" and so on. */
function codecName(codec: string): string {
  const names: [RegExp, string][] = [
    [/^(h264|avc)/i, 'H.264'],
    [/^(h265|hev|hvc)/i, 'H.265'],
    [/^(mp4a|mpeg4-g|aac)/i, 'AAC'],
    [/^pcmu/i, 'G.711 µ-law'],
    [/^pcma/i, 'G.711 A-law'],
    [/jpeg/i, 'Motion JPEG'],
  ];
  return names.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}

/** Something is wrong with the gateway, or on the way to it. */
export function gateway(code: number, title: string, text: string, retry?: boolean): Problem {
  return problem('gateway', code, title, text, retry);
}

function problem(kind: ProblemKind, code: number, title: string, text: string, retry = true): Problem {
  // The wasm's sentences can stand alone, so the part that repeats the headline is removed.
  const message = text.startsWith(title) ? text.slice(title.length).replace(/^[:.]\s*/, '') : text;
  return { kind, code, title, message, retry };
}
