// Memory of every device: what it holds over time, its capacity, and where its peak is. Where many
// events fall on a pixel, the pale area is the most that was held then, the dark one the least.

const memoryRoom = 320;  // CSS pixels
const memoryRowHeight = (devices) => devices <= 8 ? 40 : 28;

const curveOf = (run, device) => (run.curves[device] ??= memoryCurve(run, run.lanes[device]));

/** The top of all devices' scales: their highest peak, and capacities that are not far above. */
function memoryTop(summaries, capacities) {
  const peak = Math.max(1, ...summaries.map((device) => device.peak_memory_bytes ?? 0));
  const capacity = Math.max(0, ...capacities.filter((bytes) => bytes !== null));
  return 1.06 * (capacity <= 3 * peak ? Math.max(peak, capacity) : peak);
}

/** The panel of one run. */
function makeMemoryPanel(page, run) {
  const {meta} = run;
  const devices = meta.summary.devices ?? [];
  run.curves = [];
  const top = memoryTop(devices, meta.capacity_bytes);
  const panel = new StripPanel(page, {
    title: 'Memory',
    note: 'pale: most held in that time, dark: least; triangle: peak; dashes: capacity',
    rows: meta.devices,
    rowHeight: memoryRowHeight(meta.devices),
    maxHeight: memoryRoom,
    columnTitle: () => page.cursor === null ? 'peak' : 'at cursor',
    rowName: (row, room) => room < 60 ? String(row) : `device ${row}`,
    draw: (context, place, rows) => {
      for (let row = rows.first; row < rows.last; ++row) {
        drawMemory(page, run, context, place, row, top, devices[row]);
      }
    },
    drawOver: (context, place, rows) => writeLevels(page, run, context, place, rows, devices),
  });
  return panel;
}

function drawMemory(page, run, context, place, row, top, summary) {
  const {colours} = page;
  const columns = columnsOf(place);
  const scale = {start: page.view.start, width: page.view.span / columns, columns};
  const low = new Float64Array(columns);
  const high = new Float64Array(columns);
  memoryColumns(run.lanes[row], curveOf(run, row), scale, low, high);
  const floor = place.yOf(row) + place.rowHeight - 3;
  const perByte = (place.rowHeight - 6) / top;
  const capacity = run.meta.capacity_bytes[row];
  for (const [values, colour] of [[high, colours.held], [low, colours['held-least']]]) {
    fillArea(context, values, colour, place, floor, perByte);
  }
  if (capacity !== null) {
    fillAbove(context, high, capacity, colours.alarm, place, floor, perByte);
    const y = floor - capacity * perByte;
    if (y > place.yOf(row)) drawDashes(context, place, y, colours.alarm);
  }
  context.fillStyle = colours.line;
  context.fillRect(place.left, floor, place.plot, 1);
  if (summary) drawPeak(page, context, place, summary, floor, perByte);
}

function fillArea(context, values, colour, place, floor, perByte) {
  context.fillStyle = colour;
  fillBars(context, place, values.map((value) => value * perByte), floor);
}

/** What is held beyond the capacity. */
function fillAbove(context, values, capacity, colour, place, floor, perByte) {
  context.fillStyle = colour;
  const heights = values.map(
    (value) => value > capacity ? Math.max(1, 1 / place.ratio, (value - capacity) * perByte) : 0);
  fillBars(context, place, heights, floor - capacity * perByte);
}

function drawDashes(context, place, y, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(place.left, Math.round(y) + 0.5);
  context.lineTo(place.right, Math.round(y) + 0.5);
  context.stroke();
  context.setLineDash([]);
}

function drawPeak(page, context, place, summary, floor, perByte) {
  const x = place.xOf(psOf(summary.peak_at_s));
  if (!(x >= place.left - 1 && x <= place.right + 1)) return;
  const y = floor - summary.peak_memory_bytes * perByte;
  context.fillStyle = page.colours.ink;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - 3.5, y - 5);
  context.lineTo(x + 3.5, y - 5);
  context.fill();
}

/** On the right of each row: what is held at the cursor, or else the peak. */
function writeLevels(page, run, context, place, rows, devices) {
  context.font = smallFont;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (let row = rows.first; row < rows.last; ++row) {
    const peak = devices[row]?.peak_memory_bytes;
    const atCursor = page.cursor !== null;
    const bytes = atCursor ? levelAt(run.lanes[row], curveOf(run, row), page.cursor) : peak;
    context.fillStyle = atCursor ? page.colours.ink : page.colours.quiet;
    const text = typeof bytes === 'number' ? readableBytes(bytes) : '';
    const capacity = run.meta.capacity_bytes[row];
    const middle = place.yOf(row) + place.rowHeight / 2;
    context.fillText(text, place.width - 6, capacity === null ? middle : middle - 7);
    if (capacity === null) continue;
    context.fillStyle = page.colours.quiet;
    context.fillText(`of ${readableBytes(capacity)}`, place.width - 6, middle + 7);
  }
  context.textAlign = 'left';
}
