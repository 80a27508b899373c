import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BroadcastAck } from '../src/broadcast-ack.ts';
import { Deadlines } from '../src/deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An event without a limit for two clients, of two servers as there are of them by and by. */
function open(counts: number[]) {
  const settled: unknown[] = [];
  const ack = new BroadcastAck(new Deadlines(), undefined, (error, responses) => {
    settled.push([error && (error as { code?: string }).code, responses]);
  });
  const recount = async (): Promise<number> => (counts.length > 1 ? counts.shift()! : counts[0]!);
  ack.awaitClients(1);
  ack.awaitClients(1);
  ack.awaitServers(2, recount);
  ack.onResponse('near');
  return { ack, settled };
}

describe('an event for many without a limit', () => {
  test('waits as long as all servers are there', async () => {
    const { ack, settled } = open([2]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(settled).toEqual([]);
    ack.onResponse('far');
    expect(settled).toEqual([[null, ['near', 'far']]]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(settled).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('settles when a server is lost with clients that did not answer', async () => {
    const { settled } = open([2, 1]);
    await vi.advanceTimersByTimeAsync(39_000);
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(settled).toEqual([['IO_ERR_SERVER_LOST', ['near']]]);
  });

  test('and when another one has come before that', async () => {
    const { settled } = open([3, 2]);
    await vi.advanceTimersByTimeAsync(41_000);
    expect(settled).toEqual([['IO_ERR_SERVER_LOST', ['near']]]);
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no broker'))],
    [
      'throws',
      () => {
        throw new Error('no broker');
      },
    ],
  ])('goes on waiting where the count %s', async (_how, fail) => {
    const settled: unknown[] = [];
    const ack = new BroadcastAck(new Deadlines(), undefined, (error) => settled.push(error));
    let count: () => Promise<number> = fail;
    ack.awaitClients(1);
    ack.awaitServers(2, () => count());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).toEqual([]);
    count = async () => 1;
    await vi.advanceTimersByTimeAsync(36_000);
    expect(settled).toMatchObject([{ code: 'IO_ERR_SERVER_LOST' }]);
  });

  test('has what the others still answer, when a server was lost', async () => {
    const { ack, settled } = open([1]);
    await vi.advanceTimersByTimeAsync(20_000);
    ack.onResponse('far');
    expect(settled).toEqual([[null, ['near', 'far']]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).toHaveLength(1);
  });
});
