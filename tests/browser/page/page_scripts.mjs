// The page's scripts outside of a page: those that need no document.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';

const folder = fileURLToPath(new URL('../../../reports/html/page', import.meta.url));

/** Runs scripts one behind the other, as the page does, and returns what they define by names. */
export function pageScripts(files, names) {
  const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
  return vm.runInThisContext(`(() => { "use strict"; ${text}\n return {${names.join(', ')}}; })()`);
}

/** An array of the numbers of a typed one. */
export const plain = (numbers) => Array.from(numbers);
