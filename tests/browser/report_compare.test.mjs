// The report of `compare`: every schedule that is possible, over one time axis.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { artifacts, example, pipesim, step, temporary } from './support/pipesim.mjs';
import { checkFigures } from './support/report_figures.mjs';
import { checkQuiet, decodedSpans, openReport, spansInLanes } from './support/report_page.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

function compare(name) {
  const file = temporary(`${name}.compare.html`);
  const { rows } = JSON.parse(pipesim(['compare', example(name), '--json', '--html', file]));
  return { file, rows };
}

// The step of a row, simulated alone.
function alone({ schedule, recompute, virtual_stages }) {
  const settings = { schedule, recompute, virtual_stages };
  const options = Object.entries(settings).flatMap(([key, value]) => [
    '--set', `pipeline.${key}=${value}`,
  ]);
  return step('alone', example('gpipe'), { options });
}

describe('the report of compare', () => {
  test('has every figure of --json, and each chart the ops of its schedule', async () => {
    const { file, rows } = compare('gpipe');
    const page = await openReport(browser, file);
    const possible = rows.filter((row) => !row.reason);
    const rowOf = ({ row, run }) => (run === undefined ? rows[row] : possible[run]);
    const figures = await checkFigures(page, (figure) => rowOf(figure)[figure.key]);
    const shown_rows = new Set(figures.map(({ row }) => row).filter((row) => row !== undefined));
    assert.equal(shown_rows.size, possible.length);
    const keys = figures.filter(({ run }) => run === '0').map(({ key }) => key);
    assert.deepEqual(keys, ['step_time_s', 'bubble_fraction', 'peak_memory_bytes', 'recompute']);
    assert.equal(await page.locator('section.run').count(), possible.length);
    for (const [run, row] of possible.entries()) {
      if (row.schedule === 'data parallel') continue;
      const { summary, timeline } = alone(row);
      assert.equal(summary.step_time_s, row.step_time_s);
      assert.deepEqual(await decodedSpans(page, run), spansInLanes(timeline));
    }
    await checkQuiet(page);
    await page.close();
  });

  test('draws a chart when it is scrolled to', async () => {
    const { file, rows } = compare('gpipe');
    const page = await openReport(browser, file);
    await page.screenshot({ path: path.join(artifacts, 'report-compare.png') });
    const last = page.locator('section.run').last();
    await last.scrollIntoViewIfNeeded();
    await last.locator('.strip').first().waitFor();
    await page.screenshot({ path: path.join(artifacts, 'report-compare-end.png') });
    assert.ok((await last.innerText()).startsWith(rows.at(-1).schedule));
    await checkQuiet(page);
    await page.close();
  });

  test('says once why a schedule is not possible', async () => {
    const { file, rows } = compare('uneven');
    const page = await openReport(browser, file);
    const impossible = rows.filter((row) => row.reason);
    const reasons = [...new Map(impossible.map(
      ({ schedule, reason }) => [`${schedule}: ${reason}`, reason])).values()];
    assert.ok(reasons.length < impossible.length);
    const shown = await page.locator('tr.impossible').allInnerTexts();
    assert.equal(shown.length, reasons.length);
    shown.forEach((text, i) => assert.ok(text.includes(reasons[i]), text));
    await checkQuiet(page);
    await page.close();
  });
});
