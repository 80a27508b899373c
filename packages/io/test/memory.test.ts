import type { Socket } from '@hawser/io';
import { describe, expect, test, vi } from 'vitest';
import { collectGarbage, isCollected } from '../../engine/test/rig/garbage.ts';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { type Rig, startServer } from './rig/servers.ts';

/** Lets a socket live and die, and returns what may be left of it. */
async function liveAndDie(
  { io, url, sockets }: Rig,
  die: (socket: Socket, leave: () => void) => unknown,
): Promise<Record<string, WeakRef<object>>> {
  const client = await connected(openClient(url));
  const socket = await sockets.next();
  socket.join('room');
  socket.on('ask', (answer: () => void) => answer());
  socket.onAnyOutgoing(() => {});
  await new Promise((resolve) => client.emit('ask', resolve));
  socket.emit('unanswered', () => {});
  socket.timeout(1_000_000).emit('unanswered', () => {});
  io.timeout(1_000_000).emit('unanswered', () => {});
  io.to('room').emit('news');
  await io.fetchSockets();
  const ends = [eventOf(socket as never, 'disconnect'), eventOf(socket.conn as never, 'close')];
  await die(socket, () => client.disconnect());
  await Promise.all(ends);
  return {
    socket: new WeakRef(socket),
    client: new WeakRef(socket.client),
    conn: new WeakRef(socket.conn),
    request: new WeakRef(socket.request),
    handshake: new WeakRef(socket.handshake),
  };
}

describe('nothing stays in memory after a disconnect', () => {
  const deaths: Record<string, (socket: Socket, leave: () => void) => unknown> = {
    'the client leaves': (_socket, leave) => leave(),
    'the connection breaks': (socket) => socket.request.socket.destroy(),
    'the server disconnects': (socket) => process.nextTick(() => socket.disconnect(true)),
  };
  test.each(Object.entries(deaths))('%s', async (_title, die) => {
    const rig = await startServer();
    const left = await liveAndDie(rig, die);
    expect([
      rig.io.engine.clientsCount,
      rig.io.sockets.sockets.size,
      rig.io.sockets.adapter.rooms.size,
    ]).toEqual([0, 0, 0]);
    for (const [name, ref] of Object.entries(left)) {
      expect({ name, isCollected: await isCollected(ref) }).toEqual({ name, isCollected: true });
    }
  });

  test('a client whom a middleware turned away', async () => {
    const { io, url } = await startServer();
    const refs: WeakRef<object>[] = [];
    io.use((socket, next) => {
      refs.push(new WeakRef(socket));
      next(new Error('no'));
    });
    const client = openClient(url);
    await eventOf(client as never, 'connect_error');
    expect(await isCollected(refs[0]!)).toBe(true);
  });
});

test('a session that is away keeps nothing of its connection, nor of its socket', async () => {
  const { port, sockets } = await startServer({ connectionStateRecovery: {} });
  const raw = await openRaw(port);
  raw.send('6', '40');
  const answers: (() => void)[] = [];
  const refs: WeakRef<object>[] = [];
  await (async () => {
    const socket = await sockets.next();
    await new Promise<void>((resolve) => {
      socket.on('ask', (answer: () => void) => resolve(void answers.push(answer)));
      raw.send('427["ask"]');
    });
    refs.push(new WeakRef(socket), new WeakRef(socket.client), new WeakRef(socket.conn));
    const lost = eventOf(socket as never, 'disconnect');
    raw.socket.terminate();
    await lost;
  })();
  for (const ref of refs) expect(await isCollected(ref)).toBe(true);
  answers[0]!();
});

test.each([
  [4, (name: string, ballast: string) => `40${name},{"token":"${ballast}"}`],
  [3, (name: string, ballast: string) => `40${name}?token=${ballast},`],
] as const)(
  'the name of a namespace keeps nothing of the message that asked for it, in version %d',
  async (version, ask) => {
    const { io, port } = await startServer({ allowEIO3: true });
    io.of(/^\/dynamic-\d+$/);
    const raw = await openRaw(port, version);
    const ballast = 'x'.repeat(900_000);
    const connectAndLeave = async (i: number): Promise<void> => {
      const name = `/dynamic-${1_000_000 + i}`;
      raw.send(ask(name, ballast));
      while (!(await raw.messages.next()).startsWith(`40${name}`));
      raw.send(`41${name},`);
      await vi.waitUntil(() => io._nsps.get(name)!.sockets.size === 0);
    };
    await connectAndLeave(0);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 1; i <= 40; i++) await connectAndLeave(i);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  },
);

test('long names of namespaces that were left do not stay', async () => {
  const { io, port } = await startServer({ cleanupEmptyChildNamespaces: true });
  io.of(/^\/dynamic-\d+x+$/);
  const raw = await openRaw(port);
  const padding = 'x'.repeat(900_000);
  const connectAndLeave = async (i: number): Promise<void> => {
    const name = `/dynamic-${i}${padding}`;
    raw.send(`40${name},`);
    expect((await raw.messages.next()).startsWith(`40${name},`)).toBe(true);
    raw.send(`41${name},`);
    await vi.waitUntil(() => !io._nsps.has(name));
  };
  await connectAndLeave(0);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 1; i <= 40; i++) await connectAndLeave(i);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
});

test('a text that a program keeps keeps nothing of the body that it came in', async () => {
  const { io, port } = await startServer();
  const kept: string[] = [];
  io.on('connection', (socket) => socket.on('name', (name: string) => kept.push(name)));
  const ballast = 'x'.repeat(900_000);
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
  const post = (body: string) => fetch(`${url}&sid=${sid}`, { method: 'POST', body });
  await post('40');
  const bring = (i: number) => post(`42["name","a name of many letters ${i}"]\x1e42["ballast","${ballast}"]`);
  await bring(0);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 1; i <= 40; i++) await bring(i);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  expect(kept[40]).toBe('a name of many letters 40');
});

test('a large broadcast is not kept until the next', async () => {
  const { io, url } = await startServer();
  const client = await connected(openClient(url));
  const received = eventOf(client as never, 'large');
  const refs: WeakRef<object>[] = [];
  await (async () => {
    const bytes = Buffer.alloc(1_000_000);
    refs.push(new WeakRef(bytes));
    io.emit('large', bytes);
    await received;
  })();
  expect(await isCollected(refs[0]!)).toBe(true);
});

test('of the large broadcasts of one turn no more than the last is kept', async () => {
  const { io, url } = await startServer({ slowConsumer: 'keep-latest' });
  await connected(openClient(url));
  const refs: WeakRef<object>[] = [];
  const broadcast = () => {
    const bytes = Buffer.alloc(1_000_000);
    refs.push(new WeakRef(bytes));
    io.emit('large', bytes);
  };
  const stalled = await openRaw(Number(new URL(url).port));
  stalled.send('40');
  await stalled.messages.next();
  stalled.socket.pause();
  const made = vi.spyOn(globalThis, 'setImmediate');
  for (let i = 0; i < 20; i++) broadcast();
  expect(made).not.toHaveBeenCalled();
  made.mockRestore();
  stalled.socket.terminate();
  for (const ref of refs) expect(await isCollected(ref)).toBe(true);
});
