// Colours of the page, from its style sheet, as canvases need them.

const colourNames = ['paper', 'ink', 'quiet', 'line', 'grid', 'bubble', 'hatch', 'cursor', 'accent',
                     'alarm', 'held', 'held-least', 'link'];
const tagColours = 6;

/** The colours of the theme in force, `tags` those of memory tags, `hatch` a pattern for idling. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const colours = Object.fromEntries(colourNames.map((name) => [name, read(name)]));
  colours.tags = Array.from({length: tagColours}, (_, i) => read(`tag-${i}`));
  colours.bubbleHatch = hatch(colours.bubble, colours.hatch);
  return colours;
}

/** Thin diagonal lines on a ground: what a device idles inside the pipeline. */
function hatch(ground, line) {
  const size = 6;
  const tile = element('canvas', {width: size, height: size});
  const context = tile.getContext('2d');
  context.fillStyle = ground;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = line;
  context.beginPath();
  for (const x of [-size, 0, size]) {
    context.moveTo(x, size);
    context.lineTo(x + size, 0);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat');
}

/** "#rrggbb" as a pixel of an ImageData seen as 32-bit numbers. */
function pixelOf(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const bytes = new Uint8ClampedArray([red, green, blue, 255]);
  return new Uint32Array(bytes.buffer)[0];
}

const themes = ['system', 'light', 'dark'];

/** Puts a theme in force: the one given, or that of the button. */
function showTheme(theme) {
  const root = document.documentElement;
  const chosen = theme ?? root.dataset.theme ?? 'system';
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.shown = chosen === 'system' ? (dark ? 'dark' : 'light') : chosen;
}

/** System, light, dark, and again. */
function nextTheme(button) {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme ?? 'system') + 1) % themes.length];
  root.dataset.theme = next;
  button.textContent = `Theme: ${next}`;
}
