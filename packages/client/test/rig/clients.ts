import { io, type ManagerOptions, type Socket, type SocketOptions } from '@hawser/client';
import { onTestFinished } from 'vitest';

/** Connects a socket on a connection of its own, and disconnects it when the test ends. */
export function connect(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
  const socket = io(url, { forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50, ...options });
  onTestFinished(() => {
    socket.disconnect();
  });
  return socket;
}

/** Waits for an event of anything that emits, and returns its arguments. */
export function eventOf<Args extends unknown[] = unknown[]>(
  target: { once(event: never, listener: never): unknown },
  event: string,
): Promise<Args> {
  return new Promise((resolve) => {
    target.once(event as never, ((...args: Args) => resolve(args)) as never);
  });
}

/** Waits until a transport carries the connection: that may have come about before `connect` was told. */
export async function carriedBy({ io: { engine } }: Socket, name: string): Promise<void> {
  if (engine.transport.name !== name) await eventOf(engine, 'upgrade');
}
