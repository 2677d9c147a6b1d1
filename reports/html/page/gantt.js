// The chart of all devices: a box for each op, and where ops are narrower than boxes can be,
// columns that are filled by the parts of their time that each kind takes. Idling inside the
// pipeline is hatched.

const leastBox = 5;  // CSS pixels; narrower ones would only flicker beside each other
const rowHeights = [1, 2, 3, 4, 6, 8, 11, 14, 18, 22, 26, 32, 40];

const chartRoom = () => Math.max(300, Math.round(0.7 * window.innerHeight));

/** The height of rows of which all are seen, if that is a pixel for each. */
function fittingRowHeight(rows, room) {
  return rowHeights.filter((height) => height <= 26 && height * rows <= room).pop() ?? 1;
}

function rowGap(rowHeight) {
  return rowHeight >= 8 ? 2 : rowHeight >= 4 ? 1 : 0;
}

/** The chart of one decoded run. */
function makeGantt(page, run) {
  const {meta} = run;
  run.kinds = usedKinds(run);
  run.blocks = run.lanes.map((lane) => blockSums(lane, run.kinds));
  run.begins = Number(meta.pipeline_start_ps);
  run.ends = Number(meta.pipeline_finish_ps);
  const maxHeight = chartRoom();
  const shares = meta.summary.devices ?? [];
  const gantt = new StripPanel(page, {
    title: 'Devices over time',
    note: 'hatched: idle inside the pipeline',
    rows: meta.devices,
    rowHeight: fittingRowHeight(meta.devices, maxHeight),
    maxHeight,
    columnTitle: () => shares.length ? 'bubble' : '',
    rowName: (row, room) => room < 60 ? String(row) : `device ${row}`,
    rowFigure: (row) => {
      const share = shares[row]?.bubble_fraction;
      return typeof share === 'number' ? percent(share) : '';
    },
    draw: (context, place, rows) => drawGantt(page, run, context, place, rows),
    drawOver: (context, place) => drawMarks(page, run, context, place),
  });
  gantt.controls.append(...rowHeightButtons(page, gantt));
  return gantt;
}

function rowHeightButtons(page, gantt) {
  const button = (text, title, by) => element(
    'button', {type: 'button', title, onclick: () => stepRowHeight(page, gantt, by)}, text);
  return [button('–', 'Lower lanes (<)', -1), ' lanes ', button('+', 'Taller lanes (>)', 1)];
}

/** The next lower or taller lanes. */
function stepRowHeight(page, gantt, by) {
  const at = rowHeights.findIndex((height) => height >= gantt.rowHeight) + by;
  gantt.setRowHeight(rowHeights[Math.min(Math.max(at, 0), rowHeights.length - 1)]);
  page.invalidate();
}

function drawGantt(page, run, context, place, rows) {
  const height = Math.max(1, place.rowHeight - rowGap(place.rowHeight));
  drawIdle(page, run, context, place, rows, height);
  const columns = Math.max(1, Math.round(place.plot * place.ratio));
  const scale = {start: page.view.start, width: page.view.span / columns, columns};
  const shares = page.scratch(columns * run.kinds.length);
  const boxes = run.kinds.map(() => []);
  let picture = null;
  for (let row = rows.first; row < rows.last; ++row) {
    const lane = run.lanes[row];
    const blocks = run.blocks[row];
    const shown = laneColumns(lane, blocks, run.kinds, scale, leastBox * place.ratio, shares);
    if (shown.mixed) {
      picture ??= makePicture(page, columns, Math.round(place.height * place.ratio));
      const top = Math.round(place.yOf(row) * place.ratio);
      const bottom = Math.max(top + 1, Math.round((place.yOf(row) + height) * place.ratio));
      paintColumns(page, run, picture, shares, top, bottom);
    }
    for (const i of shown.boxes) boxes[blocks.place[kindOf(lane, i)]].push(row, i);
  }
  if (picture) {
    picture.context.putImageData(picture.image, 0, 0);
    context.drawImage(picture.canvas, place.left, 0, place.plot, place.height);
  }
  drawBoxes(page, run, context, place, boxes, height);
}

