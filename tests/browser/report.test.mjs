// Every example's report, opened by its file's name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch, screenshots } from './support/chromium.mjs';
import { example, examples, step } from './support/pipesim.mjs';
import { checkStepFigures } from './support/report_figures.mjs';
import {
  checkQuiet, decodedPeaks, decodedSpans, openReport, spansInLanes,
} from './support/report_page.mjs';

const reports = { html: 'html' };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function checkRun(page, run, { summary, timeline }) {
  assert.deepEqual(await decodedSpans(page, run), spansInLanes(timeline));
  assert.deepEqual(
    await decodedPeaks(page, run),
    summary.devices.map((device) => device.peak_memory_bytes),
  );
}

describe('the report', () => {
  for (const name of examples) {
    test(`of ${name} says what --json and --timeline say`, async () => {
      const run = step(name, example(name), { reports });
      const page = await openReport(browser, run.files.html);
      await checkStepFigures(page, run.summary);
      await checkRun(page, 0, run);
      await screenshots(page, `report-${name}`);
      await checkQuiet(page);
      await page.close();
    });
  }

  test('keeps the colours that mean something where a reader has their own', async () => {
    const run = step('forced', example('does_not_fit'), { reports });
    const page = await openReport(browser, run.files.html);
    const colours = () =>
      page.locator('.kind:not(.idle), .swatch, .piece').evaluateAll((all) =>
        all.map((part) => getComputedStyle(part).backgroundColor));
    const usual = await colours();
    assert.ok(new Set(usual).size > 6, usual.join());
    await page.emulateMedia({ forcedColors: 'active' });
    assert.deepEqual(await colours(), usual);
    await checkQuiet(page);
    await page.close();
  });

  test('of an executed step shows the prediction and the run', async () => {
    const run = step('executed', example('gpipe'), { command: 'execute', reports });
    const page = await openReport(browser, run.files.html);
    await checkStepFigures(page, run.summary);
    await checkRun(page, 1, run);
    const predicted = step('predicted', example('gpipe')).timeline;
    assert.deepEqual(await decodedSpans(page, 0), spansInLanes(predicted));
    await screenshots(page, 'report-executed');
    await checkQuiet(page);
    await page.close();
  });
});
