// Every example's report, opened by its file's name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { launch, newPage, screenshots } from './support/chromium.mjs';
import { example, examples, step } from './support/pipesim.mjs';
import { checkStepFigures } from './support/report_figures.mjs';
import {
  checkQuiet, decodedPeaks, decodedSpans, nextFrame, openReport, spansInLanes,
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

// Pixels of a canvas that differ from both of their neighbours in a row, which have the colour.
function seams(canvas, colour) {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const pixels = new Uint32Array(data.buffer);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const wanted = (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
  const isSeam = (pixel, i) =>
    pixel !== wanted && pixels[i - 1] === wanted && pixels[i + 1] === wanted;
  return { seams: pixels.filter(isSeam).length,
           wanted: pixels.filter((pixel) => pixel === wanted).length };
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

  for (const deviceScaleFactor of [0.9, 1.25, 2]) {
    test(`has memory without seams at ${deviceScaleFactor} pixels for one of CSS`, async () => {
      const run = step('seams', example('does_not_fit'), { reports });
      const page = await openReport(browser, run.files.html, { deviceScaleFactor });
      await page.evaluate(() => {
        const { view } = window.pipesimReport;
        view.show(0.4 * view.whole, 0.5 * view.whole);
      });
      await nextFrame(page);
      const canvas = page.locator('.panel', { has: page.locator('h3:text-is("Memory")') })
        .locator('canvas:not(.axis)').first();
      for (const name of ['--alarm', '--held-least']) {
        const colour = await page.locator(':root').evaluate(
          (root, name) => getComputedStyle(root).getPropertyValue(name), name);
        const found = await canvas.evaluate(seams, colour);
        assert.ok(found.wanted > 1000, name);
        // The tip of the peak's triangle is one pixel, a seam as many as the area is high.
        assert.ok(found.seams <= 4, `${name}: ${found.seams}`);
      }
      await page.close();
    });
  }

  test('of an executed step shows the run below the replay of its durations', async () => {
    const run = step('executed', example('gpipe'), { command: 'execute', reports });
    const page = await openReport(browser, run.files.html);
    await checkStepFigures(page, run.summary);
    await checkRun(page, 1, run);
    const durations = (spans) => spans.map(({ start, finish, ...op }) => ({ ...op, ps: finish - start }));
    const executed = durations(spansInLanes(run.timeline)).filter(({ kind }) => kind !== 'O');
    const replayed = durations(await decodedSpans(page, 0)).filter(({ kind }) => kind !== 'O');
    assert.deepEqual(replayed, executed);
    assert.match(await page.locator('.checks').innerText(), /gradients match\s+memory trace matches/);
    await screenshots(page, 'report-executed');
    await checkQuiet(page);
    await page.close();
  });

  test('of an executed step has both timelines in its first frame and on paper', async () => {
    const run = step('executed-first', example('gpipe'), { command: 'execute', reports });
    const page = await newPage(browser);
    await page.goto(pathToFileURL(run.files.html).href);
    // As it is when the page has loaded, before anything that it waits for.
    assert.equal(await page.getByText('Not read yet').count(), 0);
    assert.equal(await page.locator('section.run .strip').count() >= 2, true);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.getByText('Not read yet').count(), 0);
    await page.close();
  });
});
