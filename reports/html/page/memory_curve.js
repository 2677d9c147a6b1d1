// Bytes of a device over time. An op adds at its start and at its finish; the order is that of the
// device's ops. Its levels are two for each op, while it ran and after it.

/** What uses add at one moment, the highest that comes to, and after how many of them. */
function usesSteps(uses, when) {
  const steps = {sum: 0, peak: -Infinity, upTo: 0};
  uses.forEach((use, i) => {
    steps.sum += use[when];
    if (steps.sum > steps.peak) [steps.peak, steps.upTo] = [steps.sum, i + 1];
  });
  if (uses.length === 0) steps.peak = 0;
  return steps;
}

const patternSteps = ({uses}) =>
  ({start: usesSteps(uses, 'atStart'), finish: usesSteps(uses, 'atFinish')});

/** The highest of a pattern above what is held between its start and its finish. */
const riseOf = ({start, finish}) => Math.max(start.peak - start.sum, finish.peak);

/**
 * The curve of one device: `base` held all the time, `during[i]` while op i ran, `after[i]` then.
 * `highs` and `lows` are the extremes of every 32 ops, `peak` the most that is held, which is after
 * some of what op `peakAt.op` does at its start or, `finished`, at its finish.
 */
function memoryCurve(run, lane) {
  const steps = run.patterns.map(patternSteps);
  const curve = {base: steps[lane.held].start.sum, during: new Float64Array(lane.count),
                 after: new Float64Array(lane.count), highs: [], lows: [],
                 steps, pattern: lane.pattern, rises: Float64Array.from(steps, riseOf)};
  curve.peak = curve.base;
  curve.peakAt = {op: -1, finished: true};
  let level = curve.base;
  for (let i = 0; i < lane.count; ++i) {
    const step = steps[lane.pattern[i]];
    curve.during[i] = level += step.start.sum;
    curve.after[i] = level += step.finish.sum;
    const block = i / opsInBlock | 0;
    const high = highOf(curve, i);
    if (high > curve.peak) {
      curve.peak = high;
      curve.peakAt = {op: i, finished: highAtStart(curve, i) < high};
    }
    curve.highs[block] = Math.max(curve.highs[block] ?? -Infinity, high);
    curve.lows[block] = Math.min(curve.lows[block] ?? Infinity, curve.during[i], level);
  }
  return curve;
}

/** The most that is held at the moment at which an op starts. */
function highAtStart(curve, i) {
  const {sum, peak} = curve.steps[curve.pattern[i]].start;
  return curve.during[i] - sum + peak;
}

function highAtFinish(curve, i) {
  return curve.during[i] + curve.steps[curve.pattern[i]].finish.peak;
}

/** Bytes held at a time, after all that happens at it. `next`: the first op that starts later. */
function levelAt(lane, curve, time, next = nextAfter(lane, 0, time)) {
  if (next === 0) return curve.base;
  return time < lane.finish[next - 1] ? curve.during[next - 1] : curve.after[next - 1];
}

/** The most at its start and its finish. */
const highOf = (curve, i) => curve.during[i] + curve.rises[curve.pattern[i]];

/** The op that comes highest, at its start or its finish, among ops [first, last), or -1. */
function highestOp(curve, first, last) {
  let best = -1;
  let most = -Infinity;
  for (let i = first; i < last;) {
    if (i % opsInBlock === 0 && i + opsInBlock <= last && curve.highs[i / opsInBlock] <= most) {
      i += opsInBlock;
      continue;
    }
    const high = highOf(curve, i);
    if (high > most) [best, most] = [i, high];
    ++i;
  }
  return best;
}

/** Widens `range` to what is held while ops [first, last) run and between them. */
function extremesOf(curve, first, last, range) {
  const {during, after, highs, lows, rises, pattern} = curve;
  let {low, high} = range;
  for (let i = first; i < last;) {
    if (i % opsInBlock === 0 && i + opsInBlock <= last) {
      high = Math.max(high, highs[i / opsInBlock]);
      low = Math.min(low, lows[i / opsInBlock]);
      i += opsInBlock;
    } else {
      high = Math.max(high, during[i] + rises[pattern[i]]);
      low = Math.min(low, during[i], after[i]);
      ++i;
    }
  }
  range.low = low;
  range.high = high;
}

/**
 * The moment within (from, to] at which most is held: {level, op, finished}. Ops [next, after)
 * start in that time.
 */
