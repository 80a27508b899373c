import type { ServerSocket, WebSocketServerOptions } from '@hawser/ws';
import { expect } from 'vitest';
import { recordCloses } from './closes.ts';
import { Queue } from './queue.ts';
import { openRaw } from './raw-peer.ts';
import { startServer } from './servers.ts';

/** More than the kernel takes on both ends of a loopback connection. */
export const MORE_THAN_THE_KERNEL = 16_000_000;

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Opens a connection whose client reads nothing until it is told. */
export async function openSlow(options: WebSocketServerOptions<undefined> = {}) {
  const { closes, close } = recordCloses();
  const [opened, drains] = [new Queue<ServerSocket>(), new Queue<number>()];
  const { server, port } = await startServer({
    maxBufferedBytes: 2 * MORE_THAN_THE_KERNEL,
    open: (socket) => opened.push(socket),
    drain: (socket) => drains.push(socket.bufferedBytes),
    close,
    ...options,
  });
  const peer = await openRaw(port);
  peer.stream.pause();
  return { server, peer, socket: await opened.next(), closes, drains };
}

/** Fills the kernel, so that what is sent next has to wait. */
export async function block(socket: ServerSocket): Promise<void> {
  expect(socket.send(Buffer.alloc(MORE_THAN_THE_KERNEL))).toBe('queued');
  await turn();
  expect(socket.bufferedBytes).toBeGreaterThan(0);
}
