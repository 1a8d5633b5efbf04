// The modules of the player, in TypeScript and in Rust: imports point one way, types and what is fetched later included.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path/posix';
import { test } from 'node:test';

const WWW = new URL('../../player/www/', import.meta.url);
const SRC = new URL('../../player/src/', import.meta.url);
/** Imported and exported from, as a type, a value or a promise: `from './x'`, `import('./x')`. */
const IMPORT = /(?:from |import\()'(\.\.?\/[^']+)'/g;

/** What each module imports, by name. */
async function imports() {
  const files = (await readdir(WWW, { recursive: true })).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  const read = async (file) => {
    const text = await readFile(new URL(file, WWW), 'utf8');
    const found = [...text.matchAll(IMPORT)].map(([, path]) => normalize(join(file, '..', path)));
    return [file.slice(0, -'.ts'.length), found.filter((name) => !name.endsWith('.css'))];
  };
  return new Map(await Promise.all(files.map(read)));
}

/** Which modules of the wasm each of them names, outside of comments and tests. Children belong to their module. */
async function uses() {
  const modules = new Map();
  for (const file of await readdir(SRC, { recursive: true })) {
    if (!file.endsWith('.rs') || /(^|\/)(lib|tests)\.rs$/.test(file)) continue;
    const name = file.split(/[/.]/)[0];
    const [code] = (await readFile(new URL(file, SRC), 'utf8')).replace(/^ *\/\/.*$/gm, '').split('#[cfg(test)]');
    const several = [...code.matchAll(/crate::\{([^}]*)\}/g)].flatMap(([, list]) => list.match(/\w+/g));
    const found = [...code.matchAll(/crate::(\w+)/g)].map(([, other]) => other).concat(several);
    modules.set(name, [...(modules.get(name) ?? []), ...found.filter((other) => other !== name)]);
  }
  return modules;
}

/** The first way found that leads from a module back to itself. */
function circle(modules) {
  const done = new Set();
  const from = (name, way) => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of modules.get(name) ?? []) {
      const found = from(next, [...way, name]);
      if (found) return found;
    }
    done.add(name);
    return undefined;
  };
  for (const name of modules.keys()) {
    const found = from(name, []);
    if (found) return found;
  }
  return undefined;
}

test('no module of the player imports itself in the end', async () => {
  const modules = await imports();
  assert.ok(modules.size > 40 && modules.get('player').includes('attempt'), 'the modules are found');
  for (const [name, found] of modules) for (const path of found) assert.ok(modules.has(path), `${name} imports ${path}`);
  assert.equal(circle(modules)?.join(' → '), undefined);
});

test('no module of the wasm uses itself in the end', async () => {
  const modules = await uses();
  assert.ok(modules.size > 20 && modules.get('audio').includes('aac'), 'the modules are found');
  assert.equal(circle(modules)?.join(' → '), undefined);
});