function highestMoment(lane, curve, next, after, from, to) {
  const best = {level: -Infinity, op: -1, finished: false};
  const consider = (op, finished) => {
    const level = finished ? highAtFinish(curve, op) : highAtStart(curve, op);
    if (level > best.level) [best.level, best.op, best.finished] = [level, op, finished];
  };
  const last = after - 1;
  if (next > 0 && lane.finish[next - 1] > from && lane.finish[next - 1] <= to) {
    consider(next - 1, true);
  }
  if (next > last) return best;
  const inside = highestOp(curve, next, last);
  if (inside >= 0) consider(inside, false);
  if (inside >= 0) consider(inside, true);
  consider(last, false);
  if (lane.finish[last] <= to) consider(last, true);
  return best;
}

/** Widens `range` to all that is held in the same time. */
function widen(lane, curve, next, after, from, to, range) {
  const last = after - 1;
  if (next > 0 && lane.finish[next - 1] > from && lane.finish[next - 1] <= to) {
    range.high = Math.max(range.high, highAtFinish(curve, next - 1));
    range.low = Math.min(range.low, curve.after[next - 1]);
  }
  if (next > last) return;
  extremesOf(curve, next, last, range);
  range.high = Math.max(range.high, highAtStart(curve, last));
  range.low = Math.min(range.low, curve.during[last]);
  if (lane.finish[last] <= to) range.high = Math.max(range.high, highAtFinish(curve, last));
}

/**
 * Calls visit(column, from, to, next, after) for each column; ops [next, after) start in it. What
 * starts with the first column is in that.
 */
function eachColumn(lane, scale, visit) {
  let from = scale.start;
  let next = partition(lane.count, (i) => lane.start[i] >= from);
  for (let column = 0; column < scale.columns; ++column) {
    const to = scale.start + (column + 1) * scale.width;
    const after = nextAfter(lane, next, to);
    visit(column, from, to, next, after);
    [from, next] = [to, after];
  }
}

/**
 * The least and the most that is held within each column: low[column], high[column].
 * `scale`: {start, width, columns}.
 */
function memoryColumns(lane, curve, scale, low, high) {
  const range = {low: 0, high: 0};
  let level = levelAt(lane, curve, scale.start);
  eachColumn(lane, scale, (column, from, to, next, after) => {
    const atEnd = levelAt(lane, curve, to, after);
    range.low = Math.min(level, atEnd);
    range.high = Math.max(level, atEnd);
    widen(lane, curve, next, after, from, to, range);
    low[column] = range.low;
    high[column] = range.high;
    level = atEnd;
  });
}

/** Bytes by tag before every 32nd op: sums[block * tags + tag]; in block 0 what is always held. */
function tagSums(run, lane) {
  const tags = run.meta.tags.length;
  const sums = new Float64Array((Math.floor(lane.count / opsInBlock) + 1) * tags);
  const now = new Float64Array(tags);
  for (const use of run.patterns[lane.held].uses) now[use.tag] += use.atStart;
  sums.set(now);
  for (let i = 0; i < lane.count; ++i) {
    if (i % opsInBlock === 0) sums.set(now, i / opsInBlock * tags);
    for (const {tag, atStart, atFinish} of run.patterns[lane.pattern[i]].uses) {
      now[tag] += atStart + atFinish;
    }
  }
  if (lane.count % opsInBlock === 0) sums.set(now, lane.count / opsInBlock * tags);
  return sums;
}

/** Bytes by tag while op `i` ran, or, `finished`, after it; before all ops where `i` is -1. */
function tagsOf(run, lane, sums, i, finished, out) {
  const tags = run.meta.tags.length;
  const block = i < 0 ? 0 : Math.floor(i / opsInBlock);
  out.set(sums.subarray(block * tags, (block + 1) * tags));
  for (let op = block * opsInBlock; op <= i; ++op) {
    const done = op < i || finished;
    for (const use of run.patterns[lane.pattern[op]].uses) {
      out[use.tag] += use.atStart + (done ? use.atFinish : 0);
    }
  }
  return out;
}

/** The bytes by tag at a time. */
function tagsAt(run, lane, sums, time, out) {
  const i = nextAfter(lane, 0, time) - 1;
  return tagsOf(run, lane, sums, i, i >= 0 && time >= lane.finish[i], out);
}

/** The bytes by tag at the highest moment of an op's start or, `finished`, its finish. */
function tagsAtHigh(run, lane, curve, sums, {op, finished}, out) {
  tagsOf(run, lane, sums, finished ? op : op - 1, !finished || op < 0, out);
  if (op < 0) return out;
  const pattern = lane.pattern[op];
  const {start, finish} = curve.steps[pattern];
  const uses = run.patterns[pattern].uses.slice(0, finished ? finish.upTo : start.upTo);
  for (const use of uses) out[use.tag] += finished ? use.atFinish : use.atStart;
  return out;
}
