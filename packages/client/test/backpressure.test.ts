/** A server that is connected and does not read. */

import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Socket as Engine } from '@hawser/client/engine';
import type { Server, Socket as ServerSocket } from 'socket.io';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

const MAX_BYTES = 1_000_000;
const CHUNK = 'x'.repeat(100_000);

/** More than the bound and what the kernel takes. */
const MORE_THAN_FITS = 1000;

/** Starts a server that reads until `stall`, and then neither posts nor frames. */
async function startStalling(prepare: (io: Server) => void = () => {}) {
  let isStalled = false;
  const rig = await startServer({ pingInterval: 100, pingTimeout: 60_000 }, prepare);
  const [handle] = rig.http.listeners('request') as RequestListener[];
  rig.http.removeAllListeners('request');
  rig.http.on('request', (request, response) => {
    if (!isStalled || request.method !== 'POST') handle!(request, response);
  });
  const upgraded = new Set<{ pause(): unknown }>();
  rig.http.on('upgrade', (_request, socket) => upgraded.add(socket));
  return {
    ...rig,
    stall: () => {
      isStalled = true;
      for (const socket of upgraded) socket.pause();
    },
  };
}

/** Sends, with time to write in between, until it throws or everything was taken. */
async function sendUntilRefused(send: (chunk: string) => unknown): Promise<unknown> {
  for (let i = 0; i < MORE_THAN_FITS; i++) {
    try {
      send(CHUNK);
    } catch (error) {
      return error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return 'took everything';
}

test.each([['polling'], ['websocket']])(
  'emit throws when too much waits for a slow server, over %s',
  async (name) => {
    const rig = await startStalling();
    const socket = connect(rig.url, { transports: [name], maxBufferedBytes: MAX_BYTES, reconnection: false });
    await eventOf(socket, 'connect');
    rig.stall();
    const error = await sendUntilRefused((chunk) => socket.emit('chunk', chunk));
    expect(error).toMatchObject({ code: 'SIO_ERR_SEND_BUFFER_FULL' });
    await expect(socket.emitWithAck('chunk')).rejects.toMatchObject({ code: 'SIO_ERR_SEND_BUFFER_FULL' });
    expect(socket.connected).toBe(true);
    const packets = socket.io.engine.writeBuffer.length;
    socket.volatile.emit('chunk', CHUNK);
    expect(socket.io.engine.writeBuffer).toHaveLength(packets);
  },
);

test('emit throws when too many events wait for a slow server', async () => {
  const rig = await startStalling();
  const socket = connect(rig.url, { transports: ['polling'], maxBufferedEvents: 10, reconnection: false });
  await eventOf(socket, 'connect');
  rig.stall();
  const error = await sendUntilRefused(() => socket.emit('small'));
  expect(error).toMatchObject({ code: 'SIO_ERR_SEND_BUFFER_FULL' });
  expect(socket.io.engine.writeBuffer.length).toBeLessThanOrEqual(10);
});

test.each([['polling'], ['websocket']])(
  'write of an engine throws when too much waits, over %s',
  async (name) => {
    const rig = await startStalling();
    const engine = new Engine(rig.url, {
      path: '/socket.io',
      transports: [name],
      maxBufferedBytes: MAX_BYTES,
    });
    onTestFinished(() => {
      engine.close();
    });
    await eventOf(engine, 'open');
    rig.stall();
    expect(await sendUntilRefused((chunk) => engine.write(chunk))).toMatchObject({
      message: 'writeBuffer is full: see maxBufferedBytes',
    });
  },
);

test('a server that asks and does not read the answers is left', async () => {
  const rig = await startStalling((io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('ask me', () => {
        for (let i = 0; i < 20; i++) socket.emit('question', () => {});
      });
    });
  });
  const socket = connect(rig.url, { transports: ['polling'], maxBufferedEvents: 10, reconnection: false });
  await eventOf(socket, 'connect');
  socket.on('question', (answer: () => void) => answer());
  const drained = eventOf(socket.io.engine, 'drain');
  const gone = eventOf(socket, 'disconnect');
  socket.emit('ask me');
  await drained;
  rig.stall();
  const [reason, description] = await gone;
  expect([reason, description]).toMatchObject(['transport error', { code: 'SIO_ERR_SEND_BUFFER_FULL' }]);
});

test('pings of a server that does not read are not answered without end', async () => {
  const count = 300;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    for (const ws of server.clients) ws.terminate();
    server.close();
  });
  server.on('connection', (ws) => {
    ws.send('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}');
    ws.pause();
    for (let i = 0; i < count; i++) ws.send(`2${CHUNK}`);
  });
  await eventOf(server as never, 'listening');
  const { port } = server.address() as AddressInfo;
  const engine = new Engine(`ws://127.0.0.1:${port}`, {
    transports: ['websocket'],
    maxBufferedBytes: MAX_BYTES,
  });
  onTestFinished(() => {
    engine.close();
  });
  for (let i = 0; i < count; i++) await eventOf(engine, 'ping');
  // The last one that was answered may go beyond.
  expect(engine.transport.bufferedAmount).toBeLessThan(MAX_BYTES + 2 * CHUNK.length);
});
