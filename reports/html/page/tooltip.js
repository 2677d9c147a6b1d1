// What an op is, when it ran and what it waited for, as rows of names and texts: the tooltip shows
// them, and a reader of the screen hears them.

/** "F 3 of device 2". */
function opOnDevice(lane, i, kinds) {
  return `${opName(lane, i, kinds)} of device ${lane.device}`;
}

/** The message that came last, of an op or of the one it runs together with; null for none. */
function lastMessage(run, lane, i) {
  const partner = runsWithNext(lane, i) ? i + 1 : runsWithLast(lane, i) ? i - 1 : i;
  const messages = [i, partner].filter((op) => op < lane.count)
    .map((op) => neededMessage(run, lane, op)).filter(Boolean);
  return messages.reduce((a, b) => !a || b.arrived > a.arrived ? b : a, null);
}

/** When the input of an op was ready, and where it came from: [[name, text], …]. */
function inputRows(run, lane, i, kinds) {
  const message = neededMessage(run, lane, i);
  if (!message) return [];
  const rows = [['needs', `${opOnDevice(message.sender, message.op, kinds)}, done at ` +
                          exactTime(message.sent)]];
  const arrived = `arrived at ${exactTime(message.arrived)}`;
  if (message.duration === 0) {  // A free one, or that of an R: its backward's, told of there.
    if (message.arrived > message.sent) rows.push(['message', arrived]);
    return rows;
  }
  rows.push(['message', `left at ${exactTime(message.left)}, took ` +
                        `${exactTime(message.duration)}, ${arrived}`]);
  const queued = message.left - message.sent;
  if (queued > 0) rows.push(['queued', `${exactTime(queued)} for the link`]);
  return rows;
}

/** How long a device waited until an op, and for what. */
function waitText(run, lane, i, kinds) {
  const free = freeSince(lane, i);
  const gap = exactStart(lane, i) - free;
  const before = (runsWithLast(lane, i) ? i - 1 : i) - 1;
  if (gap > 0) {
    const last = lastMessage(run, lane, i);
    return exactTime(gap) +
      (last && last.arrived > free ? ` for ${opOnDevice(last.sender, last.op, kinds)}` : '');
  }
  return before < 0 ? 'no time'
    : `no time: the device was busy with ${opName(lane, before, kinds)} until ${exactTime(free)}`;
}

/** All there is to say about an op. */
function opRows(run, device, i, kinds) {
  const lane = run.lanes[device];
  const kind = kinds[kindOf(lane, i)];
  const microBatch = lane.microBatch[i];
  const together = runsWithNext(lane, i) ? i + 1 : runsWithLast(lane, i) ? i - 1 : -1;
  return [
    ['op', `${opName(lane, i, kinds)}, ${kind.noun}`],
    ['stage', lane.stage[i] + (copyOf(lane, i) ? ', second copy' : '')],
    ['micro-batch', microBatch < 0 ? 'all' : String(microBatch)],
    ['device', `${device}, ${cut(run.meta.device_names[device] ?? '')}`],
    ['start', exactTime(exactStart(lane, i))],
    ['finish', exactTime(exactFinish(lane, i))],
    ['duration', exactTime(exactFinish(lane, i) - exactStart(lane, i))],
    ...(together >= 0 && together < lane.count
      ? [['together with', opName(lane, together, kinds)]] : []),
    ...inputRows(run, lane, i, kinds),
    ['waited', waitText(run, lane, i, kinds)],
  ];
}

/** Fills the tooltip and puts it beside a point of the window, all of it in the window. */
function showTooltip(rows, x, y) {
  const tooltip = document.getElementById('tooltip');
  const [[, title], ...others] = rows;
  tooltip.replaceChildren(
    element('strong', {}, title),
    element('dl', {}, others.flatMap(
      ([name, text]) => [element('dt', {}, name), element('dd', {}, element('bdi', {}, text))])));
  tooltip.hidden = false;
  const {offsetWidth: width, offsetHeight: height} = tooltip;
  const left = x + 16 + width < window.innerWidth ? x + 16 : Math.max(4, x - 16 - width);
  const top = y + 16 + height < window.innerHeight ? y + 16 : Math.max(4, y - 16 - height);
  tooltip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

function hideTooltip() {
  document.getElementById('tooltip').hidden = true;
}

/** Says a text to readers of the screen. */
function announce(text) {
  document.getElementById('live').textContent = text;
}
