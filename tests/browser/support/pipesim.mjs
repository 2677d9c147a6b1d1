// Runs the binary under test. The environment says where things are, as ./run sets it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const source = path.resolve(import.meta.dirname, '../../..');
export const artifacts = process.env.ARTIFACTS;

/** The examples, by name: "gpipe" is examples/gpipe.json. The schema of configs is none. */
export const examples = fs
  .readdirSync(path.join(source, 'examples'))
  .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();

export const example = (name) => path.join(source, 'examples', `${name}.json`);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pipesim-browser-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

/** A place for a file, in a folder that is gone when the process ends. */
export const temporary = (name) => path.join(folder, name);

/** Standard output. Throws unless it ends with one of these exit codes; 3: infeasible. */
export function pipesim(args, { input = '', codes = [0, 3] } = {}) {
  const result = spawnSync(process.env.PIPESIM, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    cwd: source,
  });
  if (result.error) throw result.error;
  if (!codes.includes(result.status)) {
    throw new Error(`pipesim ${args.join(' ')}: exit code ${result.status}\n${result.stderr}`);
  }
  return result.stdout;
}

/** A command's summary and its timeline, with the paths of the reports asked for beside them. */
export function step(name, config, { command = 'simulate', reports = {}, options = [] } = {}) {
  const timeline = temporary(`${name}.timeline.json`);
  const files = Object.fromEntries(
    Object.entries(reports).map(([option, ending]) => [option, temporary(`${name}.${ending}`)]),
  );
  const named = Object.entries(files).flatMap(([option, file]) => [`--${option}`, file]);
  const summary = pipesim([
    command, config, '--json', '--timeline', timeline, ...named, ...options,
  ]);
  return {
    summary: JSON.parse(summary),
    timeline: JSON.parse(fs.readFileSync(timeline, 'utf8')),
    files,
  };
}

/** The path of a file that holds a config: of small stages, with some keys of its pipeline. */
export function smallConfig(name, pipeline = {}, overrides = {}) {
  const file = temporary(`${name}.config.json`);
  const config = {
    name,
    model: {
      kind: 'stage_costs', forward: '10 ns', backward_input: '11 ns', backward_weight: '9 ns',
      boundary_bytes: 100, stash_bytes: 3000, parameter_bytes: 10000,
    },
    cluster: { interconnect: { bandwidth: '100 GB/s', latency: '7 ns' } },
    pipeline: { stages: 4, micro_batches: 8, ...pipeline },
    ...overrides,
  };
  fs.writeFileSync(file, JSON.stringify(config));
  return file;
}
