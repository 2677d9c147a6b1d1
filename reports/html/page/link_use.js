// When links carry messages. A link is what two devices have to themselves in one direction, or one
// that they share and that has a name.

/** Puts the starts in order, and the finishes along with them. */
function sortTimes({starts, finishes}) {
  let sorted = true;
  for (let i = 1; i < starts.length; ++i) sorted &&= starts[i - 1] <= starts[i];
  if (sorted) return {starts, finishes};
  const order = Uint32Array.from(starts, (_, i) => i).sort((a, b) => starts[a] - starts[b]);
  return {starts: Float64Array.from(order, (i) => starts[i]),
          finishes: Float64Array.from(order, (i) => finishes[i])};
}

/**
 * Joins intervals that touch: {starts, finishes, before, busy}, where before[i] is how long the
 * link was busy until interval i, and `busy` how long in all.
 */
function joined(times) {
  const {starts, finishes} = sortTimes(times);
  const from = [];
  const to = [];
  const before = [];
  let busy = 0;
  for (let i = 0; i < starts.length; ++i) {
    const last = to.length - 1;
    if (last >= 0 && starts[i] <= to[last]) {
      to[last] = Math.max(to[last], finishes[i]);
      continue;
    }
    if (last >= 0) busy += to[last] - from[last];
    from.push(starts[i]);
    to.push(finishes[i]);
    before.push(busy);
  }
  if (to.length > 0) busy += to[to.length - 1] - from[from.length - 1];
  return {starts: from, finishes: to, before, busy};
}

/** How long a link was busy before a time. */
function busyUntil(intervals, time) {
  const i = partition(intervals.starts.length, (at) => intervals.starts[at] >= time) - 1;
  if (i < 0) return 0;
  return intervals.before[i] + Math.min(time, intervals.finishes[i]) - intervals.starts[i];
}

/** What part of [from, to] a link carried messages. */
function linkShare(intervals, from, to) {
  return to > from ? (busyUntil(intervals, to) - busyUntil(intervals, from)) / (to - from) : 0;
}

/** Calls visit(key, from, to, left, arrived) for every link of every message that takes time. */
function eachCrossing({meta, lanes}, visit) {
  for (const {device: to, messages} of lanes) {
    for (let i = 0; i < messages.count; ++i) {
      if (!(messages.duration[i] > 0)) continue;
      const from = messages.device[i];
      const left = lanes[from].finish[messages.slot[i]] + messages.wait[i];
      const arrived = left + messages.duration[i];
      if (messages.route[i] === 0) {
        visit(from * meta.devices + to, from, to, left, arrived);
      } else {
        for (const number of meta.routes[messages.route[i] - 1]) {
          visit(-1 - number, from, to, left, arrived);
        }
      }
    }
  }
}

/**
 * The links of a run that carry messages which take time: shared ones first, in their order, then
 * pairs of devices. Each has `number` and `name`, or -1 and `from` and `to`; `messages` (how many),
 * and `intervals`.
 */
function linkUse(run) {
  const links = new Map();
  eachCrossing(run, (key, from, to) => {
    const link = links.get(key);
    if (link) ++link.messages;
    else links.set(key, {number: key < 0 ? -1 - key : -1, from, to, messages: 1, filled: 0});
  });
  for (const link of links.values()) {
    link.starts = new Float64Array(link.messages);
    link.finishes = new Float64Array(link.messages);
  }
  eachCrossing(run, (key, from, to, left, arrived) => {
    const link = links.get(key);
    link.starts[link.filled] = left;
    link.finishes[link.filled++] = arrived;
  });
  const inOrder = [...links.values()].sort(
    (a, b) => (b.number >= 0) - (a.number >= 0) || a.number - b.number || a.from - b.from ||
      a.to - b.to);
  return inOrder.map((link) => ({
    number: link.number, name: run.meta.links[link.number], from: link.from, to: link.to,
    messages: link.messages, intervals: joined(link)}));
}
