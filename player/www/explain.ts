// Finds out why a WebSocket would not open.
//
// A browser tells a script nothing about a failed WebSocket handshake. But the gateway answers a plain GET of the
// same URL with the text that the handshake got.

import { full, gateway, refused, unreachable, type Problem } from './problem';

/** How long the gateway may take to answer, in ms. */
const LIMIT = 5_000;
/** A reason is one sentence; anything longer is a proxy's error page. */
const REASON_LIMIT = 300;

/** Asks by plain HTTP. `url` is that of the WebSocket; `error` is the name of the exception, if the browser refused to
 * try. */
export async function explain(url: string, error?: string): Promise<Problem> {
  if (error) return error === 'SecurityError' ? insecure() : unusable();
  const response = await fetch(url.replace(/^ws/, 'http'), { cache: 'no-store', signal: AbortSignal.timeout(LIMIT) });
  const plain = response.headers.get('content-type')?.startsWith('text/plain');
  return unopened(response.status, plain ? (await response.text()).trim().slice(0, REASON_LIMIT) : '');
}

/** Browsers refuse to open ws:// from a page loaded over https://. */
function insecure(): Problem {
  return gateway(0, 'The socket must be secure', 'This page came over https, so the socket address must begin with wss://.', false);
}

/** Browsers do not accept this as the address of a WebSocket. */
function unusable(): Problem {
  return gateway(0, 'No socket address', 'It begins with ws:// or wss://, or is a path such as /ws/.', false);
}

function unopened(status: number, text: string): Problem {
  switch (status) {
    case 0: return unreachable();
    case 403: return refused(status, text || 'The gateway refused this page.');
    case 404: return gateway(status, 'No gateway here', 'A web server answers at this address, but no camgate.');
    case 503: return full(text);
  }
  return status === 426 || (status >= 200 && status < 300)
    ? gateway(status, 'WebSockets do not get through', 'The gateway answers, but a proxy in between seems to stop them.')
    : gateway(status, 'The gateway has a problem', text || `It answered ${status}.`);
}
