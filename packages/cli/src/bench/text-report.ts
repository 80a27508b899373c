import { printable } from '../terminal.ts';
import { formatBytes, formatDuration, formatNumber } from './format.ts';
import type { BenchReport, Distribution } from './report.ts';

const BAR_WIDTH = 40;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/** Above this share of its time the generator may have set the pace. */
const BUSY = 0.9;

/** Write a report for a person. */
export function formatReport(report: BenchReport): string {
  const sections = [
    [headline(report)],
    [connectionsLine(report), ...messageLines(report)],
    ...(report.errors.length === 0 ? [] : [errorLines(report)]),
    ...(report.latencyMs.count === 0 ? [] : [latencyLines(report)]),
    ...(isMute(report) ? [muteLines(report)] : []),
    ...(warnings(report).length === 0 ? [] : [warnings(report)]),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function headline({ url, protocol, mode, options, durationMs, isInterrupted }: BenchReport): string {
  const { connections, messagesPerSecond, inFlight, size, binary, ack } = options;
  const pace =
    messagesPerSecond === null
      ? `${formatNumber(inFlight ?? 0)} in flight each`
      : `${formatNumber(messagesPerSecond)} messages/s in all`;
  const load = `${pace}, ${formatBytes(size)} of ${binary ? 'binary' : 'text'}${ack ? ', acknowledged' : ''}`;
  const what = [
    protocol === 'websocket' ? 'WebSocket' : 'Socket.IO',
    `${mode} for ${formatDuration(durationMs)}${isInterrupted ? ' (interrupted)' : ''}`,
    `${formatNumber(connections)} connections`,
    ...(mode === 'echo' ? [load] : []),
  ];
  return `${printable(url)}\n${what.join(', ')}`;
}

function connectionsLine({ connections: { opened, failed, lost }, connectMs }: BenchReport): string {
  const counts = `${formatNumber(opened)} opened, ${formatNumber(failed)} failed, ${formatNumber(lost)} lost`;
  return `connections  ${counts}; opening took ${percentilesOf(connectMs)}`;
}

function messageLines({ mode, messages, bytes }: BenchReport): string[] {
  const received =
    `received     ${formatNumber(messages.received)} (${formatNumber(messages.receivedPerSecond)}/s), ` +
    `${formatBytes(bytes.received)} (${formatBytes(bytes.receivedPerSecond)}/s)`;
  if (mode !== 'echo') return [received];
  const { unexpected, unsent } = messages;
  return [
    `sent         ${formatNumber(messages.sent)} (${formatNumber(messages.sentPerSecond)}/s), ` +
      `${formatBytes(bytes.sent)} (${formatBytes(bytes.sentPerSecond)}/s)` +
      (unsent === 0 ? '' : `; ${formatNumber(unsent)} more were due and never sent`),
    unexpected === 0 ? received : `${received}; ${formatNumber(unexpected)} were no answer`,
    `answers      ${formatNumber(messages.answered)}, ${formatNumber(messages.unanswered)} missing`,
  ];
}

function errorLines({ errors }: BenchReport): string[] {
  const width = Math.max(...errors.map(({ count }) => formatNumber(count).length));
  return [
    'errors',
    ...errors.map(({ kind, count }) => `  ${formatNumber(count).padStart(width)}  ${printable(kind)}`),
  ];
}

function isMute({ mode, messages: { answered, sent } }: BenchReport): boolean {
  return mode === 'echo' && answered === 0 && sent > 0;
}

function muteLines({ protocol, options: { ack } }: BenchReport): string[] {
  const itself = protocol === 'websocket' ? 'the message itself, sent back' : 'the event itself, sent back';
  const answer = ack ? 'the acknowledgement of the event' : itself;
  const choices = `${protocol === 'websocket' ? '' : '--event and --ack, or '}--mode listen or idle`;
  return [
    `Nothing was answered: the answer that counts is ${answer}.`,
    `For a server that does something else there is ${choices}.`,
  ];
}

function latencyLines({ latencyMs, options }: BenchReport): string[] {
  const { histogram, count } = latencyMs;
  const most = Math.max(...histogram.map((range) => range.count));
  const since = options.messagesPerSecond === null ? 'it was sent' : 'it was due';
  return [
    `latency: from when ${since} until its answer, ${percentilesOf(latencyMs)}`,
    ...histogram.map((range) => {
      const label = `${formatDuration(range.fromMs).padStart(7)} - ${formatDuration(range.toMs).padStart(7)}`;
      const share = `${((range.count / count) * 100).toFixed(2).padStart(6)} %`;
      const line = `  ${label}  ${share}  ${formatNumber(range.count).padStart(11)}  ${bar(range.count / most)}`;
      return line.trimEnd();
    }),
  ];
}

function percentilesOf({ p50, p90, p99, p999, max }: Distribution): string {
  const values = { p50, p90, p99, 'p99.9': p999, max };
  return Object.entries(values)
    .map(([name, valueMs]) => `${name} ${formatDuration(valueMs)}`)
    .join(', ');
}

function bar(share: number): string {
  const eighths = Math.ceil(share * BAR_WIDTH * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

function warnings({ generator: { utilization, sendDelayMs }, latencyMs }: BenchReport): string[] {
  if (sendDelayMs !== null) {
    if (sendDelayMs.p99 <= Math.max(1, latencyMs.p50)) return [];
    return [
      `Messages left later than they were due: ${percentilesOf(sendDelayMs)}.`,
      'The load generator may be the bottleneck: give it a core or a machine of its own, or lower the rate.',
    ];
  }
  if (utilization <= BUSY || latencyMs.count === 0) return [];
  return [
    `The load generator was busy for ${Math.round(utilization * 100)} % of the time: the server may do more than this.`,
  ];
}
