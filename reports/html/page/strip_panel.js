// A picture of rows over the page's time axis: names on the left, figures on the right. Rows that
// don't fit scroll, and only those in view are drawn. Two canvases lie on each other below the
// scrolling element: what only the view changes, and what follows the pointer.

const axisHeight = 22;
const smallFont = '11px system-ui, sans-serif';
const labelGap = 12;

/**
 * `options`: title, note, rows (how many), rowHeight, maxHeight, rowName(row), columnTitle(), and
 * draw(context, place, rows) and drawOver(…) where `rows` is {first, last} and `place` what
 * place() returns.
 */
class StripPanel {
  constructor(page, options) {
    Object.assign(this, {page, ...options});
    this.base = element('canvas', {'aria-hidden': 'true'});
    this.over = element('canvas', {'aria-hidden': 'true'});
    this.axis = element('canvas', {class: 'axis', height: axisHeight, 'aria-hidden': 'true'});
    this.sizer = element('div', {class: 'sizer'});
    this.scroller = element('div', {class: 'scroller'}, this.sizer);
    this.scroller.addEventListener('scroll', () => page.invalidate(), {passive: true});
    this.strip = element('div', {class: 'strip'}, this.base, this.over, this.scroller);
    this.controls = element('span', {class: 'controls'});
    this.section = element(
      'section', {class: 'panel'},
      element('div', {class: 'panel-head'}, element('h3', {}, this.title),
              element('span', {class: 'note'}, this.note ?? ''), this.controls),
      this.axis, this.strip);
    this.setRowHeight(this.rowHeight);
  }

  setRowHeight(height) {
    this.rowHeight = height;
    const all = Math.max(1, this.rows) * height;
    this.sizer.style.height = `${all}px`;
    this.strip.style.height = `${Math.min(all, Math.max(height, this.maxHeight))}px`;
  }

  /** Where things are, in CSS pixels of the canvas. */
  place() {
    const {view} = this.page;
    const width = this.scroller.clientWidth;
    const narrow = width < 640;
    const left = narrow ? 40 : 76;
    const right = narrow ? 68 : 92;
    const plot = Math.max(1, width - left - right);
    return {
      width, height: this.scroller.clientHeight, left, plot, right: left + plot,
      ratio: window.devicePixelRatio || 1, top: -this.scroller.scrollTop,
      rowHeight: this.rowHeight,
      xOf: (time) => left + (time - view.start) / view.span * plot,
      timeAt: (x) => view.start + (x - left) / plot * view.span,
      yOf: (row) => row * this.rowHeight - this.scroller.scrollTop,
    };
  }

  rowsInView(place) {
    return {first: Math.max(0, Math.floor(-place.top / this.rowHeight)),
            last: Math.min(this.rows, Math.ceil((place.height - place.top) / this.rowHeight))};
  }

  rowAt(y) {
    const row = Math.floor((y + this.scroller.scrollTop) / this.rowHeight);
    return row >= 0 && row < this.rows ? row : -1;
  }

