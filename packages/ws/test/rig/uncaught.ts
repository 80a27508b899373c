import { onTestFinished } from 'vitest';
import { Queue } from './queue.ts';

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Collects what is thrown past everybody during this test, in place of the listeners that would fail the run. */
export function captureUncaught(): Queue<unknown> {
  const errors = new Queue<unknown>();
  const capture = (error: unknown) => errors.push(error);
  for (const event of EVENTS) {
    const listeners = process.listeners(event as 'uncaughtException');
    process.removeAllListeners(event);
    process.on(event, capture);
    onTestFinished(() => {
      process.off(event, capture);
      for (const listener of listeners) process.on(event, listener);
    });
  }
  return errors;
}
