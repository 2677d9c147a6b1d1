// How the page reads the columns of a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';

import { pageScripts, plain } from './page_scripts.mjs';
import { metaOf, runBytes, zigzag } from './run_bytes.mjs';

const { ColumnReader, decodeColumns, decodeRun } = pageScripts(
  ['columns.js', 'column_stream.js'], ['ColumnReader', 'decodeColumns', 'decodeRun']);

const kinds = 14;
const twoDevices = [
  { ops: [{ kind: 0, stage: 0, start: 0, finish: 10 },
          { kind: 1, stage: 0, start: 35, finish: 55, pattern: 1,
            need: { device: 1, slot: 1, duration: 5 } },
          { kind: 6, stage: 0, microBatch: -1, start: 55, finish: 56 }] },
  { ops: [{ kind: 0, stage: 1, start: 15, finish: 20, copy: 1, overlapped: 1,
            need: { device: 0, slot: 0, wait: 2, duration: 3, route: 1 } },
          { kind: 1, stage: 1, start: 20, finish: 30 }], held: 1 },
];
const patterns = [[], [[1, 40, -40], [0, 2, 0]]];
const meta = metaOf(twoDevices, { routes: [[0]] });
const bytes = runBytes(twoDevices, patterns);

test('zigzag numbers keep their sign up to 62 bits', () => {
  for (const number of [0n, -1n, 1n, 63n, -64n, 64n, -65n, 2n ** 53n, 1n - 2n ** 53n, 2n ** 60n,
                        -(2n ** 60n), 1n - 2n ** 61n]) {
    assert.equal(new ColumnReader(zigzag(number)).zigzag(), Number(number));
  }
});

test('columns give back every op, where it stands and what it needs', () => {
  const { lanes } = decodeColumns(bytes, meta, kinds);
  assert.deepEqual(plain(lanes[0].flags), [0, 1, 6]);
  assert.deepEqual(plain(lanes[1].flags), [0x30, 1]);
  assert.deepEqual(plain(lanes[0].microBatch), [0, 0, -1]);
  assert.deepEqual(plain(lanes[1].stage), [1, 1]);
  assert.deepEqual(plain(lanes[0].start), [0, 35, 55]);
  assert.deepEqual(plain(lanes[0].finish), [10, 55, 56]);
  assert.deepEqual(plain(lanes[0].need), [-1, 0, -1]);
  const { device, slot, wait, duration, route } = lanes[1].messages;
  assert.deepEqual([device, slot, wait, duration, route].map(plain), [[0], [0], [2], [3], [1]]);
});

test('an op knows the first that it feeds', () => {
  const { lanes } = decodeColumns(bytes, meta, kinds);
  assert.deepEqual(plain(lanes[0].feedsDevice), [1, -1, -1]);
  assert.deepEqual(plain(lanes[1].feedsDevice), [-1, 0]);
  assert.equal(lanes[1].feedsOp[1], 1);
});

test('patterns add at the start and at the finish', () => {
  const { patterns: read } = decodeColumns(bytes, meta, kinds);
  assert.deepEqual(read[1].uses, [{ tag: 1, atStart: 40, atFinish: -40 },
                                  { tag: 0, atStart: 2, atFinish: 0 }]);
});

test('times beyond 2^53 are exact', () => {
  const last = 2n ** 60n + 3n;
  for (const [gap, length] of [[0n, 2n ** 53n + 1n], [2n ** 54n + 3n, 1n], [-1n, last / 101n]]) {
    const ops = Array.from({ length: 100 }, (_, i) => {
      const start = BigInt(i) * (gap + length);
      return { kind: 0, start, finish: start + length,
               need: { device: 0, slot: i, wait: gap - last, duration: length + last } };
    });
    const lanes = [{ ops }];
    const [lane] = decodeColumns(runBytes(lanes), metaOf(lanes), kinds).lanes;
    const exact = (wholes) => ops.map((_, i) => wholes.exact(i));
    assert.deepEqual(exact(lane.starts), ops.map(({ start }) => start));
    assert.deepEqual(exact(lane.finishes), ops.map(({ finish }) => finish));
    assert.deepEqual(plain(lane.finish), ops.map(({ finish }) => Number(finish)));
    assert.deepEqual(exact(lane.messages.waits), ops.map(({ need }) => need.wait));
    assert.deepEqual(exact(lane.messages.durations), ops.map(({ need }) => need.duration));
  }
});

test('a device may have no op', () => {
  const lanes = [{ ops: [] }, { ops: [{ kind: 0, start: 0, finish: 0 }] }];
  const read = decodeColumns(runBytes(lanes), metaOf(lanes), kinds);
  assert.deepEqual(read.lanes.map(({ count }) => count), [0, 1]);
});

test('columns cut anywhere are an error', () => {
  for (let length = 0; length < bytes.length; ++length) {
    assert.throws(() => decodeColumns(bytes.subarray(0, length), meta, kinds), /^Error: /);
  }
  assert.throws(() => decodeColumns(Uint8Array.from([...bytes, 0]), meta, kinds),
    /the columns go on after their end/);
});

test('what names something that is not there is an error', () => {
  const wrong = [
    [{ kind: 14 }, /has a kind or pattern unknown/],
    [{ kind: 0, pattern: 7 }, /has a kind or pattern unknown/],
    [{ kind: 0, need: { device: 0, slot: 1 } }, /needs one that is not there/],
    [{ kind: 0, need: { device: 0, slot: -1 } }, /needs one that is not there/],
    [{ kind: 0, need: { device: 5, slot: 0 } }, /the columns name device 6 of 2/],
    [{ kind: 0, need: { device: 0, slot: 0, route: 1 } }, /the columns name route 1 of 1/],
  ];
  for (const [op, message] of wrong) {
    const lanes = [{ ops: [{ start: 0, finish: 1, ...op }] }];
    assert.throws(() => decodeColumns(runBytes(lanes), metaOf(lanes), kinds), message);
  }
});

const packed = (text) => ({ meta, columns: { textContent: text } });
const base64 = zlib.deflateSync(bytes).toString('base64');

test('columns come compressed and as base64', async () => {
  const run = await decodeRun(packed(base64), kinds);
  assert.deepEqual(plain(run.lanes[0].start), [0, 35, 55]);
});

test('damaged columns are said to be', async () => {
  await assert.rejects(decodeRun(packed('§'), kinds), /the columns are not base64/);
  await assert.rejects(decodeRun(packed(base64.slice(0, 24)), kinds),
    /the compressed columns are damaged/);
  await assert.rejects(decodeRun({ meta }, kinds), /the columns are missing/);
});
