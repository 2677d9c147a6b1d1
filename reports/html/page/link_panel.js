// Links over time: the part of each pixel's time in which a message was under way.

/** The name of a link: its own, or the two devices that have it to themselves. */
function linkName(link) {
  return link.number >= 0 ? cut(link.name) : `${link.from} → ${link.to}`;
}

/** Of a link's whole share: the summary's figure where it has one. */
function wholeShare(run, link) {
  const stated = run.meta.summary.links?.[link.number]?.utilisation;
  return typeof stated === 'number' ? stated : linkShare(link.intervals, run.begins, run.ends);
}

/** The panel of one run, or null where no message takes time. */
function makeLinkPanel(page, run) {
  const links = run.links = linkUse(run);
  if (links.length === 0) return null;
  return new StripPanel(page, {
    title: 'Links',
    note: run.meta.clock === 'wall'
      ? 'time with a message under way, until its receiver saw it'
      : 'time with a message under way, sending and latency',
    rows: links.length,
    rowHeight: 20,
    maxHeight: 200,
    columnTitle: () => 'of pipeline',
    rowName: (row) => linkName(links[row]),
    rowFigure: (row) => percent(wholeShare(run, links[row])),
    draw: (context, place, rows) => {
      for (let row = rows.first; row < rows.last; ++row) {
        drawLink(page, context, place, row, links[row].intervals);
      }
    },
  });
}

function drawLink(page, context, place, row, intervals) {
  const columns = Math.max(1, Math.floor(place.plot * place.ratio));
  const width = page.view.span / columns;
  const floor = place.yOf(row) + place.rowHeight - 3;
  const tall = place.rowHeight - 6;
  const heights = new Float64Array(columns);
  let before = busyUntil(intervals, page.view.start);
  for (let column = 0; column < columns; ++column) {
    const after = busyUntil(intervals, page.view.start + (column + 1) * width);
    const share = (after - before) / width;
    heights[column] = share > 1e-12 ? Math.max(1, 1 / place.ratio, share * tall) : 0;
    before = after;
  }
  context.fillStyle = page.colours.link;
  fillBars(context, place, heights, floor);
  context.fillStyle = page.colours.line;
  context.fillRect(place.left, floor, place.plot, 1);
}
