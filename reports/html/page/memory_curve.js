// Bytes of a device over time. An op adds at its start and at its finish; the order is that of the
// device's ops. Its levels are two for each op, while it ran and after it.

/** Sums of a pattern, and the highest it comes to on the way: of its start, and of its finish. */
function patternSteps(pattern) {
  const steps = {start: 0, startPeak: 0, finish: 0, finishPeak: 0};
  for (const use of pattern.uses) {
    steps.start += use.atStart;
    steps.startPeak = Math.max(steps.startPeak, steps.start);
  }
  for (const use of pattern.uses) {
    steps.finish += use.atFinish;
    steps.finishPeak = Math.max(steps.finishPeak, steps.finish);
  }
  return steps;
}

/**
 * The curve of one device: `base` held all the time, `during[i]` while op i ran, `after[i]` then.
 * `highs` and `lows` are the extremes of every 32 ops, and `peak` the highest moment.
 */
function memoryCurve(run, lane) {
  const steps = run.patterns.map(patternSteps);
  const curve = {base: steps[lane.held].start, during: new Float64Array(lane.count),
                 after: new Float64Array(lane.count), highs: [], lows: []};
  curve.peak = curve.base;
  let level = curve.base;
  for (let i = 0; i < lane.count; ++i) {
    const step = steps[lane.pattern[i]];
    curve.peak = Math.max(curve.peak, level + step.startPeak);
    curve.during[i] = level += step.start;
    curve.peak = Math.max(curve.peak, level + step.finishPeak);
    curve.after[i] = level += step.finish;
    const block = i / opsInBlock | 0;
    curve.highs[block] = Math.max(curve.highs[block] ?? -Infinity, curve.during[i], level);
    curve.lows[block] = Math.min(curve.lows[block] ?? Infinity, curve.during[i], level);
  }
  return curve;
}

/** Bytes held at a time, after all that happens at it. `next`: the first op that starts later. */
function levelAt(lane, curve, time, next = nextAfter(lane, 0, time)) {
  if (next === 0) return curve.base;
  return time < lane.finish[next - 1] ? curve.during[next - 1] : curve.after[next - 1];
}

/** The op after whose start the curve is highest among ops [first, last), or -1. */
function highestOp(curve, first, last) {
  let best = -1;
  for (let i = first; i < last;) {
    const block = i / opsInBlock | 0;
    if (i % opsInBlock === 0 && i + opsInBlock <= last && best >= 0 &&
        curve.highs[block] <= Math.max(curve.during[best], curve.after[best])) {
      i += opsInBlock;
      continue;
    }
    const level = Math.max(curve.during[i], curve.after[i]);
    if (best < 0 || level > Math.max(curve.during[best], curve.after[best])) best = i;
    ++i;
  }
  return best;
}

function extremesOf(curve, first, last, range) {
  for (let i = first; i < last;) {
    if (i % opsInBlock === 0 && i + opsInBlock <= last) {
      range.high = Math.max(range.high, curve.highs[i / opsInBlock]);
      range.low = Math.min(range.low, curve.lows[i / opsInBlock]);
      i += opsInBlock;
    } else {
      range.high = Math.max(range.high, curve.during[i], curve.after[i]);
      range.low = Math.min(range.low, curve.during[i], curve.after[i]);
      ++i;
    }
  }
}

/**
 * The least and the most that is held within each column: low[column], high[column].
 * `scale`: {start, width, columns}.
 */
function memoryColumns(lane, curve, scale, low, high) {
  let next = nextAfter(lane, 0, scale.start);
  let level = levelAt(lane, curve, scale.start, next);
  for (let column = 0; column < scale.columns; ++column) {
    const end = scale.start + (column + 1) * scale.width;
    const after = nextAfter(lane, next, end);
    const range = {low: level, high: level};
    const atEnd = levelAt(lane, curve, end, after);
    if (after > next) {
      if (next > 0) {  // It may have begun in a column before, and finished in this one.
        range.high = Math.max(range.high, curve.after[next - 1]);
        range.low = Math.min(range.low, curve.after[next - 1]);
      }
      extremesOf(curve, next, after - 1, range);
      range.high = Math.max(range.high, curve.during[after - 1]);
      range.low = Math.min(range.low, curve.during[after - 1]);
    }
    low[column] = Math.min(range.low, atEnd);
    high[column] = Math.max(range.high, atEnd);
    [next, level] = [after, atEnd];
  }
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
