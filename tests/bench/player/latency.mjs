// From the drawing of a picture to its presentation: what the rows of observe.mjs say.

/** Pictures missing in a row that make a stall: this many frames without a new one. */
const STALL_FRAMES = 3;

/** `rows` of one case → milliseconds and counts. `clock`: after so many ms the camera's clock begins again at 0. */
export function evaluate({ rows, waiting }, { clock, frame }) {
  const offset = median(rows.map((row) => row[2]));
  const since = (time, drawn) => {
    const age = (time + offset - drawn) % clock;
    return age > clock / 2 ? age - clock : age;
  };
  const fresh = rows.filter((row, index) => index === 0 || row[3] !== rows[index - 1][3]);
  const ages = fresh.map(([, display, , drawn]) => since(display, drawn)).sort(ascending);
  const called = fresh.map(([now, , , drawn]) => since(now, drawn)).sort(ascending);
  const gaps = fresh.slice(1).map(([, display], index) => display - fresh[index][1]);
  return {
    frames: fresh.length,
    p50: quantile(ages, 0.5),
    p95: quantile(ages, 0.95),
    most: ages.at(-1),
    least: ages[0],
    callback_p50: quantile(called, 0.5),
    callback_p95: quantile(called, 0.95),
    longest_gap: Math.max(...gaps),
    gaps: gaps.filter((gap) => gap > (STALL_FRAMES + 0.5) * frame).length,
    waiting,
    seconds: (fresh.at(-1)[1] - fresh[0][1]) / 1000,
  };
}

const ascending = (a, b) => a - b;

export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values) {
  return quantile([...values].sort(ascending), 0.5);
}
