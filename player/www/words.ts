// What a session's failure is called, why it came about, and what helps: a line for each kind.
//
// Invariants: what the gateway says of itself is shown as that sentence alone, without a status. What the camera
// answered is said to be its answer, with the request that it refused. Neither has a title of the other.

import { problem, type Failure, type Problem, type ProblemKind } from './problem';

/** `why` is a sentence without its full stop. `retry`: false if another attempt alone cannot help. */
type Words = [kind: ProblemKind, title: string, why: string, help: string, retry?: boolean];

/** The answers of a camera by status (RFC 2326 §7.1.1). */
const ANSWERS: Record<number, Words> = {
  403: ['refused', 'The camera does not allow this', 'It does not let this user watch this stream', 'Change that in its settings, or sign in as another user.', false],
  404: ['address', 'No such stream', 'The camera has no stream at this address', 'Correct the path: the manual of the camera has it.'],
  453: ['camera', 'The camera is busy', 'It cannot send to one more viewer', 'Close another viewer of it, or take its smaller stream.'],
  454: ['camera', 'The camera has ended the session', 'It does not know this viewer any more', 'If this comes again and again, restart the camera.'],
  455: ['camera', 'The camera refuses', 'It does not accept this request now', 'If this lasts, restart the camera.'],
  461: ['camera', 'The camera does not send over TCP', 'It refuses to send this stream on the connection that it was asked on', 'Allow RTSP over TCP in its settings, or write the camera into the configuration of the gateway, which takes it over UDP.'],
  500: ['camera', 'The camera has a fault', 'It has failed to do what it was asked', 'If this lasts, restart the camera.'],
  503: ['camera', 'The camera is busy', 'It cannot serve one more viewer now', 'Close another viewer of it, or wait.'],
};
const OTHER_ANSWER: Words = ['camera', 'The camera refuses', 'It does not do what it was asked', 'Check the address, and restart the camera.'];

/** What the gateway (failure.rs) or the wasm (ending.rs) says, by its cause. */
const CAUSES: Record<string, Words> = {
  address: ['address', 'This address cannot be used', 'It is no address of a camera', 'Correct the address.', false],
  camera: ['camera', 'The camera does not play', 'It does something else than it was asked', 'Check its settings, and restart it.'],
  codec: ['codec', 'Cannot be played', 'This player cannot play what the camera sends', 'Set the camera to H.264 and AAC.', false],
  fault: ['gateway', 'The gateway has a fault', 'It sent something that makes no sense', 'Reload the page: its player may be of another version.'],
  forbidden: ['refused', 'Not allowed', 'The gateway does not allow this camera', 'Its configuration decides that.', false],
  full: ['gateway', 'The gateway is full', 'It cannot take one more viewer', 'You are let in when there is room.'],
  late: ['gateway', 'The gateway does not answer', 'Nothing has come from it', 'Check that it is running, and the network between.'],
  nothing: ['codec', 'Nothing to play', 'The camera offers neither video nor audio', 'Turn on a stream in its settings.', false],
  password: ['camera', 'The camera refuses the gateway', 'It refuses the password that the gateway has for it', 'Correct user and password in the configuration of the gateway.'],
  request: ['gateway', 'The gateway refuses', 'It does not understand this player', 'Reload the page: its player may be of another version.'],
  silent: ['camera', 'The camera does not answer', 'Nothing has come from it', 'Check that it is switched on, and its network.'],
  unknown: ['address', 'No such camera', 'The gateway has no camera of this name', 'Correct the name, or add the camera to the configuration of the gateway.'],
  unreachable: ['camera', 'The camera cannot be reached', 'There is no connection to it', 'Check that it is switched on, its address and its port.'],
};

/** What a gateway means that names no cause, by the status of its WSP reply. */
const STATUSES: Record<number, string> = { 400: 'address', 403: 'forbidden', 404: 'unknown', 502: 'unreachable', 503: 'full', 504: 'silent' };

export function worded({ code, method, cause, message }: Failure): Problem {
  const own = method !== '' && cause === '';
  const [kind, title, why, help, retry] = own ? answered(code) : CAUSES[known(cause || STATUSES[code])]!;
  const said = own ? `${why} (${method}: ${`${code} ${message}`.trim()})` : message.trim() || why;
  const found = problem(kind, code, title, `${sentence(said)} ${help}`, retry);
  return method && message ? { ...found, answer: `${code} ${message}` } : found;
}

function answered(code: number): Words {
  return ANSWERS[code === 410 ? 404 : code] ?? (code >= 500 ? ANSWERS[500]! : OTHER_ANSWER);
}

/** A newer gateway may name causes that this script does not know. */
function known(cause = ''): string {
  return Object.hasOwn(CAUSES, cause) ? cause : 'request';
}

function sentence(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}
