// One run of the report: its title, its chart, memory and links. The columns of small runs are read
// before the page is first shown, those of others when they come near the window, are printed, or
// when there is nothing else to do.

/** How many ops may stay decoded while their charts are out of sight. */
const opsKept = 6e6;

/** Of how many ops the runs out of sight are read before anyone comes near them. */
const opsAhead = 1e6;

/** Of how many ops the runs are read before the page is first shown. */
const opsAtOnce = 5e4;

/** An empty block for a run; load() fills it. `shows` lists what it has besides the chart. */
function makeBlock(page, index, source, shows) {
  const {meta} = source;
  const body = element('div', {class: 'run-body'}, element('p', {class: 'quiet'}, 'Not read yet.'));
  body.style.minHeight = `${expectedHeight(meta)}px`;
  const section = element(
    'section', {class: 'run', id: `run-${index}`, 'data-run': index},
    element('h2', {}, nameText(meta.title)), element('p', {class: 'about'}, aboutRun(meta)),
    shows.figures ? runFigures(meta.summary) : null, body);
  return {page, index, source, meta, shows, section, body, run: null, panels: [], visible: false,
          loading: null};
}

/** About as high as the block will be with its chart and its memory. */
function expectedHeight({devices}) {
  const room = chartRoom();
  const chart = Math.min(room, devices * fittingRowHeight(devices, room));
  return 150 + chart + Math.min(memoryRoom, devices * memoryRowHeight(devices));
}

/** Scrolls to a run; again when it and what is above it have been drawn. */
async function showBlock(page, index) {
  const block = page.blocks[index];
  if (!block) return;
  block.section.scrollIntoView();
  await load(block);
  block.section.scrollIntoView();
}

/** The figures of a row of `compare`, above its chart. */
function runFigures(summary) {
  const peaks = (summary.devices ?? []).map((device) => device.peak_memory_bytes);
  const figures = {...summary, peak_memory_bytes: Math.max(0, ...peaks)};
  const shown = [['step_time_s', 'step'], ['bubble_fraction', 'bubble'],
                 ['peak_memory_bytes', 'peak'], ['recompute', 'recompute']];
  return element('p', {class: 'run-figures'}, shown.filter(([key]) => key in figures).map(
    ([key, name]) => element('span', {}, element('span', {class: 'quiet'}, `${name} `),
                             figureOf(figures, key))));
}

function aboutRun(meta) {
  return [cut(meta.schedule), counted(meta.devices, 'device'), counted(meta.stages, 'stage'),
          counted(meta.micro_batches, 'micro-batch', 'micro-batches'), counted(meta.spans, 'op'),
          `ends at ${exactTime(BigInt(meta.finish_ps))}`,
          `${meta.clock} clock`].join(' · ');
}

/** Decodes the block's run and draws it, once; a damaged one is said in its place. */
function load(block) {
  block.loading ??= decodeRun(block.source, block.page.kinds.length).then(
    (run) => { if (!block.run) fill(block, run); }, (error) => showDamage(block, error));
  return block.loading;
}

/** The same without waiting. */
function loadNow(block) {
  if (block.run) return;
  try {
    fill(block, decodeRunNow(block.source, block.page.kinds.length));
  } catch (error) {
    showDamage(block, error);
  }
  block.loading ??= Promise.resolve();
}

/** Reads the first runs without waiting, as many as have `ops` ops together. */
function loadFirst(page, ops) {
  let left = ops;
  for (const block of page.blocks) {
    left -= block.meta.spans;
    if (left < 0) return;
    loadNow(block);
  }
}

function showDamage(block, error) {
  block.body.style.minHeight = '';
  block.body.replaceChildren(element(
    'p', {class: 'error damaged'}, `This run can't be shown: ${visible(error.message)}.`));
}

function fill(block, run) {
  const {page, meta, shows} = block;
  block.run = run;
  page.runs[block.index] = run;
  block.gantt = makeGantt(page, run);
  const holds = (meta.summary.devices ?? []).some((device) => device.peak_memory_bytes > 0);
  block.memory = holds ? makeMemoryPanel(page, run) : null;
  const tags = holds && shows.tags ? makeTagPanel(page, run) : null;
  const others = [block.memory, tags].filter(Boolean);
  block.panels = [block.gantt, ...others];
  block.links = element('div');
  const sections = [...others.map((panel) => panel.section), block.links];
  if (!holds) sections.unshift(element('p', {class: 'quiet panel'}, 'No op holds memory.'));
  block.body.replaceChildren(...[
    meta.deadlock ? element('p', {class: 'error deadlock'},
                            element('bdi', {}, visible(meta.deadlock)),
                            '. Times are those reached.') : null,
    makeLegend(page, run), block.gantt.section,
    ...(shows.folded ? [foldedPanels(page, sections)] : sections)].filter(Boolean));
  block.body.style.minHeight = '';
  for (const panel of block.panels) followPointer(page, block, panel);
  followKeys(page, block);
  for (const panel of block.panels) {
    panel.stale = true;
    if (panel.near) panel.drawAll();
  }
  page.invalidateAbove();
}

/** Adds the panel of links, which takes longest to make and is far down. */
function addLinks(block) {
  const {page, run} = block;
  if (!run || !block.shows.links || block.links.firstChild) return;
  const panel = makeLinkPanel(page, run);
  if (!panel) {
    block.links.append(element('p', {class: 'quiet panel'}, 'No message takes time on a link.'));
    return;
  }
  block.links.append(panel.section);
  block.panels.push(panel);
  followPointer(page, block, panel);
  panel.stale = true;
  page.invalidateAbove();
}

function foldedPanels(page, sections) {
  return element('details', {class: 'panel', ontoggle: () => page.invalidate()},
                 element('summary', {}, 'Memory and links of this run'), sections);
}

function drawBlock(block) {
  for (const panel of block.panels) panel.drawAll();
}

/** Reads the first runs in idle moments, so that they are there at once, on paper too. */
async function readAhead(page) {
  let ops = 0;
  for (const block of page.blocks) {
    ops += block.meta.spans;
    if (ops > opsAhead) return;
    await new Promise((resolve) => { requestIdleCallback(resolve); });
    await load(block);
  }
}

/** Lets go of runs out of sight while more ops are decoded than `opsKept`. */
function forget(page) {
  const held = page.blocks.filter((block) => block.run);
  let ops = held.reduce((sum, block) => sum + block.meta.spans, 0);
  for (const block of held) {
    if (ops <= opsKept) return;
    if (block.visible || page.selected?.run === block.run) continue;
    ops -= block.meta.spans;
    block.body.style.minHeight = `${block.body.offsetHeight}px`;
    block.body.replaceChildren(element('p', {class: 'quiet'}, 'Not read yet.'));
    Object.assign(block, {run: null, panels: [], gantt: null, memory: null, loading: null});
    page.runs[block.index] = undefined;
  }
}
