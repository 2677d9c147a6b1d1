// One op of a lane: what it is called, where it stands in time, what it waited for.

const kindOf = (lane, i) => lane.flags[i] & 15;
const copyOf = (lane, i) => lane.flags[i] >> 4 & 1;

/**
 * It and the next op ran together, from the first one's start to the second one's finish; the
 * columns give each a part of that time, one after the other.
 */
const runsWithNext = (lane, i) => (lane.flags[i] & 32) !== 0;
const runsWithLast = (lane, i) => i > 0 && runsWithNext(lane, i - 1);

/** When it ran, alone or as one of a pair. */
const startOf = (lane, i) => lane.start[runsWithLast(lane, i) ? i - 1 : i];
const finishOf = (lane, i) =>
  lane.finish[runsWithNext(lane, i) && i + 1 < lane.count ? i + 1 : i];

/** The same to the last ps, as BigInts. */
const exactStart = (lane, i) => lane.starts.exact(runsWithLast(lane, i) ? i - 1 : i);
const exactFinish = (lane, i) =>
  lane.finishes.exact(runsWithNext(lane, i) && i + 1 < lane.count ? i + 1 : i);

/** How long it ran by itself, right for a few ps beyond 2^53, too. */
const lengthOf = (lane, i) =>
  lane.finish[i] - lane.start[i] + lane.finishes.lostAt(i) - lane.starts.lostAt(i);

/** "2", or "2'" for the second copy of a stage. */
function stageText(lane, i) {
  return lane.stage[i] + (copyOf(lane, i) ? '\u2032' : '');
}

/** "F 3", as the command line has it; just "O" for the whole mini-batch. */
function opName(lane, i, kinds) {
  const token = kinds[kindOf(lane, i)].token;
  return lane.microBatch[i] < 0 ? token : `${token} ${lane.microBatch[i]}`;
}

/** What is written in its box: "F3", or "F2.3" where the device has several stages. */
function boxLabel(lane, i, kinds) {
  const stage = lane.severalStages ? stageText(lane, i) : '';
  const microBatch = lane.microBatch[i] < 0 ? '' : lane.microBatch[i];
  const dot = stage !== '' && microBatch !== '' ? '.' : '';
  return `${kinds[kindOf(lane, i)].token}${stage}${dot}${microBatch}`;
}

/** The first index from which on `atLeast(i)` holds; `count` where it never does. */
function partition(count, atLeast) {
  let low = 0;
  for (let high = count; low < high;) {
    const middle = low + high >>> 1;
    if (atLeast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first op, `from` or later, that starts after a time; quick where it is near. */
function nextAfter(lane, from, time) {
  const {start, count} = lane;
  let low = from;
  let step = 1;
  for (; low + step <= count && start[low + step - 1] <= time; step *= 2) low += step;
  for (let high = Math.min(count, low + step - 1); low < high;) {
    const middle = low + high >>> 1;
    if (start[middle] > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The ops of a lane that touch [from, to], as [first, last). Finishes are in order, as starts. */
function opsBetween(lane, from, to) {
  return [partition(lane.count, (i) => lane.finish[i] >= from),
          partition(lane.count, (i) => lane.start[i] > to)];
}

/** The op that runs at a time, or the nearest within `reach`; -1 where there is none. */
function opAt(lane, time, reach) {
  let best = -1;
  let least = Infinity;
  const [first, last] = opsBetween(lane, time - reach, time + reach);
  const near = partition(lane.count, (i) => lane.start[i] > time);
  for (let i = Math.max(first, near - 2); i < Math.min(last, near + 2); ++i) {
    const distance = Math.max(0, lane.start[i] - time, time - lane.finish[i]);
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}

/** The message that an op needs from another device's op, its times as BigInts; or null. */
function neededMessage(run, lane, i) {
  const at = lane.need[i];
  if (at < 0) return null;
  const {device, slot, waits, durations} = lane.messages;
  const sender = run.lanes[device[at]];
  const left = sender.finishes.exact(slot[at]) + waits.exact(at);
  const duration = durations.exact(at);
  return {sender, op: slot[at], sent: exactFinish(sender, slot[at]), left, duration,
          arrived: left + duration};
}

/** When the device was done with all before an op, as a BigInt; the pipeline's first is at 0. */
function freeSince(lane, i) {
  const before = runsWithLast(lane, i) ? i - 2 : i - 1;
  return before < 0 ? 0n : lane.finishes.exact(before);
}
