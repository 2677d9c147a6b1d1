// What is said about an op.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageScripts } from './page_scripts.mjs';
import { metaOf, runBytes } from './run_bytes.mjs';

const { boxLabel, cut, decodeColumns, opRows, visible } = pageScripts(
  ['page_text.js', 'number_text.js', 'columns.js', 'op.js', 'tooltip.js'],
  ['boxLabel', 'cut', 'decodeColumns', 'opRows', 'visible']);

const kinds = [{ token: 'F', noun: 'forward' }, { token: 'B', noun: 'backward' },
               { token: 'O', noun: 'optimizer step' }];

const lanes = [
  { ops: [{ kind: 0, start: 0, finish: 10 },
          { kind: 1, start: 40, finish: 60, need: { device: 1, slot: 1, duration: 5 } },
          { kind: 2, microBatch: -1, start: 60, finish: 61 }] },
  { ops: [{ kind: 0, stage: 1, start: 16, finish: 25,
            need: { device: 0, slot: 0, wait: 2, duration: 4 } },
          { kind: 1, stage: 1, start: 25, finish: 35 },
          { kind: 0, stage: 1, microBatch: 1, start: 50, finish: 55, overlapped: 1 },
          { kind: 1, stage: 3, copy: 1, microBatch: 2, start: 55, finish: 70,
            need: { device: 0, slot: 0, wait: 30, duration: 10 } }] },
];
const run = decodeColumns(runBytes(lanes), metaOf(lanes, { device_names: ['a', 'b\u202e\n'] }), 14);
const about = (device, op) =>
  opRows(run, device, op, kinds).map(([name, text]) => `${name}: ${text}`);

test('an op waited for the message that it needs', () => {
  assert.deepEqual(about(0, 1), [
    'op: B 0, backward', 'stage: 0', 'micro-batch: 0', 'device: 0, a', 'start: 40 ps',
    'finish: 60 ps', 'duration: 20 ps', 'needs: B 0 of device 1, done at 35 ps',
    'message: left at 35 ps, took 5 ps, arrived at 40 ps', 'waited: 30 ps for B 0 of device 1']);
});

test('a message may have waited for its link', () => {
  assert.deepEqual(about(1, 0).slice(7), [
    'needs: F 0 of device 0, done at 10 ps', 'message: left at 12 ps, took 4 ps, arrived at 16 ps',
    'queued: 2 ps for the link', 'waited: 16 ps for F 0 of device 0']);
});

test('an op that did not wait followed the one that kept its device busy', () => {
  assert.deepEqual(about(0, 2), [
    'op: O, optimizer step', 'stage: 0', 'micro-batch: all', 'device: 0, a', 'start: 60 ps',
    'finish: 61 ps', 'duration: 1 ps',
    'waited: no time: the device was busy with B 0 until 60 ps']);
  assert.deepEqual(about(0, 0).slice(7), ['waited: no time']);
});

test('the two of a pair ran at the same time, and waited for the same message', () => {
  const pair = ['start: 50 ps', 'finish: 70 ps', 'duration: 20 ps'];
  assert.deepEqual(about(1, 2).slice(4), [
    ...pair, 'together with: B 2', 'waited: 15 ps for F 0 of device 0']);
  assert.deepEqual(about(1, 3), [
    'op: B 2, backward', 'stage: 3, second copy', 'micro-batch: 2', 'device: 1, b\\u202e\\u000a',
    ...pair, 'together with: F 1', 'needs: F 0 of device 0, done at 10 ps',
    'message: left at 40 ps, took 10 ps, arrived at 50 ps', 'queued: 30 ps for the link',
    'waited: 15 ps for F 0 of device 0']);
});

test('a box says the stage where its device has several', () => {
  const labels = run.lanes.map((lane) => (
    Array.from(lane.flags, (_, i) => boxLabel(lane, i, kinds))));
  assert.deepEqual(labels, [['F0', 'B0', 'O'], ['F1.0', 'B1.0', 'F1.1', 'B3\u2032.2']]);
});

test('characters that are not seen are, and nothing turns the text around', () => {
  assert.equal(visible('a\u0007\u001b[31m\u202eb\u2028\u00a0é</script>'),
    'a\\u0007\\u001b[31m\\u202eb\\u2028\u00a0é</script>');
  assert.equal(cut('x'.repeat(1e6)), `${'x'.repeat(400)}…`);
});
