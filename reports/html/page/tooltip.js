// What an op is, when it ran and what it waited for, as rows of names and texts: the tooltip shows
// them, and a reader of the screen hears them.

/** "F 3 of device 2". */
function opOnDevice(lane, i, kinds) {
  return `${opName(lane, i, kinds)} of device ${lane.device}`;
}

/** What an op waited for: [[name, text], …]. */
function waitRows(run, lane, i, kinds) {
  const rows = [];
  const free = freeSince(lane, i);
  const gap = startOf(lane, i) - free;
  const before = runsWithLast(lane, i) ? i - 2 : i - 1;
  const message = neededMessage(run, lane, i);
  if (message) {
    const queued = message.left - message.sent;
    rows.push(['needs', `${opOnDevice(message.sender, message.op, kinds)}, done at ` +
                        exactTime(message.sent)]);
    if (message.duration > 0 || queued > 0) {
      rows.push(['message', `left at ${exactTime(message.left)}, took ` +
                            `${exactTime(message.duration)}, arrived at ` +
                            exactTime(message.arrived)]);
    }
    if (queued > 0) rows.push(['queued', `${exactTime(queued)} for the link`]);
  }
  if (gap > 0) {
    rows.push(['waited', exactTime(gap) + (message && message.arrived > free
      ? ` for ${opOnDevice(message.sender, message.op, kinds)}` : '')]);
  } else if (before >= 0) {
    rows.push(['waited', `no time: the device was busy with ${opName(lane, before, kinds)} ` +
                         `until ${exactTime(free)}`]);
  }
  return rows;
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
    ['device', `${device}, ${visible(run.meta.device_names[device] ?? '')}`],
    ['start', exactTime(startOf(lane, i))],
    ['finish', exactTime(finishOf(lane, i))],
    ['duration', exactTime(finishOf(lane, i) - startOf(lane, i))],
    ...(together >= 0 && together < lane.count
      ? [['together with', opName(lane, together, kinds)]] : []),
    ...waitRows(run, lane, i, kinds),
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
