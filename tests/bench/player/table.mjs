// The results for people, and what was aimed at.

const COLUMNS = [
  ['p50', ({ p50 }) => ms(p50)],
  ['p95', ({ p95 }) => ms(p95)],
  ['least', ({ least }) => ms(least)],
  ['most', ({ most }) => ms(most)],
  ['callback p50/p95', ({ callback_p50, callback_p95 }) => `${ms(callback_p50)} / ${ms(callback_p95)}`],
  ['stalls', stalls],
  ['longest gap', ({ longest_gap }) => ms(longest_gap)],
  ['frames/s', ({ frames, seconds }) => (frames / seconds).toFixed(1)],
  ['first frame', ({ first }) => ms(first)],
  ['target', ({ target }) => ms(target)],
];

const ms = (value) => value.toFixed(0);

function stalls({ waiting, gaps }) {
  return Math.max(waiting, gaps);
}

/** The targets that these results can judge. */
export function judge(results) {
  const find = (id) => results.find((result) => result.id === id);
  const targets = [];
  const add = (target, found, met) => targets.push({ target, found, met });
  for (const id of ['video', 'sound']) {
    const [calm, shaken] = [find(id), find(`${id}-jitter`)];
    if (calm) {
      add(`${calm.title}: p50 at most 100 ms`, `${ms(calm.p50)} ms`, calm.p50 <= 100);
      add(`${calm.title}: p95 at most 130 ms`, `${ms(calm.p95)} ms`, calm.p95 <= 130);
    }
    if (calm && shaken) {
      const more = shaken.p50 - calm.p50;
      add(`${shaken.title}: p50 at most 60 ms more`, `${ms(more)} ms`, more <= 60);
    }
    for (const result of [calm, shaken]) {
      if (!result) continue;
      add(`${result.title}: no stall`, `${stalls(result)} in ${ms(result.seconds)} s`, stalls(result) === 0);
    }
    if (calm) add(`${calm.title}: first frame at most 150 ms after the first IDR`, `${ms(calm.first)} ms`, calm.first <= 150);
  }
  return targets;
}

export function show(results, targets) {
  const width = Math.max(...results.map(({ title }) => title.length));
  const cells = (values) => values.map((value, index) => value.padStart(COLUMNS[index][0].length)).join('  ');
  let text = `\nglass to glass in Chromium, ms\n${' '.repeat(width)}  ${COLUMNS.map(([name]) => name).join('  ')}\n`;
  for (const result of results) {
    text += `${result.title.padEnd(width)}  ${cells(COLUMNS.map(([, value]) => String(value(result))))}\n`;
  }
  const met = targets.filter((target) => target.met).length;
  text += `\nTargets: ${met} of ${targets.length} met\n`;
  for (const { target, found, met: is } of targets) text += `  ${is ? 'met   ' : 'MISSED'}  ${target.padEnd(66)}  ${found}\n`;
  return text;
}

export function markdown(results) {
  let text = '| camera | p50 ms | p95 ms | stalls | first frame ms |\n|---|---:|---:|---:|---:|\n';
  for (const result of results) {
    text += `| ${result.title} | ${ms(result.p50)} | ${ms(result.p95)} | ${stalls(result)} | ${ms(result.first)} |\n`;
  }
  return text;
}
