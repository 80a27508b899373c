import type { ServerSocket } from '@hawser/ws';
import { Queue } from './queue.ts';

/** How a server's connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** Returns a `close` handler and what it was given. */
export function recordCloses<Data = undefined>(): {
  readonly closes: Queue<Closed>;
  readonly close: (socket: ServerSocket<Data>, code: number, reason: string) => void;
} {
  const closes = new Queue<Closed>();
  return { closes, close: (_socket, code, reason) => closes.push({ code, reason }) };
}
