// What fills a pixel. Ops narrower than a few pixels are added up, column by column, as shares of
// the kinds; where very many ops fall on a column, from sums over blocks of ops, so that a frame
// costs what it shows and not what there is.

const opsInBlock = 32;

/** The kinds that a run has, in order. */
function usedKinds(run) {
  let used = 0;
  for (const {flags} of run.lanes) {
    for (let i = 0; i < flags.length; ++i) used |= 1 << (flags[i] & 15);
  }
  return Array.from({length: 16}, (_, kind) => kind).filter((kind) => used >> kind & 1);
}

/**
 * Busy time by kind before every 32nd op, sums[block * kinds.length + k], and that of all ops and
 * their number. `place` is the k of a kind. Memory: a byte or two an op.
 */
function blockSums(lane, kinds) {
  const place = new Int32Array(16).fill(-1);
  kinds.forEach((kind, k) => { place[kind] = k; });
  const blocks = Math.ceil(lane.count / opsInBlock) + 1;
  const sums = new Float64Array(blocks * kinds.length);
  const now = new Float64Array(kinds.length);
  const counts = new Int32Array(kinds.length);
  for (let i = 0; i < lane.count; ++i) {
    if (i % opsInBlock === 0) sums.set(now, i / opsInBlock * kinds.length);
    const k = place[lane.flags[i] & 15];
    now[k] += lengthOf(lane, i);
    ++counts[k];
  }
  return {place, sums, totals: now, counts};
}

/** What a lane was busy with, by kind, before `time`; `next`: its first op that starts after it. */
function busyBefore(lane, blocks, kinds, time, next, out) {
  const block = Math.floor(next / opsInBlock);
  const start = block * opsInBlock;
  if (start === lane.count) {
    out.set(blocks.totals);
  } else {
    out.set(blocks.sums.subarray(block * kinds, (block + 1) * kinds));
  }
  for (let i = start; i < next; ++i) {
    out[blocks.place[kindOf(lane, i)]] += Math.min(time, lane.finish[i]) - lane.start[i];
  }
  // The last op of the block before may go on beyond `time`.
  if (start > 0 && lane.finish[start - 1] > time) {
    out[blocks.place[kindOf(lane, start - 1)]] -= lane.finish[start - 1] - time;
  }
}

function sharesFromBlocks(lane, blocks, kinds, scale, shares) {
  let before = new Float64Array(kinds);
  let after = new Float64Array(kinds);
  let next = nextAfter(lane, 0, scale.start);
  busyBefore(lane, blocks, kinds, scale.start, next, before);
  for (let column = 0; column < scale.columns; ++column) {
    const time = scale.start + (column + 1) * scale.width;
    next = nextAfter(lane, next, time);
    busyBefore(lane, blocks, kinds, time, next, after);
    for (let k = 0; k < kinds; ++k) {
      const share = (after[k] - before[k]) / scale.width;
      shares[column * kinds + k] = share > 1e-10 ? share : 0;  // Less is what sums were rounded by.
    }
    [before, after] = [after, before];
  }
}

/** The share of an op without length: less than those of any number of them can add up to 1 ps. */
const trace = 1e-30;

/** Adds an op's time to the columns that it touches; one without length leaves a trace. */
function addToColumns(lane, i, k, kinds, scale, shares) {
  const [from, to] = [lane.start[i], lane.finish[i]];
  const atOnce = lengthOf(lane, i) / scale.width || trace;
  const first = Math.max(0, Math.floor((from - scale.start) / scale.width));
  const last = Math.min(scale.columns - 1, Math.floor((to - scale.start) / scale.width));
  for (let column = first; column <= last; ++column) {
    const left = scale.start + column * scale.width;
    const inside = Math.min(to, left + scale.width) - Math.max(from, left);
    shares[column * kinds + k] += to > from ? Math.max(0, inside / scale.width) : atOnce;
  }
}

/**
 * What a lane shows in columns of time. `scale`: {start, width (ps of a column), columns}. Ops of
 * at least `wide` columns are left to be drawn as boxes: their indices are in the result's `boxes`.
 * All others are in `shares[column * kinds.length + k]`, as parts of the column's time; a column's
 * parts and its idle time, and what boxes cover of it, make 1. `shares` is overwritten.
 */
function laneColumns(lane, blocks, kinds, scale, wide, shares) {
  const from = scale.start;
  const [first, last] = opsBetween(lane, from, from + scale.width * scale.columns);
  shares.fill(0, 0, scale.columns * kinds.length);
  const boxes = [];
  if (last - first > opsInBlock * scale.columns) {
    sharesFromBlocks(lane, blocks, kinds.length, scale, shares);
    return {boxes, mixed: true};
  }
  let mixed = false;
  for (let i = first; i < last; ++i) {
    if (finishOf(lane, i) - startOf(lane, i) >= wide * scale.width) {
      boxes.push(i);
    } else {
      mixed = true;
      addToColumns(lane, i, blocks.place[kindOf(lane, i)], kinds.length, scale, shares);
    }
  }
  return {boxes, mixed};
}
