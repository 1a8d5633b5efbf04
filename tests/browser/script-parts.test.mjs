// The scripts that are fetched when they are needed: late, not at all, of
// another version, from another host, and under a strict policy.

import assert from 'node:assert/strict';
import { scenario, shoot } from './browser.mjs';
import { assertShows } from './video.mjs';

const ELEMENT = { selector: 'camgate-video' };
const ELSEWHERE = 'http://elsewhere.test';

/** Opens a page of `origin` that holds `body`, under the content security policy `policy`. */
function openBody(open, origin, body, { policy = '', ...options } = {}) {
  const url = new URL('/written.html', origin).href;
  const file = { contentType: 'text/html', headers: { 'content-security-policy': policy }, body: `<!doctype html><meta charset="utf-8">${body}` };
  return open(url, { ...options, files: { [url]: file, ...options.files } });
}

const elementOn = (gateway, src) =>
  `<camgate-video autoplay muted controls src="${src}"></camgate-video><script type="module" src="${gateway.page}camgate.js"></script>`;

/** The names of the scripts that the page has fetched. */
const fetched = (page) => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop()));

scenario('a picture waits neither for its face nor moves when it comes', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openBody(open, gateway.page, '<title>slow</title>');
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/face.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.setContent(elementOn(gateway, gateway.camera));
  await assertShows(page, ELEMENT);
  const box = () => page.locator('camgate-video').boundingBox();
  const inside = () => page.evaluate(() => document.querySelector('camgate-video').shadowRoot.querySelectorAll('*').length);
  const [before, bare] = [await box(), await inside()];
  release();
  await page.locator('camgate-video .bar').waitFor({ state: 'attached' });
  assert.deepEqual(await box(), before);
  assert.ok((await inside()) > bare);
  assert.equal(await page.locator('camgate-video .overlay.shown').count(), 0, 'nothing covers a picture that moves');
  await page.mouse.move(200, 200);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Play' }).first().waitFor();
});

scenario('without its face, or with one of another version, an element plays', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openBody(open, gateway.page, '<title>none</title>');
  await page.route('**/face.js', (route) => route.abort());
  await page.setContent(elementOn(gateway, gateway.camera));
  await assertShows(page, ELEMENT);
  assert.ok(page.said.some((line) => /controls could not be loaded/.test(line)), page.said.join('\n'));
  // As soon as something happens it is tried again.
  await page.unroute('**/face.js');
  await page.evaluate(() => document.querySelector('camgate-video').stop());
  await page.locator('camgate-video .bar').waitFor({ state: 'attached' });

  const later = await openBody(open, gateway.page, elementOn(gateway, gateway.camera), {
    files: { [`${gateway.page}face.js`]: { contentType: 'text/javascript', body: 'export class Front {}' } },
  });
  await assertShows(later, ELEMENT);
  assert.ok(later.said.some((line) => /controls could not be loaded/.test(line)), later.said.join('\n'));
});

scenario('Motion JPEG plays as soon as what draws it can be had', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway('targets = loopback\n'), await stage.camera('--video', 'mjpeg', '--audio', 'none')];
  const page = await openBody(open, gateway.page, '<title>pictures</title>');
  await page.route('**/extras.js', (route) => route.abort());
  await page.setContent(elementOn(gateway, camera.url));
  await page.getByText('The picture could not be decoded').first().waitFor();
  await page.unroute('**/extras.js');
  await assertShows(page, ELEMENT);
});

scenario('what is not needed is not fetched', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openBody(open, gateway.page, `<video id="video" muted autoplay src="${gateway.camera}"></video>
    <script src="streamedian.js"></script><script>Streamedian.player('video', { errorHandler() {} })</script>`);
  await assertShows(page);
  const scripts = (await fetched(page)).filter((name) => name.endsWith('.js')).sort();
  assert.deepEqual(scripts, ['player.js', 'streamedian.js']);
});

scenario('a page of another host gets every part, under a strict policy', async ({ stage, open }) => {
  const [gateway, camera] = [await stage.gateway(`targets = loopback\norigins = ${ELSEWHERE}\n`), await stage.camera('--video', 'mjpeg', '--user', 'jo', '--password', 'secret')];
  const { origin, host } = new URL(gateway.page);
  const policy = `default-src 'none'; script-src ${ELSEWHERE} ${origin} 'wasm-unsafe-eval'; connect-src ${origin} ws://${host}; media-src blob:; style-src 'none'`;
  const files = { [`${ELSEWHERE}/page.js`]: { contentType: 'text/javascript', body: "Streamedian.player('video', {});" } };
  const page = await openBody(open, ELSEWHERE, elementOn(gateway, camera.url), { policy });
  await page.getByLabel('User').fill('jo');
  await page.getByLabel('Password').fill('secret');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await assertShows(page, ELEMENT);
  assert.ok(await page.evaluate(async () => (await document.querySelector('camgate-video').snapshot()).size > 1000));
  await shoot(page, 'parts elsewhere');

  const classic = await openBody(open, ELSEWHERE, `<video id="video" muted autoplay src="${camera.url}"></video>
    <script src="${gateway.page}streamedian.js"></script><script src="page.js"></script>`, { policy, files });
  await classic.getByLabel('User').fill('jo');
  await classic.getByLabel('Password').fill('secret');
  await classic.getByRole('button', { name: 'Sign in' }).click();
  await assertShows(classic);
});
