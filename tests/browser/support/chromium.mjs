// A headless Chromium, and pages that remember what went wrong in them.
import path from 'node:path';
import { chromium } from 'playwright-core';

/** Without a sandbox, which a container's root has not. */
export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });

// Chromium's word on its own software rasteriser.
const about_the_driver = /GL Driver Message|WebGL initialized/;

/** A page with `problems`: errors and warnings on its console, exceptions; and `requests`: URLs. */
export async function newPage(browser, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  page.problems = [];
  page.requests = [];
  page.on('console', (message) => {
    const text = `${message.type()}: ${message.text()}`;
    if (['error', 'warning'].includes(message.type()) && !about_the_driver.test(text)) {
      page.problems.push(text);
    }
  });
  page.on('pageerror', (error) => page.problems.push(`exception: ${error.message}`));
  page.on('crash', () => page.problems.push('the page crashed'));
  page.on('dialog', (dialog) => {
    page.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => page.requests.push(request.url()));
  return page;
}

/** The whole page in light and in dark, as NAME-light.png and NAME-dark.png of the artifacts. */
export async function screenshots(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({
      path: path.join(process.env.ARTIFACTS, `${name}-${colorScheme}.png`),
      fullPage: true,
      animations: 'disabled',
    });
  }
}