function drawIdle(page, run, context, place, rows, height) {
  const left = Math.max(place.left, place.xOf(run.begins));
  const right = Math.min(place.right, place.xOf(run.ends));
  if (!(right > left)) return;
  context.fillStyle = page.colours.bubbleHatch;
  if (place.rowHeight < 4) {
    context.fillRect(left, place.yOf(rows.first), right - left,
                     (rows.last - rows.first) * place.rowHeight);
    return;
  }
  for (let row = rows.first; row < rows.last; ++row) {
    context.fillRect(left, place.yOf(row), right - left, height);
  }
}

/** An empty picture of pixels, one of them a column wide; the same one for every frame. */
function makePicture(page, width, height) {
  let {picture} = page;
  if (!picture || picture.width !== width || picture.height !== height) {
    const canvas = element('canvas', {width, height});
    const context = canvas.getContext('2d');
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    picture = page.picture = {canvas, context, image, pixels, width, height};
  }
  picture.pixels.fill(0);
  return picture;
}

const leastFilled = 0.1;  // of a lane's height, so that it is seen

/**
 * What share would fill a column: 1, but less where ops fill almost nothing of it. Where there are
 * only ops without length, they share all of it.
 */
function fullShare(shares, from, kinds) {
  let sum = 0;
  for (let k = 0; k < kinds; ++k) sum += shares[from + k];
  return sum < 1e-20 ? sum : Math.min(1, sum / leastFilled);
}

/** Each kind that is there at all gets a pixel, so that nothing vanishes. */
function paintColumns(page, run, picture, shares, top, bottom) {
  const kinds = run.kinds.length;
  const colours = run.kinds.map((kind) => pixelOf(page.kinds[kind].fill));
  const {pixels, width, height} = picture;
  const tall = bottom - top;
  const last = Math.min(bottom, height);
  for (let column = 0; column < width; ++column) {
    const whole = fullShare(shares, column * kinds, kinds);
    let filled = 0;
    let y = top;
    for (let k = 0; k < kinds; ++k) {
      const share = shares[column * kinds + k];
      if (share === 0) continue;
      filled += share / whole;
      const until = Math.min(Math.max(y + 1, top + Math.round(filled * tall)), last);
      for (; y < until; ++y) if (y >= 0) pixels[y * width + column] = colours[k];
    }
  }
}

/** Top and height of an op in its lane: the two of an overlapped pair share it. */
function boxRows(lane, i, top, height) {
  if (runsWithNext(lane, i)) return [top, height / 2];
  if (runsWithLast(lane, i)) return [top + height / 2, height / 2];
  return [top, height];
}

function drawBoxes(page, run, context, place, boxes, height) {
  context.save();
  context.beginPath();
  context.rect(place.left, 0, place.plot, place.height);
  context.clip();
  context.font = smallFont;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  boxes.forEach((found, k) => {
    const kind = page.kinds[run.kinds[k]];
    const labels = [];
    context.fillStyle = kind.fill;
    for (let at = 0; at < found.length; at += 2) {
      const lane = run.lanes[found[at]];
      const i = found[at + 1];
      const left = Math.max(place.left - 2, place.xOf(startOf(lane, i)));
      const right = Math.min(place.right + 2, place.xOf(finishOf(lane, i)));
      const [y, tall] = boxRows(lane, i, place.yOf(found[at]), height);
      const gap = right - left >= 5 ? 1 : 0;
      context.fillRect(left, y, right - left - gap, tall);
      if (right - left < 9 || tall < 10) continue;
      labels.push(lane, i, left, right - gap, y + tall / 2 + 0.5);
    }
    context.fillStyle = kind.ink;
    for (let at = 0; at < labels.length; at += 5) {
      writeLabel(page, context, kind, ...labels.slice(at, at + 5));
    }
  });
  context.restore();
}

/** The label where it fits, else the letter of its kind. */
function writeLabel(page, context, kind, lane, i, left, right, y) {
  const label = boxLabel(lane, i, page.kinds);
  const room = right - left - 3;
  const text = label.length * 6.3 <= room ? label : kind.token;
  if (text.length * 6.3 + (text.length > 1 ? 0 : 1) > room + 1) return;
  context.fillText(text, (left + right) / 2, y);
}
