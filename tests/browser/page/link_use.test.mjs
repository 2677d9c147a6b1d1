// When links carry messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageScripts } from './page_scripts.mjs';
import { metaOf, runBytes } from './run_bytes.mjs';

const { decodeColumns, joined, linkShare, linkUse, neededMessage } = pageScripts(
  ['columns.js', 'op.js', 'link_use.js'],
  ['decodeColumns', 'joined', 'linkShare', 'linkUse', 'neededMessage']);

const times = (pairs) => ({ starts: Float64Array.from(pairs, ([start]) => start),
                            finishes: Float64Array.from(pairs, ([, finish]) => finish) });

test('messages under way at the same time count once', () => {
  const link = joined(times([[20, 30], [0, 10], [5, 12], [12, 14], [25, 26]]));
  assert.deepEqual([link.starts, link.finishes], [[0, 20], [14, 30]]);
  assert.equal(link.busy, 24);
});

test('the share of a link is exact for any part of time', () => {
  const link = joined(times([[10, 20], [30, 40]]));
  const share = (from, to) => linkShare(link, from, to);
  assert.deepEqual([share(0, 40), share(10, 20), share(20, 30), share(15, 35), share(38, 42),
                    share(50, 60), share(7, 7)],
    [0.5, 1, 0, 0.5, 0.5, 0, 0]);
  assert.equal(linkShare(joined(times([])), 0, 10), 0);
});

const op = (start, finish, need) => ({ kind: 0, start, finish, need });
const lanes = [
  { ops: [op(0, 10), op(10, 20), op(50, 60, { device: 1, slot: 0, duration: 4 })] },
  { ops: [op(15, 25, { device: 0, slot: 0, wait: 1, duration: 4, route: 1 }),
          op(30, 40, { device: 0, slot: 1, duration: 5, route: 1 }),
          op(40, 50, { device: 0, slot: 1, duration: 0 })] },
];
const run = decodeColumns(runBytes(lanes),
  metaOf(lanes, { links: ['nic', 'switch'], routes: [[1, 0]] }), 14);

test('a message takes all links on its way, or that of its two devices', () => {
  assert.deepEqual(
    linkUse(run).map(({ number, name, from, to, messages, intervals }) => (
      [number < 0 ? `${from}>${to}` : name, messages, intervals.busy])),
    [['nic', 2, 9], ['switch', 2, 9], ['1>0', 1, 4]]);
});

test('a message leaves when its link is free', () => {
  const { sent, left, arrived, sender, op } = neededMessage(run, run.lanes[1], 0);
  assert.deepEqual([sender.device, op, sent, left, arrived], [0, 0, 10n, 11n, 15n]);
  assert.equal(neededMessage(run, run.lanes[0], 0), null);
});
