// A connection that is slow on the way to the browser, as long as one likes.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** From one piece to the next, in ms. */
const STEP = 20;

/**
 * Resolves to `{ port, limit(bytesPerSecond), close }`: what comes to the port goes to `port` of this machine, and what
 * comes back is as fast as the limit allows, `Infinity` at first. All connections share it.
 */
export async function throttle(port) {
  const links = new Set();
  let [rate, credit] = [Infinity, Infinity];
  const pump = () => {
    credit = Math.min(credit + (rate * STEP) / 1000, (rate * STEP) / 500);
    for (const { from, to } of links) {
      while (credit >= 1 && from.readableLength) {
        const piece = from.read(Math.min(from.readableLength, Math.floor(credit)));
        credit -= piece.length;
        to.write(piece);
      }
    }
  };
  const timer = setInterval(pump, STEP);
  const server = createServer({ noDelay: true }, (to) => {
    const from = connect({ port, host: '127.0.0.1', noDelay: true, readableHighWaterMark: 16_384 });
    const link = { from, to };
    links.add(link);
    to.pipe(from);
    from.on('readable', () => credit === Infinity && pump());
    const end = () => {
      links.delete(link);
      from.destroy();
      to.destroy();
    };
    from.on('error', end).on('close', end);
    to.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    limit(bytesPerSecond) {
      rate = bytesPerSecond;
      credit = rate === Infinity ? Infinity : 0;
    },
    close() {
      clearInterval(timer);
      server.close();
      for (const { from, to } of links) {
        from.destroy();
        to.destroy();
      }
    },
  };
}
