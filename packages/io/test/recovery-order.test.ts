import type { AddressInfo } from 'node:net';
import { io as connectHawser } from '@hawser/client';
import type { ServerOptions, Socket } from '@hawser/io';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { Queue } from '../../engine/test/rig/queue.ts';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

const RECOVERY: Partial<ServerOptions> = { connectionStateRecovery: {} };

/** A client of Hawser that comes back at once, until the test ends. */
function openHawser(url: string, options: object = {}): ReturnType<typeof connectHawser> {
  const client = connectHawser(url, {
    ...options,
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 1,
    reconnectionDelayMax: 5,
  });
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

/** Loses the connection, and waits until the server knows. */
async function lose(socket: Socket): Promise<void> {
  const lost = eventOf(socket as never, 'disconnect');
  socket.conn.close(true);
  await lost;
}

/** A server that answers as it is told to, and what each CONNECT said. */
async function startScripted(
  script: readonly (readonly string[])[],
): Promise<{ url: string; asked: Queue<string> }> {
  const asked = new Queue<string>();
  const answers = script.values();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await eventOf(server as never, 'listening');
  onTestFinished(() => {
    server.close();
    for (const peer of server.clients) peer.terminate();
  });
  server.on('connection', (peer) => {
    peer.send(
      `0${JSON.stringify({ sid: 'x', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, hawser: 1 })}`,
    );
    peer.on('message', (data) => {
      // The client is one of Hawser.
      if (String(data) === '6') return;
      asked.push(String(data));
      const { value: texts, done } = answers.next();
      for (const text of texts ?? []) peer.send(text);
      if (!done && !texts!.includes('42["end"]')) peer.close();
    });
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test('a client of Hawser forgets what it missed where the answer to its CONNECT never came', async () => {
  const { url, asked } = await startScripted([
    ['40{"sid":"s","pid":"p"}', '42["a"]'],
    ['42["b"]'],
    ['42["b"]', '42["c"]', '40{"sid":"s","pid":"p"}', '42["d"]'],
    ['42["e"]', '40{"sid":"s","pid":"p"}', '42["end"]'],
  ]);
  const client = openHawser(url);
  const got: unknown[] = [];
  client.onAny((name: string) => got.push(name));
  await eventOf(client as never, 'end');
  expect(got).toEqual(['a', 'b', 'c', 'd', 'e', 'end']);
  const received = [await asked.next(), await asked.next(), await asked.next(), await asked.next()];
  expect(received.slice(1)).toEqual([1, 1, 4].map((count) => `40{"pid":"p","hawser":{"received":${count}}}`));
});

test('a client of Hawser begins anew where it missed more than it keeps', async () => {
  const { url, asked } = await startScripted([
    ['40{"sid":"s","pid":"p"}', '42["a"]'],
    ['42["b"]', '42["c"]', '42["d"]', '40{"sid":"s","pid":"p"}'],
    ['40{"sid":"t","pid":"q"}', '42["end"]'],
  ]);
  const client = openHawser(url, { maxBufferedEvents: 2 });
  const got: unknown[] = [];
  client.onAny((name: string) => got.push(name));
  await eventOf(client as never, 'end');
  expect([got, client.recovered]).toEqual([['a', 'end'], false]);
  expect([await asked.next(), await asked.next(), await asked.next()]).toEqual([
    '40',
    '40{"pid":"p","hawser":{"received":1}}',
    '40',
  ]);
});

describe.each(['stock', 'hawser'] as const)('a %s client that recovers', (kind) => {
  const open = (url: string): ReturnType<typeof openClient> => {
    if (kind === 'stock') return openClient(url, { reconnection: true, reconnectionDelay: 1 });
    return openHawser(url) as never;
  };

  test('has what it missed before connect, each once, over several losses in a row', async () => {
    const { io, url, sockets } = await startServer(RECOVERY);
    io.on('connection', (socket) => socket.emit('greeting', socket.recovered));
    const client = open(url);
    const got: unknown[] = [];
    client.onAny((name: string, value: unknown) => got.push(`${name} ${value}`));
    client.on('connect', () => got.push('connect'));
    await connected(client);
    let socket = await sockets.next();
    const expected: unknown[] = ['connect', 'greeting false'];
    for (let round = 0; round < 5; round++) {
      socket.emit('present', round);
      await lose(socket);
      io.emit('missed', round);
      io.to(socket.id).emit('by room', round);
      socket.emit('direct', round);
      expected.push(`present ${round}`, `missed ${round}`, `by room ${round}`, `direct ${round}`);
      expected.push('connect', 'greeting true');
      socket = await sockets.next();
      expect(socket.recovered).toBe(true);
    }
    const end = eventOf(client as never, 'end');
    socket.emit('end');
    await end;
    expect(got.slice(0, -1)).toEqual(expected);
    expect(client.recovered).toBe(true);
  });
});
