// The boundary between the player's script and its wasm: what is said of it in TypeScript is what Rust has.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { player } from './player.mjs';

const source = (path) => readFile(new URL(`../../player/${path}`, import.meta.url), 'utf8');

/** Names and numbers that `pattern` finds in a text. */
const numbers = (text, pattern) => Object.fromEntries([...text.matchAll(pattern)].map(([, name, number]) => [name, Number(number)]));

test('every kind of output has the same number on both sides', async () => {
  const { KINDS } = await player('wasm');
  const [, body] = /pub enum Kind \{([^}]*)\}/.exec(await source('src/output.rs'));
  const rust = numbers(body, /^ +(\w+) = (\d+),/gm);
  const named = Object.entries(rust).map(([name, number]) => {
    const kind = name.replace(/^Send/, '');
    return [number, kind[0].toLowerCase() + kind.slice(1)];
  });
  assert.equal(named.length, [...body.matchAll(/^ +[A-Z]/gm)].length, 'every kind has its number written out');
  assert.deepEqual(named.sort(([a], [b]) => a - b), KINDS.map((kind, index) => [index + 1, kind]));
});

test('version and statistics have the same numbers on both sides', async () => {
  const { ABI, LOST, LEFT_OUT, SKIPPED } = await player('wasm');
  assert.equal(numbers(await source('src/abi.rs'), /const (ABI): u32 = (\d+);/g).ABI, ABI);
  const rust = numbers(await source('src/statistics.rs'), /const ([A-Z_]+): usize = (\d+);/g);
  assert.deepEqual({ LOST: rust.LOST, LEFT_OUT: rust.LEFT_OUT, SKIPPED: rust.SKIPPED }, { LOST, LEFT_OUT, SKIPPED });
});

test('the wasm exports what the script calls, with as many arguments', async () => {
  const [, body] = /interface Exports [^{]*\{([^}]*)\}/.exec(await source('www/wasm.ts'));
  const [script, rust] = [{}, {}];
  const count = (list) => list.split(':').length - 1;
  for (const [, name, list] of body.matchAll(/^ +(\w+)\(([^)]*)\)/gm)) script[name] = count(list);
  for (const [, name, list] of (await source('src/abi.rs')).matchAll(/extern "C" fn (\w+)\(([^)]*)\)/g)) rust[name] = count(list);
  assert.deepEqual(script, rust);
});
