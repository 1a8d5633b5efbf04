// What can go wrong, worded for people, and whether trying again can help. The words for what ends a session are a
// module of their own (words.ts), which is fetched when they are needed (failed.ts).
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
  /** The status and the reason phrase of the RTSP answer that refused it, such as `404 Not Found`, if there is one. */
  answer?: string;
  /** The address that asks for credentials, if the stream has moved there. */
  moved?: string;
}

/** How a session has failed: see `Kind::Error` in output.rs. */
export interface Failure {
  /** The status of RTSP or WSP. */
  code: number;
  /** The method of the request that an RTSP answer refused, or empty. */
  method: string;
  /** Empty for an answer of the camera; else what kind of trouble the gateway or the player has. */
  cause: string;
  /** A reason phrase of the camera, or a sentence of the gateway without a capital letter and a full stop. */
  message: string;
}

/** The gateway or the camera does not allow this. */
export function refused(code: number, message: string): Problem {
  return problem('refused', code, 'Not allowed', message, false);
}

export function credentials(given: boolean): Problem {
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

/** How far a stream has come: nothing can be decoded, its parameter sets are known, or it has played. */
export type Reached = 'nothing' | 'described' | 'played';

const AWAITED: Record<Reached, string> = {
  nothing: 'no parameter sets. Restart it if this lasts.',
  described: 'no key frame yet. Let it send them more often.',
  played: 'no new picture. It may send them rarely.',
};

/** No fragment has come for a while; `bytes`: the camera does send something. */
export function silent(bytes: boolean, reached: Reached): Problem {
  return bytes
    ? problem('silent', 0, 'Waiting for a picture', `The camera sends, but ${AWAITED[reached]}`)
    : problem('silent', 0, 'Waiting for the camera', 'It sends nothing. Restart it if this lasts.');
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
  const what = codec ? `${codecName(codec)} ${media}` : `${media} of an unknown kind`;
  const message = `The camera sends ${what}, which this ${by} cannot play.`;
  return { media, codec, by, message };
}

/** There is nothing to play without this track. */
export function unplayable(track: Unsupported): Problem {
  const wanted = track.media === 'video' ? 'H.264' : 'AAC';
  const other = track.by === 'browser' ? ', or try another browser' : '';
  return problem('codec', 415, `${codecName(track.codec) || 'This stream'} cannot be played here`,
    `${track.message} Set the camera to ${wanted}${other}.`, false);
}

/** Adds the name of the codec to "nothing playable". */
export function named(problem: Problem, unsupported: readonly Unsupported[]): Problem {
  const culprit = unsupported.find(({ media }) => media === 'video') ?? unsupported[0];
  return problem.kind === 'codec' && culprit ? unplayable(culprit) : problem;
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
  return problem('player', 0, 'The picture could not be decoded', detail || 'No reason given.');
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

export function problem(kind: ProblemKind, code: number, title: string, message: string, retry = true): Problem {
  return { kind, code, title, message, retry };
}
