import { afterEach, describe, expect, test } from 'vitest';
import { LoadRun } from '../../src/bench/load-run.ts';
import type { BenchOptions } from '../../src/bench/options.ts';
import { Progress } from '../../src/bench/progress.ts';

const OPTIONS: BenchOptions = {
  url: 'ws://127.0.0.1/',
  protocol: 'websocket',
  mode: 'echo',
  connections: 1200,
  inFlight: 1,
  durationMs: 10_000,
  timeoutMs: 10_000,
  size: 64,
  binary: false,
  headers: {},
  subprotocols: [],
  insecure: false,
  socketIo: { path: '/socket.io/', event: 'message', ack: false },
  quiet: false,
};

let progress: Progress | undefined;

afterEach(() => progress?.stop());

function show(stream: { isTTY: boolean; columns?: number }, options: BenchOptions = OPTIONS): string[] {
  const written: string[] = [];
  const write = (text: string) => {
    written.push(text);
    return true;
  };
  // Nothing connects: `run` is not called.
  const target = { connect: () => ({ send() {}, close() {} }) };
  const run = new LoadRun(options, target, new AbortController().signal);
  run.tally.opened = 1000;
  run.tally.failed = 3;
  progress = new Progress(run, options, { columns: 80, ...stream, write } as unknown as NodeJS.WriteStream);
  progress.show();
  return written;
}

describe('Progress', () => {
  test('on a terminal: one line without its end, which is erased before the next and at the end', () => {
    const written = show({ isTTY: true });
    const line = 'hawser: connecting: 1,000 of 1,200, 3 errors';
    const erasing = ['\u001b[1G', '\u001b[2K'];
    expect(written).toEqual([...erasing, line]);
    progress?.show();
    progress?.stop();
    expect(written).toEqual([...erasing, line, ...erasing, line, ...erasing]);
  });

  test('on a narrow terminal: cut, so that it stays one line', () => {
    expect(show({ isTTY: true, columns: 21 }).at(-1)).toBe('hawser: connecting: ');
  });

  test('elsewhere: whole lines', () => {
    expect(show({ isTTY: false, columns: 21 })).toEqual(['hawser: connecting: 1,000 of 1,200, 3 errors\n']);
  });
});
