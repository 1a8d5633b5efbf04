// Bundles player/www into player/dist, which the gateway embeds and serves.
// The wasm itself is put there by the wasm build; this script leaves it alone.
import { build, transform } from 'esbuild';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const www = new URL('www/', import.meta.url);
const dist = new URL('dist/', import.meta.url);
const path = (base, name) => fileURLToPath(new URL(name, base));

/** camgate.js, without the style sheet inside it, must stay small enough for the flash of a router. */
const SCRIPT_LIMIT = 30 * 1024;

/** A style sheet imported by a script becomes a minified string (for the shadow DOM). */
const styleText = {
  name: 'style-text',
  setup(bundle) {
    bundle.onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
      const { code } = await transform(await readFile(file, 'utf8'), { loader: 'css', minify: true });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

/** The pages load the player as the separate file that everybody else loads too. */
const playerOutside = {
  name: 'player-outside',
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\.\/camgate$/ }, () => ({ path: './camgate.js', external: true }));
  },
};

const common = {
  bundle: true,
  minify: true,
  charset: 'utf8',
  target: ['es2022'],
  logLevel: 'warning',
};

await mkdir(dist, { recursive: true });
const { metafile } = await build({
  ...common,
  format: 'esm',
  metafile: true,
  plugins: [styleText],
  entryPoints: { camgate: path(www, 'camgate.ts') },
  outdir: path(dist, ''),
});
await build({
  ...common,
  format: 'esm',
  plugins: [playerOutside],
  entryPoints: {
    record: path(www, 'record.ts'),
    index: path(www, 'pages/index.ts'),
    watch: path(www, 'pages/watch.ts'),
  },
  outdir: path(dist, ''),
});
await build({
  ...common,
  entryPoints: { page: path(www, 'pages/page.css') },
  outdir: path(dist, ''),
});
for (const name of ['index.html', 'watch.html', 'icon.svg']) {
  await copyFile(path(www, `pages/${name}`), path(dist, name));
}

for (const name of ['camgate.js', 'record.js', 'index.js', 'watch.js', 'page.css', 'index.html', 'watch.html', 'icon.svg']) {
  const { size } = await stat(path(dist, name));
  const zipped = gzipSync(await readFile(path(dist, name))).length;
  console.log(`${name.padEnd(12)} ${String(size).padStart(6)} bytes, ${zipped} gzipped`);
}

const { inputs } = Object.values(metafile.outputs)[0];
const script = Object.entries(inputs).reduce((sum, [name, part]) => sum + (name.endsWith('.css') ? 0 : part.bytesInOutput), 0);
if (script > SCRIPT_LIMIT) {
  console.error(`the script in camgate.js has ${script} bytes, its limit is ${SCRIPT_LIMIT}`);
  process.exitCode = 1;
}
