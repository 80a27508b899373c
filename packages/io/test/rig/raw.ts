import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Queue } from '../../../engine/test/rig/queue.ts';

/** A connection whose every packet is the test's. */
export interface RawClient {
  readonly socket: WebSocket;
  readonly messages: Queue<string>;
  readonly closed: Promise<{ code: number; reason: string }>;
  send(...messages: (string | Buffer)[]): void;
}

/** Opens one over WebSocket; what begins the session of the engine has been taken off. */
export async function openRaw(port: number, version: 3 | 4 = 4): Promise<RawClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=${version}&transport=websocket`);
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
  await messages.next();
  return {
    socket,
    messages,
    closed,
    send: (...all) => {
      for (const message of all) socket.send(message);
    },
  };
}
