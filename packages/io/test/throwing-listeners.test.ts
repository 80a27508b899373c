import { describe, expect, test, vi } from 'vitest';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { gatherUncaught } from './rig/uncaught.ts';

function fail(): never {
  throw new Error('listener');
}

describe('what a listener throws when a socket ends is uncaught, and', () => {
  test.each(['disconnecting', 'disconnect'] as const)(
    'nothing of the socket stays, from %s',
    async (event) => {
      const uncaught = gatherUncaught();
      const { io, port, sockets } = await startServer();
      const others: string[] = [];
      io.of('/other').on('connection', (socket) => socket.on('disconnect', (reason) => others.push(reason)));
      const raw = await openRaw(port);
      raw.send('40', '40/other,');
      (await sockets.next()).on(event, fail);
      while (!(await raw.messages.next()).startsWith('40/other'));
      raw.socket.terminate();
      await vi.waitUntil(() => io.of('/other').sockets.size === 0);
      expect([io.sockets.sockets.size, io.sockets.adapter.rooms.size, io.sockets.adapter.sids.size]).toEqual([
        0, 0, 0,
      ]);
      expect(others).toEqual(['transport close']);
      await vi.waitFor(() => expect(uncaught).toEqual(['listener']));
    },
  );

  test('the server closes', async () => {
    const uncaught = gatherUncaught();
    const { io, http, port, sockets } = await startServer();
    const raws = [await openRaw(port), await openRaw(port), await openRaw(port)];
    for (const raw of raws) {
      raw.send('40');
      (await sockets.next()).on('disconnect', fail);
    }
    await io.close();
    await Promise.all(raws.map(({ closed }) => closed));
    expect([http.listening, io.engine.clientsCount]).toEqual([false, 0]);
    await vi.waitFor(() => expect(uncaught).toEqual(['listener', 'listener', 'listener']));
  });

  test('the connection is closed, where that was asked for', async () => {
    const uncaught = gatherUncaught();
    const { port, sockets } = await startServer();
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    socket.on('disconnect', fail);
    socket.disconnect(true);
    await raw.closed;
    expect(uncaught).toEqual(['listener']);
  });

  test('a broadcast that ended a slow connection reaches all others', async () => {
    const uncaught = gatherUncaught();
    const { io, port, sockets } = await startServer({ maxBufferedBytes: 200_000 });
    const [slow, quick] = [await openRaw(port), await openRaw(port)];
    slow.send('40');
    const socket = await sockets.next();
    socket.on('disconnect', fail);
    quick.send('40');
    await sockets.next();
    slow.socket.pause();
    for (let i = 0; socket.connected; i++) {
      io.emit('n', i, 'x'.repeat(100_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    io.emit('last');
    const got: number[] = [];
    await quick.messages.next();
    for (let text = await quick.messages.next(); text !== '42["last"]'; text = await quick.messages.next()) {
      got.push((JSON.parse(text.slice(2)) as [string, number])[1]);
    }
    expect(got).toEqual([...got.keys()]);
    expect(uncaught).toEqual(['listener']);
  });

  test('others who wait for an answer hear that there is none', async () => {
    const uncaught = gatherUncaught();
    const { io, port, sockets } = await startServer();
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    socket.timeout(600_000).emit('ask', fail);
    const answer = socket.emitWithAck('ask');
    socket.disconnect();
    await expect(answer).rejects.toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
    expect(io.sockets.sockets.size).toBe(0);
    await vi.waitFor(() => expect(uncaught).toEqual(['listener']));
  });
});

test('what a listener of the adapter throws keeps nobody who is gone in a room', async () => {
  const uncaught = gatherUncaught();
  const { io, port, sockets } = await startServer();
  const { adapter } = io.sockets;
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  socket.join(['a', 'b']);
  const told: string[] = [];
  adapter.on('leave-room', fail);
  adapter.on('delete-room', (room) => told.push(room));
  socket.disconnect();
  expect([adapter.rooms.size, adapter.sids.size, io.sockets.sockets.size]).toEqual([0, 0, 0]);
  expect(told).toEqual([socket.id, 'a', 'b']);
  await vi.waitFor(() => expect(uncaught).toHaveLength(3));
});

test('and keeps nobody out, nor a session from going on', async () => {
  const uncaught = gatherUncaught();
  const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
  const { adapter } = io.sockets;
  adapter.on('join-room', fail);
  const lost = await openRaw(port);
  lost.send('6', '40');
  const { pid } = JSON.parse((await lost.messages.next()).slice(2)) as { pid: string };
  await sockets.next();
  lost.socket.terminate();
  await vi.waitUntil(() => io.sockets.sockets.size === 0);
  const raw = await openRaw(port);
  raw.send('6', `40${JSON.stringify({ pid, hawser: { received: 0 } })}`);
  expect(await raw.messages.next()).toMatch(`"pid":"${pid}"`);
  (await sockets.next()).disconnect();
  expect([adapter.rooms.size, adapter.sids.size]).toEqual([0, 0]);
  expect(uncaught.length).toBeGreaterThan(1);
});

test('what a listener for drain throws keeps no other namespace from its own', async () => {
  const uncaught = gatherUncaught();
  const { io, port, sockets } = await startServer();
  const drained = new Promise<void>((resolve) => {
    io.of('/other').on('connection', (socket) => socket.on('drain', resolve));
  });
  const raw = await openRaw(port);
  raw.send('40', '40/other,');
  const socket = await sockets.next();
  while (!(await raw.messages.next()).startsWith('40/other'));
  socket.on('drain', fail);
  raw.socket.pause();
  while (socket.emit('flood', 'x'.repeat(1_000_000))) await new Promise((resolve) => setImmediate(resolve));
  for (const other of io.of('/other').sockets.values()) other.emit('waits');
  raw.socket.resume();
  await drained;
  expect(uncaught).toEqual(['listener']);
});

test('a socket that disconnects itself while it is being disconnected is so once', async () => {
  const { io, port, sockets } = await startServer();
  const raw = await openRaw(port);
  for (const close of [false, true]) {
    raw.send('40');
    const socket = await sockets.next();
    const reasons: string[] = [];
    socket.on('disconnecting', () => socket.disconnect(close));
    socket.on('disconnect', (reason) => reasons.push(reason));
    socket.disconnect();
    expect(reasons).toEqual(['server namespace disconnect']);
    expect(io.sockets.sockets.size).toBe(0);
  }
  await raw.closed;
});
