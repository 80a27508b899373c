import type { ServerOptions, Socket } from '@hawser/io';
import { openRaw, type RawClient } from './raw.ts';
import { startServer } from './servers.ts';

/** More than the kernel takes for who does not read. */
export const FLOOD = 'x'.repeat(1_000_000);

/** Connects a client that has stopped reading, and fills the connection. */
export async function stall(options: Partial<ServerOptions>, prepare: (socket: Socket) => void = () => {}) {
  const { io, port, sockets } = await startServer(options);
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  await raw.messages.next();
  prepare(socket);
  raw.socket.pause();
  let floods = 0;
  // Turn by turn, until the kernel takes no more.
  do {
    socket.emit('flood', FLOOD);
    floods++;
    await new Promise((resolve) => setImmediate(resolve));
  } while (socket.conn.transport.writable);
  return { io, raw, socket, floods };
}

/** Lets the client read on, and returns what came up to the event `end`, without the flood. */
export async function readOn(raw: RawClient): Promise<unknown[]> {
  raw.socket.resume();
  const got: unknown[] = [];
  for (;;) {
    const [name, ...args] = JSON.parse((await raw.messages.next()).slice(2)) as unknown[];
    if (name === 'end') return got;
    if (name !== 'flood') got.push([name, ...args]);
  }
}
