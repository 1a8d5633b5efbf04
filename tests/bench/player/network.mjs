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
  let last = 0;
  from.on('data', (piece) => {
    const now = performance.now();
    last = Math.max(last, now + Math.random() * most);
    setTimeout(() => to.writable && to.write(piece), last - now);
  });
}
