// The part of time that is shown, its marks, and numbers as text.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageScripts } from './page_scripts.mjs';

const { axisTicks, counted, exactTime, readableBytes, readableTime, TimeView, tickStep } =
  pageScripts(['number_text.js', 'time_axis.js'],
  ['axisTicks', 'counted', 'exactTime', 'readableBytes', 'readableTime', 'TimeView', 'tickStep']);

test('marks stand 1, 2 or 5 times a power of ten apart', () => {
  assert.equal(tickStep(100, 10), 10);
  assert.equal(tickStep(101, 10), 20);
  assert.equal(tickStep(201, 10), 50);
  assert.equal(tickStep(501, 10), 100);
  assert.equal(tickStep(3, 10), 1);
});

test('marks have one unit, and decimals that tell neighbours apart', () => {
  const texts = (...axis) => axisTicks(...axis).map(({ text }) => text);
  assert.deepEqual(texts(0, 1.5e9, 4), ['0.0 ms', '0.5 ms', '1.0 ms', '1.5 ms']);
  assert.deepEqual(texts(0, 30e6, 3), ['0 µs', '10 µs', '20 µs', '30 µs']);
  assert.deepEqual(texts(1e12, 1e12 + 4, 2), ['1.000000000000 s', '1.000000000002 s',
                                              '1.000000000004 s']);
  assert.deepEqual(texts(0, 1, 5), ['0 ps', '1 ps']);
});

const shown = ({ start, finish }) => [start, finish];

test('zooming keeps what stands at the pointer', () => {
  const view = new TimeView(1000);
  view.zoom(2, 250);
  assert.deepEqual(shown(view), [125, 625]);
  view.zoom(2, 125);
  assert.deepEqual(shown(view), [125, 375]);
  view.zoom(1 / 4, 125);
  assert.deepEqual(shown(view), [0, 1000]);
});

test('what is shown stays inside the step, down to a few ps', () => {
  const view = new TimeView(1000);
  view.show(900, 1200);
  assert.deepEqual(shown(view), [700, 1000]);
  view.pan(-5);
  assert.deepEqual(shown(view), [0, 300]);
  view.zoom(1e9, 100);
  assert.deepEqual(shown(view).map((time) => Math.round(3 * time)), [292, 316]);
  view.fit();
  assert.ok(view.isWhole);
});

test('zooming at the deepest keeps what stands at the pointer', () => {
  for (const whole of [1000, 2 ** 60]) {
    const view = new TimeView(whole);
    view.zoom(1e30, 0.75 * whole);
    const deepest = shown(view);
    assert.equal((0.75 * whole - view.start) / view.span, 0.75);
    for (let i = 0; i < 9; ++i) view.zoom(1.5, view.start);
    assert.deepEqual(shown(view), deepest);
  }
});

test('a step that takes no time can be shown', () => {
  const view = new TimeView(0);
  view.zoom(2, 0);
  assert.deepEqual(shown(view), [0, 1]);
});

test('what is out of view is brought into it, no more', () => {
  const view = new TimeView(1000);
  view.show(0, 100);
  view.reveal(20, 30);
  assert.deepEqual(shown(view), [0, 100]);
  view.reveal(500, 510);
  assert.deepEqual(shown(view), [455, 555]);
});

test('times are exact to the last ps', () => {
  assert.deepEqual([0, 999, 1000, 1001, 1e12, 33663841, 27658913308, 2 ** 53].map(exactTime),
    ['0 ps', '999 ps', '1 ns', '1.001 ns', '1 s', '33.663841 µs', '27.658913308 ms',
     '9007.19925474099 s']);
  assert.deepEqual([-5n, 2n ** 53n, 28800000000000003n].map(exactTime),
    ['−5 ps', '9007.199254740992 s', '28800.000000000003 s']);
  assert.equal(exactTime(28800000000000003), '28800 s');
});

test('readable numbers are those of the command line', () => {
  assert.deepEqual([0, 1234567, 999960, 5e11].map(readableTime),
    ['0 ps', '1.235 µs', '1 µs', '500 ms']);
  assert.deepEqual([0, 1023, 1536, 17.27 * 2 ** 30].map(readableBytes),
    ['0 B', '1023 B', '1.5 KiB', '17.27 GiB']);
});

test('counts have their thousands apart', () => {
  assert.deepEqual([0, 1, 999, 1000, 1234567].map((n) => counted(n, 'op')),
    ['0 ops', '1 op', '999 ops', '1,000 ops', '1,234,567 ops']);
});
