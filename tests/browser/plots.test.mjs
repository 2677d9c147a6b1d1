// The pages of `validate` and `train`: their plots and tables say what --json says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { launch, newPage, screenshots } from './support/chromium.mjs';
import { example, pipesim, temporary } from './support/pipesim.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function openPlots(name, args) {
  const file = temporary(`${name}.html`);
  const summary = JSON.parse(pipesim([...args, '--json', '--html', file]));
  const page = await newPage(browser);
  await page.goto(pathToFileURL(file).href);
  return { page, summary };
}

async function checkQuietAndClose(page, name) {
  await screenshots(page, name);
  assert.deepEqual(page.problems, []);
  assert.deepEqual(page.requests, [page.url()]);
  await page.close();
}

const tableOf = (page) =>
  page.locator('tr:has(td)').evaluateAll((rows) =>
    rows.map((row) => [...row.cells].map((cell) => cell.textContent)),
  );

// Marks of a plot, {text, value}: what is said of it, and where it stands on the vertical axis, by
// the axis' own labels.
const marksOf = (page, plot) =>
  page.locator('figure').nth(plot).evaluate((figure) => {
    const labels = [...figure.querySelectorAll('text[text-anchor=end]')].map((label) => ({
      y: Number(label.getAttribute('y')),
      value: parseFloat(label.textContent),
    }));
    const [low, high] = [labels[0], labels.at(-1)];
    const gap = 4; // A label's baseline is below its line.
    return [...figure.querySelectorAll('.mark')].map((mark) => {
      const y = Number(/translate\(\S+ (\S+)\)/.exec(mark.getAttribute('transform'))[1]);
      const part = (low.y - gap - y) / (low.y - high.y);
      return {
        text: mark.querySelector('title').textContent,
        value: low.value + part * (high.value - low.value),
      };
    });
  });

// A fiftieth of a pixel of the plot, which is about 200 high: its coordinates have two decimals.
const near = (found, expected, range) =>
  assert.ok(Math.abs(found - expected) <= range / 10_000, `${found} is not ${expected}`);

const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;

describe('the page of validate', () => {
  test('has a mark and a row for every row of --json, where it says', async () => {
    const { page, summary } = await openPlots('validate', ['validate']);
    const { rows } = summary;
    assert.deepEqual(
      await tableOf(page),
      rows.map((row) => [
        row.schedule, String(row.stages), String(row.micro_batches), percent(row.formula),
        percent(row.simulated), String(row.difference),
      ]),
    );
    for (const [plot, schedule] of ['gpipe', '1f1b'].entries()) {
      const expected = rows.filter((row) => row.schedule === schedule);
      const marks = await marksOf(page, plot);
      assert.equal(marks.length, expected.length);
      for (const row of expected) {
        const name = `K = ${row.stages}, M = ${row.micro_batches}: `;
        const mark = marks.find(({ text }) => text.startsWith(name));
        const texts = `${percent(row.simulated)} simulated, ${percent(row.formula)} by formula`;
        assert.equal(mark.text, name + texts);
        near(mark.value, 100 * row.simulated, 100);
      }
    }
    await checkQuietAndClose(page, 'validate');
  });

  test('says below a plot what the pointer is at', async () => {
    const { page } = await openPlots('validate', ['validate']);
    const figure = page.locator('figure').first();
    const mark = figure.locator('.mark').first();
    const text = await mark.locator('title').textContent();
    const usual = await figure.locator('figcaption').textContent();
    await mark.hover();
    assert.equal(await figure.locator('figcaption').textContent(), text);
    await page.mouse.move(1, 1);
    assert.equal(await figure.locator('figcaption').textContent(), usual);
    await page.close();
  });
});

describe('the page of train', () => {
  test('has the losses of --json', async () => {
    const { page, summary } = await openPlots('train', ['train', example('gpipe')]);
    const { losses, mean_losses: means } = summary;
    const rows = await tableOf(page);
    const expected = losses.map((epoch, i) => [i + 1, means[i], epoch[0], epoch.at(-1)]);
    const short = (number) => Number(number.toPrecision(6));
    assert.deepEqual(rows.map((row) => row.map(Number)), expected.map((row) => row.map(short)));
    const marks = await marksOf(page, 0);
    assert.equal(marks.length, means.length);
    marks.forEach(({ value }, i) => near(value, means[i], 2.5));
    await checkQuietAndClose(page, 'train');
  });
});
