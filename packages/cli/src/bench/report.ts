import type { Histogram, Range } from './histogram.ts';
import type { LoadWindow } from './load-run.ts';
import type { BenchMode, BenchOptions, BenchProtocol } from './options.ts';
import type { ErrorCount, Tally } from './tally.ts';

/** How durations are spread, in milliseconds; all 0 when `count` is. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The result of a run; what `--json` writes. Its fields are described in the README. */
export interface BenchReport {
  readonly startedAt: string;
  readonly url: string;
  readonly protocol: BenchProtocol;
  readonly mode: BenchMode;
  readonly options: {
    readonly connections: number;
    readonly connectsPerSecond: number | null;
    readonly messagesPerSecond: number | null;
    readonly inFlight: number | null;
    readonly durationMs: number;
    readonly timeoutMs: number;
    readonly size: number;
    readonly binary: boolean;
    readonly ack: boolean;
  };
  readonly isInterrupted: boolean;
  /** How long the load was on. */
  readonly durationMs: number;
  readonly connections: { readonly opened: number; readonly failed: number; readonly lost: number };
  readonly connectMs: Distribution;
  readonly messages: {
    readonly sent: number;
    readonly answered: number;
    readonly unanswered: number;
    readonly unsent: number;
    readonly received: number;
    readonly unexpected: number;
    readonly sentPerSecond: number;
    readonly receivedPerSecond: number;
  };
  readonly bytes: {
    readonly sent: number;
    readonly received: number;
    readonly sentPerSecond: number;
    readonly receivedPerSecond: number;
  };
  readonly latencyMs: Distribution & { readonly histogram: readonly Range[] };
  readonly errors: readonly ErrorCount[];
  readonly generator: { readonly utilization: number; readonly sendDelayMs: Distribution | null };
}

/** Condense what was counted. */
export function createReport(
  options: BenchOptions,
  tally: Tally,
  window: LoadWindow,
  run: { readonly startedAt: Date; readonly isInterrupted: boolean },
): BenchReport {
  const { url, protocol, mode, connections, connectsPerSecond, messagesPerSecond } = options;
  const { durationMs, timeoutMs, size, binary } = options;
  const { opened, failed, lost, sent, answered, unanswered, unsent, received, unexpected } = tally;
  const hasSchedule = mode === 'echo' && messagesPerSecond !== undefined;
  const perSecond = (count: number) => round((count * 1000) / Math.max(1, window.durationMs));
  return {
    startedAt: run.startedAt.toISOString(),
    url,
    protocol,
    mode,
    options: {
      connections,
      connectsPerSecond: connectsPerSecond ?? null,
      messagesPerSecond: messagesPerSecond ?? null,
      inFlight: mode === 'echo' && !hasSchedule ? options.inFlight : null,
      durationMs,
      timeoutMs,
      size,
      binary,
      ack: options.socketIo.ack,
    },
    isInterrupted: run.isInterrupted,
    durationMs: round(window.durationMs),
    connections: { opened, failed, lost },
    connectMs: distributionOf(tally.connectTimes),
    messages: {
      sent,
      answered,
      unanswered,
      unsent,
      received,
      // Where nothing was asked, everything is news.
      unexpected: mode === 'echo' ? unexpected : 0,
      sentPerSecond: perSecond(window.sent),
      receivedPerSecond: perSecond(window.received),
    },
    bytes: {
      sent: tally.sentBytes,
      received: tally.receivedBytes,
      sentPerSecond: perSecond(window.sentBytes),
      receivedPerSecond: perSecond(window.receivedBytes),
    },
    latencyMs: { ...distributionOf(tally.latencies), histogram: tally.latencies.ranges() },
    errors: tally.errors,
    generator: {
      utilization: round(window.utilization),
      sendDelayMs: hasSchedule ? distributionOf(tally.sendDelays) : null,
    },
  };
}

function distributionOf(histogram: Histogram): Distribution {
  return {
    count: histogram.count,
    min: round(histogram.minMs),
    mean: round(histogram.meanMs),
    p50: round(histogram.percentile(50)),
    p90: round(histogram.percentile(90)),
    p99: round(histogram.percentile(99)),
    p999: round(histogram.percentile(99.9)),
    max: round(histogram.maxMs),
  };
}

// Microseconds, and no digits of noise.
function round(number: number): number {
  return Math.round(number * 1000) / 1000;
}
