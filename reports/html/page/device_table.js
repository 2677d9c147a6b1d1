// Tables of the summary that a click on a column's head sorts.

/** As many rows as a browser lays out at once; of more the first are shown, by the order chosen. */
const mostRows = 2000;

/** Rows of `columns` = [{key, head, cell(row)}, …]; sorts by row[key], as given at first. */
function makeTable(rows, columns, rowAttributes = () => ({})) {
  const table = {
    body: element('tbody'),
    rows: rows.map((row) => ({row, shown: null})),
    make: (row) => element('tr', rowAttributes(row), columns.map(
      (column) => element('td', {class: column.text ? 'text' : null}, column.cell(row)))),
  };
  const heads = columns.map((column) => {
    const head = element('th', {scope: 'col', class: column.text ? 'text' : null}, element(
      'button', {type: 'button', onclick: () => sortBy(table, heads, head, column)},
      column.head));
    return head;
  });
  showRows(table, table.rows);
  return element(
    'div', {class: 'wide'},
    element('table', {class: 'sortable'},
            element('thead', {}, element('tr', {}, heads)), table.body),
    rows.length > mostRows ? element('p', {class: 'note'}, cutNote(rows.length)) : null);
}

function cutNote(all) {
  const most = mostRows.toLocaleString('en');
  return `The first ${most} of ${counted(all, 'row')}; a click on a head sorts all of them.`;
}

function showRows(table, sorted) {
  table.body.replaceChildren(
    ...sorted.slice(0, mostRows).map((entry) => entry.shown ??= table.make(entry.row)));
}

/** Ascending, then descending; equal rows keep their order, and null is last. */
function sortBy(table, heads, head, column) {
  const down = head.getAttribute('aria-sort') === 'ascending';
  for (const other of heads) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const keyed = table.rows.map((entry) => ({entry, value: sortValue(entry.row[column.key])}));
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
    const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
    return down ? -order : order;
  });
  showRows(table, keyed.map(({entry}) => entry));
}

function sortValue(value) {
  if (Array.isArray(value)) return value[0] ?? null;
  return value ?? null;
}

const figureColumn = (key, head) => ({key, head, cell: (row) => figureOf(row, key)});

/** A row for each device of a summary. `names`: of their kinds. */
function makeDeviceTable(summary, names) {
  const columns = [
    figureColumn('device', 'device'),
    {key: 'name', head: 'kind', text: true, cell: (row) => nameText(names[row.device] ?? '')},
    {key: 'stages', head: 'stages', text: true, cell: (row) => row.stages.join(', ')},
    figureColumn('busy_s', 'busy'),
    figureColumn('idle_s', 'idle'),
    figureColumn('bubble_fraction', 'bubble'),
    figureColumn('peak_memory_bytes', 'peak'),
    figureColumn('peak_at_s', 'at'),
    {key: 'capacity_bytes', head: 'capacity', cell: (row) => figure(
      'capacity_bytes', row.capacity_bytes, readableBytes)},
    figureColumn('static_bytes', 'static'),
    figureColumn('peak_in_flight', 'in flight'),
  ];
  const rows = summary.devices.map((row) => ({...row, name: names[row.device] ?? ''}));
  return element(
    'section', {class: 'panel devices'}, element('h3', {}, 'Devices'),
    makeTable(rows, columns, (row) => ({
      'data-device': row.device,
      class: row.capacity_bytes !== null && row.peak_memory_bytes > row.capacity_bytes
        ? 'alarm' : null})));
}

/** A row for each link that devices share, or null where there are none. */
function makeLinkTable(summary) {
  if (!Array.isArray(summary.links) || summary.links.length === 0) return null;
  const columns = [
    {key: 'link', head: 'link', text: true, cell: (row) => nameText(row.link)},
    figureColumn('busy_s', 'busy'),
    figureColumn('utilisation', 'of pipeline'),
    figureColumn('messages', 'messages'),
    figureColumn('bytes', 'bytes'),
    figureColumn('waited_s', 'waited for it'),
  ];
  return element(
    'section', {class: 'panel links'}, element('h3', {}, 'Shared links'),
    makeTable(summary.links, columns, (row) => ({
      class: row.link === summary.bottleneck_link ? 'bottleneck' : null})));
}
