import { attempt, type Flushable, inOwnContext, nextTick } from '@hawser/ws/internal';

let due: Flushable[] = [];

/**
 * Has what is sent in this tick written in the next one, and not at the end of the turn: somebody waits for the callback.
 * `ws` calls it before any promise goes on; engine.io holds the next packet back until then, and drops it where the program
 * closes the server in between.
 */
export function flushInTick(target: Flushable): void {
  if (due.push(target) === 1) nextTick(flushDue);
}

function flushDue(): void {
  const targets = due;
  due = [];
  inOwnContext(() => {
    for (const target of targets) attempt(() => target.flush());
  });
}
