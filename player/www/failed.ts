// What a session that has failed means for the viewer. The words for that are fetched when they are needed.

import { extras } from './later';
import { credentials, problem, type Failure, type Problem } from './problem';

/** The state of the attempt when the camera asked for credentials. */
export interface Asked {
  /** Whether credentials were given and refused. */
  given: boolean;
  /** The address to which the stream has moved, if it has. */
  moved: string;
}

/** What has become of a session. The words for it are fetched, unless the camera only wants to know who is there. */
export async function failed(failure: Failure, { given, moved }: Asked): Promise<Problem> {
  const found = failure.code === 401 ? credentials(given) : await worded(failure);
  return moved ? { ...found, moved, message: `The stream has moved to ${moved}. ${found.message}` } : found;
}

async function worded(failure: Failure): Promise<Problem> {
  try {
    return (await extras()).worded(failure);
  } catch {
    return problem('camera', failure.code, 'No picture', failure.message);
  }
}
