// The figures that a report shows, held against what --json says.
import assert from 'node:assert/strict';

import { figuresOf } from './report_page.mjs';

const most = (devices, key) => Math.max(...devices.map((device) => device[key]));

/** "bubble_breakdown.other" of a summary. */
export const valueAt = (summary, key) =>
  key.split('.').reduce((object, part) => object?.[part], summary);

// Where --json has what the page shows of a step.
function valueOf(summary, { key, device, link }) {
  if (device !== undefined) return summary.devices[device][key];
  if (link !== undefined) return summary.links[link][key];
  if (key in summary.bubble_breakdown) return summary.bubble_breakdown[key];
  if (key === 'peak_memory_bytes') return most(summary.devices, key);
  return valueAt(summary, key);
}

/** All figures are what `expected` says of them; returns them. */
export async function checkFigures(page, expected) {
  const figures = await figuresOf(page);
  assert.ok(figures.length > 0);
  for (const figure of figures) {
    const value = expected(figure);
    const text = Array.isArray(value) ? value.join(', ') : String(value);
    assert.equal(figure.value, text, JSON.stringify(figure));
  }
  return figures;
}

/** Those of a step are its summary's, and no number of the summary is missing. */
export async function checkStepFigures(page, summary) {
  const figures = await checkFigures(page, (figure) => valueOf(summary, figure));
  const shown = new Set(figures.map(({ key }) => key));
  const numbers = Object.keys(summary).filter((key) => typeof summary[key] === 'number');
  assert.deepEqual(numbers.filter((key) => !shown.has(key)), []);
  for (const { device } of summary.devices) {
    const count = figures.filter((figure) => figure.device === String(device)).length;
    assert.ok(count >= 9, `device ${device} has ${count} figures`);
  }
}
