// The part of time that all pictures of the page show, and the marks on its axis.

/** 1, 2 or 5 times a power of ten, so that at most `most` of it fit into `span`; at least 1. */
function tickStep(span, most) {
  const least = Math.max(span / Math.max(1, most), 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9));
  return factor * power;
}

/**
 * Marks for [start, finish], in ps: [{at, text}, …], all in one unit, with as many decimals as tell
 * neighbours apart.
 */
function axisTicks(start, finish, most) {
  const step = tickStep(finish - start, most);
  const unit = timeUnit(Math.max(Math.abs(finish), step));
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit.scale) + 1e-9));
  const ticks = [];
  for (let n = Math.ceil(start / step - 1e-9); n * step <= finish; ++n) {
    ticks.push({at: n * step, text: `${(n * step / unit.scale).toFixed(decimals)} ${unit.name}`});
    if (ticks.length > 2 * most + 2) break;
  }
  return ticks;
}

/** What the page shows of time: [start, finish] within [0, whole]. */
class TimeView {
  constructor(whole) {
    this.whole = Math.max(1, whole);
    this.start = 0;
    this.finish = this.whole;
    this.listeners = [];
  }

  get span() {
    return this.finish - this.start;
  }

  get isWhole() {
    return this.start === 0 && this.finish === this.whole;
  }

  /** The least that can be shown: a few ps, or what doubles tell apart. */
  get least() {
    return Math.min(this.whole, Math.max(8, this.whole * 2 ** -44));
  }

  /** As much of a span as can be shown. */
  limited(span) {
    return Math.min(this.whole, Math.max(this.least, span));
  }

  /** Shows [start, finish], or as much of it as can be. */
  show(start, finish) {
    const span = this.limited(finish - start);
    const middle = (start + finish) / 2;
    this.start = Math.min(Math.max(0, middle - span / 2), this.whole - span);
    this.finish = span === this.whole ? this.whole : this.start + span;
    if (span === this.whole) this.start = 0;
    for (const listener of this.listeners) listener();
  }

  fit() {
    this.show(0, this.whole);
  }

  /** Shows `factor` times less of time; what stands at `at` stays where it is. */
  zoom(factor, at) {
    const isDeepest = this.span <= 1.001 * this.least;
    if (isDeepest && factor >= 1) return;
    this.showAround(at, (at - this.start) / this.span, this.span / factor);
  }

  /** Shows a span, or as much of it as can be, that has `at` where `part` of it is over. */
  showAround(at, part, span) {
    const shown = this.limited(span);
    this.show(at - part * shown, at + (1 - part) * shown);
  }

  /** Moves by a part of what is shown. */
  pan(part) {
    const by = part * this.span;
    this.show(this.start + by, this.finish + by);
  }

  /** Moves, if need be, until [start, finish] is seen. */
  reveal(start, finish) {
    if (start >= this.start && finish <= this.finish) return;
    const span = Math.max(this.span, 1.2 * (finish - start));
    const middle = (start + finish) / 2;
    this.show(middle - span / 2, middle + span / 2);
  }
}
