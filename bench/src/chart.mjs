import { REFERENCE_SERVERS } from './server-catalog.mjs';

const WIDTH = 900;
const LABEL_X = 24;
const PLOT_LEFT = 130;
const PLOT_RIGHT = WIDTH - 90;
const PLOT_TOP = 96;
const GROUP_HEADER_HEIGHT = 30;
const ROW_HEIGHT = 20;
const BAR_HEIGHT = 12;
const GROUP_GAP = 14;
const FOOTER_HEIGHT = 44;
/** The servers that stand out. */
const OWN_SERVERS = ['hawser', 'io'];
/** Where a logarithmic axis may begin, end and have its lines. */
const TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

const STYLE = `
  svg { --page: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --bar: #8c959f; --own: #0969da; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d; --bar: #7d8590; --own: #4493f8; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .page { fill: var(--page); }
  .title { font-size: 17px; font-weight: 600; }
  .group { font-weight: 600; }
  .faint { fill: var(--faint); }
  .end { text-anchor: end; }
  .middle { text-anchor: middle; }
  .bar { fill: var(--bar); }
  .own { fill: var(--own); }
  .grid { stroke: var(--line); }
  .reference, .range { stroke: var(--ink); }
  .reference { stroke-width: 1.5; }`;

/**
 * Draws the server's CPU time relative to the reference server, on a logarithmic scale: bars to the left are cheaper,
 * to the right dearer, the thin line spans the rounds. Returns undefined when the reference server was not measured.
 */
export function drawChart({ results, machine, versions, rounds }) {
  const groups = results.map(({ workload, servers }) => ({
    title: `${workload.title}, per ${workload.unit}`,
    rows: servers.filter(
      ({ name, ratio }) => ratio !== undefined && name !== REFERENCE_SERVERS[workload.protocol],
    ),
  }));
  if (!groups.some(({ rows }) => rows.length > 0)) return undefined;

  const scale = logScale(groups.flatMap(({ rows }) => rows.flatMap(({ ratio }) => [ratio.min, ratio.max])));
  const body = [];
  let top = PLOT_TOP;
  for (const { title, rows } of groups) {
    body.push(text(LABEL_X, top + 18, title, 'group'));
    top += GROUP_HEADER_HEIGHT;
    for (const row of rows) {
      body.push(...drawRow(row, top, scale));
      top += ROW_HEIGHT;
    }
    top += GROUP_GAP;
  }
  const height = top + FOOTER_HEIGHT;
  const protocols = new Set(results.map(({ workload }) => workload.protocol));
  const references = [...protocols].map((protocol) => REFERENCE_SERVERS[protocol]);
  const title = `Server CPU time, relative to ${references.join(' and ')}`;
  const measured = references.map((name) => `${name} ${versions[name] ?? 'not measured'}`);
  const setting = [machine.cpuModel, `Node ${machine.node}`, ...measured].join(', ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    text(LABEL_X, 34, title, 'title'),
    text(LABEL_X, 56, 'Logarithmic; further left is cheaper. Thin lines: lowest to highest round.', 'faint'),
    ...drawAxis(scale, top, references),
    ...body,
    text(LABEL_X, height - 14, `${setting}; median of ${rounds} interleaved rounds`, 'faint'),
    '</svg>\n',
  ].join('\n');
}

function drawRow({ name, ratio }, top, scale) {
  const middle = top + ROW_HEIGHT / 2;
  const left = scale.x(Math.min(ratio.median, 1));
  const right = scale.x(Math.max(ratio.median, 1));
  const isCheaper = ratio.median < 1;
  const isOwn = OWN_SERVERS.includes(name);
  const labelX = isCheaper ? scale.x(ratio.min) - 6 : scale.x(Math.max(ratio.max, 1)) + 6;
  return [
    text(LABEL_X, middle + 4, name, isOwn ? 'group' : 'faint'),
    `<rect class="${isOwn ? 'own' : 'bar'}" x="${round(left)}" y="${middle - BAR_HEIGHT / 2}" ` +
      `width="${round(Math.max(1, right - left))}" height="${BAR_HEIGHT}" rx="2"/>`,
    line(scale.x(ratio.min), middle, scale.x(ratio.max), middle, 'range'),
    text(labelX, middle + 4, formatRatio(ratio.median), isCheaper ? 'end' : ''),
  ];
}

function drawAxis(scale, bottom, references) {
  return scale.ticks.flatMap((tick) => {
    const x = scale.x(tick);
    const label = tick === 1 ? `${references.join(', ')} = 1` : String(tick);
    return [
      line(x, PLOT_TOP - 6, x, bottom, tick === 1 ? 'reference' : 'grid'),
      text(x, PLOT_TOP - 14, label, tick === 1 ? 'middle' : 'middle faint'),
    ];
  });
}

function logScale(ratios) {
  const lowest = TICKS.findLast((tick) => tick < 0.9 * Math.min(...ratios, 1)) ?? TICKS[0];
  const highest = TICKS.find((tick) => tick > 1.1 * Math.max(...ratios, 1)) ?? TICKS.at(-1);
  const perLog = (PLOT_RIGHT - PLOT_LEFT) / Math.log(highest / lowest);
  return {
    ticks: TICKS.filter((tick) => tick >= lowest && tick <= highest),
    x: (ratio) => PLOT_LEFT + perLog * Math.log(Math.min(highest, Math.max(lowest, ratio)) / lowest),
  };
}

function text(x, y, content, classNames) {
  return `<text x="${round(x)}" y="${round(y)}" class="${classNames}">${escapeXml(content)}</text>`;
}

function line(x1, y1, x2, y2, className) {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${className}"/>`;
}

function formatRatio(ratio) {
  return ratio.toFixed(ratio < 0.1 ? 3 : 2);
}

function round(number) {
  return Math.round(number * 10) / 10;
}

function escapeXml(content) {
  return content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
