import { onTestFinished } from 'vitest';

/** Gathers the messages of exceptions that nobody catches, in place of the test runner, until the test ends. */
export function gatherUncaught(): readonly string[] {
  const messages: string[] = [];
  const listeners = process.listeners('uncaughtException');
  const gather = (error: Error): void => {
    messages.push(error.message);
  };
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', gather);
  onTestFinished(() => {
    process.off('uncaughtException', gather);
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  return messages;
}
