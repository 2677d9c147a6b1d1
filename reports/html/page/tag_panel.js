// Memory of one device by tag, stacked: of the one that is selected, or pointed at, or the fullest.

const sumsOf = (run, device) => (run.tagSums[device] ??= tagSums(run, run.lanes[device]));

/** The device with the highest peak. */
function fullestDevice(meta) {
  const devices = meta.summary.devices ?? [];
  return devices.reduce(
    (best, device, i) => device.peak_memory_bytes > devices[best].peak_memory_bytes ? i : best, 0);
}

/** The panel of one run, with a legend that tells the bytes at the cursor. */
function makeTagPanel(page, run) {
  run.tagSums = [];
  const fullest = fullestDevice(run.meta);
  const panel = new StripPanel(page, {
    title: 'Memory by tag',
    note: ' ',
    rows: 1,
    rowHeight: 120,
    maxHeight: 120,
    rowName: () => '',
    draw: (context, place) => drawTags(page, run, context, place, panel.device),
    drawOver: () => {
      const device = shownDevice(page, run, fullest);
      if (device !== panel.device) {
        panel.device = device;
        page.invalidate();
      }
      writeTagLegend(page, run, panel);
    },
  });
  panel.device = fullest;
  panel.heading = panel.section.querySelector('.note');
  panel.legend = element('ul', {class: 'tag-legend'});
  panel.section.append(panel.legend);
  panel.values = run.meta.tags.map((tag, i) => {
    const value = element('span', {class: 'figure'});
    const swatch = element('i', {class: 'swatch'});
    swatch.style.background = `var(--tag-${i % tagColours})`;
    panel.legend.append(element('li', {}, swatch, nameText(tag), ' ', value));
    return value;
  });
  return panel;
}

function shownDevice(page, run, otherwise) {
  const at = [page.pointed, page.selected].find((place) => place && place.run === run);
  return at ? at.device : page.pointedRow?.run === run ? page.pointedRow.device : otherwise;
}

/** In each column the stack of the moment at which most is held; each tag covers those above it. */
function drawTags(page, run, context, place, device) {
  const lane = run.lanes[device];
  const curve = curveOf(run, device);
  const sums = sumsOf(run, device);
  const columns = columnsOf(place);
  const scale = {start: page.view.start, width: page.view.span / columns, columns};
  const perByte = (place.rowHeight - 8) / Math.max(1, curve.peak);
  const tags = new Float64Array(run.meta.tags.length);
  const stacks = run.meta.tags.map(() => new Float64Array(columns));
  eachColumn(lane, scale, (column, from, to, next, after) => {
    const best = highestMoment(lane, curve, next, after, from, to);
    if (best.level > levelAt(lane, curve, from)) {
      tagsAtHigh(run, lane, curve, sums, best, tags);
    } else {
      tagsAt(run, lane, sums, from, tags);
    }
    let sum = 0;
    for (let tag = 0; tag < tags.length; ++tag) {
      sum += tags[tag];
      stacks[tag][column] = sum * perByte;
    }
  });
  for (let tag = tags.length - 1; tag >= 0; --tag) {
    context.fillStyle = page.colours.tags[tag % tagColours];
    fillBars(context, place, stacks[tag], place.height - 2);
  }
}

function writeTagLegend(page, run, panel) {
  const {device} = panel;
  const at = page.cursor;
  const when = at === null ? 'at its peak' : `at ${exactTime(Math.round(at))}`;
  panel.heading.textContent = `device ${device}, ${when}`;
  const lane = run.lanes[device];
  const tags = new Float64Array(panel.values.length);
  if (at === null) {
    const curve = curveOf(run, device);
    tagsAtHigh(run, lane, curve, sumsOf(run, device), curve.peakAt, tags);
  } else {
    tagsAt(run, lane, sumsOf(run, device), at, tags);
  }
  panel.values.forEach((value, tag) => {
    value.textContent = readableBytes(tags[tag]);
  });
}
