import { createServer } from 'node:http';
import { Server } from '@hawser/engine';
import { Server as SocketIoServer } from 'socket.io';
import { io as io4 } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenOn } from '../rig/engines.ts';

/** What the clients of both versions have. */
interface AnyClient {
  readonly io: {
    readonly engine: { readonly transport: { name: string }; once(event: string, run: () => void): void };
  };
  on(event: string, listener: (...args: never[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  disconnect(): unknown;
}

const CLIENTS: Readonly<Record<2 | 4, (url: string, options: object) => AnyClient>> = {
  2: require('socket.io-client-2'),
  4: io4 as unknown as (url: string, options: object) => AnyClient,
};

/** Starts a server of Socket.IO whose engine is ours. */
async function startSocketIo(): Promise<{ io: SocketIoServer; engine: Server; url: string }> {
  const http = createServer();
  const engine = new Server({ allowEIO3: true });
  engine.attach(http, { path: '/socket.io' });
  const io = new SocketIoServer();
  io.bind(engine as never);
  onTestFinished(() => {
    engine.close();
  });
  return { io, engine, url: `http://127.0.0.1:${await listenOn(http)}` };
}

function eventOf(client: AnyClient, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.on(event, (...args) => resolve(args)));
}

describe.each([4, 2] as const)('Socket.IO on this engine, with its client %i', (version) => {
  test.each([['polling'], ['websocket'], ['polling,websocket']])(
    'events both ways over %s',
    async (names) => {
      const { io, engine, url } = await startSocketIo();
      const left = new Promise((resolve) => {
        io.on('connection', (socket) => {
          socket.join('room');
          socket.on('ask', (text: string, bytes: Buffer, answer: (...args: unknown[]) => void) =>
            answer(text, bytes),
          );
          socket.on('disconnect', resolve);
        });
      });
      const client = CLIENTS[version](url, { transports: names.split(','), forceNew: true });
      onTestFinished(() => {
        client.disconnect();
      });
      await eventOf(client, 'connect');
      if (names.includes(',') && client.io.engine.transport.name === 'polling') {
        await new Promise<void>((resolve) => client.io.engine.once('upgrade', resolve));
      }
      const bytes = Buffer.from([1, 2, 255]);
      expect(
        await new Promise((resolve) => client.emit('ask', 'ü', bytes, (...args: unknown[]) => resolve(args))),
      ).toEqual(['ü', bytes]);
      const news = eventOf(client, 'news');
      io.to('room').emit('news', { text: 'ü' }, bytes);
      expect(await news).toEqual([{ text: 'ü' }, bytes]);
      // Text alone goes out as a frame that the adapter made once.
      const text = eventOf(client, 'text');
      io.emit('text', 'to all');
      expect(await text).toEqual(['to all']);
      client.disconnect();
      expect(await left).toBe('client namespace disconnect');
      await io.close();
      expect(engine.clientsCount).toBe(0);
    },
  );

  test.each([['polling'], ['websocket'], ['polling,websocket']])(
    'client hears the last event and then, once, why the server disconnects it, over %s',
    async (names) => {
      const { io, url } = await startSocketIo();
      io.on('connection', (socket) => {
        socket.on('ready', () => {
          io.emit('bye');
          io.disconnectSockets(true);
        });
      });
      const client = CLIENTS[version](url, {
        transports: names.split(','),
        forceNew: true,
        reconnection: false,
      });
      const told: unknown[] = [];
      client.on('bye', () => told.push('bye'));
      client.on('disconnect', (reason) => told.push(reason));
      const closed = new Promise<void>((resolve) => client.io.engine.once('close', resolve));
      await eventOf(client, 'connect');
      client.emit('ready');
      await closed;
      // What the client puts off comes within two turns.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(told).toEqual(['bye', 'io server disconnect']);
    },
  );
});
