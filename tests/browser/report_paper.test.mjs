// Reports on paper: printed to PDF, whose pages are then drawn by a reader of PDFs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { artifacts, example, pipesim, step, temporary } from './support/pipesim.mjs';
import { checkQuiet, openReport } from './support/report_page.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const forward = [0x00, 0x72, 0xb2];
const backward = [0xe6, 0x9f, 0x00];

// The pages of a PDF as {width, height, pixels}, three bytes a pixel.
function pagesOf(pdf) {
  const folder = temporary(`${path.basename(pdf)}.pages`);
  fs.mkdirSync(folder);
  execFileSync('pdftoppm', ['-r', '96', pdf, path.join(folder, 'page')]);
  return fs.readdirSync(folder).sort().map((name) => {
    const bytes = fs.readFileSync(path.join(folder, name));
    const text = bytes.subarray(0, 32).toString('latin1');
    const [head, width, height] = /^P6\s(\d+) (\d+)\s255\s/.exec(text);
    return { width: Number(width), height: Number(height), pixels: bytes.subarray(head.length) };
  });
}

const isNear = (pixels, at, colour) =>
  colour.every((value, channel) => Math.abs(pixels[at + channel] - value) <= 4);

function count({ pixels }, colour) {
  let found = 0;
  for (let at = 0; at < pixels.length; at += 3) found += isNear(pixels, at, colour);
  return found;
}

async function print(page, name) {
  const file = path.join(artifacts, `${name}.pdf`);
  const margin = '1cm';
  await page.pdf({
    path: file, format: 'A4', margin: { top: margin, bottom: margin, left: margin, right: margin },
  });
  return pagesOf(file);
}

describe('a report on paper', () => {
  test('has its charts as wide as the text, in the colours of the screen', async () => {
    const { timeline, files } = step('paper', example('gpipe'), { reports: { html: 'html' } });
    const page = await openReport(browser, files.html, { colorScheme: 'dark' });
    const [first, ...others] = await print(page, 'paper-gpipe');
    const time = (kind) => timeline.spans.filter((span) => span.kind === kind)
      .reduce((sum, { start, finish }) => sum + finish - start, 0);
    const end = Math.max(...timeline.spans.map(({ finish }) => finish));
    // Most of the page's width is the time axis, and lanes are 18 to 24 pixels high.
    const area = (kind) => time(kind) / end * first.width;
    for (const [kind, colour] of [['F', forward], ['B', backward]]) {
      const high = count(first, colour) / area(kind);
      assert.ok(high > 6 && high < 24, `${kind}: ${high} pixels high`);
    }
    const edge = ({ width, height, pixels }) => [...Array(height).keys()].filter(
      (y) => !isNear(pixels, 3 * (y * width + width - 20), [255, 255, 255]));
    for (const paper of [first, ...others]) assert.deepEqual(edge(paper), []);
    await checkQuiet(page);
    await page.close();
  });

  test('has all charts of compare, those that nobody scrolled to as well', async () => {
    const file = temporary('paper.compare.html');
    const { rows } = JSON.parse(pipesim(['compare', example('gpipe'), '--json', '--html', file]));
    const page = await openReport(browser, file);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('section.run')].every((run) => run.querySelector('.strip')),
    );
    const pages = await print(page, 'paper-compare');
    assert.ok(pages.length >= rows.filter((row) => !row.reason).length / 3);
    for (const [number, paper] of pages.slice(0, -1).entries()) {
      assert.ok(count(paper, forward) > 1000, `page ${number + 1}`);
    }
    assert.equal(await page.getByText('Not read yet').count(), 0);
    await checkQuiet(page);
    await page.close();
  });
});
