// The report's chart under a mouse and a keyboard.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { example, examples, smallConfig, step } from './support/pipesim.mjs';
import {
  axisTexts, checkQuiet, nextFrame, openReport, picoseconds, pointOf, viewOf,
} from './support/report_page.mjs';

const chart = '.strip[role=application]';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function openExample(name) {
  const run = step(name, example(name), { reports: { html: 'html' } });
  const page = await openReport(browser, run.files.html);
  await page.locator(chart).first().scrollIntoViewIfNeeded();
  return { page, timeline: run.timeline };
}

// The longest op of the first, the middle and the last device: of those in the picture, surely wide
// enough to be hit.
function opsToPointAt({ spans, devices }) {
  const longest = (device) =>
    spans
      .filter((span) => span.device === device)
      .reduce((best, span) => (span.finish - span.start > best.finish - best.start ? span : best));
  return [...new Set([0, devices >> 1, devices - 1])].map(longest);
}

async function tooltipAt(page, { device, start, finish }) {
  const { x, y } = await pointOf(page, { device, ps: (start + finish) / 2 });
  await page.mouse.move(x, y);
  return tooltipOf(page);
}

async function tooltipOf(page) {
  await nextFrame(page);
  return page.locator('#tooltip').evaluate((tooltip) => {
    const isInWindow = ({ left, right, top, bottom }) =>
      left >= 0 && right <= window.innerWidth && top >= 0 && bottom <= window.innerHeight;
    const texts = (tag) => [...tooltip.querySelectorAll(tag)].map((item) => item.textContent);
    const values = texts('dd');
    return {
      title: tooltip.querySelector('strong')?.textContent,
      rows: Object.fromEntries(texts('dt').map((name, i) => [name, values[i]])),
      inWindow: !tooltip.hidden && isInWindow(tooltip.getBoundingClientRect()),
    };
  });
}

function checkTooltip({ title, rows, inWindow }, span) {
  const number = span.micro_batch < 0 ? '' : ` ${span.micro_batch}`;
  assert.equal(title.split(',')[0], `${span.kind}${number}`);
  assert.equal(rows.stage, String(span.stage));
  assert.equal(rows['micro-batch'], span.micro_batch < 0 ? 'all' : String(span.micro_batch));
  assert.equal(rows.device.split(',')[0], String(span.device));
  assert.equal(picoseconds(rows.start), span.start);
  assert.equal(picoseconds(rows.finish), span.finish);
  assert.equal(picoseconds(rows.duration), span.finish - span.start);
  assert.ok(inWindow);
}

