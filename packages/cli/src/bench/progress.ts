import { clearLine, cursorTo } from 'node:readline';
import { formatDuration, formatNumber } from './format.ts';
import type { LoadRun } from './load-run.ts';
import type { BenchOptions } from './options.ts';

const REWRITE_INTERVAL_MS = 250;
const LINE_INTERVAL_MS = 5000;

/** The terminal's error stream, as far as progress needs it. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;

/**
 * Tells how far a run is: on a terminal one line that is rewritten, elsewhere a line now and then, and nothing where
 * the user asked for quiet.
 */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #isRewritten: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #run: LoadRun;
  readonly #options: BenchOptions;
  #before = { timeMs: performance.now(), sent: 0, received: 0 };

  constructor(run: LoadRun, options: BenchOptions, stream: ProgressStream) {
    this.#run = run;
    this.#options = options;
    this.#stream = stream;
    this.#isRewritten = stream.isTTY === true;
    const intervalMs = this.#isRewritten ? REWRITE_INTERVAL_MS : LINE_INTERVAL_MS;
    if (!options.quiet) this.#timer = setInterval(() => this.show(), intervalMs);
  }

  /** Write the line as it is now. */
  show(): void {
    const line = `hawser: ${this.#line()}`;
    if (!this.#isRewritten) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#erase();
    this.#stream.write(line.slice(0, Math.max(0, (this.#stream.columns ?? 80) - 1)));
  }

  /** Write no more, and leave a clean line. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#isRewritten && this.#timer !== undefined) this.#erase();
  }

  #erase(): void {
    const stream = this.#stream as NodeJS.WriteStream;
    cursorTo(stream, 0);
    clearLine(stream, 0);
  }

  #line(): string {
    const { tally, phase, phaseMs, openNow } = this.#run;
    const { connections, durationMs } = this.#options;
    const failures = `${formatNumber(tally.failed + tally.lost + tally.unanswered)} errors`;
    if (phase === 'connecting') {
      return `connecting: ${formatNumber(tally.opened)} of ${formatNumber(connections)}, ${failures}`;
    }
    const time = phase === 'running' ? `${formatDuration(phaseMs)} of ${formatDuration(durationMs)}` : phase;
    const { sent, received } = this.#ratesSinceLast();
    const latency = `p99 ${formatDuration(tally.latencies.percentile(99))}`;
    return `${time}, ${formatNumber(openNow)} open, ${sent}/s sent, ${received}/s received, ${latency}, ${failures}`;
  }

  #ratesSinceLast(): { readonly sent: string; readonly received: string } {
    const { sent, received } = this.#run.tally;
    const { timeMs: beforeMs, ...before } = this.#before;
    const timeMs = performance.now();
    this.#before = { timeMs, sent, received };
    const perSecond = (count: number) => formatNumber((count * 1000) / Math.max(1, timeMs - beforeMs));
    return { sent: perSecond(sent - before.sent), received: perSecond(received - before.received) };
  }
}
