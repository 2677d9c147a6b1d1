// speedscope's release, served on this machine, and what it shows of a file.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const release = path.resolve(import.meta.dirname, '../node_modules/speedscope/dist/release');
const content_types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Serves the release, and below /files/ what is added to `files` (name → path). */
export async function serveSpeedscope() {
  const files = new Map();
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const file = files.get(name.replace('/files/', '')) ?? path.join(release, path.basename(name));
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    const type = content_types[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type });
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { files, address, close: () => server.close() };
}

/** Opens a file as its users do: with the button, by dropping it on the page, or by its address. */
export async function openTrace(page, { address, files }, file, way) {
  const name = path.basename(file);
  if (way === 'address') {
    files.set(name, file);
    const url = encodeURIComponent(`${address}/files/${name}`);
    await page.goto(`${address}/index.html#profileURL=${url}`);
  } else {
    await page.goto(`${address}/index.html`);
    if (way === 'button') await page.setInputFiles('input[type=file]', file);
    if (way === 'drop') await drop(page, name, fs.readFileSync(file));
  }
  await page.waitForFunction((title) => document.title === title, `${name} - speedscope`);
}

async function drop(page, name, bytes) {
  await page.evaluate(
    ([name, base64]) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], name));
      const target = document.querySelector('canvas').parentElement.parentElement;
      target.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
    },
    [name, bytes.toString('base64')],
  );
}

/** The names in the list of profiles behind the title, and the title itself. */
export async function shownProfiles(page) {
  const rows = page.locator('tbody tr[title]');
  return {
    title: await page.locator('span:has(> span)').filter({ hasText: /\(\d+\/\d+\)$/ }).innerText(),
    names: await rows.evaluateAll((all) => all.map((row) => row.getAttribute('title'))),
  };
}

/** What speedscope made of the file, asked by its own export: for each profile its name and slices,
    {name, depth, start, finish} in nanoseconds from the thread's first slice. */
export async function exportedProfiles(page) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByText('Export').click(),
  ]);
  const exported = JSON.parse(fs.readFileSync(await download.path(), 'utf8'));
  return exported.profiles.map((profile) => ({
    name: profile.name,
    slices: slicesOf(profile.events, exported.shared.frames),
  }));
}

function slicesOf(events, frames) {
  const open = [];
  const slices = [];
  for (const { type, frame, at } of events) {
    if (type === 'O') {
      const slice = { name: frames[frame].name, depth: open.length, start: Math.round(at * 1000) };
      open.push(slice);
      slices.push(slice);
    } else {
      open.pop().finish = Math.round(at * 1000);
    }
  }
  return slices;
}
