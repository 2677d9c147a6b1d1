// Reports about many ops: how large they are, and how long they take to draw.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { artifacts, pipesim, smallConfig, temporary } from './support/pipesim.mjs';
import { checkQuiet, openReport } from './support/report_page.mjs';

const million = 1_000_000;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

// Stages that differ, by whole picoseconds.
const forward = [10_007, 11_113, 9_973, 10_501, 12_007, 9_001, 10_993, 10_211];
const backward = [20_011, 21_001, 19_997, 22_003, 20_507, 18_013, 21_499, 20_899];
const model = {
  kind: 'stage_costs',
  forward: forward.map((ps) => `${ps} ps`),
  backward: backward.map((ps) => `${ps} ps`),
  boundary_bytes: 1000,
  stash_bytes: 30000,
  parameter_bytes: 10000,
};

// From frame to frame while the chart, showing a part of the step, is panned in every frame.
const framesOfPan = (page, part) =>
  page.evaluate(async (part) => {
    const { view } = window.pipesimReport;
    view.show(0.1 * view.whole, (0.1 + part) * view.whole);
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [await frame()];
    for (let i = 0; i < 120; ++i) {
      view.pan(0.01);
      times.push(await frame());
    }
    return times.slice(1).map((time, i) => time - times[i]);
  }, part);

function inWords(frames) {
  const sorted = frames.toSorted((a, b) => a - b);
  const mean = frames.reduce((sum, frame) => sum + frame, 0) / frames.length;
  const at = (part) => sorted[Math.floor(part * (sorted.length - 1))].toFixed(1);
  return `${(1000 / mean).toFixed(1)} frames/s, median ${at(0.5)} ms, 95 % within ${at(0.95)} ms`;
}

describe('the report', () => {
  for (const { ops, bytes } of [
    { ops: million / 10, bytes: 3 * million },
    { ops: million, bytes: 12 * million },
  ]) {
    test(`of ${ops} ops is at most ${bytes / million} MB`, { timeout: 300_000 }, async (t) => {
      const stages = forward.length;
      const micro_batches = ops / (2 * stages);
      const pipeline = { schedule: '1f1b', stages, micro_batches };
      const config = smallConfig(`${ops}-ops`, pipeline, { model });
      const file = temporary(`${ops}.html`);
      pipesim(['simulate', config, '--quiet', '--html', file]);
      const { size } = fs.statSync(file);
      t.diagnostic(`${ops} ops: ${size} bytes`);
      assert.ok(size <= bytes, `${size} bytes`);
      const page = await openReport(browser, file);
      const counts = await page.evaluate(() =>
        window.pipesimReport.runs[0].lanes.map((lane) => lane.count),
      );
      assert.equal(counts.reduce((sum, count) => sum + count, 0), ops);
      const { firstDraw } = await page.evaluate(() => window.pipesimReport.timings);
      t.diagnostic(`first drawn after ${firstDraw.toFixed(0)} ms`);
      await page.screenshot({ path: path.join(artifacts, `report-${ops}-ops.png`) });
      for (const part of [0.8, 0.05, 20 / micro_batches]) {
        const frames = inWords(await framesOfPan(page, part));
        t.diagnostic(`pan over ${100 * part} % of the step: ${frames}`);
      }
      await page.screenshot({ path: path.join(artifacts, `report-${ops}-ops-near.png`) });
      await checkQuiet(page);
      await page.close();
    });
  }

  test('of 2,500 devices shows 2,000 rows of its table, by the order chosen', async () => {
    const pipeline = { schedule: 'gpipe', stages: 2500, micro_batches: 1 };
    const equal = { ...model, forward: 1, backward: 1 };
    const config = smallConfig('2500-devices', pipeline, { model: equal });
    const file = temporary('2500.html');
    pipesim(['simulate', config, '--quiet', '--html', file]);
    const page = await openReport(browser, file);
    const rows = () =>
      page
        .locator('section.devices tbody tr')
        .evaluateAll((all) => all.map((row) => Number(row.dataset.device)));
    const counting = Array.from({ length: 2000 }, (_, i) => i);
    assert.deepEqual(await rows(), counting);
    const byDevice = page.locator('section.devices th button').first();
    await byDevice.click();
    await byDevice.click();
    assert.deepEqual(await rows(), counting.map((i) => 2499 - i));
    const note = page.locator('section.devices .note');
    assert.match(await note.innerText(), /^The first 2,000 of 2,500 rows; /);
    await checkQuiet(page);
    await page.close();
  });
});
