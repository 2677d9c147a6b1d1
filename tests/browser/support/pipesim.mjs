// Runs the binary under test. The environment says where things are, as ./run sets it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const source = path.resolve(import.meta.dirname, '../../..');
export const artifacts = process.env.ARTIFACTS;

/** The examples, by name: "gpipe" is examples/gpipe.json. */
export const examples = fs
  .readdirSync(path.join(source, 'examples'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .sort();

export const example = (name) => path.join(source, 'examples', `${name}.json`);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pipesim-browser-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

/** A place for a file, in a folder that is gone when the process ends. */
export const temporary = (name) => path.join(folder, name);

/** Standard output. Throws unless it ends with one of these exit codes; 3: the answer is no. */
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
