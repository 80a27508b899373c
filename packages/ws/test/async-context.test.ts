import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { inThisContext } from '../src/async-context.ts';
import { Sweeper } from '../src/sweeper.ts';
import { TurnFlusher } from '../src/turn-flusher.ts';

const storage = new AsyncLocalStorage<string>();

/** Starts something in the context of one who is not the only one to need it, and returns the context that it runs in. */
function contextOf(start: (run: () => void) => void): Promise<string | undefined> {
  return new Promise((resolve) => storage.run('first', () => start(() => resolve(storage.getStore()))));
}

describe('asynchronous context', () => {
  test('callback is called in the context in which it was given', () => {
    const seen: unknown[] = [];
    const callback = storage.run('mine', () =>
      inThisContext((...args: number[]) => seen.push(storage.getStore(), ...args)),
    );
    storage.run("another's", () => callback(1, 2));
    expect(seen).toEqual(['mine', 1, 2]);
  });

  test('what all share runs in that of nobody', async () => {
    const flusher = new TurnFlusher();
    expect(await contextOf((flush) => flusher.mark({ flush }))).toBeUndefined();
    expect(await contextOf((flush) => flusher.markMaker({ flush }))).toBeUndefined();
    let sweeper: Sweeper | undefined;
    const swept = await contextOf((sweep) => {
      sweeper = new Sweeper([5], sweep);
      sweeper.start();
    });
    sweeper!.stop();
    expect(swept).toBeUndefined();
  });
});
