// The package as others install it, and the examples in it, opened as they are
// but for the addresses of the gateway and the camera.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scenario, shoot } from './browser.mjs';
import { assertShows } from './video.mjs';

const PLAYER = fileURLToPath(new URL('../../player/', import.meta.url));
const MODULES = fileURLToPath(new URL('node_modules/', import.meta.url));
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm' };

let folder;
/** Where the package was unpacked, as if it had been installed. */
let installed;

const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camgate-package-'));
  run('npm', ['pack', '--pack-destination', folder], PLAYER);
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  run('tar', ['xzf', archive], folder);
  installed = join(folder, 'node_modules/camgate-player');
  await cp(join(folder, 'package'), installed, { recursive: true });
  for (const name of ['react', 'react-dom', 'scheduler']) await cp(join(MODULES, name), join(folder, 'node_modules', name), { recursive: true });
});

after(() => rm(folder, { recursive: true, force: true }));

/** The file of an example, with the addresses of this test in it. */
async function example(gateway, name) {
  const text = await readFile(join(installed, 'examples', name), 'utf8');
  return text
    .replaceAll('localhost:8080', new URL(gateway.page).host)
    .replaceAll('rtsp://192.168.1.10:554/stream', gateway.camera);
}

/** Opens `page` of `files` (names and what they hold) as if the gateway served them in a folder. */
async function openExample(open, gateway, page, files) {
  const at = (name) => `${gateway.page}examples/${name}`;
  const entries = Object.entries(files).map(([name, body]) => [at(name), { body, contentType: TYPES[name.split('.').pop()] }]);
  return open(at(page), { files: Object.fromEntries(entries) });
}

test('the package has what its manifest names, and loads where there is no page', async () => {
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  const named = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [] : Object.values(entry)));
  for (const file of [...named, 'dist/face.js', 'dist/extras.js', 'dist/camgate.wasm', 'README.md', 'LICENSE', 'examples/plain.html']) {
    assert.ok((await readFile(join(installed, file))).length > 100, file);
  }
  const script = "import('camgate-player').then((all) => console.log(Object.keys(all).sort().join()))";
  assert.equal(run(process.execPath, ['--input-type=module', '-e', script], folder).trim(), 'CamgateVideo,Player');
});

test('the types are right for a strict compiler', async () => {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(join(folder, 'use.ts'), `import 'camgate-player/streamedian';
import { Player, type Problem, type Stats } from 'camgate-player';
import { Player as Bare } from 'camgate-player/player';
import { Recorder } from 'camgate-player/record';
const video = document.querySelector('camgate-video')!;
video.credentials = async (player: Player, problem: Problem) => ({ user: String(problem.code), password: player.src });
const stats: Stats = video.stats;
const photo: Promise<Blob> = video.snapshot('image/png');
const player = window.Streamedian.player('id', { bufferDuration: 30, dataHandler: (file, prefix) => console.log(file.length, prefix) });
player.continuousRecording.record(true);
player.continuousRecording.pause(false);
const recorder = new Recorder(new Bare(video.video, { socket: '/ws/' }), 'event', (file, kind) => console.log(file.length, kind));
recorder.setFileLength(10_000);
const silent: boolean = video.hushed;
const who: string = video.player.user;
// @ts-expect-error: no such option
new Player(video.video, { source: '' });
console.log(stats.fps, photo, silent, who);
`);
  const compiler = join(PLAYER, 'node_modules/.bin/tsc');
  for (const resolution of [['--module', 'nodenext'], ['--module', 'esnext', '--moduleResolution', 'bundler']]) {
    run(compiler, ['--noEmit', '--strict', '--target', 'es2022', ...resolution, 'use.ts'], folder);
  }
});

scenario('the plain page plays and takes a photo', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const page = await openExample(open, gateway, 'plain.html', { 'plain.html': await example(gateway, 'plain.html') });
  await assertShows(page, { selector: 'camgate-video' });
  assert.equal(await page.innerText('#state'), 'playing');
  await page.click('#photo');
  await page.waitForFunction(() => document.querySelector('#photos img')?.naturalWidth > 100);
  await shoot(page, 'example plain');
});

scenario('the React component plays, goes and comes again', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const { build } = createRequire(join(PLAYER, 'package.json'))('esbuild');
  const source = join(folder, 'react');
  await cp(join(installed, 'examples/react'), source, { recursive: true });
  const bundle = await build({
    entryPoints: [join(source, 'app.jsx')],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  const app = bundle.outputFiles[0].text
    .replaceAll('localhost:8080', new URL(gateway.page).host)
    .replaceAll('rtsp://192.168.1.10:554/stream', gateway.camera);
  const page = await openExample(open, gateway, 'index.html', {
    'index.html': await example(gateway, 'react/index.html'),
    'app.js': app,
    'camgate.wasm': await readFile(join(installed, 'dist/camgate.wasm')),
  });
  await assertShows(page, { selector: 'camgate-video' });
  await page.getByText('playing', { exact: true }).waitFor();
  await shoot(page, 'example react');
  await page.getByText('Hide').click();
  await page.waitForFunction(() => !document.querySelector('camgate-video'));
  await page.getByText('Show').click();
  await assertShows(page, { selector: 'camgate-video' });
});

scenario('video.js plays it as a source of its own', async ({ stage, open }) => {
  const gateway = await stage.demo();
  const files = { 'videojs.html': await example(gateway, 'videojs.html') };
  for (const name of ['video-js.min.css', 'video.min.js']) {
    files[`node_modules/video.js/dist/${name}`] = await readFile(join(MODULES, 'video.js/dist', name));
  }
  const page = await openExample(open, gateway, 'videojs.html', files);
  await assertShows(page, { selector: '#camera video' });
  assert.equal(await page.evaluate(() => videojs('camera').paused()), false);
  await shoot(page, 'example videojs');
  await page.evaluate(() => videojs('camera').dispose());
  assert.equal(await page.locator('video').count(), 0);
});
