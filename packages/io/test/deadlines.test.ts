import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { collectGarbage } from '../../engine/test/rig/garbage.ts';
import { type Deadline, Deadlines } from '../src/deadlines.ts';

const change = fc.record({
  timeoutMs: fc.constantFrom(4, 8),
  /** How many of those that wait to pass over, to call off one; none is called off where there are fewer. */
  calledOff: fc.nat({ max: 12 }),
});

describe('deadlines', () => {
  test('what was not called off is due once, equally long waits in the order in which they began', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 20 }), async (changes) => {
        const deadlines = new Deadlines();
        const waiting: { id: number; timeoutMs: number; deadline: Deadline }[] = [];
        const fallen: { id: number; timeoutMs: number }[] = [];
        changes.forEach(({ timeoutMs, calledOff }, id) => {
          const deadline = deadlines.begin(timeoutMs, () => fallen.push({ id, timeoutMs }));
          waiting.push({ id, timeoutMs, deadline });
          const [gone] = waiting.splice(calledOff, 1);
          if (gone !== undefined) deadlines.callOff(gone.deadline);
        });
        await vi.waitFor(() => expect(fallen).toHaveLength(waiting.length));
        // Again, when all of them are over.
        for (const { deadline } of waiting) deadlines.callOff(deadline);
        await sleep(10);
        for (const ms of [4, 8]) {
          const ids = [fallen, waiting].map((list) =>
            list.filter(({ timeoutMs }) => timeoutMs === ms).map(({ id }) => id),
          );
          expect(ids[0]).toEqual(ids[1]);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('one that is begun or called off while another falls counts', async () => {
    const deadlines = new Deadlines();
    const fallen: string[] = [];
    deadlines.begin(5, () => {
      fallen.push('first');
      deadlines.callOff(second);
      deadlines.begin(5, () => fallen.push('late'));
    });
    const second = deadlines.begin(5, () => fallen.push('second'));
    deadlines.begin(5, () => fallen.push('third'));
    await vi.waitFor(() => expect(fallen).toEqual(['first', 'third', 'late']));
  });

  test('those that wait go on where the timers were fake for a while', async () => {
    const deadlines = new Deadlines();
    const fallen: string[] = [];
    deadlines.begin(20, () => fallen.push('first'));
    await sleep(10);
    deadlines.begin(20, () => fallen.push('second'));
    vi.useFakeTimers();
    await sleep(15);
    vi.useRealTimers();
    deadlines.begin(20, () => fallen.push('third'));
    await vi.waitFor(() => expect(fallen).toEqual(['first', 'second', 'third']));
  });

  test('none falls before its time where only the clock is fake', async () => {
    const deadlines = new Deadlines();
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    deadlines.begin(100, () => {});
    await sleep(80);
    const begunAtNs = process.hrtime.bigint();
    const waitedNs = await new Promise<bigint>((resolve) => {
      deadlines.begin(100, () => resolve(process.hrtime.bigint() - begunAtNs));
    });
    vi.useRealTimers();
    expect(Number(waitedNs) / 1e6).toBeGreaterThan(95);
  });

  test('nor where the clock was fake when they were loaded', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    vi.resetModules();
    const module = await import('../src/deadlines.ts');
    vi.useRealTimers();
    const deadlines = new module.Deadlines();
    deadlines.begin(100, () => {});
    await sleep(80);
    const begunAtMs = performance.now();
    await new Promise<void>((resolve) => void deadlines.begin(100, resolve));
    expect(performance.now() - begunAtMs).toBeGreaterThan(95);
  });

  test('nor where a test spies on the clock', async () => {
    const deadlines = new Deadlines();
    deadlines.begin(100, () => {});
    await sleep(80);
    const begunAtMs = performance.now();
    const waited = new Promise<void>((resolve) => {
      vi.spyOn(performance, 'now').mockReturnValue(0);
      deadlines.begin(100, resolve);
      vi.restoreAllMocks();
    });
    await waited;
    expect(performance.now() - begunAtMs).toBeGreaterThan(95);
  });

  test('timers may be fakes that are numbers', () => {
    const timers: (() => void)[] = [];
    vi.stubGlobal('setTimeout', (run: () => void) => timers.push(run));
    vi.stubGlobal('clearTimeout', () => {});
    const fallen = vi.fn();
    new Deadlines().begin(100, fallen);
    vi.unstubAllGlobals();
    for (const run of timers) run();
    expect(fallen).toHaveBeenCalledTimes(1);
  });

  test.each([Number.NaN, -1, '5s', undefined])('%s is over at once', async (timeoutMs) => {
    const fallen = vi.fn();
    new Deadlines().begin(timeoutMs as number, fallen);
    await vi.waitFor(() => expect(fallen).toHaveBeenCalledTimes(1));
  });

  test('each falls in the asynchronous context in which it began', async () => {
    const deadlines = new Deadlines();
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    for (const name of ['a', 'b']) {
      storage.run(name, () => deadlines.begin(5, () => seen.push(storage.getStore())));
    }
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual(['a', 'b']);
  });

  test('lengths of time that are all different leave nothing when they are called off', async () => {
    const deadlines = new Deadlines();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100_000; i++) deadlines.callOff(deadlines.begin(1_000_000 + i + 0.5, () => {}));
    await sleep(10);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });
});