  /** Scrolls until a row is seen. */
  revealRow(row) {
    const {scroller, rowHeight} = this;
    const top = row * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + rowHeight - scroller.clientHeight;
    }
  }

  /** It is in the window, or less than half of one away. */
  get near() {
    const box = this.section.getBoundingClientRect();
    const margin = window.innerHeight / 2;
    return box.bottom > -margin && box.top < window.innerHeight + margin;
  }

  drawAll() {
    const place = this.place();
    this.stale = false;
    if (place.width === 0) return;
    this.drawAxis(place);
    const context = sized(this.base, place.width, place.height, place.ratio);
    context.fillStyle = this.page.colours.paper;
    context.fillRect(0, 0, place.width, place.height);
    const rows = this.rowsInView(place);
    this.drawGrid(context, place);
    this.draw(context, place, rows);
    this.drawNames(context, place, rows);
    this.drawAbove();
  }

  drawAbove() {
    const place = this.place();
    if (place.width === 0) return;
    // On paper what is cleared would be a white sheet over the chart.
    const canvas = onPaper() ? this.base : this.over;
    const context = sized(canvas, place.width, place.height, place.ratio);
    if (canvas === this.over) context.clearRect(0, 0, place.width, place.height);
    this.drawOver?.(context, place, this.rowsInView(place));
    if ((this.columnTitle?.() ?? '') !== this.shownTitle) this.drawAxis(place);
    const {cursor, colours} = this.page;
    if (cursor === null || cursor < this.page.view.start || cursor > this.page.view.finish) return;
    context.fillStyle = colours.cursor;
    context.fillRect(Math.round(place.xOf(cursor)), 0, 1, place.height);
  }

  /** Marks of the axis, as many as there is room for labels. */
  ticks(place) {
    const {view} = this.page;
    const context = this.axis.getContext('2d');
    context.font = smallFont;
    const isFull = (ticks) => ticks.length > 1 &&
      place.xOf(ticks[1].at) - place.xOf(ticks[0].at) <
        context.measureText(ticks.at(-1).text).width + labelGap;
    let most = Math.max(3, Math.floor(place.plot / 110));  // Fewer may be none.
    let ticks = axisTicks(view.start, view.finish, most);
    while (most > 1 && isFull(ticks)) {
      const fewer = axisTicks(view.start, view.finish, --most);
      if (fewer.length === 0) break;
      ticks = fewer;
    }
    return ticks;
  }

  drawAxis(place) {
    const context = sized(this.axis, place.width, axisHeight, place.ratio);
    const {colours} = this.page;
    context.clearRect(0, 0, place.width, axisHeight);
    context.font = smallFont;
    context.fillStyle = colours.quiet;
    context.textBaseline = 'middle';
    this.shownTitle = this.columnTitle?.() ?? '';
    const titleLeft = place.width - 6 - context.measureText(this.shownTitle).width;
    const end = Math.min(place.right, titleLeft - labelGap);
    let free = 0;
    for (const {at, text} of this.ticks(place)) {
      const x = place.xOf(at);
      const {width} = context.measureText(text);
      const left = Math.min(Math.max(x - width / 2, 0), end - width);
      context.fillRect(Math.round(x), axisHeight - 4, 1, 4);
      if (left < free) continue;
      context.fillText(text, left, 9);
      free = left + width + labelGap;
    }
    context.fillText(this.shownTitle, titleLeft, 9);
  }

  drawGrid(context, place) {
    context.fillStyle = this.page.colours.grid;
    for (const {at} of this.ticks(place)) {
      context.fillRect(Math.round(place.xOf(at)), 0, 1, place.height);
    }
  }

  /** As many names as there is room for, the first of them that of row 0. */
  drawNames(context, place, rows) {
    const every = 2 ** Math.max(0, Math.ceil(Math.log2(13 / this.rowHeight)));
    context.font = smallFont;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (let row = Math.floor(rows.first / every) * every; row < rows.last; row += every) {
      const y = place.yOf(row) + Math.max(this.rowHeight, 13) / 2;
      context.fillStyle = this.page.colours.quiet;
      context.fillText(this.rowName(row, place.left), place.left - 8, y, place.left - 10);
      const text = this.rowFigure?.(row) ?? '';
      if (text) context.fillText(text, place.width - 6, y, place.width - place.right - 8);
    }
    context.textAlign = 'left';
  }
}

/** Of how many columns of a plot something is added up: they are not narrower than a pixel. */
const columnsOf = ({plot, ratio}) => Math.max(1, Math.floor(plot * Math.min(1, ratio)));

/** The page is being printed. */
const onPaper = () => 'paper' in document.documentElement.dataset;

/**
 * Bars from a floor up, a column of the plot each; equal neighbours are one rectangle. Edges are on
 * pixels of the screen: between two that share one the ground would shine through.
 */
function fillBars(context, place, heights, floor) {
  const {left, plot, ratio} = place;
  const snapped = (at) => Math.round(at * ratio) / ratio;
  const edge = (column) => snapped(left + column * plot / heights.length);
  const bottom = snapped(floor);
  for (let from = 0; from < heights.length;) {
    const height = snapped(heights[from]);
    let to = from + 1;
    while (to < heights.length && snapped(heights[to]) === height) ++to;
    if (height > 0) {
      context.fillRect(edge(from), bottom - height, edge(to) - edge(from), height);
    }
    from = to;
  }
}

/** The context of a canvas of this many CSS pixels; setting its size clears it. */
function sized(canvas, width, height, ratio) {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
