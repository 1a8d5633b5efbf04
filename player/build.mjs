// Bundles player/www into player/dist, which the gateway embeds and serves and `npm pack` packs.
// The wasm itself is put there by the wasm build; this script leaves it alone.
import { build, transform } from 'esbuild';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minify } from 'terser';

const www = new URL('www/', import.meta.url);
const dist = new URL('dist/', import.meta.url);
const path = (base, name) => fileURLToPath(new URL(name, base));

/** A script, with all that it imports before it runs, must stay small enough for the flash of a router. */
const SCRIPT_LIMIT = 30 * 1024;

/** A classic script cannot import a module before it runs; this one does as soon as it does. */
const AT_ONCE = { 'streamedian.js': ['player.js'] };

/** The pages' own scripts are counted without the element that they import: that is an entry itself. */
const ENTRY = 'camgate.js';

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
  metafile: true,
  minify: true,
  charset: 'utf8',
  target: ['es2022'],
  logLevel: 'warning',
  outdir: path(dist, ''),
};

await mkdir(dist, { recursive: true });
const entries = (...names) => Object.fromEntries(names.map((name) => [name.split('/').pop(), path(www, `${name}.ts`)]));
const module = { ...common, format: 'esm' };
const bundles = await Promise.all([
  build({ ...module, plugins: [outside('extras')], entryPoints: entries('player') }),
  build({ ...module, plugins: [styleText, outside('player', 'face')], entryPoints: entries('camgate') }),
  // What others fetch when they need it.
  build({ ...module, plugins: [styleText], entryPoints: entries('face', 'extras', 'record') }),
  build({ ...module, plugins: [outside('camgate', 'record')], entryPoints: entries('pages/index', 'pages/watch', 'pages/test') }),
  // For pages without modules: a classic script has no `import.meta`. It imports the others when it is run.
  build({
    ...common,
    format: 'iife',
    define: { 'import.meta.url': 'SCRIPT_URL' },
    inject: [path(www, 'script.ts')],
    entryPoints: entries('streamedian'),
  }),
  build({ ...common, entryPoints: { page: path(www, 'pages/page.css') } }),
]);
const plain = ['index.html', 'watch.html', 'test.html', 'icon.svg'];
for (const name of plain) {
  await copyFile(path(www, `pages/${name}`), path(dist, name));
}

/**
 * A second look at a script by another minifier, which sees further: it finds two or three in a hundred. What it calls
 * unsafe: nothing here is a constructor but classes, and nobody changes what JavaScript has.
 */
async function tighten(name) {
  const script = path(dist, name);
  const options = { module: name !== 'streamedian.js', ecma: 2022, compress: { passes: 3, hoist_funs: true, unsafe: true, unsafe_arrows: true } };
  const { code } = await minify(await readFile(script, 'utf8'), options);
  await writeFile(script, code);
}

/** What a script imports before it runs, by name. */
const imported = {};
for (const { metafile } of bundles) {
  for (const [file, { imports }] of Object.entries(metafile.outputs)) {
    const found = imports.filter(({ kind }) => kind === 'import-statement').map((each) => each.path.slice('./'.length));
    imported[file.split('/').pop()] = found;
  }
}

await Promise.all(Object.keys(imported).filter((name) => name.endsWith('.js')).map(tighten));

const read = (name) => readFile(path(dist, name));

/** A script and all that it imports, each once. */
function together(name, names = new Set()) {
  names.add(name);
  for (const other of [...imported[name], ...(AT_ONCE[name] ?? [])]) {
    if (other !== ENTRY && !names.has(other)) together(other, names);
  }
  return [...names];
}

const size = async (name) => (await read(name)).length;

for (const name of [...Object.keys(imported), ...plain]) {
  const bytes = await read(name);
  const sizes = await Promise.all(name.endsWith('.js') ? together(name).map(size) : []);
  const total = sizes.reduce((sum, each) => sum + each, 0);
  const more = total > bytes.length ? `, ${total} with what it imports` : '';
  console.log(`${name.padEnd(14)} ${String(bytes.length).padStart(6)} bytes, ${gzipSync(bytes).length} gzipped${more}`);
  if (total > SCRIPT_LIMIT) {
    console.error(`${name} has ${total} bytes with what it imports, the limit is ${SCRIPT_LIMIT}`);
    process.exitCode = 1;
  }
}
