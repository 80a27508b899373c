import cluster, { type Worker } from 'node:cluster';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@hawser/io';
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter';
import { type Actions, createActions } from './actions.ts';

/** What the test asks a worker for, and what comes back. */
export interface Call {
  readonly kind: 'call';
  readonly worker: number;
  readonly id: number;
  readonly action: keyof Actions;
  readonly args: unknown[];
}
export type Reply =
  | { readonly kind: 'listening'; readonly worker: number; readonly port: number }
  | { readonly kind: 'result'; readonly id: number; readonly result?: unknown; readonly error?: string };

const WORKERS = 3;

/** Runs as the primary process, between the test and the workers. */
function runPrimary(): void {
  setupPrimary();
  const workers: Worker[] = [];
  for (let index = 0; index < WORKERS; index++) {
    const worker = cluster.fork({ WORKER_INDEX: index });
    worker.on('message', (message: Reply) => {
      if (message.kind === 'listening' || message.kind === 'result') process.send!(message);
    });
    workers.push(worker);
  }
  process.on('message', (call: Call) => workers[call.worker]!.send(call));
  process.on('disconnect', () => {
    for (const worker of workers) worker.kill();
    process.exit();
  });
}

/** Runs as one server of the cluster. */
function runWorker(index: number): void {
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter() as never });
  const actions = createActions(io, `server ${index}`);
  process.on('message', async ({ kind, id, action, args }: Call) => {
    if (kind !== 'call') return;
    try {
      const result = await (actions[action] as (...args: unknown[]) => Promise<unknown>)(...args);
      process.send!({ kind: 'result', id, result } satisfies Reply);
    } catch (error) {
      process.send!({ kind: 'result', id, error: String(error) } satisfies Reply);
    }
  });
  // Port 0 would be one and the same for all workers: exclusive, each gets its own.
  http.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    const { port } = http.address() as AddressInfo;
    process.send!({ kind: 'listening', worker: index, port } satisfies Reply);
  });
}

if (cluster.isPrimary) runPrimary();
else runWorker(Number(process.env.WORKER_INDEX));
