// What is drawn over the chart: the op that is pointed at or selected, the message it waited for,
// and the op that it feeds.

/** Outlines of the ops in question, and their messages as arrows. */
function drawMarks(page, run, context, place) {
  context.save();
  context.beginPath();
  context.rect(place.left - 2, 0, place.plot + 4, place.height);
  context.clip();
  for (const [at, width] of [[page.selected, 2.5], [page.pointed, 1.5]]) {
    if (!at || at.run !== run) continue;
    drawMessages(page, run, context, place, at);
    outline(page, context, place, run.lanes[at.device], at.op, width);
  }
  context.restore();
}

function outline(page, context, place, lane, i, width) {
  const height = Math.max(1, place.rowHeight - rowGap(place.rowHeight));
  const [top, tall] = boxRows(lane, i, place.yOf(lane.device), height);
  const left = Math.max(place.left - 5, place.xOf(startOf(lane, i)));
  const right = Math.min(place.right + 5, place.xOf(finishOf(lane, i)));
  context.lineWidth = width + 2;
  context.strokeStyle = page.colours.paper;
  context.strokeRect(left, top, Math.max(2, right - left), Math.max(2, tall));
  context.lineWidth = width;
  context.strokeStyle = page.colours.ink;
  context.strokeRect(left, top, Math.max(2, right - left), Math.max(2, tall));
}

function drawMessages(page, run, context, place, {device, op}) {
  const lane = run.lanes[device];
  const middle = (row) => place.yOf(row) + (place.rowHeight - rowGap(place.rowHeight)) / 2;
  const message = neededMessage(run, lane, op);
  if (message) {
    drawMessage(page, context, place, message, middle(message.sender.device), middle(device));
  }
  const consumer = lane.feedsDevice[op];
  if (consumer < 0) return;
  const fed = neededMessage(run, run.lanes[consumer], lane.feedsOp[op]);
  drawMessage(page, context, place, fed, middle(device), middle(consumer));
}

function drawMessage(page, context, place, message, fromY, toY) {
  const [sent, arrived] = [Number(message.sent), Number(message.arrived)];
  drawArrow(page, context, place.xOf(sent), fromY, place.xOf(Math.max(arrived, sent)), toY);
}

function drawArrow(page, context, fromX, fromY, toX, toY) {
  const down = Math.sign(toY - fromY) || 1;
  const bend = Math.min(24, Math.abs(toY - fromY) / 2);
  const trace = () => {
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.bezierCurveTo(fromX, fromY + down * bend, toX, toY - down * bend, toX, toY);
    context.stroke();
  };
  for (const [colour, width] of [[page.colours.paper, 4], [page.colours.accent, 1.75]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    trace();
  }
  context.fillStyle = page.colours.accent;
  context.beginPath();
  context.moveTo(toX, toY);
  context.lineTo(toX - 4, toY - down * 8);
  context.lineTo(toX + 4, toY - down * 8);
  context.fill();
  context.beginPath();
  context.arc(fromX, fromY, 2.5, 0, 2 * Math.PI);
  context.fill();
}
