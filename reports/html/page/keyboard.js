// Keys of the chart, and the list of them that `?` shows.

const keyList = [
  ['← →', 'pan'],
  ['+ −', 'zoom in and out, at the selected op or the middle'],
  ['0, Home', 'the whole step'],
  ['] n, [ p', 'select the next op of the lane, the one before'],
  ['↑ ↓', 'select on the device above, below'],
  ['Enter', 'zoom to the selected op'],
  ['Escape', 'select nothing'],
  ['< >', 'lower and taller lanes'],
  ['?', 'this list'],
  ['wheel', 'zoom at the pointer (among several charts: after a click into one, or with Ctrl); ' +
            'sideways or with Shift: pan'],
  ['drag', 'pan; with Shift: zoom to what is marked'],
  ['double click', 'zoom in; with Shift: out'],
];

/** What a key does to the page with the chart of `block` in focus; undefined for others. */
function keyAction(page, block, event) {
  const {view, selected} = page;
  const lane = selected?.run.lanes[selected.device];
  const at = lane ? (lane.start[selected.op] + lane.finish[selected.op]) / 2 : NaN;
  const centre = at >= view.start && at <= view.finish ? at : (view.start + view.finish) / 2;
  const actions = {
    ArrowLeft: () => view.pan(-0.15),
    ArrowRight: () => view.pan(0.15),
    '+': () => view.zoom(1.5, centre),
    '=': () => view.zoom(1.5, centre),
    '-': () => view.zoom(1 / 1.5, centre),
    '_': () => view.zoom(1 / 1.5, centre),
    '0': () => view.fit(),
    Home: () => view.fit(),
    ']': () => stepOp(page, block, 1),
    n: () => stepOp(page, block, 1),
    '[': () => stepOp(page, block, -1),
    p: () => stepOp(page, block, -1),
    ArrowUp: () => stepLane(page, block, -1),
    ArrowDown: () => stepLane(page, block, 1),
    Enter: () => lane && zoomToOp(page, block),
    Escape: () => deselect(page),
    '<': () => stepRowHeight(page, block.gantt, -1),
    '>': () => stepRowHeight(page, block.gantt, 1),
  };
  return actions[event.key];
}

/** Shows an op with some of what is around it. */
function zoomToOp(page, block) {
  const {device, op} = page.selected;
  const lane = page.selected.run.lanes[device];
  const length = Math.max(8, lane.finish[op] - lane.start[op]);
  page.view.show(lane.start[op] - 2 * length, lane.finish[op] + 2 * length);
  if (page.selected.run === block.run) selectOp(page, block, device, op, true);
}

/** Makes a chart take the focus and its keys. */
function followKeys(page, block) {
  const {strip} = block.gantt;
  strip.tabIndex = 0;
  strip.setAttribute('role', 'application');
  strip.setAttribute('aria-label', `Devices over time, ${cut(block.meta.title)}. ` +
                                   'Question mark lists the keys.');
  strip.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(page, block, event);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** The dialog of keys, by its button or `?`. */
function prepareKeyList() {
  const dialog = document.getElementById('keys');
  const list = document.getElementById('key-list');
  for (const [keys, what] of keyList) {
    list.append(element('dt', {}, keys), element('dd', {}, what));
  }
  const show = () => { if (!dialog.open) dialog.showModal(); };
  document.getElementById('show-keys').addEventListener('click', show);
  document.addEventListener('keydown', (event) => {
    if (event.key === '?' && !event.target.closest?.('input, textarea')) show();
  });
}
