import { type FileHandle, open } from 'node:fs/promises';
import type { Streams } from '../connect/console.ts';
import { CommandError, unwritableFile } from '../errors.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { listenForInterrupt } from '../interrupt.ts';
import { printable } from '../terminal.ts';
import { LoadRun } from './load-run.ts';
import { Messages } from './messages.ts';
import { type BenchOptions, checkBenchOptions } from './options.ts';
import { Progress } from './progress.ts';
import { type BenchReport, createReport } from './report.ts';
import { SocketIoTarget } from './socket-io-target.ts';
import type { Tally } from './tally.ts';
import { formatReport } from './text-report.ts';
import { WebSocketTarget } from './web-socket-target.ts';

/**
 * Run `hawser bench`.
 *
 * @returns the exit code
 * @throws {USAGE} when the options ask for too much at a time, or the client refuses the address
 * @throws {FILE_UNWRITABLE} when the JSON file cannot be written
 * @throws {CONNECT_FAILED} when no connection opens
 */
export async function runBench(options: BenchOptions, streams: Streams): Promise<number> {
  checkBenchOptions(options);
  // Before the run, not after it: the result must have a place to go.
  const file = await openJsonFile(options.jsonFile);
  const stop = new AbortController();
  const interrupt = listenForInterrupt();
  void interrupt.interrupted.then(() => stop.abort());
  const run = new LoadRun(options, createTarget(options), stop.signal);
  const progress = new Progress(run, options, streams.stderr);
  try {
    const startedAt = new Date();
    const window = await run.run().finally(() => progress.stop());
    const isInterrupted = stop.signal.aborted;
    if (window === undefined) {
      if (isInterrupted) return EXIT_CODES.interrupted;
      throw connectError(options, run.tally);
    }
    const report = createReport(options, run.tally, window, { startedAt, isInterrupted });
    await deliver(report, file, options.jsonFile, streams);
    return exitCodeOf(report);
  } finally {
    interrupt.dispose();
    await file?.close();
  }
}

function createTarget(options: BenchOptions): WebSocketTarget | SocketIoTarget {
  const messages = new Messages(options.size, options.binary);
  return options.protocol === 'websocket'
    ? new WebSocketTarget(options, messages)
    : new SocketIoTarget(options, messages);
}

async function deliver(
  report: BenchReport,
  file: FileHandle | undefined,
  jsonFile: string | undefined,
  { stdout }: Streams,
): Promise<void> {
  const json = `${JSON.stringify(report, null, 2)}\n`;
  if (jsonFile === '-') {
    stdout.write(json);
    return;
  }
  stdout.write(`${formatReport(report)}\n`);
  if (file === undefined) return;
  await rewrite(file, json).catch((error: unknown) => {
    throw unwritableFile(jsonFile ?? '', error);
  });
}

async function rewrite(file: FileHandle, text: string): Promise<void> {
  // A pipe or a device has no length.
  if ((await file.stat()).isFile()) await file.truncate();
  await file.writeFile(text);
}

async function openJsonFile(path: string | undefined): Promise<FileHandle | undefined> {
  if (path === undefined || path === '-') return undefined;
  // What is there stays until there is something to put in its place.
  return open(path, 'a').catch((error: unknown) => {
    throw unwritableFile(path, error);
  });
}

function connectError({ url }: BenchOptions, { errors, failed }: Tally): CommandError {
  const kind = errors[0]?.kind.replace(/^connect: /, '') ?? 'no connection was opened';
  const count = failed === 1 ? '' : ` (${failed} connections failed)`;
  const message = `cannot connect to ${url}: ${kind}${count}`;
  return new CommandError('CONNECT_FAILED', printable(message.replace(/\s+/g, ' ')));
}

function exitCodeOf({ connections, messages, isInterrupted }: BenchReport): number {
  if (connections.failed > 0) return EXIT_CODES.failed;
  const isIncomplete = messages.unanswered > 0 && !isInterrupted;
  return connections.lost > 0 || isIncomplete ? EXIT_CODES.closedAbnormally : EXIT_CODES.ok;
}
