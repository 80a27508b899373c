import { Socket as ClientSocket, type SocketOptions } from 'engine.io-client';
import { onTestFinished } from 'vitest';
import { Queue } from './queue.ts';

/** What a client of either version is to a test. */
export interface Client {
  readonly id: string;
  readonly transportName: string;
  /** What the open packet said. */
  readonly handshake: Readonly<Record<string, unknown>>;
  readonly messages: Queue<string | Uint8Array>;
  readonly closes: Queue<{ reason: string; details: unknown }>;
  readonly upgrades: Queue<string>;
  send(data: string | Uint8Array): void;
  close(): void;
}

interface AnyClientSocket {
  id?: string;
  transport: { name: string };
  binaryType: string;
  on(event: string, listener: (...args: never[]) => void): unknown;
  send(data: unknown): unknown;
  close(): unknown;
}

type ClientSocketClass = new (url: string, options: object) => AnyClientSocket;

const CLASSES: Record<3 | 4, ClientSocketClass> = {
  3: require('engine.io-client-3') as ClientSocketClass,
  4: ClientSocket as unknown as ClientSocketClass,
};

/** Opens a session with the client of a version of the protocol, and closes it when the test ends. */
export async function openClient(
  version: 3 | 4,
  port: number,
  options: Partial<SocketOptions> & Record<string, unknown> = {},
): Promise<Client> {
  const socket = new CLASSES[version](`ws://127.0.0.1:${port}`, options);
  onTestFinished(() => {
    socket.close();
  });
  const client = {
    messages: new Queue<string | Uint8Array>(),
    closes: new Queue<{ reason: string; details: unknown }>(),
    upgrades: new Queue<string>(),
    get id() {
      return socket.id ?? '';
    },
    get transportName() {
      return socket.transport.name;
    },
    handshake: {},
    send: (data: string | Uint8Array) => {
      socket.send(data);
    },
    close: () => {
      socket.close();
    },
  };
  socket.on('message', (data?: string | Uint8Array) => client.messages.push(data ?? ''));
  socket.on('handshake', (handshake: Record<string, unknown>) => Object.assign(client.handshake, handshake));
  socket.on('close', (reason: string, details: unknown) => client.closes.push({ reason, details }));
  socket.on('upgrade', (transport: { name: string }) => client.upgrades.push(transport.name));
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve());
    socket.on('error', reject);
  });
  return client;
}
