// When links carry messages. A link is what two devices have to themselves in one direction, or one
// that they share and that has a name.

/** Joins intervals that touch. `starts` must be in order. Returns {starts, finishes, before}. */
function joined(starts, finishes) {
  const from = [];
  const to = [];
  const before = [];  // before[i]: how long it was busy until interval i
  let busy = 0;
  starts.forEach((start, i) => {
    const last = to.length - 1;
    if (last >= 0 && start <= to[last]) {
      to[last] = Math.max(to[last], finishes[i]);
      return;
    }
    if (last >= 0) busy += to[last] - from[last];
    from.push(start);
    to.push(finishes[i]);
    before.push(busy);
  });
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

function linksOf(meta, message, from, to) {
  if (message.route === 0) return [{key: `${from}-${to}`, from, to, number: -1}];
  return meta.routes[message.route - 1].map(
    (number) => ({key: `link ${number}`, name: meta.links[number], number}));
}

/**
 * The links of a run that carry messages which take time: shared ones first, in their order, then
 * pairs of devices. Each has `name` or `from` and `to`, `messages` (how many), and `intervals`.
 */
function linkUse(run) {
  const links = new Map();
  for (const lane of run.lanes) {
    for (let i = 0; i < lane.messages.count; ++i) {
      const message = neededMessage(run, lane, lane.messages.op[i]);
      if (!(message.duration > 0)) continue;
      for (const link of linksOf(run.meta, message, message.sender.device, lane.device)) {
        if (!links.has(link.key)) links.set(link.key, {...link, times: []});
        links.get(link.key).times.push([message.left, message.arrived]);
      }
    }
  }
  const inOrder = [...links.values()].sort(
    (a, b) => (b.number >= 0) - (a.number >= 0) || a.number - b.number || a.from - b.from ||
      a.to - b.to);
  return inOrder.map(({times, ...link}) => {
    times.sort((a, b) => a[0] - b[0]);
    const intervals = joined(times.map((t) => t[0]), times.map((t) => t[1]));
    return {...link, messages: times.length, intervals};
  });
}