describe('the chart of the report', () => {
  for (const name of examples) {
    test(`tells of ${name}'s ops what the timeline says of them`, async () => {
      const { page, timeline } = await openExample(name);
      for (const span of opsToPointAt(timeline)) checkTooltip(await tooltipAt(page, span), span);
      await checkQuiet(page);
      await page.close();
    });
  }

  test('is zoomed by the wheel, and what is under the pointer stays there', async () => {
    const { page } = await openExample('gpipe');
    const whole = await viewOf(page);
    const left = await pointOf(page, { device: 1, ps: 0 });
    const right = await pointOf(page, { device: 1, ps: whole.finish });
    for (const part of [0.02, 0.37, 0.98]) {
      // A mouse is at whole pixels.
      const x = Math.round(left.x + part * (right.x - left.x));
      const ps = (whole.finish * (x - left.x)) / (right.x - left.x);
      const { y } = left;
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, -600);
      await nextFrame(page);
      const zoomed = await viewOf(page);
      assert.ok(zoomed.finish - zoomed.start < 0.5 * (whole.finish - whole.start));
      const after = await pointOf(page, { device: 1, ps });
      assert.ok(Math.abs(after.x - x) < 0.01, `at ${part}: from ${x} to ${after.x}`);
      await page.mouse.wheel(0, 900);
      await nextFrame(page);
      assert.deepEqual(await viewOf(page), whole);
    }
    await checkQuiet(page);
    await page.close();
  });

  test('tells of what has moved below a resting pointer', async () => {
    const { page, timeline } = await openExample('gpipe');
    const spanAt = (device, ps) =>
      timeline.spans.find((span) => span.device === device && span.start <= ps && ps < span.finish);
    const [device, whole] = [2, await viewOf(page)];
    const at = await pointOf(page, { device, ps: 0.3 * whole.finish });
    at.x = Math.round(at.x);  // A mouse is at whole pixels.
    await page.mouse.move(at.x, at.y);
    const moves = [
      () => page.mouse.wheel(0, -300),
      () => page.evaluate(() => window.pipesimReport.view.pan(0.4)),
      async () => {
        await page.keyboard.down('Shift');
        for (let i = 0; i < 4; ++i) await page.mouse.wheel(0, 100);
        await page.keyboard.up('Shift');
      },
    ];
    const titles = new Set();
    for (const move of moves) {
      await move();
      const told = await tooltipOf(page);
      const { start, finish } = await viewOf(page);
      const left = await pointOf(page, { device, ps: start });
      const right = await pointOf(page, { device, ps: finish });
      const ps = start + (at.x - left.x) / (right.x - left.x) * (finish - start);
      const span = spanAt(device, ps);
      if (span) checkTooltip(told, span);
      else assert.equal(told.inWindow, false);
      titles.add(span && told.title);
      const heading = await page.locator('.note', { hasText: /^device 2, at / }).textContent();
      assert.ok(Math.abs(picoseconds(heading.split(' at ')[1]) - ps) <= 1, heading);
    }
    assert.ok(titles.size >= 2, [...titles].join());
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    assert.equal((await tooltipOf(page)).inWindow, false);
    await checkQuiet(page);
    await page.close();
  });

  test('has the figures at the cursor under a head that says so', async () => {
    const { page } = await openExample('gpipe');
    const { x, y } = await pointOf(page, { device: 1, ps: 1000 });
    const heads = async (act) => (await axisTexts(page, act)).map((texts) => texts.at(-1).text);
    assert.deepEqual(await heads(() => page.mouse.move(x, y)), ['at cursor']);
    assert.deepEqual(await heads(() => page.mouse.move(x, 0)), ['peak']);
    await checkQuiet(page);
    await page.close();
  });

  test('has marks of time that do not run into each other', async () => {
    const model = { kind: 'stage_costs', forward: '30 s', backward: '60 s' };
    const config = smallConfig('minutes', {}, { model });
    const { files } = step('minutes', config, { reports: { html: 'html' } });
    const page = await openReport(browser, files.html);
    for (const width of [1400, 420]) {
      await page.setViewportSize({ width, height: 900 });
      for (let deep = 0; deep < 44; ++deep) {
        const axes = await axisTexts(page, () =>
          page.evaluate((deep) => {
            const { view } = window.pipesimReport;
            view.show(0.9 * view.whole, (0.9 + 2 ** -deep) * view.whole);
          }, deep));
        assert.ok(axes.length > 0);
        for (const texts of axes) {
          const shown = texts.map(({ text }) => text).join(', ');
          assert.ok(texts.length >= 2, shown);
          texts.slice(1).forEach(({ left }, i) => assert.ok(left >= texts[i].right + 6, shown));
        }
      }
    }
    await checkQuiet(page);
    await page.close();
  });

  test('is dragged along', async () => {
    const { page } = await openExample('gpipe');
    const ps = (await viewOf(page)).finish / 2;
    const from = await pointOf(page, { device: 2, ps });
    await page.mouse.move(from.x, from.y);
    await page.mouse.wheel(0, -600);
    await nextFrame(page);
    await page.mouse.down();
    await page.mouse.move(from.x + 30, from.y);
    await page.mouse.move(from.x + 123, from.y + 2);
    await page.mouse.up();
    await nextFrame(page);
    const to = await pointOf(page, { device: 2, ps });
    assert.ok(Math.abs(to.x - from.x - 123) < 0.01, `moved by ${to.x - from.x}`);
    await checkQuiet(page);
    await page.close();
  });

  test('scrolls to the lane that a key selects, and its tooltip is in the window', async () => {
    const { page } = await openExample('gpipe');
    await page.setViewportSize({ width: 1000, height: 300 });
    await page.locator(chart).first().focus();
    const move = (to) => page.evaluate((to) => window.scrollTo(0, to), to);
    for (const [key, scroll] of [['n', 0], ['ArrowDown', 0], ['ArrowUp', 10_000], ['n', 10_000]]) {
      await move(scroll);
      await page.keyboard.press(key);
      assert.equal((await tooltipOf(page)).inWindow, true, `${key} from ${scroll}`);
      const device = key === 'ArrowDown' ? 1 : 0;
      const { y } = await pointOf(page, { device, ps: 0 });
      assert.ok(y > 0 && y < 300, `${key} from ${scroll}: lane at ${y}`);
    }
    await checkQuiet(page);
    await page.close();
  });

  test('keeps the tooltip of an op that is tapped until the next touch', async () => {
    const { files, timeline } = step('gpipe', example('gpipe'), { reports: { html: 'html' } });
    const page = await openReport(browser, files.html, { hasTouch: true });
    await page.locator(chart).first().scrollIntoViewIfNeeded();
    for (const span of opsToPointAt(timeline)) {
      const { x, y } = await pointOf(page, { ...span, ps: (span.start + span.finish) / 2 });
      await page.touchscreen.tap(x, y);
      checkTooltip(await tooltipOf(page), span);
      await page.evaluate(() => window.pipesimReport.view.zoom(1.1, 0));
      checkTooltip(await tooltipOf(page), span);
    }
    await page.touchscreen.tap(5, 5);
    assert.equal((await tooltipOf(page)).inWindow, false);
    await checkQuiet(page);
    await page.close();
  });

  test('is moved, zoomed and walked through by keys', async () => {
    const { page, timeline } = await openExample('gpipe');
    await page.locator(chart).first().focus();
    const press = async (key) => {
      await page.keyboard.press(key);
      await nextFrame(page);
      return viewOf(page);
    };
    const whole = await viewOf(page);
    const zoomed = await press('+');
    const length = ({ start, finish }) => finish - start;
    assert.ok(length(zoomed) < length(whole));
    const right = await press('ArrowRight');
    assert.ok(right.start > zoomed.start);
    assert.ok(Math.abs(length(right) - length(zoomed)) < 1);
    assert.ok((await press('ArrowLeft')).start < right.start);
    assert.ok(length(await press('-')) > length(zoomed));
    assert.deepEqual(await press('0'), whole);
    const first_ops = timeline.spans.filter(({ device }) => device === 0);
    for (const span of first_ops.slice(0, 3)) {
      await press('n');
      const said = await page.locator('#live').textContent();
      assert.match(said, new RegExp(`^op ${span.kind} ${span.micro_batch}, .*; device 0,`));
    }
    await press('Escape');
    assert.equal(await page.locator('#live').textContent(), 'nothing selected');
    await press('?');
    assert.equal(await page.locator('#keys').evaluate((dialog) => dialog.open), true);
    await checkQuiet(page);
    await page.close();
  });
});
