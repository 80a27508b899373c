import { type Socket as ClientSocket, io, type ManagerOptions, type SocketOptions } from 'socket.io-client';
import { onTestFinished } from 'vitest';

export type { ClientSocket };

/** What a client of protocol 4, of Socket.IO 2, has. */
export interface OldClient {
  readonly id: string;
  on(event: string, listener: (...args: never[]) => void): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  disconnect(): unknown;
}

/** Connects with the client of today, over WebSocket unless told otherwise, until the test ends. */
export function openClient(url: string, options: Partial<ManagerOptions & SocketOptions> = {}): ClientSocket {
  const client = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

/** Connects with the client of Socket.IO 2, until the test ends. */
export function openOldClient(url: string, options: object = {}): OldClient {
  const connect = require('socket.io-client-2') as (url: string, options: object) => OldClient;
  const client = connect(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

interface Listenable {
  once(event: string, listener: (...args: never[]) => void): unknown;
}

/** Waits for an event, and returns its arguments. */
export function eventOf(target: Listenable, event: string): Promise<unknown[]> {
  return new Promise((resolve) => target.once(event, (...args: unknown[]) => resolve(args)));
}

/** Waits until a client has connected. */
export async function connected<Client extends ClientSocket>(client: Client): Promise<Client> {
  if (!client.connected) await eventOf(client as never, 'connect');
  return client;
}
