// A network between camera and gateway that delays: every piece by its own random time, order kept.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Delays what comes from `port` by 0 to `most` ms. Resolves to `{ port, close }`. */
export async function jitteryNetwork(port, most) {
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => (near.destroy(), far.destroy()));
    }
    near.pipe(far);
    delay(far, near, most);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: server.address().port, close };
}

function delay(from, to, most) {
  const waiting = [];
  let last = 0;
  // Timers round their delays and may fire in another order than they were set: each takes all that is due.
  const release = () => {
    while (waiting.length && waiting[0].due <= performance.now() + 1) {
      const { piece } = waiting.shift();
      if (to.writable) to.write(piece);
    }
    if (waiting.length) setTimeout(release, waiting[0].due - performance.now());
  };
  from.on('data', (piece) => {
    last = Math.max(last, performance.now() + Math.random() * most);
    waiting.push({ due: last, piece });
    if (waiting.length === 1) setTimeout(release, last - performance.now());
  });
}
