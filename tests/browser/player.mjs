// A module of the player's TypeScript, for node.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const HERE = new URL('../../player/', import.meta.url);

/** What player/www/NAME.ts exports. */
export async function player(name) {
  const { build } = createRequire(new URL('package.json', HERE))('esbuild');
  const entry = fileURLToPath(new URL(`www/${name}.ts`, HERE));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, target: 'node20' });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}
