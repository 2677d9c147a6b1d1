// A report about what has hostile names shows them as text.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch } from './support/chromium.mjs';
import { artifacts, smallConfig, step } from './support/pipesim.mjs';
import { checkQuiet, openReport } from './support/report_page.mjs';

const reports = { html: 'html' };

const names = {
  'ends a script': '</script><script>window.pwned=1</script>',
  'opens a comment in a script': '<!--<script>window.pwned=1//',
  'has handlers and quotes': `"><img src=x onerror="window.pwned=1">'\`\${window.pwned=1}`,
  'has lines and escapes': 'one\ntwo\r\n\u001b[31mred\u0000\u2028 three\\u0041',
  'turns the text around': 'pipe\u202eenil\u202c \u200fmark \ud83d\udea7',
  'is a template of the page': '{{script}} {{runs}} {{title}} $& $1 &lt; &amp;',
  'is a megabyte long': `</title>${'x'.repeat(1_000_000)}`,
};

// As the page says that it shows what can't be seen: U+202E as "\u202e".
const shown = (text) =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

// The page's title has the first of a long name; the config below has it all.
const longest = 400;
const cut = (text) => shown(text.length > longest ? `${text.slice(0, longest)}…` : text);

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function checkHarmless(page) {
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator('img, iframe, object, embed, link, form[action]').count(), 0);
  await checkQuiet(page);
  const { width, scrolled } = await page.evaluate(() => ({
    width: document.documentElement.clientWidth,
    scrolled: document.documentElement.scrollWidth,
  }));
  assert.ok(scrolled <= width, `${scrolled} pixels wide in a window of ${width}`);
}

describe('a name in the report', () => {
  for (const [what, name] of Object.entries(names)) {
    test(`that ${what} is text`, async () => {
      const config = smallConfig('hostile', {}, { name });
      const { files, summary } = step('hostile', config, { reports });
      assert.equal(summary.name, name);
      const page = await openReport(browser, files.html);
      assert.equal(await page.locator('#name').textContent(), cut(name));
      assert.ok((await page.title()).endsWith('pipesim'));
      await page.locator('details.config').evaluate((details) => {
        details.open = true;
      });
      const config_text = await page.locator('details.config').textContent();
      assert.ok(config_text.includes(shown(JSON.stringify(name))));
      await checkHarmless(page);
      const picture = `name-${what.replaceAll(' ', '-')}.png`;
      await page.screenshot({ path: path.join(artifacts, picture) });
      await page.close();
    });
  }

  for (const width of [360, 412]) {
    test(`that is long has room in a window of ${width} pixels`, async () => {
      const config = smallConfig('narrow', {}, { name: 'W'.repeat(300) });
      const { files } = step('narrow', config, { reports });
      const page = await openReport(browser, files.html, { viewport: { width, height: 700 } });
      await checkHarmless(page);
      await page.close();
    });
  }

  test('of devices and switches is text too', async () => {
    const [device, left, right] = ['</script><b>dev', '"><img src=x onerror=1>', 'r\u202eight'];
    const config = smallConfig('hostile-parts', {}, {
      cluster: {
        device: { name: device, flops: '1 TFLOP/s', memory_bandwidth: '1 GB/s' },
        topology: {
          devices: ['a', 'b', 'c', 'd'],
          switches: [left, right],
          links: [['a', left], ['c', left], [left, right], ['b', right], ['d', right]].map(
            (between) => ({ between, interconnect: 'pcie3' }),
          ),
        },
      },
    });
    const { files } = step('hostile-parts', config, { reports });
    const page = await openReport(browser, files.html);
    const devices = await page.locator('.devices .name').allTextContents();
    assert.deepEqual(devices, Array(4).fill(shown(device)));
    const links = (await page.locator('section.links .name').allTextContents()).join('\n');
    for (const name of [left, right]) assert.ok(links.includes(shown(name)), links);
    await checkHarmless(page);
    await page.close();
  });
});
