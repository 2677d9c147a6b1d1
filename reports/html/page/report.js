// The page as a whole: what is in it, in which order, and when it is drawn.

const scriptStart = performance.now();

/** What all parts of the page share. */
function makePage(head, sources) {
  const ends = sources.map(({meta}) => Number(meta.finish_ps));
  const page = {
    head, kinds: head.kinds, runs: [], blocks: [], colours: null, picture: null,
    view: new TimeView(Math.max(1, ...ends)),
    cursor: null,      // ps, or null
    pointed: null,     // {run, device, op}
    pointedRow: null,  // {run, device}
    selected: null,    // {run, device, op}
    told: null,        // where the pointer rests, {block, panel, x, y}; {block}: at `selected`
    moved: false,      // since the last frame
    shares: new Float64Array(0),
    frame: 0,
    later: 0,
  };
  /** Room for as many numbers, the same for every row. */
  page.scratch = (size) => {
    if (page.shares.length < size) page.shares = new Float64Array(size);
    return page.shares;
  };
  page.invalidate = () => {
    for (const block of page.blocks) for (const panel of block.panels) panel.stale = true;
    page.moved = true;
    page.invalidateAbove();
  };
  page.invalidateAbove = () => {
    page.frame ||= requestAnimationFrame(() => drawFrame(page));
  };
  page.view.listeners.push(page.invalidate);
  return page;
}

/** Draws what is in sight and stale, and of the rest what follows the pointer. */
function drawFrame(page) {
  if (page.moved) pointAgain(page);
  page.moved = false;
  page.frame = 0;
  const panels = page.blocks.flatMap((block) => block.visible ? block.panels : []);
  for (const panel of panels) {
    if (!panel.near) continue;
    if (panel.stale) panel.drawAll();
    else panel.drawAbove();
  }
  clearTimeout(page.later);
  page.later = setTimeout(() => {
    for (const panel of panels) if (panel.stale) panel.drawAll();
  }, 200);
}

/** What a block shows besides its chart. */
function blockShows(command, index) {
  if (command === 'compare') return {figures: true};
  return {tags: true, links: true, folded: command === 'execute' && index === 0};
}

function watchBlocks(page) {
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const block = page.blocks.find((candidate) => candidate.section === entry.target);
      block.visible = entry.isIntersecting;
      if (block.visible) load(block).then(() => {
        addLinks(block);
        page.invalidate();
      });
    }
    forget(page);
  }, {rootMargin: '300px 0px'});
  for (const block of page.blocks) observer.observe(block.section);
  window.addEventListener('scroll', () => {
    page.moved = true;
    page.invalidateAbove();
  }, {passive: true});
  new ResizeObserver(() => page.invalidate()).observe(document.getElementById('main'));
}

/** Colours again, and everything drawn anew. */
function recolour(page, theme) {
  showTheme(theme);
  page.colours = readColours();
  page.invalidate();
}

function watchTheme(page) {
  const button = document.getElementById('theme');
  button.addEventListener('click', () => {
    nextTheme(button);
    recolour(page);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => recolour(page));
  window.addEventListener('beforeprint', () => {
    document.documentElement.dataset.paper = '';
    recolour(page, 'light');
    loadFirst(page, opsAhead);
    for (const block of page.blocks) drawBlock(block);
  });
  window.addEventListener('afterprint', () => {
    delete document.documentElement.dataset.paper;
    recolour(page);
  });
}

function aboutReport(head) {
  return [head.command, `pipesim ${visible(head.pipesim)}`].join(' · ');
}

/** Fills the document: figures, blocks, tables, config. */
function layOut(page, sources) {
  const {head} = page;
  const {summary, command} = head;
  document.getElementById('name').append(nameText(head.name));
  document.getElementById('about').textContent = aboutReport(head);
  page.blocks = sources.map(
    (source, index) => makeBlock(page, index, source, blockShows(command, index)));
  const blocks = page.blocks.map((block) => block.section);
  const names = sources[sources.length - 1]?.meta.device_names ?? [];
  const show = (run) => showBlock(page, run);
  const parts = command === 'compare' ? [makeComparison(summary, show), ...blocks] : [
    makeHeadline(summary), makeWarnings(summary), makePredictionTable(summary, names), ...blocks,
    makeBreakdown(summary), makeDeviceTable(summary, names), makeLinkTable(summary),
    makeAllFigures(summary)];
  document.getElementById('main').replaceChildren(
    ...parts.filter(Boolean), makeConfig(head.config));
}

/** Shows the report; done when what is seen at first is drawn. */
async function start(report) {
  const head = JSON.parse(document.getElementById('report').textContent);
  const sources = runElements(head);
  const page = makePage(head, sources);
  showTheme();
  page.colours = readColours();
  layOut(page, sources);
  prepareKeyList();
  watchFingers(page);
  watchTheme(page);
  Object.assign(report, {
    runs: page.runs,
    view: page.view,
    decode: (run) => load(page.blocks[run]),
    pointOf: (run, device, ps) => pointOf(page, page.blocks[run], device, ps),
  });
  const shown = page.blocks.slice(0, head.command === 'compare' ? 1 : 2);
  for (const block of shown) block.visible = true;
  loadFirst(page, opsAtOnce);
  for (const block of shown) await load(block);
  report.timings.firstDraw = performance.now() - scriptStart;
  await new Promise((resolve) => { setTimeout(resolve); });
  page.blocks.forEach(addLinks);
  watchBlocks(page);
  readAhead(page);
}

/** For programs that read the page: what it has decoded, what it shows, and where. */
const report = {timings: {}};
window.pipesimReport = report;
report.ready = start(report).catch((error) => {
  document.getElementById('main').prepend(
    element('p', {class: 'error damaged'}, `This report can't be shown: ${error.message}`));
});
