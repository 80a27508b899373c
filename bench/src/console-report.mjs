import { REFERENCE_SERVERS } from './server-catalog.mjs';

const PLURALS = Object.freeze({ message: 'messages', delivery: 'deliveries', connection: 'connections' });
/** Above this share of its core the generator may have set the pace. */
const GENERATOR_BOUND = 0.9;

/** Shows progress on standard error, so that standard output holds the tables alone. */
export function printResultLine({ workload, round, rounds, server, sample }) {
  const cpu = `${formatNumber(sample.cpuUs)} µs per ${workload.unit}`;
  console.error(`  ${workload.name}  round ${round}/${rounds}  ${server.name.padEnd(9)}  ${cpu}`);
}

export function printWorkloadTable({ workload, servers }) {
  const hasMemory = servers.some(({ median }) => median.residentBytes !== undefined);
  const hasReplyBytes = servers.some(({ median }) => median.replyBytes !== undefined);
  const header = [
    'server',
    `${PLURALS[workload.unit]}/s`,
    `CPU µs/${workload.unit}`,
    `CPU vs ${REFERENCE_SERVERS[workload.protocol]}`,
    '(min - max)',
    'p50',
    'p99',
    ...(hasMemory ? ['resident B/connection', 'heap B/connection'] : []),
    ...(hasReplyBytes ? ['B/reply'] : []),
  ];
  const rows = servers.map(({ name, median, ratio }) => [
    name,
    `${formatCount(median.ratePerSecond)}${isGeneratorBound(median) ? '*' : ''}`,
    formatNumber(median.cpuUs),
    ratio ? formatNumber(ratio.median) : '-',
    ratio ? `${formatNumber(ratio.min)} - ${formatNumber(ratio.max)}` : '-',
    formatDuration(median.p50Us),
    formatDuration(median.p99Us),
    ...(hasMemory ? [formatCount(median.residentBytes), formatCount(median.heapBytes)] : []),
    ...(hasReplyBytes ? [formatCount(median.replyBytes)] : []),
  ]);
  console.log(`\n${workload.title}`);
  console.log(alignColumns([header, ...rows]));
  if (servers.some(({ median }) => isGeneratorBound(median))) {
    console.log('* the load generator was busier than the server: the server could do more per second');
  }
  console.log('');
}

function isGeneratorBound(median) {
  return median.generatorBusy > GENERATOR_BOUND && median.generatorBusy > median.serverBusy;
}

export function alignColumns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  '),
    )
    .join('\n');
}

function formatNumber(number) {
  if (number >= 100) return number.toFixed(0);
  if (number >= 10) return number.toFixed(1);
  return number >= 1 ? number.toFixed(2) : number.toFixed(3);
}

function formatCount(number) {
  return Math.round(number).toLocaleString('en-US');
}

function formatDuration(us) {
  return us < 1000 ? `${us.toFixed(0)} µs` : `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms`;
}
