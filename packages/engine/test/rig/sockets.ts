import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Queue } from './queue.ts';

/** A WebSocket whose every message is the test's. */
export interface BareSocket {
  readonly socket: WebSocket;
  /** What it goes over. */
  readonly connection: Socket;
  /** Text as it came, binary as hexadecimal digits. */
  readonly messages: Queue<string>;
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** Opens one, and waits for its first message where it is to begin a session. */
export async function openSocket(
  port: number,
  query = 'EIO=4&transport=websocket',
  options: object = {},
): Promise<BareSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/engine.io/?${query}`, options);
  const upgraded = once(socket, 'upgrade') as Promise<[IncomingMessage]>;
  upgraded.catch(() => {});
  onTestFinished(() => socket.terminate());
  const messages = new Queue<string>();
  socket.on('message', (data: Buffer, isBinary) => messages.push(data.toString(isBinary ? 'hex' : 'utf8')));
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  if (!query.includes('sid=')) await messages.next();
  const [{ socket: connection }] = await upgraded;
  return { socket, connection, messages, closed };
}
