// The trace engine of Chromium's DevTools, as its Performance panel reads a file.
import fs from 'node:fs';
import zlib from 'node:zlib';
import { polyfillDOMRect } from '@paulirish/trace_engine/analyze-trace.mjs';
import * as Trace from '@paulirish/trace_engine/models/trace/trace.js';

polyfillDOMRect();

const nanoseconds = (micros) => Math.round(micros * 1000);

const isSlice = ({ ph }) => ph === 'X';
const countSlices = (entries) => entries.filter(isSlice).length;

/** Names of processes (by pid), the trace's bounds, and threads: {pid, tid, name, nested, slices}.
    Slices, instants among them, are {name, args, start, finish} in nanoseconds; `nested` counts
    those that the engine puts inside another. Throws where the engine does. */
export async function readTrace(file) {
  const bytes = fs.readFileSync(file);
  const text = file.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes;
  const model = Trace.TraceModel.Model.createWithAllHandlers();
  await model.parse(JSON.parse(text).traceEvents);
  const { Meta, Renderer } = model.parsedTrace().data;
  return {
    generic: Meta.traceIsGeneric,
    processes: new Map([...Meta.processNames].map(([pid, event]) => [pid, event.args.name])),
    bounds: { start: nanoseconds(Meta.traceBounds.min), finish: nanoseconds(Meta.traceBounds.max) },
    threads: [...Renderer.processes].flatMap(([pid, process]) =>
      [...process.threads].map(([tid, thread]) => ({
        pid,
        tid,
        name: thread.name,
        nested:
          countSlices(thread.entries) - countSlices([...thread.tree.roots].map((r) => r.entry)),
        slices: thread.entries.map(({ name, args, ts, dur = 0 }) => ({
          name,
          args,
          start: nanoseconds(ts),
          finish: nanoseconds(ts) + nanoseconds(dur),
        })),
      })),
    ),
  };
}
