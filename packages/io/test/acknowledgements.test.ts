import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from '@hawser/io';
import { Adapter } from '@hawser/io/adapter';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { type Rig, startServer } from './rig/servers.ts';

/** Connects clients one after another, and returns both ends. */
async function connectSome({ url, sockets }: Rig, count: number) {
  const ends: { client: ReturnType<typeof openClient>; socket: Socket }[] = [];
  for (let i = 0; i < count; i++) {
    const client = await connected(openClient(url));
    ends.push({ client, socket: await sockets.next() });
  }
  return ends;
}

describe('an acknowledgement always settles', () => {
  test('promise is rejected when the client leaves', async () => {
    const [{ client, socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    const answer = socket.emitWithAck('ask');
    client.disconnect();
    await expect(answer).rejects.toMatchObject({
      code: 'IO_ERR_DISCONNECTED',
      message: 'socket has been disconnected',
    });
  });

  test('promise with a time limit is rejected at once when the connection is lost', async () => {
    const [{ socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    const answer = socket.timeout(1_000_000).emitWithAck('ask');
    socket.request.socket.destroy();
    await expect(answer).rejects.toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
  });

  test('callback with a time limit is called with the error, once', async () => {
    const [{ client, socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    const calls: unknown[][] = [];
    socket.timeout(50).emit('ask', (...args: unknown[]) => calls.push(args));
    client.disconnect();
    await eventOf(socket as never, 'disconnect');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls).toMatchObject([[{ code: 'IO_ERR_DISCONNECTED' }]]);
  });

  test('callback whose time is up is called in the context of who asked', async () => {
    const ends = await connectSome(await startServer(), 2);
    const storage = new AsyncLocalStorage<number>();
    const seen = ends.map(({ socket }, i) =>
      storage.run(i, () => {
        return new Promise((resolve) => socket.timeout(20).emit('ask', () => resolve(storage.getStore())));
      }),
    );
    expect(await Promise.all(seen)).toEqual([0, 1]);
  });

  test('callback without one is dropped, and its memory with it', async () => {
    const [{ client, socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    const calls: unknown[][] = [];
    socket.emit('ask', (...args: unknown[]) => calls.push(args));
    expect(socket.acks.size).toBe(1);
    client.disconnect();
    await eventOf(socket as never, 'disconnect');
    expect(calls).toEqual([]);
    expect(socket.acks.size).toBe(0);
  });

  test('nothing is waited for from a client that is gone', async () => {
    const [{ socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    socket.disconnect();
    await expect(socket.emitWithAck('ask')).rejects.toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
    const [error] = await new Promise<unknown[]>((resolve) =>
      socket.timeout(1_000_000).emit('ask', (...args: unknown[]) => resolve(args)),
    );
    expect(error).toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
    expect(socket.emit('news')).toBe(false);
  });

  test('answer that comes too late is ignored', async () => {
    const [{ client, socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    let answerLate = (): void => {};
    client.on('ask', (answer: () => void) => {
      answerLate = answer;
    });
    await expect(socket.timeout(50).emitWithAck('ask')).rejects.toMatchObject({ code: 'IO_ERR_ACK_TIMEOUT' });
    expect(socket.acks.size).toBe(0);
    answerLate();
    const fence = eventOf(socket as never, 'fence');
    client.emit('fence');
    await fence;
  });

  test.each([[2 ** 32], [Number.POSITIVE_INFINITY]])(
    'time limit of %d milliseconds is none that is over',
    async (timeoutMs) => {
      const [{ client, socket }] = (await connectSome(await startServer(), 1)) as [
        Awaited<ReturnType<typeof connectSome>>[0],
      ];
      client.on('ask', (answer: (text: string) => void) => setTimeout(answer, 50, 'late'));
      expect(await socket.timeout(timeoutMs).emitWithAck('ask')).toBe('late');
    },
  );

  test('acknowledgement of many settles when one who owes it leaves, with the answers of the others', async () => {
    const rig = await startServer();
    const ends = await connectSome(rig, 3);
    ends[0]!.client.on('ask', (answer: (value: number) => void) => answer(0));
    ends[1]!.client.on('ask', (answer: (value: number) => void) => answer(1));
    const asked = eventOf(ends[2]!.client as never, 'ask');
    const settled = new Promise<unknown[]>((resolve) =>
      rig.io.timeout(1_000_000).emit('ask', (...args: unknown[]) => resolve(args)),
    );
    const promise = rig.io.timeout(1_000_000).emitWithAck('ask');
    await asked;
    ends[2]!.client.disconnect();
    const [error, answers] = (await settled) as [Error, number[]];
    expect(error).toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
    expect(answers.toSorted()).toEqual([0, 1]);
    const rejected = (await promise.catch((reason: Error) => reason)) as Error & { responses: number[] };
    expect(rejected.responses.toSorted()).toEqual([0, 1]);
    for (const { socket } of ends) expect(socket.acks.size).toBe(0);
  });

  test('what has timed out for many leaves nothing behind', async () => {
    const rig = await startServer();
    const ends = await connectSome(rig, 2);
    await expect(rig.io.timeout(20).emitWithAck('silence')).rejects.toMatchObject({
      code: 'IO_ERR_ACK_TIMEOUT',
      responses: [],
    });
    for (const { socket } of ends) expect(socket.acks.size).toBe(0);
  });

  test('without a time limit, many are waited for until each has answered or left', async () => {
    const rig = await startServer();
    const ends = await connectSome(rig, 2);
    ends[0]!.client.on('ask', (answer: (value: number) => void) => answer(0));
    const asked = eventOf(ends[1]!.client as never, 'ask');
    const promise = rig.io
      .of('/')
      .to(ends.map(({ socket }) => socket.id))
      .emitWithAck('ask')
      .catch((error: unknown) => error);
    await asked;
    ends[1]!.client.disconnect();
    expect(await promise).toMatchObject({ code: 'IO_ERR_DISCONNECTED', responses: [0] });
  });

  test('an event that was dropped as its time was up is told of once', async () => {
    const [{ socket }] = (await connectSome(await startServer(), 1)) as [
      Awaited<ReturnType<typeof connectSome>>[0],
    ];
    const told: unknown[] = [];
    // So that timers come before what is told later.
    await new Promise((resolve) => setImmediate(resolve));
    socket.emit('something that waits');
    socket.timeout(1).volatile.emit('ask', (error: { code: string }) => told.push(error.code));
    for (const endMs = Date.now() + 10; Date.now() < endMs; );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(told).toHaveLength(1);
  });

  test('who emits again what did not fit does so later, and within the bound', async () => {
    const [{ socket }] = (await connectSome(
      await startServer({ maxBufferedBytes: Number.POSITIVE_INFINITY }),
      1,
    )) as [Awaited<ReturnType<typeof connectSome>>[0]];
    let again = 0;
    let isEmitting = false;
    const ask = () =>
      socket.timeout(600_000).emit('ask', () => {
        expect(isEmitting).toBe(false);
        if (again++ < 10) ask();
      });
    isEmitting = true;
    for (let i = 0; i < 65_636; i++) ask();
    isEmitting = false;
    await vi.waitFor(() => expect(again).toBeGreaterThan(10));
    expect(socket.acks.size).toBe(65_536);
    socket.disconnect();
  });

  test('events that wait for an answer are bounded in number', async () => {
    const [{ socket }] = (await connectSome(
      await startServer({ maxBufferedBytes: Number.POSITIVE_INFINITY }),
      1,
    )) as [Awaited<ReturnType<typeof connectSome>>[0]];
    const first = socket.emitWithAck('ask').catch((error: unknown) => error);
    for (let i = 0; i < 65_536; i++) socket.emit('ask', () => {});
    expect(await first).toMatchObject({ code: 'IO_ERR_TOO_MANY_ACKS' });
    expect(socket.acks.size).toBe(65_536);
  });
});

test.each([
  ['a client', {}],
  ['a client of Hawser that may come back', { connectionStateRecovery: {} }],
])('%s gets an error in place of an answer that cannot be written', async (_, options) => {
  const { port, sockets } = await startServer(options);
  const raw = await openRaw(port);
  raw.send('6', '40');
  const socket = await sockets.next();
  socket.on('load', (answer: (...data: unknown[]) => void) => {
    expect(() => answer(null, 10n)).toThrow(TypeError);
    answer('cannot be sent');
    answer('twice');
  });
  raw.send('427["load"]', '428["load"]');
  expect(await raw.messages.next()).toMatch(/^40/);
  expect(await raw.messages.next()).toBe('437["cannot be sent"]');
  expect(await raw.messages.next()).toBe('438["cannot be sent"]');
});

test('the sockets of all namespaces of a pattern are asked, and those of none', async () => {
  const { io, url } = await startServer();
  const pattern = io.of(/^\/room-\d$/);
  expect(await pattern.timeout(1_000_000).emitWithAck('ask')).toEqual([]);
  const clients = ['/room-1', '/room-1', '/room-2'].map((name) => openClient(`${url}${name}`));
  await Promise.all(clients.map(connected));
  for (const [i, client] of clients.entries()) client.on('ask', (answer: (i: number) => void) => answer(i));
  const answers: number[] = await pattern.timeout(1_000_000).emitWithAck('ask');
  expect(answers.toSorted()).toEqual([0, 1, 2]);
  io.of('/room-2').socketsJoin('news');
  expect(await pattern.to('news').timeout(1_000_000).emitWithAck('ask')).toEqual([2]);
});

test('a pattern whose namespace goes while another one answers has lost no server', async () => {
  const { io, url } = await startServer({ cleanupEmptyChildNamespaces: true, pingInterval: 1e9 });
  const pattern = io.of(/^\/room-\d$/);
  const [first, second] = await Promise.all(
    ['/room-1', '/room-2'].map((name) => connected(openClient(`${url}${name}`))),
  );
  const asked = new Promise<(value: string) => void>((resolve) => second!.once('ask', resolve));
  first!.on('ask', (answer: (value: string) => void) => {
    answer('first');
    first!.disconnect();
  });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const answers = pattern.in([]).emitWithAck('ask');
  const answer = await asked;
  while (io._nsps.has('/room-1')) await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(60_000);
  answer('second');
  expect(await answers).toEqual(['first', 'second']);
});

test('sockets of a pattern keep nothing for an event that nobody waits for any more', async () => {
  class UncountableAdapter extends Adapter {
    override serverCount(): Promise<number> {
      return Promise.reject(new Error('no broker'));
    }
  }
  const { io, url } = await startServer({ adapter: UncountableAdapter });
  const pattern = io.of(/^\/room-\d$/);
  await connected(openClient(`${url}/room-1`));
  await expect(pattern.in([]).emitWithAck('ask')).rejects.toThrow('no broker');
  const [socket] = io.of('/room-1').sockets.values();
  expect(socket!.acks.size).toBe(0);
});

test('a broadcast and a direct emit arrive in the order in which they were made', async () => {
  const rig = await startServer();
  const [{ client, socket }] = (await connectSome(rig, 1)) as [Awaited<ReturnType<typeof connectSome>>[0]];
  const got: number[] = [];
  client.on('n', (n: number) => got.push(n));
  const end = eventOf(client as never, 'end');
  for (let i = 0; i < 300; i += 3) {
    rig.io.emit('n', i);
    socket.emit('n', i + 1);
    rig.io.to(socket.id).emit('n', i + 2, Buffer.alloc(10));
  }
  socket.emit('end');
  await end;
  expect(got).toEqual(Array.from({ length: 300 }, (_, i) => i));
});

test('an event right before the connection is lost is delivered', async () => {
  const rig = await startServer();
  const [{ client, socket }] = (await connectSome(rig, 1)) as [Awaited<ReturnType<typeof connectSome>>[0]];
  const got: string[] = [];
  socket.on('last', () => got.push('last'));
  socket.on('disconnect', (reason) => got.push(reason));
  const end = eventOf(socket as never, 'disconnect');
  client.emit('last');
  client.io.engine.close();
  await end;
  expect(got).toEqual(['last', 'transport close']);
});

// As upstream: who wants to know that it arrived asks for an acknowledgement, and that fails.
test.each([['polling'], ['websocket']])(
  'over %s, an event that arrives together with the word that the client leaves is too late',
  async (transport) => {
    const rig = await startServer();
    const client = await connected(openClient(rig.url, { transports: [transport] }));
    const socket = await rig.sockets.next();
    const got: string[] = [];
    socket.onAny((event: string) => got.push(event));
    socket.on('disconnect', (reason) => got.push(reason));
    const end = eventOf(socket as never, 'disconnect');
    const answer = expect(client.emitWithAck('last', Buffer.alloc(10))).rejects.toThrow();
    client.disconnect();
    await Promise.all([end, answer]);
    expect(got).toEqual(['client namespace disconnect']);
  },
);
