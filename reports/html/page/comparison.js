// Several runs side by side, as figures: the rows of `compare`, and run against prediction.

/**
 * The table of `compare`, sorted as given; what is not possible at its end, with the reason. A
 * click on a row calls show(its run).
 */
function makeComparison(summary, show) {
  const possible = summary.rows.filter((row) => !row.reason);
  const link = (row) => element(
    'a', {href: `#run-${possible.indexOf(row)}`}, nameText(row.schedule));
  const columns = [
    {key: 'schedule', head: 'schedule', text: true, cell: link},
    figureColumn('virtual_stages', 'stages a device'),
    {key: 'recompute', head: 'recompute', text: true, cell: (row) => visible(row.recompute ?? '')},
    figureColumn('step_time_s', 'step'),
    figureColumn('forward_s', 'forward'),
    figureColumn('backward_s', 'backward'),
    figureColumn('recompute_s', 'again'),
    figureColumn('communication_s', 'comm.'),
    figureColumn('optimizer_s', 'optimizer'),
    figureColumn('bubble_fraction', 'bubble'),
    figureColumn('efficiency', 'efficiency'),
    figureColumn('peak_memory_bytes', 'peak memory'),
    {key: 'fits_memory', head: 'fits', cell: (row) => figure(
      'fits_memory', row.fits_memory, (fit) => fit ? 'yes' : 'NO')},
    ...(possible.some((row) => row.times_unlike_order) ? [unlikeColumn] : []),
  ];
  const attributes = (row) => ({
    'data-row': summary.rows.indexOf(row),
    class: row.fits_memory === false ? 'alarm' : null,
    onclick: (event) => {
      event.preventDefault();
      show(possible.indexOf(row));
    },
  });
  const table = makeTable(possible, columns, attributes);
  table.querySelector('table').append(element('tbody', {}, reasonRows(summary, columns.length)));
  return element('section', {class: 'panel comparison'}, element('h3', {}, 'Schedules'), table);
}

/** How far a row's times are from those that its schedule's order is made for. */
const unlikeColumn = {key: 'times_unlike_order', head: 'order', text: true,
                      cell: (row) => visible(row.times_unlike_order ?? '')};

/** Why schedules are not possible; what is true with and without re-computation is said once. */
function reasonRows(summary, width) {
  const said = new Set();
  const isNew = (row) => said.size < said.add(JSON.stringify([row.schedule, row.reason])).size;
  return summary.rows.filter((row) => row.reason && isNew(row)).map((row) => element(
    'tr', {class: 'impossible', 'data-row': summary.rows.indexOf(row)},
    element('td', {class: 'text'}, nameText(row.schedule)),
    element('td', {class: 'text', colspan: width - 1}, 'not possible: ',
            element('bdi', {}, visible(row.reason)))));
}

const comparedNames = {step_time_s: 'step', pipeline_time_s: 'pipeline', bubble_fraction: 'bubble',
                       peak_memory_bytes: 'peak memory'};

/**
 * What was predicted for this machine beside what it executed, by the summary of `execute`; null
 * without. What other devices would take stands below.
 */
function makePredictionTable(summary, names) {
  const source = summary.compared_with;
  if (!source) return null;
  const prediction = summary[source];
  const errors = summary[`${source}_error_percent`];
  const executed = (key) => key === 'peak_memory_bytes'
    ? Math.max(...summary.devices.map((device) => device.peak_memory_bytes)) : summary[key];
  const rows = Object.keys(prediction).map((key) => element(
    'tr', {}, element('th', {scope: 'row'}, comparedNames[key] ?? key),
    element('td', {}, figure(`${source}.${key}`, prediction[key], (v) => shownAs(key, v))),
    element('td', {}, figure(key, executed(key), (v) => shownAs(key, v))),
    element('td', {}, figure(`${source}_error_percent.${key}`, errors?.[key] ?? null,
                             (v) => `${v > 0 ? '+' : ''}${v.toFixed(2)} %`))));
  const head = ['', 'predicted', 'executed', 'error'].map(
    (text) => element('th', {scope: 'col'}, text));
  return element(
    'section', {class: 'panel prediction'}, element('h3', {}, 'Prediction and run'),
    element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, rows)),
    source === 'replay' ? makeOtherDevice(summary.prediction, names) : null, makeChecks(summary));
}

/** The config's devices, where they are other machines than the one that ran. */
function makeOtherDevice(prediction, names) {
  const [name, ...others] = [...new Set(names)];
  const devices = others.length > 0 ? "the config's devices" : `a ${visible(name ?? 'device')}`;
  return element(
    'p', {class: 'quiet'}, 'predicted from the durations that this run measured; ', devices,
    ' would take ', figure('prediction.step_time_s', prediction.step_time_s,
                           (v) => shownAs('step_time_s', v)), ' a step');
}

function makeChecks(summary) {
  const checks = [['gradients match', 'gradients DIFFER', summary.gradient_check],
                  ['memory trace matches', 'memory trace DIFFERS', summary.memory_check]];
  return element('p', {class: 'checks'}, checks.filter(([, , check]) => check).map(
    ([match, differ, check]) => element(
      'span', {class: check.passed ? '' : 'alarm'},
      `${check.passed ? match : differ}` +
      (check.finite === false ? ', not finite' : '') +
      (check.difference ? `: ${visible(check.difference)}` : ''))));
}
