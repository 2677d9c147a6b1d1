// What fills a pixel.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageScripts, plain } from './page_scripts.mjs';
import { metaOf, runBytes } from './run_bytes.mjs';

const { blockSums, decodeColumns, fullShare, laneColumns, opAt, usedKinds } = pageScripts(
  ['columns.js', 'op.js', 'pixel_shares.js', 'gantt.js'],
  ['blockSums', 'decodeColumns', 'fullShare', 'laneColumns', 'opAt', 'usedKinds']);

function laneOf(ops) {
  const lanes = [{ ops }];
  const run = decodeColumns(runBytes(lanes), metaOf(lanes), 14);
  const kinds = usedKinds(run);
  return { lane: run.lanes[0], kinds, blocks: blockSums(run.lanes[0], kinds) };
}

function sharesOf({ lane, kinds, blocks }, scale, wide = 2) {
  const shares = new Float64Array(scale.columns * kinds.length);
  const { boxes } = laneColumns(lane, blocks, kinds, scale, wide, shares);
  return { boxes, shares: plain(shares) };
}

// F of 1 ps, B of 2, 1 of idling; and again.
const fourthsIdle = (count) => laneOf(Array.from({ length: 2 * count }, (_, i) => {
  const start = 4 * (i >> 1) + i % 2;
  return { kind: i % 2, start, finish: start + 1 + i % 2 };
}));

test('a column that holds whole rounds has their shares of each kind', () => {
  const { shares } = sharesOf(fourthsIdle(64), { start: 0, width: 16, columns: 4 });
  assert.deepEqual(shares, [0.25, 0.5, 0.25, 0.5, 0.25, 0.5, 0.25, 0.5]);
});

test('the shares of very many ops come from sums, and are the same', () => {
  const lane = fourthsIdle(64 * 1024);
  const { shares } = sharesOf(lane, { start: 0, width: 4 * 8192, columns: 8 });
  assert.deepEqual(shares, Array.from({ length: 16 }, (_, i) => i % 2 ? 0.5 : 0.25));
});

test('walking and sums agree wherever a column begins', () => {
  const lane = fourthsIdle(4096);
  for (const start of [0, 1, 2, 3, 62, 127, 128, 4097]) {
    const [width, columns] = [1027, 3];
    const { shares } = sharesOf(lane, { start, width, columns });
    const walked = sharesOf(lane, { start, width: width / 1027, columns: 1027 * columns }, 1e9);
    const summed = [0, 0, 0, 0, 0, 0];
    walked.shares.forEach((share, i) => {
      summed[2 * Math.floor(i / 2 / 1027) + i % 2] += share / 1027;
    });
    shares.forEach((share, i) => assert.ok(Math.abs(share - summed[i]) < 1e-6));
  }
});

test('ops of two columns and more are boxes, and no part of the shares', () => {
  const lane = laneOf([{ kind: 0, start: 0, finish: 1 }, { kind: 1, start: 1, finish: 9 }]);
  const { boxes, shares } = sharesOf(lane, { start: 0, width: 4, columns: 3 });
  assert.deepEqual(boxes, [1]);
  assert.deepEqual(shares, [0.25, 0, 0, 0, 0, 0]);
});

test('an op without length leaves a trace', () => {
  const lane = laneOf([{ kind: 0, start: 5, finish: 5 }]);
  assert.deepEqual(sharesOf(lane, { start: 0, width: 4, columns: 3 }).shares, [0, 1e-30, 0]);
});

test('a column is filled by shares, by a tenth at least, and by ops without length alone', () => {
  const filled = (...shares) => {
    const whole = fullShare(Float64Array.from(shares), 0, shares.length);
    return shares.map((share) => share / whole);
  };
  assert.deepEqual(filled(0.5, 0.25), [0.5, 0.25]);
  assert.deepEqual(filled(0.0625, 0.0625), [0.0625, 0.0625]);
  assert.deepEqual(filled(3e-13, 1e-13).map((part) => Math.round(1000 * part)), [75, 25]);
  assert.deepEqual(filled(1e-30, 1e-30), [0.5, 0.5]);
});

test('an op of 1 ps has its share of a column of hours, and none of the next', () => {
  for (const bits of [53, 60]) {
    const ops = [{ kind: 0, start: 2n ** BigInt(bits) - 1n, finish: 2n ** BigInt(bits) }];
    const width = 2 ** bits;
    const { shares } = sharesOf(laneOf(ops), { start: width / 2, width, columns: 2 });
    assert.deepEqual(shares, [1 / width, 0]);
  }
});

test('the two of an overlapped pair are as wide as the pair', () => {
  const lane = laneOf([{ kind: 0, overlapped: 1, start: 0, finish: 1 },
                       { kind: 1, start: 1, finish: 8 }]);
  assert.deepEqual(sharesOf(lane, { start: 0, width: 4, columns: 3 }).boxes, [0, 1]);
});

test('the op at a time is the one that runs, or the nearest in reach', () => {
  const { lane } = fourthsIdle(8);
  assert.equal(opAt(lane, 4.5, 0), 2);
  assert.equal(opAt(lane, 6, 0), 3);
  assert.equal(opAt(lane, 3.4, 0.5), 1);
  assert.equal(opAt(lane, 3.6, 0.5), 2);
  assert.equal(opAt(lane, 3.5, 0.1), -1);
  assert.equal(opAt(laneOf([{ kind: 0, start: 7, finish: 7 }]).lane, 7, 0), 0);
});
