// Every example's trace, read by the trace engine of Chromium's DevTools.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { expectedThreads, inOrder } from './support/expected_threads.mjs';
import { example, examples, pipesim, smallConfig, step } from './support/pipesim.mjs';
import { readTrace } from './support/trace_engine.mjs';

function checkThreads({ threads }, timeline) {
  assert.equal(new Set(threads.map(({ tid }) => tid)).size, threads.length);
  const found = new Map();
  for (const { pid, name, nested, slices } of threads) {
    assert.equal(nested, 0, `process ${pid}, ${name}: slices inside slices`);
    const key = `${pid} ${name}`;
    found.set(key, [...(found.get(key) ?? []), ...slices].sort(inOrder));
  }
  assert.deepEqual([...found].sort(), [...expectedThreads(timeline)].sort());
}

function checkBounds({ bounds }, timeline) {
  const all = [...expectedThreads(timeline).values()].flat();
  const start = all.reduce((least, slice) => Math.min(least, slice.start), Infinity);
  const finish = all.reduce((most, slice) => Math.max(most, slice.finish), 0);
  assert.deepEqual(bounds, { start, finish });
}

async function checkTrace({ summary, timeline, files }) {
  const trace = await readTrace(files['chrome-trace']);
  assert.equal(trace.generic, true);
  assert.deepEqual(
    [...trace.processes],
    summary.devices.map(({ device }) => [device + 1, `device ${device}`]),
  );
  checkThreads(trace, timeline);
  checkBounds(trace, timeline);
}

const reports = { 'chrome-trace': 'trace.json' };

describe("the DevTools' trace engine", () => {
  for (const name of examples) {
    test(`reads ${name}'s threads and slices as the timeline has them`, async () => {
      await checkTrace(step(name, example(name), { reports }));
    });
  }

  test('reads a trace of an executed step', async () => {
    await checkTrace(step('executed', example('gpipe'), { command: 'execute', reports }));
  });

  test('reads the same of a compressed trace', async () => {
    await checkTrace(step('gz', example('gpipe'), { reports: { 'chrome-trace': 'json.gz' } }));
  });

  const schedules = JSON.parse(pipesim(['list', '--json'])).schedules.map(({ name }) => name);
  for (const schedule of schedules) {
    test(`reads traces of ${schedule}, however devices communicate`, async () => {
      for (const communication of ['overlapped', 'blocking', 'rendezvous']) {
        const name = `${schedule}-${communication}`;
        await checkTrace(step(name, smallConfig(name, { schedule, communication }), { reports }));
      }
    });
  }
});
