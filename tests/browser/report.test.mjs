// Every example's report, opened by its file's name.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { artifacts, example, examples, step } from './support/pipesim.mjs';
import {
  checkQuiet, decodedPeaks, decodedSpans, figuresOf, openReport,
} from './support/report_page.mjs';

const reports = { html: 'html' };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const most = (devices, key) => Math.max(...devices.map((device) => device[key]));

// "bubble_breakdown.other" of a summary.
const valueAt = (summary, key) => key.split('.').reduce((object, part) => object?.[part], summary);

// What --json says where the page shows a figure.
function expectedValue(summary, { key, device, row, link }) {
  if (device !== undefined) return summary.devices[device][key];
  if (row !== undefined) return summary.rows[row][key];
  if (link !== undefined) return summary.links[link][key];
  if (key in summary.bubble_breakdown) return summary.bubble_breakdown[key];
  if (key === 'peak_memory_bytes') return most(summary.devices, key);
  return valueAt(summary, key);
}

async function checkFigures(page, summary) {
  const figures = await figuresOf(page);
  for (const figure of figures) {
    const value = expectedValue(summary, figure);
    const expected = Array.isArray(value) ? value.join(', ') : String(value);
    assert.equal(figure.value, expected, `${JSON.stringify(figure)}: the summary says ${expected}`);
  }
  return figures;
}

// No number of the summary is missing.
function checkComplete(figures, summary) {
  const shown = new Set(figures.map(({ key }) => key));
  const numbers = Object.keys(summary).filter((key) => typeof summary[key] === 'number');
  assert.deepEqual(numbers.filter((key) => !shown.has(key)), []);
  for (const { device } of summary.devices) {
    const count = figures.filter((figure) => figure.device === String(device)).length;
    assert.ok(count >= 9, `device ${device} has ${count} figures`);
  }
}

const withoutMarks = ({ spans }) => spans.map(({ overlapped, ...span }) => span);
const inLanes = (a, b) => a.device - b.device || a.start - b.start || a.finish - b.finish;

async function checkRun(page, run, { summary, timeline }) {
  const spans = await decodedSpans(page, run);
  assert.deepEqual(spans.sort(inLanes), withoutMarks(timeline).sort(inLanes));
  assert.deepEqual(
    await decodedPeaks(page, run),
    summary.devices.map((device) => device.peak_memory_bytes),
  );
}

async function screenshots(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({
      path: path.join(artifacts, `report-${name}-${colorScheme}.png`),
      fullPage: true,
      animations: 'disabled',
    });
  }
}

describe('the report', () => {
  for (const name of examples) {
    test(`of ${name} says what --json and --timeline say`, async () => {
      const run = step(name, example(name), { reports });
      const page = await openReport(browser, run.files.html);
      checkComplete(await checkFigures(page, run.summary), run.summary);
      await checkRun(page, 0, run);
      await screenshots(page, name);
      await checkQuiet(page);
      await page.close();
    });
  }

  test('of an executed step shows the prediction and the run', async () => {
    const run = step('executed', example('gpipe'), { command: 'execute', reports });
    const page = await openReport(browser, run.files.html);
    checkComplete(await checkFigures(page, run.summary), run.summary);
    await checkRun(page, 1, run);
    const predicted = step('predicted', example('gpipe')).timeline;
    assert.equal((await decodedSpans(page, 0)).length, predicted.spans.length);
    await screenshots(page, 'executed');
    await checkQuiet(page);
    await page.close();
  });
});
