// Players that are started, stopped, changed and thrown away in every order: what they do then, and
// what they leave behind.

import assert from 'node:assert/strict';
import { scenario } from './browser.mjs';
import { assertShows } from './video.mjs';

const LOOPBACK = 'targets = loopback\n';
const LOCKED = ['--user', 'jo', '--password', 'p@ss:w/rd'];
const ABSENT = 'ws://127.0.0.1:1/ws/';

/** Runs in the page ahead of its own scripts: keeps every WebSocket. */
function sockets() {
  window.sockets = [];
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      window.sockets.push(this);
    }
  };
  window.alive = () => window.sockets.filter(({ readyState }) => readyState < WebSocket.CLOSING).length;
}

function openPage(open, gateway, body) {
  const url = `${gateway.page}written.html`;
  const text = `<!doctype html><meta charset="utf-8">${body}`;
  return open(url, { before: sockets, files: { [url]: { contentType: 'text/html', body: text } } });
}

/** A <video> with a Player that was not started: `window.player`. */
const idle = (src, options = '{}') => `<video id="video" muted width="640"></video><script type="module">
  import { Player } from './player.js';
  window.player = new Player(video, { src: '${src}', ...${options} });
</script>`;

const ready = (page) => page.waitForFunction(() => window.player);

scenario('started and stopped in haste, a player leaves one stream or none', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, idle(gateway.camera));
  await ready(page);
  await page.evaluate(async () => {
    for (let turn = 0; turn < 20; turn++) {
      player.start();
      video.play().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, turn * 8));
      player.stop();
      if (turn % 2) player.start();
    }
    player.start();
    video.play().catch(() => {});
  });
  await assertShows(page);
  assert.equal(await page.evaluate(() => alive()), 2);
  await page.evaluate(() => player.destroy());
  const opened = await page.evaluate(() => sockets.length);
  await page.evaluate(() => [player.start(), video.play().catch(() => {})]);
  await page.waitForTimeout(500);
  assert.deepEqual(await page.evaluate(() => [player.state, alive(), sockets.length]), ['stopped', 0, opened]);
});

scenario('a listener that stops the player at any step has stopped it', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, idle(gateway.camera));
  await ready(page);
  for (const step of ['connecting', 'describing', 'buffering', 'playing']) {
    await page.evaluate(async (at) => {
      const reached = new Promise((resolve) => {
        player.addEventListener('statechange', function stop() {
          if (player.state !== at) return;
          player.removeEventListener('statechange', stop);
          player.stop();
          resolve();
        });
      });
      player.start();
      await reached;
    }, step);
    await page.waitForTimeout(100);
    assert.deepEqual(await page.evaluate(() => [player.state, alive()]), ['stopped', 0], step);
  }
});

/** Runs in the page ahead of its own scripts: the wasm of the first player traps when it is to close. */
function trap() {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (module) => {
    const { exports } = await instantiate(module);
    WebAssembly.instantiate = instantiate;
    window.trapped = 0;
    return { exports: { ...exports, close: () => { throw new Error(`trap ${++window.trapped}`); } } };
  };
}

scenario('a player that breaks while it is stopped is stopped, and plays again when asked', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, `<script>(${trap})()</script>${idle(gateway.camera)}`);
  await ready(page);
  await page.evaluate(() => {
    player.start();
    return video.play();
  });
  await assertShows(page);
  await page.evaluate(() => player.stop());
  await page.waitForTimeout(800); // longer than the pause before another attempt
  assert.deepEqual(await page.evaluate(() => [trapped, player.state, alive()]), [1, 'stopped', 0]);
  await page.evaluate(() => {
    player.start();
    return video.play();
  });
  await assertShows(page);
});

scenario('a paused player stays paused whatever it is to play next', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, idle('rtsp://127.0.0.1:1/none'));
  await ready(page);
  await page.evaluate((src) => {
    player.src = src;
    player.start();
    return video.play();
  }, gateway.camera);
  await assertShows(page);
  const opened = await page.evaluate(() => {
    player.socket = player.socket;
    return sockets.length;
  });
  assert.equal(opened, 2, 'the same gateway again is no reason to connect anew');
  await page.evaluate(() => video.pause());
  await page.waitForFunction(() => player.state === 'paused');
  await page.evaluate((src) => { player.src = `${src}?again`; }, gateway.camera);
  await page.waitForTimeout(500);
  assert.equal(await page.evaluate(() => alive()), 0);
  await page.evaluate((src) => {
    player.src = src;
    return video.play();
  }, gateway.camera);
  await assertShows(page);
});

