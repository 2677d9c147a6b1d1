// Every example's trace, opened in speedscope.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launch, newPage } from './support/chromium.mjs';
import { expectedThreads } from './support/expected_threads.mjs';
import { artifacts, example, examples, smallConfig, step } from './support/pipesim.mjs';
import {
  exportedProfiles, openTrace, serveSpeedscope, shownProfiles,
} from './support/speedscope.mjs';

let browser;
let server;
before(async () => {
  browser = await launch();
  server = await serveSpeedscope();
});
after(async () => {
  await browser.close();
  server.close();
});

// "device 0 (pid 1), send to device 1 (tid 5)" → "1 send to device 1"
function threadOf(profile_name) {
  const parts = /^device (\d+) \(pid (\d+)\), (.*) \(tid \d+\)$/;
  const [, device, pid, thread] = parts.exec(profile_name);
  assert.equal(Number(pid), Number(device) + 1);
  return `${pid} ${thread}`;
}

const labelled = ({ name, args }) => `${name} ${JSON.stringify(args)}`;

// Slices of a device's ops, from its first one's start.
function expectedCompute(slices) {
  return slices.map((slice) => ({
    name: labelled(slice),
    depth: 0,
    start: slice.start - slices[0].start,
    finish: slice.finish - slices[0].start,
  }));
}

// speedscope moves each thread to 0: of messages, on several threads, the durations are left.
const durations = (slices, label) =>
  slices.map((slice) => `${label(slice)}: ${slice.finish - slice.start}`).sort();

function compare(profiles, timeline) {
  const expected = expectedThreads(timeline, { instants: false });
  const found = byThread(profiles);
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [thread, parts] of found) {
    const slices = parts.flatMap((profile) => profile.slices);
    assert.ok(slices.every((slice) => slice.depth === 0), `${thread} has slices inside slices`);
    if (thread.endsWith(' compute')) {
      assert.deepEqual(slices, expectedCompute(expected.get(thread)));
    } else {
      assert.deepEqual(durations(slices, (s) => s.name), durations(expected.get(thread), labelled));
    }
  }
}

// Node 20 has no Map.groupBy.
function byThread(profiles) {
  const groups = new Map();
  for (const profile of profiles) {
    const thread = threadOf(profile.name);
    groups.set(thread, [...(groups.get(thread) ?? []), profile]);
  }
  return groups;
}

async function checkTrace(name, { summary, timeline, files }, way) {
  const page = await newPage(browser, { acceptDownloads: true });
  await openTrace(page, server, files['chrome-trace'], way);
  const { title, names } = await shownProfiles(page);
  assert.equal(title, `${names[0]} (1/${names.length})`);
  const profiles = await exportedProfiles(page);
  assert.deepEqual(profiles.map((profile) => profile.name), names);
  compare(profiles, timeline);
  assert.equal(new Set(names.map((n) => n.split(',')[0])).size, summary.devices.length);
  await page.screenshot({ path: path.join(artifacts, `speedscope-${name}.png`) });
  assert.deepEqual(page.problems, []);
  await page.close();
}

const reports = { 'chrome-trace': 'trace.json' };

describe('speedscope', () => {
  for (const name of examples) {
    test(`shows ${name}'s devices, threads and ops as the timeline has them`, async () => {
      await checkTrace(name, step(name, example(name), { reports }), 'button');
    });
  }

  // Some ops of these take no time, or begin and end within a nanosecond.
  for (const communication of ['blocking', 'rendezvous']) {
    test(`shows sends and receives that stand in the order of ops (${communication})`, async () => {
      const config = smallConfig(communication, { schedule: 'zb_h1', communication });
      await checkTrace(communication, step(communication, config, { reports }), 'button');
    });
  }

  for (const way of ['button', 'drop', 'address']) {
    test(`opens a compressed trace (${way})`, async () => {
      const run = step(`gz-${way}`, example('gpipe'), { reports: { 'chrome-trace': 'json.gz' } });
      await checkTrace(`gz-${way}`, run, way);
    });
  }
});
