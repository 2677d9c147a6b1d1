// The kinds of ops of a run: colour, letter, name, how many, and how long in all.

/** Counts and total times of the kinds that a run has. */
function kindTotals(run) {
  const sum = (values) => values.reduce((all, value) => all + value, 0);
  return run.kinds.map((kind, k) => ({
    kind,
    count: sum(run.blocks.map(({counts}) => counts[k])),
    time: sum(run.blocks.map(({totals}) => totals[k])),
  }));
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
                           `${counted(count, 'op')}, ${readableTime(time)}`));
  });
  const idle = element('b', {class: 'kind idle'}, '\u00a0');
  return element('ul', {class: 'legend'}, items, element('li', {}, idle, ' idle'));
}
