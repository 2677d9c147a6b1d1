// Wheel, mouse and fingers. Every panel zooms and pans; the chart also tells what is pointed at.

const clickSlop = 4;

const isFinger = (event) => event.pointerType === 'touch';

/** What of a panel a point of the window is at: {x, y, time, place}. */
function pointerAt(panel, clientX, clientY) {
  const box = panel.strip.getBoundingClientRect();
  const place = panel.place();
  const x = clientX - box.left;
  return {x, y: clientY - box.top, time: place.timeAt(x), place};
}

/** Lets a panel be zoomed and panned. `block` has run and gantt. */
function followPointer(page, block, panel) {
  const {scroller} = panel;
  const down = new Map();  // of each pressed pointer where it is
  let drag = null;

  scroller.addEventListener('wheel', (event) => wheel(page, panel, event), {passive: false});
  scroller.addEventListener('dblclick', (event) => {
    page.view.zoom(event.shiftKey || event.altKey ? 0.5 : 2,
                   pointerAt(panel, event.clientX, event.clientY).time);
  });
  scroller.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.offsetX > scroller.clientWidth) return;
    down.set(event.pointerId, event);
    drag = {at: pointerAt(panel, event.clientX, event.clientY), start: page.view.start,
            finish: page.view.finish, scroll: scroller.scrollTop, moved: false,
            selects: event.shiftKey, spread: spread(down)};
    if (event.isTrusted) scroller.setPointerCapture(event.pointerId);
  });
  scroller.addEventListener('pointermove', (event) => {
    if (down.has(event.pointerId)) {
      down.set(event.pointerId, event);
      if (drag) dragTo(page, panel, event, drag, down);
    }
    if (!drag?.moved) pointAt(page, {block, panel, x: event.clientX, y: event.clientY});
  });
  const release = (event) => {
    down.delete(event.pointerId);
    if (!drag) return;
    if (event.type === 'pointerup' && down.size === 0) endDrag(page, block, panel, event, drag);
    panel.band?.remove();
    drag = null;
  };
  scroller.addEventListener('pointerup', release);
  scroller.addEventListener('pointercancel', (event) => {
    release(event);
    leave(page);
  });
  scroller.addEventListener('pointerleave', (event) => {
    if (!isFinger(event)) leave(page);  // A finger leaves with every tap.
  });
}

/** How far two fingers are apart, or 0. */
function spread(down) {
  const [a, b] = [...down.values()];
  return b ? Math.max(1, Math.abs(a.clientX - b.clientX)) : 0;
}

/** Zooms at the pointer; sideways, or with shift, pans. Out of the whole, the page scrolls. */
function wheel(page, panel, event) {
  const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    page.view.pan(unit * sideways / panel.place().plot);
    return;
  }
  const wanted = event.ctrlKey || event.metaKey || page.blocks.length <= 2 ||
    panel.strip.contains(document.activeElement);
  if (!wanted || (page.view.isWhole && event.deltaY > 0 && !event.ctrlKey)) return;
  event.preventDefault();
  page.view.zoom(Math.exp(-unit * event.deltaY * (event.ctrlKey ? 0.01 : 0.002)),
                 pointerAt(panel, event.clientX, event.clientY).time);
}

function dragTo(page, panel, event, drag, down) {
  const at = pointerAt(panel, event.clientX, event.clientY);
  const [x, y] = [at.x - drag.at.x, at.y - drag.at.y];
  if (Math.abs(x) > clickSlop || Math.abs(y) > clickSlop) drag.moved = true;
  if (!drag.moved) return;
  page.told = null;
  hideTooltip();
  const span = drag.finish - drag.start;
  if (drag.spread > 0 && down.size > 1) {
    const shown = span * drag.spread / spread(down);
    const left = (drag.at.time - drag.start) / span;
    page.view.showAround(drag.at.time, left, shown);
  } else if (drag.selects) {
    drawBand(panel, drag.at, at);
  } else {
    const by = -x / drag.at.place.plot * span;
    page.view.show(drag.start + by, drag.finish + by);
    if (event.pointerType === 'mouse') panel.scroller.scrollTop = drag.scroll - y;
  }
}

/** The part of time that a drag with shift would show. */
function drawBand(panel, from, to) {
  panel.band ??= element('div', {class: 'band'});
  panel.strip.append(panel.band);
  panel.band.style.left = `${Math.min(from.x, to.x)}px`;
  panel.band.style.width = `${Math.abs(to.x - from.x)}px`;
}

function endDrag(page, block, panel, event, drag) {
  const at = pointerAt(panel, event.clientX, event.clientY);
  if (drag.moved) {
    const [from, to] = [drag.at.time, at.time];
    if (drag.selects) page.view.show(Math.min(from, to), Math.max(from, to));
    if (isFinger(event)) leave(page);
    else pointAt(page, {block, panel, x: event.clientX, y: event.clientY});
    return;
  }
  if (panel !== block.gantt) return;
  const found = opUnder(page, block, at);
  if (isFinger(event)) leave(page);
  if (!found) {
    deselect(page);
    return;
  }
  selectOp(page, block, found.device, found.op, false);
  if (isFinger(event)) tellSelected(page, block);
}

/** A finger anywhere ends what the last one showed. */
function watchFingers(page) {
  window.addEventListener('pointerdown', (event) => {
    if (!isFinger(event)) return;
    page.told = null;
    hideTooltip();
  }, {capture: true});
}

/** The op at a place of the chart, within two pixels. */
function opUnder(page, block, at) {
  const device = block.gantt.rowAt(at.y);
  if (device < 0 || at.x < at.place.left - 2 || at.x > at.place.right + 2) return null;
  const lane = block.run.lanes[device];
  const reach = 2 * page.view.span / at.place.plot;
  let op = opAt(lane, at.time, reach);
  if (op < 0) return null;
  const middle = at.place.yOf(device) + (at.place.rowHeight - rowGap(at.place.rowHeight)) / 2;
  if (runsWithNext(lane, op) && at.y > middle) ++op;
  if (runsWithLast(lane, op) && at.y < middle) --op;
  return {run: block.run, device, op};
}

/** Points at a place: {block, panel, x, y}, in pixels of the window. */
function pointAt(page, told) {
  const {block, panel, x, y} = told;
  const at = pointerAt(panel, x, y);
  page.told = told;
  const inPlot = at.x >= at.place.left && at.x <= at.place.right;
  page.cursor = inPlot ? Math.min(Math.max(at.time, page.view.start), page.view.finish) : null;
  const isChart = panel === block.gantt;
  page.pointed = isChart ? opUnder(page, block, at) : null;
  const row = isChart || panel === block.memory ? panel.rowAt(at.y) : -1;
  page.pointedRow = row >= 0 ? {run: block.run, device: row} : null;
  if (page.pointed) {
    showTooltip(opRows(block.run, page.pointed.device, page.pointed.op, page.kinds), x, y);
  } else {
    hideTooltip();
  }
  page.invalidateAbove();
}

/** What is under a pointer that rests, after the picture below it has moved. */
function pointAgain(page) {
  const {told} = page;
  if (!told) return;
  if (!told.panel) {
    tellSelected(page, told.block);
  } else if (told.panel.scroller.contains(document.elementFromPoint(told.x, told.y))) {
    pointAt(page, told);
  } else {
    leave(page);
  }
}

function leave(page) {
  if (page.told && !page.told.panel) return;
  page.told = null;
  page.pointed = null;
  page.pointedRow = null;
  page.cursor = page.selected
    ? page.selected.run.lanes[page.selected.device].start[page.selected.op] : null;
  hideTooltip();
  page.invalidateAbove();
}