scenario("the page's own load() costs a moment, no more", async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, idle(gateway.camera));
  await ready(page);
  await page.evaluate(() => {
    player.start();
    return video.play();
  });
  await assertShows(page);
  await page.evaluate(() => video.load());
  await assertShows(page);
  const told = await page.evaluate(() => [video.paused, player.state, player.stats.reconnects, alive()]);
  assert.deepEqual(told, [false, 'playing', 0, 2]);
});

scenario('playing tries again what had failed', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, idle(camera.url, "{ credentials: () => window.known }"));
  await ready(page);
  await page.evaluate(() => {
    player.start();
    video.play().catch(() => {});
  });
  await page.waitForFunction(() => player.state === 'failed');
  await page.evaluate(() => {
    window.known = { user: 'jo', password: 'p@ss:w/rd' };
    video.pause();
    video.play().catch(() => {});
  });
  await assertShows(page);
});

scenario('an element takes what was set before its script came, and takes it back', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, '<camgate-video></camgate-video>');
  await page.evaluate(async (src) => {
    const element = document.querySelector('camgate-video');
    Object.assign(element, { src, muted: true, autoplay: true, stats: true });
    element.credentials = () => ({ user: 'jo', password: 'p@ss:w/rd' });
    await import('./camgate.js');
  }, camera.url);
  await assertShows(page, { selector: 'camgate-video' });
  const after = await page.evaluate(() => {
    const element = document.querySelector('camgate-video');
    const shown = [element.muted, element.hasAttribute('stats'), element.stats.state];
    element.src = undefined;
    return [...shown, element.player.src, element.player.state];
  });
  assert.deepEqual(after, [true, true, 'playing', '', 'stopped']);
});

/** A page for the Streamedian player, with `window.player` on a camera that wants a password. */
const asking = (src, options = '') => `<video id="video" muted autoplay src="${src}"></video>
  <script src="streamedian.js"></script><script>
  window.errors = [];
  window.player = Streamedian.player('video', { errorHandler: (e) => errors.push(e.message), ${options} });
  </script>`;

scenario('a question for credentials goes when nobody waits for the answer', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, asking(camera.url));
  const dialogs = page.locator('dialog');
  await dialogs.waitFor();
  await page.evaluate((src) => player.setSource(src), `${camera.url}?again`);
  await page.waitForFunction(() => sockets.length > 3);
  await dialogs.waitFor();
  assert.equal(await dialogs.count(), 1);
  await page.evaluate(() => player.stop());
  await dialogs.waitFor({ state: 'detached' });
  await page.evaluate(() => player.start());
  await dialogs.waitFor();
  await page.evaluate(() => player.destroy());
  await dialogs.waitFor({ state: 'detached' });
  assert.deepEqual(await page.evaluate('errors'), []);
});

scenario('credentials reach the stream that asks last', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(LOOPBACK), await stage.camera(...LOCKED)];
  const page = await openPage(open, gateway, asking(camera.url, 'queryCredentials: () => { window.asked = (window.asked ?? 0) + 1; }'));
  await page.waitForFunction(() => window.asked === 1);
  await page.evaluate((src) => {
    player.setSource(src);
    player.setCredentials('jo', 'p@ss:w/rd');
  }, `${camera.url}?again`);
  await assertShows(page);
  assert.deepEqual(await page.evaluate(() => [asked, errors]), [1, []]);
});

scenario('no handler is called after destroy(), and no error tells an address', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openPage(open, gateway, asking(gateway.camera, `socket: '${ABSENT}'`));
  await page.evaluate(() => player.setSource('http://jo:secret@127.0.0.1/'));
  assert.doesNotMatch(await page.evaluate(() => errors.join()), /secret/);
  await page.waitForFunction(() => errors.length === 2);
  await page.evaluate(() => {
    player.destroy();
    return player.setSource('http://127.0.0.1/');
  });
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate('errors.length'), 2);
});
