// An RTSP camera inside the test that does as it is told: it reads requests, and a script answers them.

import { once } from 'node:events';
import { createServer } from 'node:net';

/** Receiver reports come between requests: a request begins with its method. */
const METHOD = /[A-Z_]{4,} rtsp/;

/** What a request says: its method, its address, and its headers by name. */
function parse(text) {
  const [method, url] = text.split(' ');
  const header = (name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(text)?.[1].trim();
  return { method, url, header };
}

/** Calls `take` with every request that comes. */
function read(socket, take) {
  let said = '';
  socket.setEncoding('latin1').on('data', (text) => {
    said += text;
    for (let end = said.indexOf('\r\n\r\n'); end >= 0; end = said.indexOf('\r\n\r\n')) {
      const request = said.slice(Math.max(0, said.search(METHOD)), end);
      said = said.slice(end + 4);
      take(parse(request));
    }
  });
}

/** An answer to `request`: `status` such as `200 OK`, headers by name. */
function reply(request, status, headers, body) {
  const all = { CSeq: request.header('CSeq'), ...headers, ...(body && { 'Content-Length': body.length }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status}\r\n${lines.join('')}\r\n${body}`;
}

/**
 * Resolves to `{ url, asked, close }`. `script` is called with every link, `{ socket, reply(request, status,
 * headers, body) }`, and returns what is called with each of its requests, `{ method, url, header(name) }`; a camera
 * whose script returns nothing never answers. `asked`: the requests that came, as `METHOD address`.
 */
export async function fakeCamera(script) {
  const sockets = new Set();
  const asked = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    const link = { socket, reply: (request, status, headers = {}, body = '') => socket.write(reply(request, status, headers, body)) };
    const answer = script(link);
    read(socket, (request) => {
      asked.push(`${request.method} ${request.url}`);
      answer?.(request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `rtsp://127.0.0.1:${server.address().port}/clip`, asked, close };
}
