// Bytes over time.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageScripts, plain } from './page_scripts.mjs';
import { metaOf, runBytes } from './run_bytes.mjs';

const scripts = ['columns.js', 'op.js', 'pixel_shares.js', 'memory_curve.js'];
const { decodeColumns, highestOp, levelAt, memoryColumns, memoryCurve, tagsAt, tagsAtHigh,
        tagSums } = pageScripts(scripts, [
  'decodeColumns', 'highestOp', 'levelAt', 'memoryColumns', 'memoryCurve', 'tagsAt', 'tagsAtHigh',
  'tagSums']);

// 100 held; each op takes 10 of scratch while it runs; the first `count` leave 1, the others take
// 1.
function upAndDown(count) {
  const ops = Array.from({ length: 2 * count }, (_, i) => (
    { kind: 0, start: 10 * i, finish: 10 * i + 5, pattern: i < count ? 1 : 2 }));
  const lanes = [{ ops }];
  const patterns = [[[0, 100, 0]], [[1, 11, -10]], [[1, 10, -11]]];
  return decodeColumns(runBytes(lanes, patterns), metaOf(lanes), 14);
}

// Every op takes another amount while it runs, and leaves or takes another one.
function uneven(count) {
  const ops = Array.from({ length: count }, (_, i) => (
    { kind: 0, start: 10 * i, finish: 10 * i + 5, pattern: 1 + i * 7919 % 101 }));
  const patterns = [[[0, 100000, 0]], ...Array.from({ length: 101 }, (_, i) => (
    [[1, i * 37 % 101 - 50, 50 - i]]))];
  const lanes = [{ ops }];
  return decodeColumns(runBytes(lanes, patterns), metaOf(lanes), 14);
}

test('the curve rises by what stays, and ends where it began', () => {
  const run = upAndDown(3);
  const curve = memoryCurve(run, run.lanes[0]);
  assert.equal(curve.base, 100);
  assert.deepEqual(plain(curve.during), [111, 112, 113, 113, 112, 111]);
  assert.deepEqual(plain(curve.after), [101, 102, 103, 102, 101, 100]);
  assert.equal(curve.peak, 113);
});

test('a peak may lie between what one op does and undoes at the same moment', () => {
  const lanes = [{ ops: [{ kind: 0, start: 0, finish: 1, pattern: 1 }] }];
  const patterns = [[], [[1, 50, 0], [0, -50, 0]]];
  const run = decodeColumns(runBytes(lanes, patterns), metaOf(lanes), 14);
  assert.equal(memoryCurve(run, run.lanes[0]).peak, 50);
});

test('the level at a time is that after all that happens then', () => {
  const run = upAndDown(3);
  const lane = run.lanes[0];
  const curve = memoryCurve(run, lane);
  const levels = [-1, 0, 4, 5, 9, 10, 1000].map((time) => levelAt(lane, curve, time));
  assert.deepEqual(levels, [100, 111, 111, 101, 101, 112, 100]);
});

// The least and the most within [from, to], event by event.
function extremes(lane, curve, from, to) {
  const levels = [levelAt(lane, curve, from)];
  for (let i = 0; i < lane.count; ++i) {
    if (lane.start[i] > from && lane.start[i] <= to) levels.push(curve.during[i]);
    if (lane.finish[i] > from && lane.finish[i] <= to) levels.push(curve.after[i]);
  }
  return [Math.min(...levels), Math.max(...levels)];
}

test('a column shows the least and the most that is held in it', () => {
  const run = uneven(400);
  const lane = run.lanes[0];
  const curve = memoryCurve(run, lane);
  const scales = [[0, 4000, 1], [0, 1, 4000], [3, 7, 500], [0, 333, 13], [4100, 10, 2]];
  for (let start = 0; start < 640; start += 10) scales.push([start, 703, 4]);
  for (const [start, width, columns] of scales) {
    const low = new Float64Array(columns);
    const high = new Float64Array(columns);
    memoryColumns(lane, curve, { start, width, columns }, low, high);
    for (let i = 0; i < columns; ++i) {
      assert.deepEqual([low[i], high[i]],
        extremes(lane, curve, start + i * width, start + (i + 1) * width),
        `column ${i} of ${width} ps from ${start}`);
    }
  }
});

test('a peak that is held for no time is in its column, and so are its tags', () => {
  const lanes = [{ ops: [
    { kind: 0, start: 0, finish: 0, pattern: 1 }, { kind: 1, start: 0, finish: 0, pattern: 2 },
    { kind: 0, start: 5, finish: 8, pattern: 3 }] }];
  const patterns = [[[0, 7, 0]], [[1, 50, 0]], [[1, 0, -50]],
                    [[1, 20, 90], [0, 0, -5], [1, 0, -110]]];
  const run = decodeColumns(runBytes(lanes, patterns), metaOf(lanes), 14);
  const lane = run.lanes[0];
  const curve = memoryCurve(run, lane);
  const [low, high] = [new Float64Array(4), new Float64Array(4)];
  memoryColumns(lane, curve, { start: 0, width: 3, columns: 4 }, low, high);
  assert.deepEqual(plain(high), [57, 27, 117, 2]);
  assert.deepEqual(plain(low), [7, 7, 2, 2]);
  assert.deepEqual([curve.peak, curve.peakAt], [117, { op: 2, finished: true }]);
  const sums = tagSums(run, lane);
  const tags = (at) => plain(tagsAtHigh(run, lane, curve, sums, at, new Float64Array(2)));
  assert.deepEqual(tags(curve.peakAt), [7, 110]);
  assert.deepEqual(tags({ op: 1, finished: false }), [7, 50]);
  assert.deepEqual(tags({ op: -1, finished: true }), [7, 0]);
});

test('the highest of many ops is the first of those as high', () => {
  const run = uneven(400);
  const curve = memoryCurve(run, run.lanes[0]);
  const tops = plain(curve.during).map((level, i) => Math.max(level, curve.after[i]));
  const ranges = [[0, 400], [9, 10]];
  for (let first = 0; first < 320; ++first) ranges.push([first, first + 70]);
  for (const [first, last] of ranges) {
    const top = Math.max(...tops.slice(first, last));
    assert.equal(highestOp(curve, first, last), tops.indexOf(top, first));
  }
  assert.equal(highestOp(curve, 9, 9), -1);
});

test('tags add up to the curve at every moment', () => {
  const run = upAndDown(100);
  const lane = run.lanes[0];
  const curve = memoryCurve(run, lane);
  const sums = tagSums(run, lane);
  for (let time = -1; time < 2010; ++time) {
    const [weights, stash] = tagsAt(run, lane, sums, time, new Float64Array(2));
    assert.equal(weights, 100);
    assert.equal(weights + stash, levelAt(lane, curve, time));
  }
});
