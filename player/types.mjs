// Writes player/dist/types: what the package tells editors about its scripts.
import { spawnSync } from 'node:child_process';
import { access, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = new URL('./', import.meta.url);
const types = new URL('dist/types/', here);

await access(new URL('dist/camgate.wasm', here)).catch(() => {
  throw new Error('player/dist/camgate.wasm is missing: run `make build` first');
});
await rm(types, { recursive: true, force: true });
const compiler = fileURLToPath(new URL('node_modules/.bin/tsc', here));
const { status } = spawnSync(compiler, ['-p', fileURLToPath(new URL('tsconfig.types.json', here))], { stdio: 'inherit' });
if (status) process.exit(status);

// Bundlers find './player'; everybody else wants to be told './player.js'.
for (const name of await readdir(types, { recursive: true })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = new URL(name, types);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/(from |import\()'(\.\.?\/[^']+)'/g, "$1'$2.js'").replace(/^import '.*';\n/gm, ''));
}
