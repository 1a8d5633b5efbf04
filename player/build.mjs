// Bundles player/www into player/dist, which the gateway embeds and serves and `npm pack` packs.
// The wasm itself is put there by the wasm build; this script leaves it alone.
import { build, transform } from 'esbuild';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const www = new URL('www/', import.meta.url);
const dist = new URL('dist/', import.meta.url);
const path = (base, name) => fileURLToPath(new URL(name, base));

/** A script that pages load must stay small enough for the flash of a router. */
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

/** What is a file of its own, and loaded once whoever needs it: the element, and the player in it. */
const outside = (...names) => ({
  name: 'outside',
  setup(bundle) {
    const filter = new RegExp(`^(\\.\\.?/)+(${names.join('|')})$`);
    bundle.onResolve({ filter }, ({ path: name }) => ({ path: `./${name.split('/').pop()}.js`, external: true }));
  },
});

const common = {
  bundle: true,
  minify: true,
  charset: 'utf8',
  target: ['es2022'],
  logLevel: 'warning',
  outdir: path(dist, ''),
};

await mkdir(dist, { recursive: true });
const module = { ...common, format: 'esm' };
await build({ ...module, entryPoints: { player: path(www, 'player.ts') } });
await build({ ...module, plugins: [styleText, outside('player')], entryPoints: { camgate: path(www, 'camgate.ts') } });
await build({
  ...module,
  plugins: [outside('camgate', 'record')],
  entryPoints: {
    record: path(www, 'record.ts'),
    index: path(www, 'pages/index.ts'),
    watch: path(www, 'pages/watch.ts'),
    test: path(www, 'pages/test.ts'),
  },
});
// For pages without modules: a classic script has no `import.meta`. It imports player.js when it is run.
await build({
  ...common,
  format: 'iife',
  define: { 'import.meta.url': 'SCRIPT_URL' },
  inject: [path(www, 'script.ts')],
  entryPoints: { streamedian: path(www, 'streamedian.ts') },
});
await build({ ...common, entryPoints: { page: path(www, 'pages/page.css') } });
const plain = ['index.html', 'watch.html', 'test.html', 'icon.svg'];
for (const name of plain) {
  await copyFile(path(www, `pages/${name}`), path(dist, name));
}

const scripts = ['camgate.js', 'player.js', 'record.js', 'streamedian.js', 'index.js', 'watch.js', 'test.js'];
for (const name of [...scripts, 'page.css', ...plain]) {
  const bytes = await readFile(path(dist, name));
  console.log(`${name.padEnd(14)} ${String(bytes.length).padStart(6)} bytes, ${gzipSync(bytes).length} gzipped`);
  if (scripts.includes(name) && bytes.length > SCRIPT_LIMIT) {
    console.error(`${name} has ${bytes.length} bytes, the limit is ${SCRIPT_LIMIT}`);
    process.exitCode = 1;
  }
}
