// Which op is selected, and which is pointed at: {run, device, op} of the page, or null.

/** Selects an op, brings it into view, shows and says what it is. */
function selectOp(page, block, device, op, byKeyboard) {
  const {run} = block;
  const lane = run.lanes[device];
  page.selected = {run, device, op};
  page.cursor = lane.start[op];
  block.gantt.revealRow(device);
  if (byKeyboard) {
    page.view.reveal(lane.start[op], lane.finish[op]);
    revealLane(page, block, device);
  }
  const rows = opRows(run, device, op, page.kinds);
  announce(rows.map(([name, text]) => `${name} ${text}`).join('; '));
  if (byKeyboard) tellSelected(page, block);
  page.invalidateAbove();
}

/** Scrolls the page, if need be, until a lane of the chart is in the window. */
function revealLane(page, block, device) {
  const {y} = pointOf(page, block, device, 0);
  const around = block.gantt.rowHeight / 2 + 8;
  window.scrollBy(0, Math.min(0, y - around) + Math.max(0, y + around - window.innerHeight));
}

/** Puts the tooltip beside the selected op, if that is in sight. */
function tellSelected(page, block) {
  const {run, device, op} = page.selected ?? {};
  if (!run || run !== block.run) return;
  page.told = {block};
  const {view} = page;
  const {top, bottom} = block.gantt.strip.getBoundingClientRect();
  const [from, to] = [startOf(run.lanes[device], op), finishOf(run.lanes[device], op)];
  const middle = (Math.max(from, view.start) + Math.min(to, view.finish)) / 2;
  const {x, y} = pointOf(page, block, device, middle);
  const seen = to >= view.start && from <= view.finish &&
    y >= Math.max(0, top) && y <= Math.min(window.innerHeight, bottom);
  if (seen) showTooltip(opRows(run, device, op, page.kinds), x, y);
  else hideTooltip();
}

function deselect(page) {
  page.selected = null;
  if (!page.told?.panel) page.told = null;
  page.pointed = null;
  page.cursor = null;
  hideTooltip();
  announce('nothing selected');
  page.invalidateAbove();
}

/** Selects the op that is `by` further in the selected lane; at first the first one in view. */
function stepOp(page, block, by) {
  const at = page.selected?.run === block.run ? page.selected : null;
  if (!at) {
    const device = block.run.lanes.findIndex((lane) => lane.count > 0);
    if (device < 0) return;
    const [first] = opsBetween(block.run.lanes[device], page.view.start, page.view.finish);
    selectOp(page, block, device, Math.min(first, block.run.lanes[device].count - 1), true);
    return;
  }
  const op = Math.min(Math.max(0, at.op + by), block.run.lanes[at.device].count - 1);
  selectOp(page, block, at.device, op, true);
}

/** Selects the op nearest in time on the next lane above (-1) or below (1) that has any. */
function stepLane(page, block, by) {
  const at = page.selected?.run === block.run ? page.selected : null;
  if (!at) {
    stepOp(page, block, 0);
    return;
  }
  const lane = block.run.lanes[at.device];
  const middle = (lane.start[at.op] + lane.finish[at.op]) / 2;
  for (let row = at.device + by; row >= 0 && row < block.run.lanes.length; row += by) {
    const op = opAt(block.run.lanes[row], middle, page.view.whole);
    if (op < 0) continue;
    selectOp(page, block, row, op, true);
    return;
  }
}

/** Where a moment of a device is, in pixels of the window. */
function pointOf(page, block, device, time) {
  const box = block.gantt.strip.getBoundingClientRect();
  const place = block.gantt.place();
  const height = place.rowHeight - rowGap(place.rowHeight);
  return {x: box.left + place.xOf(time), y: box.top + place.yOf(device) + height / 2};
}
