import type { UpgradeDecision, UpgradeRequest } from '@hawser/ws';
import { Queue } from './queue.ts';
import { startServer } from './servers.ts';

/** A promise with its `resolve` outside. */
export function defer<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

/** Starts a server with `upgrade` and collects what it attaches, and what it throws. */
export async function startWith(
  upgrade: (request: UpgradeRequest) => UpgradeDecision<string> | Promise<UpgradeDecision<string>>,
) {
  const errors = new Queue<Error>();
  const data = new Queue<string>();
  const { port } = await startServer<string>({
    upgrade,
    open: (socket) => data.push(socket.data),
    error: (error) => errors.push(error),
  });
  return { port, errors, data };
}
