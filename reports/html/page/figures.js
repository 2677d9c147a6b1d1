// The figures of a summary. Every number stands as the summary states it; nothing is computed anew.

/** How the value of a key is written, by what the key ends in. */
function shownAs(key, value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return visible(value);
  if (key.endsWith('_per_s')) {
    if (key.startsWith('model_flops')) return `${readableRate(value)}FLOP/s`;
    return `${readableRate(value)} ${key === 'samples_per_s' ? 'samples' : ''}/s`;
  }
  if (key.endsWith('_s')) return readableSeconds(value);
  if (key.endsWith('_bytes') || key === 'bytes') return readableBytes(value);
  if (/fraction|formula|over_ideal|utili[sz]ation|efficiency/.test(key)) return percent(value);
  if (key.endsWith('_percent')) return `${value.toFixed(2)} %`;
  if (key === 'parameters') return readableCount(value);
  return String(value);
}

const figureOf = (object, key) => figure(key, object[key], (value) => shownAs(key, value));

function headlineItem(label, shown, note) {
  return element('div', {class: 'headline-item'}, element('span', {class: 'label'}, label), shown,
                 element('span', {class: 'quiet'}, note));
}

/** The few figures that a reader looks for first. */
function makeHeadline(summary) {
  const devices = summary.devices ?? [];
  const fullest = devices.reduce(
    (best, device) => !best || device.peak_memory_bytes > best.peak_memory_bytes ? device : best,
    null);
  const formula = summary.bubble_formula ?? null;
  const fits = element('span', {class: summary.fits_memory ? '' : 'alarm'},
                       figure('fits_memory', summary.fits_memory, (fit) => fit ? 'yes' : 'NO'));
  return element(
    'div', {class: 'headline'},
    headlineItem('step', figureOf(summary, 'step_time_s'),
                 ['pipeline ', figureOf(summary, 'pipeline_time_s')]),
    headlineItem('bubble', figureOf(summary, 'bubble_fraction'),
                 formula === null ? ['no closed form', figure('bubble_formula', null, String)]
                   : ['closed form ', figureOf(summary, 'bubble_formula')]),
    fullest ? headlineItem('peak memory', figureOf(fullest, 'peak_memory_bytes'),
                           `of device ${fullest.device}`) : null,
    headlineItem('fits memory', fits, fullest && fullest.capacity_bytes === null ? 'no limit' : ''),
    headlineItem('throughput', figureOf(summary, 'samples_per_s'),
                 typeof summary.model_flops_utilization === 'number'
                   ? ['utilization ', figureOf(summary, 'model_flops_utilization')] : ''));
}

const breakdownParts = [
  ['fill_drain', 'filling and draining'],
  ['imbalance', 'uneven stages'],
  ['communication', 'communication'],
  ['other', 'other'],
];

/**
 * The parts of the bubble as a bar and a table. Where one is negative, the bar is as long as the
 * others together, and what it takes back is hatched at their end.
 */
function makeBreakdown(summary) {
  const parts = summary.bubble_breakdown;
  if (!parts || parts.other === null) return null;  // After a deadlock.
  const sum = breakdownParts.reduce((all, [key]) => all + Math.max(0, parts[key] ?? 0), 0);
  const bar = element('div', {class: 'bar', 'aria-hidden': 'true'});
  const taken = breakdownParts.reduce((all, [key]) => all + Math.max(0, -(parts[key] ?? 0)), 0);
  breakdownParts.forEach(([key], i) => {
    if (!(parts[key] > 0)) return;
    const piece = element('span', {class: `piece part-${i}`});
    piece.style.width = `${100 * parts[key] / sum}%`;
    bar.append(piece);
  });
  if (taken > 0 && sum > 0) {
    const piece = element('span', {class: 'piece taken'});
    piece.style.width = `${Math.min(100, 100 * taken / sum)}%`;
    bar.append(piece);
  }
  const rows = breakdownParts.map(([key, name], i) => element(
    'tr', {}, element('th', {scope: 'row'}, element('i', {class: `swatch part-${i}`}), name),
    element('td', {}, figure(key, parts[key], percent))));
  return element(
    'section', {class: 'panel breakdown'}, element('h3', {}, 'Bubble'), bar,
    element('table', {}, element('tbody', {}, rows), element(
      'tfoot', {}, element('tr', {}, element('th', {scope: 'row'}, 'of all device time'),
                           element('td', {}, figureOf(summary, 'bubble_fraction'))))));
}

/** Every single value of an object as [dotted key, value], but for those in `except`. */
function scalars(object, except, prefix = '') {
  return Object.entries(object).flatMap(([key, value]) => {
    if (except.includes(prefix + key)) return [];
    if (Array.isArray(value)) {
      return value.every((entry) => entry === null || typeof entry !== 'object')
        ? [[prefix + key, value.join(', ')]] : [];
    }
    if (value !== null && typeof value === 'object') {
      return scalars(value, except, `${prefix}${key}.`);
    }
    return [[prefix + key, value]];
  });
}

/** All figures of a summary, folded away. */
function makeAllFigures(summary) {
  const entries = scalars(summary, ['devices', 'links']);
  return element(
    'details', {class: 'panel all-figures'}, element('summary', {}, 'All figures'),
    element('dl', {}, entries.flatMap(([key, value]) => [
      element('dt', {}, visible(key)),
      element('dd', {}, element('bdi', {}, figure(
        key, value, (known) => shownAs(key.split('.').pop(), known))))])));
}

/** What does not fit, and what would; null where all does. */
function makeWarnings(summary) {
  const warnings = [];
  for (const entry of (summary.out_of_memory ?? []).slice(0, 16)) {
    warnings.push(element(
      'p', {class: 'error'}, `Device ${entry.device} does not fit: at ${visible(entry.op)}, ` +
      `${readableSeconds(entry.at_s)}, it needs ${readableBytes(entry.needed_bytes)}, ` +
      `${readableBytes(entry.excess_bytes)} more than it has.`));
  }
  for (const entry of summary.advice ?? []) {
    warnings.push(element(
      'p', {class: 'advice'}, entry.fits_memory ? 'Would fit: ' : 'Tried, does not fit either: ',
      element('code', {}, element('bdi', {}, visible(entry.setting))),
      `, at most ${readableBytes(entry.peak_memory_bytes)} on a device, ` +
      `${readableSeconds(entry.step_time_s)} a step`));
  }
  return warnings.length > 0 ? element('div', {class: 'warnings'}, warnings) : null;
}

/** The config as it was read, indented. */
function makeConfig(config) {
  return element('details', {class: 'panel config'}, element('summary', {}, 'Config'),
                 element('pre', {tabindex: 0}, visibleLines(JSON.stringify(config, null, 2))));
}

const visibleLines = (text) => text.split('\n').map(visible).join('\n');
