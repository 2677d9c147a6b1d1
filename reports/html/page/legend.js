// The kinds of ops of a run: colour, letter, name, how many, and how long in all.

/** Counts and total times of the kinds that a run has. */
function kindTotals(run) {
  const totals = run.kinds.map((kind) => ({kind, count: 0, time: 0}));
  for (const lane of run.lanes) {
    for (let i = 0; i < lane.count; ++i) {
      const total = totals[run.kinds.indexOf(kindOf(lane, i))];
      total.count += 1;
      total.time += lane.finish[i] - lane.start[i];
    }
  }
  return totals;
}

/** The legend of a run's chart. */
function makeLegend(page, run) {
  const items = kindTotals(run).map(({kind, count, time}) => {
    const {token, noun, fill, ink} = page.kinds[kind];
    const key = element('b', {class: 'kind'}, token);
    key.style.background = fill;
    key.style.color = ink;
    return element('li', {'data-kind': token}, key, ` ${noun} `,
                   element('span', {class: 'quiet'},
                           `${count.toLocaleString('en')} ops, ${readableTime(time)}`));
  });
  const idle = element('b', {class: 'kind idle'}, ' ');
  return element('ul', {class: 'legend'}, items, element('li', {}, idle, ' idle'));
}
