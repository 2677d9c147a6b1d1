// Columns of a run as reports/html/run_columns.cpp writes them, from ops as objects.

function varint(number) {
  const bytes = [];
  for (let rest = BigInt(number); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

export function zigzag(number) {
  const whole = BigInt(number);
  return varint(whole < 0n ? -2n * whole - 1n : 2n * whole);
}

const differences = (numbers) =>
  numbers.flatMap((number, i) => zigzag(BigInt(number) - BigInt(i > 0 ? numbers[i - 1] : 0)));

function laneBytes({ ops, held = 0 }) {
  const needs = ops.map(({ need }) => need).filter(Boolean);
  const starts = ops.map(({ start }, i) => BigInt(start) - BigInt(i > 0 ? ops[i - 1].finish : 0));
  return [
    varint(ops.length),
    ops.map(({ kind, copy = 0, overlapped = 0 }) => kind | copy << 4 | overlapped << 5),
    differences(ops.map(({ stage = 0 }) => stage)),
    differences(ops.map(({ microBatch = 0 }) => microBatch)),
    starts.flatMap(zigzag),
    ops.flatMap(({ start, finish }) => varint(BigInt(finish) - BigInt(start))),
    ops.flatMap(({ pattern = 0 }) => varint(pattern)),
    ops.flatMap(({ need }) => varint(need ? need.device + 1 : 0)),
    differences(needs.map(({ slot }) => slot)),
    needs.flatMap(({ wait = 0 }) => zigzag(wait)),
    needs.flatMap(({ duration = 0 }) => varint(duration)),
    needs.flatMap(({ route = 0 }) => varint(route)),
    varint(held),
  ].flat();
}

const patternBytes = (uses) => [
  varint(uses.length),
  uses.flatMap(([tag, start, finish]) => [varint(tag), zigzag(start), zigzag(finish)].flat()),
].flat();

/** The bytes of lanes [{ops, held}] and patterns [[tag, at start, at finish], …]. */
export const runBytes = (lanes, patterns = [[]]) =>
  Uint8Array.from([
    ...lanes.flatMap(laneBytes),
    ...varint(patterns.length),
    ...patterns.flatMap(patternBytes),
  ]);

/** What the page knows of such a run besides its columns. */
export const metaOf = (lanes, more = {}) => ({
  devices: lanes.length,
  spans: lanes.reduce((sum, { ops }) => sum + ops.length, 0),
  tags: ['weights', 'stash'],
  links: [],
  routes: [],
  ...more,
});
