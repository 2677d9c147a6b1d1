// A report in a browser: whether it kept to itself, what it says, and what it has decoded.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

import { newPage } from './chromium.mjs';

/** Opens a report as a double click does, and waits until it is drawn. */
export async function openReport(browser, file, options = {}) {
  const page = await newPage(browser, options);
  page.address = pathToFileURL(file).href;
  await page.goto(page.address);
  await page.evaluate(() => window.pipesimReport.ready);
  return page;
}

/** Nothing was logged, thrown or asked of anyone, and nothing says that it can't be shown. */
export async function checkQuiet(page) {
  assert.deepEqual(page.problems, []);
  assert.deepEqual(page.requests, [page.address]);
  assert.deepEqual(await page.locator('.damaged').allInnerTexts(), []);
}

/** Every figure: its key and value, and the row of a table or the run that it stands in, if any. */
export const figuresOf = (page) =>
  page.locator('[data-key]').evaluateAll((all) =>
    all.map((shown) => {
      const row = shown.closest('tr');
      return {
        key: shown.dataset.key,
        value: shown.dataset.value,
        device: row?.dataset.device,
        row: row?.dataset.row,
        run: shown.closest('[data-run]')?.dataset.run,
        link: shown.closest('.links') ? row.rowIndex - 1 : undefined,
      };
    }),
  );

const inLanes = (a, b) => a.device - b.device || a.start - b.start || a.finish - b.finish;

/** The ops of a timeline, device by device. */
export const spansInLanes = ({ spans }) =>
  spans.map(({ overlapped, ...span }) => span).toSorted(inLanes);

/** The same of a run that the page has decoded. */
export async function decodedSpans(page, run) {
  const spans = await page.evaluate(async (index) => {
    await window.pipesimReport.decode(index);
    const { kinds } = JSON.parse(document.getElementById('report').textContent);
    return window.pipesimReport.runs[index].lanes.flatMap((lane, device) =>
      Array.from(lane.flags, (flags, i) => ({
        device,
        kind: kinds[flags & 15].token,
        stage: lane.stage[i],
        micro_batch: lane.microBatch[i],
        start: lane.start[i],
        finish: lane.finish[i],
      })),
    );
  }, run);
  return spans.sort(inLanes);
}

/** The most that each device holds, added up from what its ops do to its memory. */
export const decodedPeaks = (page, run) =>
  page.evaluate((index) => {
    const { lanes, patterns } = window.pipesimReport.runs[index];
    return lanes.map((lane) => {
      let held = 0;
      let peak = 0;
      const add = (pattern, when) => {
        for (const use of patterns[pattern].uses) {
          held += use[when];
          peak = Math.max(peak, held);
        }
      };
      add(lane.held, 'atStart');
      for (const pattern of lane.pattern) {
        add(pattern, 'atStart');
        add(pattern, 'atFinish');
      }
      return peak;
    });
  }, run);

export const viewOf = (page) =>
  page.evaluate(() => ({
    start: window.pipesimReport.view.start,
    finish: window.pipesimReport.view.finish,
  }));

/** Where a moment of a device is, in the window. */
export const pointOf = (page, { run = 0, device, ps }) =>
  page.evaluate(
    ([run, device, ps]) => window.pipesimReport.pointOf(run, device, ps),
    [run, device, ps],
  );

/** After what was done has been drawn. */
export const nextFrame = (page) =>
  page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );

/** What `act` makes axes say: [{text, left, right}, …] for each panel whose axis it draws. */
export async function axisTexts(page, act) {
  await page.evaluate(() => {
    const { prototype: proto } = CanvasRenderingContext2D;
    const { fillText, clearRect } = proto;
    const isWatched = Boolean(window.axes);
    window.axes = new Map();
    if (isWatched) return;
    proto.clearRect = function (...box) {
      if (this.canvas.className === 'axis') window.axes.set(this.canvas, []);
      clearRect.apply(this, box);
    };
    proto.fillText = function (text, x, y) {
      const width = this.measureText(text).width;
      const left = this.textAlign === 'right' ? x - width : x;
      if (text) window.axes.get(this.canvas)?.push({ text, left, right: left + width });
      fillText.call(this, text, x, y);
    };
  });
  await act();
  await nextFrame(page);
  return page.evaluate(() => [...window.axes.values()]);
}

const scales = { s: 12, ms: 9, µs: 6, ns: 3, ps: 0 };

/** "1.872158255 ms" → 1872158255, without a rounding. */
export function picoseconds(text) {
  const [, whole, fraction = '', unit] = /^(\d+)(?:\.(\d+))? (s|ms|µs|ns|ps)$/.exec(text);
  return Number(whole + fraction.padEnd(scales[unit], '0'));
}
