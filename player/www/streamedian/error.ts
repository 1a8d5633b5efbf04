// Errors as pages of the Streamedian API expect them: a code and a message.

import type { Problem, ProblemKind } from '../player';

/** `code`: 0 custom, 1 aborted, 2 network, 3 decode, 4 source not supported, 5 encrypted, 6 transport. */
export class StreamedianError extends Error {
  override readonly name = 'StreamedianError';
  readonly code: number;
  /** The status from the camera (RTSP) or the gateway, if there is one; otherwise 0. */
  readonly status: number;

  constructor(code: number, message: string, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const NETWORK = 2;
export const NOT_SUPPORTED = 4;
const TRANSPORT = 6;

const CODES: Partial<Record<ProblemKind, number>> = {
  address: NOT_SUPPORTED,
  codec: NOT_SUPPORTED,
  camera: NETWORK,
  silent: NETWORK,
  gateway: TRANSPORT,
  refused: TRANSPORT,
};

/** The camera's answer in a sentence such as "There is no such stream (404 Not Found to DESCRIBE)." */
const ANSWER = /\((\d{3} [^)]*?) to [A-Z_]+\)/;

export function fromProblem({ kind, code, title, message }: Problem): StreamedianError {
  const answer = kind === 'credentials' ? '401 Unauthorized' : ANSWER.exec(message)?.[1];
  if (answer) return new StreamedianError(0, `RTSP error: ${answer}`, code);
  return new StreamedianError(CODES[kind] ?? 0, message ? `${title}. ${message}` : title, code);
}

/** The element's own error. */
export function fromElement({ code, message }: MediaError): StreamedianError {
  return new StreamedianError(code, message || 'The browser cannot play the stream.');
}
