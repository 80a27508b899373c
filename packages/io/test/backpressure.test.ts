import { Server, type ServerOptions, type Socket } from '@hawser/io';
import { SessionAwareAdapter } from '@hawser/io/adapter';
import { Adapter as OldAdapter } from 'socket.io-adapter-v2.2';
import { describe, expect, test, vi } from 'vitest';
import { nextUncaught } from '../../engine/test/rig/uncaught.ts';
import { Backpressure, WaitingLine } from '../src/backpressure.ts';
import type { Outgoing } from '../src/outgoing.ts';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { FLOOD, readOn, stall } from './rig/stalled.ts';

describe('pressure is shown', () => {
  test('emit tells whether an event waits, bufferedBytes how much does, drain that there is room', async () => {
    const { raw, socket } = await stall({});
    expect(socket.emit('waits')).toBe(false);
    expect(socket.bufferedBytes).toBeGreaterThan(0);
    const drain = eventOf(socket as never, 'drain');
    raw.socket.resume();
    await drain;
    expect(socket.bufferedBytes).toBe(0);
    expect(socket.emit('goes')).toBe(true);
  });

  test.each(['websocket', 'polling'])(
    'over %s, drain comes also where a volatile event was dropped',
    async (transport) => {
      const { url, sockets } = await startServer();
      const client = await connected(openClient(url, { transports: [transport] }));
      const socket = await sockets.next();
      for (let round = 0; round < 3; round++) {
        const drain = eventOf(socket as never, 'drain');
        while (socket.volatile.emit('position'));
        await drain;
      }
      expect(client.connected).toBe(true);
    },
  );

  test('drain is paid to a socket that was let in, whatever it was owed before', async () => {
    const { io, url, sockets } = await startServer();
    const paid = new Promise<void>((resolve) => {
      io.use((socket, next) => {
        socket.once('drain' as never, resolve);
        while (socket.volatile.emit('position'));
        setTimeout(next, 5);
      });
    });
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    await paid;
    for (let round = 0; round < 2; round++) {
      const drain = eventOf(socket as never, 'drain');
      while (socket.volatile.emit('position'));
      await drain;
    }
    expect(client.connected).toBe(true);
  });

  test.each([
    ['without recovery', {}],
    ['with recovery', { connectionStateRecovery: {} }],
    ['with an adapter of others', { connectionStateRecovery: {}, adapter: SessionAwareAdapter }],
  ])('%s, an event that is dropped is said to be', async (_, options) => {
    const { port, sockets } = await startServer(options);
    const raw = await openRaw(port);
    raw.send('40');
    const first = await sockets.next();
    await raw.messages.next();
    await vi.waitUntil(() => first.bufferedBytes === 0);
    expect([first.volatile.emit('a'), first.volatile.emit('b'), first.emit('c')]).toEqual([
      true,
      false,
      true,
    ]);
    const sent = [await raw.messages.next(), await raw.messages.next()];
    expect(sent.map((text) => text.slice(0, 5))).toEqual(['42["a', '42["c']);
    const { socket } = await stall(options);
    expect(socket.volatile.emit('gone')).toBe(false);
    socket.disconnect();
    expect(socket.emit('gone')).toBe(false);
  });
});

describe('a rule for slow clients that is none', () => {
  test.each([
    ['slowConsumer', 'drop_oldest', 'one of close, drop-oldest, drop-newest, keep-latest'],
    ['maxBufferedBytes', Number.NaN, 'a number above 0'],
    ['maxBufferedBytes', -1, 'a number above 0'],
    ['maxBufferedBytes', '1000', 'a number above 0'],
    ['latestKey', 1, 'a function'],
  ])('%s: %s is refused, by the server and by a socket', async (name, value, kind) => {
    const options = { [name]: value } as Partial<ServerOptions>;
    const refusal = { code: 'IO_ERR_OPTION', message: `${name} must be ${kind}, not ${value}` };
    expect(() => new Server(options)).toThrow(expect.objectContaining(refusal));
    const { socket } = await stall({});
    expect(() => socket.backpressure(options)).toThrow(expect.objectContaining(refusal));
  });

  test('a latestKey that throws keeps an event from nobody, and its error is uncaught', async () => {
    const { io, port, sockets } = await startServer();
    const raw = await openRaw(port);
    raw.send('40');
    const latestKey = (_event: string, [first]: readonly unknown[]) => (first as { id: string }).id;
    (await sockets.next()).backpressure({ slowConsumer: 'keep-latest', latestKey });
    await raw.messages.next();
    const other = await openRaw(port);
    other.send('40');
    await other.messages.next();
    const uncaught = nextUncaught();
    io.emit('hello');
    expect(await raw.messages.next()).toBe('42["hello"]');
    expect(await other.messages.next()).toBe('42["hello"]');
    expect(await uncaught).toBeInstanceOf(TypeError);
  });
});

describe('a slow client has its bound', () => {
  test('close: both ends are told why', async () => {
    const { raw, socket } = await stall({}, (it) => it.backpressure({ maxBufferedBytes: 3_000_000 }));
    const end = eventOf(socket as never, 'disconnect');
    for (let i = 0; i < 5; i++) socket.emit('flood', FLOOD);
    const [reason, description] = await end;
    expect(reason).toBe('transport error');
    expect(description).toMatchObject({ code: 'IO_ERR_SLOW_CONSUMER' });
    raw.socket.resume();
    const { code, reason: words } = await raw.closed;
    expect([code, words]).toEqual([1008, expect.stringContaining('slow consumer')]);
  });

  test('close, by the bound of the server: the description is that of the engine', async () => {
    const { raw, socket } = await stall({ maxBufferedBytes: 3_000_000 });
    const end = eventOf(socket as never, 'disconnect');
    for (let i = 0; i < 5; i++) socket.emit('flood', FLOOD);
    expect(await end).toMatchObject(['transport error', { code: 'EIO_ERR_SLOW_CONSUMER' }]);
    raw.socket.resume();
    expect((await raw.closed).code).toBe(1008);
  });

  /** Room for so many short events, what each costs beside its bytes included. */
  const room = (socket: Socket, count = 1): number => socket.bufferedBytes + count * 230;

  test('an acknowledgement of many settles when the event is dropped for one of them', async () => {
    const { io, port, sockets } = await startServer({ slowConsumer: 'drop-newest' });
    const [raw, slow] = [await openRaw(port), await openRaw(port)];
    raw.send('40');
    await sockets.next();
    slow.send('40');
    const socket = await sockets.next();
    slow.socket.pause();
    do {
      socket.emit('flood', FLOOD);
      await new Promise((resolve) => setImmediate(resolve));
    } while (socket.conn.transport.writable);
    for (const [operator, options] of [
      [io.to([]), { slowConsumer: 'drop-newest', maxBufferedBytes: 1 }],
      [io.volatile, {}],
    ] as const) {
      socket.backpressure(options);
      const settled = operator.emitWithAck('ask').catch((error: unknown) => error);
      let text = '';
      while (!text.includes('ask')) text = await raw.messages.next();
      raw.send(`43${/^42(\d+)/.exec(text)![1]}["here"]`);
      expect(await settled).toMatchObject({ code: 'IO_ERR_DROPPED', responses: ['here'] });
    }
    expect(socket.acks.size).toBe(0);
  });

  test('drop-newest: what there is no room for is dropped', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-newest' });
    socket.backpressure({ slowConsumer: 'drop-newest', maxBufferedBytes: room(socket, 5) });
    for (let i = 0; i < 20; i++) expect(socket.emit('n', i)).toBe(false);
    socket.backpressure({ slowConsumer: 'close' });
    socket.emit('end');
    const got = await readOn(raw);
    expect(got.length).toBeGreaterThan(5);
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => ['n', i]));
  });

  test('drop-oldest: what has waited longest is dropped, also of broadcasts', async () => {
    const { io, raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: room(socket, 5) });
    for (let i = 0; i < 20; i++) {
      if (i % 2) io.emit('n', i);
      else socket.emit('n', i);
    }
    socket.backpressure({ slowConsumer: 'close' });
    socket.emit('end');
    const got = await readOn(raw);
    expect(got.length).toBeLessThan(12);
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => ['n', 20 - got.length + i]));
  });

  test('drop-oldest: what waits is sent before a connection ends that the program closes', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    for (let i = 0; i < 3; i++) socket.emit('n', i);
    socket.emit('end');
    socket.conn.close();
    expect(await readOn(raw)).toEqual([0, 1, 2].map((i) => ['n', i]));
    await raw.closed;
  });

  test.each([
    ['conn.close()', (socket: Socket) => void socket.conn.close()],
    ['disconnect(true)', (socket: Socket) => void socket.disconnect(true)],
  ])('drop-oldest: all of that, be it more than may wait in the connection, at %s', async (_, close) => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest', maxBufferedBytes: 2_000_000 });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: 10_000_000 });
    for (let i = 0; i < 4; i++) socket.emit('n', i, 'x'.repeat(1_000_000));
    socket.emit('end');
    const ending = new Promise((resolve) => socket.once('disconnect', resolve));
    close(socket);
    expect((await readOn(raw)).map((args) => (args as unknown[])[1])).toEqual([0, 1, 2, 3]);
    expect(await ending).not.toBe('transport error');
    await raw.closed;
  });

  test('drop-oldest: all of that, though a listener closes the connection again, and another', async () => {
    const options = { slowConsumer: 'drop-oldest', maxBufferedBytes: 2_000_000 } as const;
    const [one, other] = [await stall(options), await stall(options)];
    for (const { socket } of [one, other]) {
      socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: 10_000_000 });
      for (let i = 0; i < 4; i++) socket.emit('n', i, 'x'.repeat(1_000_000));
      socket.emit('end');
    }
    one.socket.conn.once('packetCreate', () => {
      one.socket.conn.close();
      other.socket.disconnect(true);
    });
    one.socket.conn.close();
    for (const { raw } of [one, other]) {
      expect((await readOn(raw)).map((args) => (args as unknown[])[1])).toEqual([0, 1, 2, 3]);
      await raw.closed;
    }
  });

  test('drop-oldest: what a listener to packets sends at the close comes behind what waits', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    for (let i = 0; i < 3; i++) socket.emit('n', i);
    socket.conn.once('packetCreate', () => {
      socket.emit('n', 'meanwhile');
      socket.emit('end');
    });
    socket.conn.close();
    expect(await readOn(raw)).toEqual([0, 1, 2, 'meanwhile'].map((n) => ['n', n]));
    await raw.closed;
  });

  test('drop-oldest: an event that is too large costs none that a listener to packets sends behind it', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest', maxBufferedBytes: 2_000_000 });
    socket.emit('n', 0);
    socket.conn.once('packetCreate', () => {
      socket.emit('large', 'x'.repeat(3_000_000));
      socket.emit('n', 1);
      socket.emit('end');
    });
    socket.conn.close();
    expect(await readOn(raw)).toEqual([0, 1].map((n) => ['n', n]));
    await raw.closed;
    expect(socket.bufferedBytes).toBe(0);
  });

  test.each([
    ['as the client reads on', () => {}],
    ['at the close', (socket: Socket) => void socket.conn.close()],
  ])('drop-oldest: what a listener to packets throws %s costs that event alone', async (_, act) => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    for (let i = 0; i < 3; i++) socket.emit('n', i);
    socket.emit('end');
    socket.conn.once('packetCreate', () => {
      throw new Error('bug');
    });
    const uncaught = nextUncaught();
    act(socket);
    expect(await readOn(raw)).toEqual([1, 2].map((i) => ['n', i]));
    expect((await uncaught).message).toBe('bug');
    expect(socket.bufferedBytes).toBe(0);
  });

  test('drop-oldest: also of what an old adapter has encoded', async () => {
    const { io, raw, socket } = await stall({ adapter: OldAdapter as never, slowConsumer: 'drop-oldest' });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: room(socket, 5) });
    for (let i = 0; i < 20; i++) io.emit('n', i);
    socket.backpressure({ slowConsumer: 'close' });
    socket.emit('end');
    const got = await readOn(raw);
    expect(got.length).toBeLessThan(12);
    expect(got.at(-1)).toEqual(['n', 19]);
  });

  test('keep-latest: one event for each key waits, in the order of the last', async () => {
    const { io, raw, socket } = await stall({
      slowConsumer: 'keep-latest',
      latestKey: (event, [key]) => (event === 'price' ? `price of ${key}` : undefined),
    });
    for (let i = 0; i < 100; i++) {
      socket.emit('price', 'a', i);
      if (i < 50) io.emit('price', 'b', i);
      if (i % 50 === 0) socket.emit('other', i);
    }
    expect(socket.bufferedBytes).toBeGreaterThan(0);
    socket.emit('end');
    expect(await readOn(raw)).toEqual([
      ['other', 0],
      ['price', 'b', 49],
      ['other', 50],
      ['price', 'a', 99],
    ]);
  });

  test('nobody waits for the answer to an event that was dropped', async () => {
    const { socket } = await stall({ slowConsumer: 'drop-oldest' });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: room(socket) });
    const [first, second, third] = ['first', 'second', 'third'].map((name) =>
      socket.emitWithAck(name, 'x'.repeat(70)).catch((error: unknown) => error),
    );
    expect(await first).toMatchObject({ code: 'IO_ERR_DROPPED' });
    expect(await second).toMatchObject({ code: 'IO_ERR_DROPPED' });
    expect(await socket.volatile.emitWithAck('volatile').catch((error: unknown) => error)).toMatchObject({
      code: 'IO_ERR_DROPPED',
    });
    socket.disconnect();
    expect(await third).toMatchObject({ code: 'IO_ERR_DISCONNECTED' });
  });

  test('a program that emits again what was dropped, or came too late, is not called by its own emit', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: room(socket, 5) });
    let [dropped, late, isOver] = [0, 0, false];
    const insist = (n: number): void => {
      socket.timeout(60_000).emit('n', n, (error: { code?: string } | null) => {
        if (error?.code === 'IO_ERR_DROPPED') dropped++;
        else late++;
        if (!isOver) insist(n);
      });
    };
    for (let n = 0; n < 10; n++) insist(n);
    expect(dropped).toBe(0);
    raw.socket.resume();
    const got = new Set<string>();
    while (got.size < 10) {
      const text = await raw.messages.next();
      if (!text.startsWith('42["flood"')) got.add(text.replace(/^42\d+/, ''));
    }
    expect([...got].toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `["n",${n}]`));
    expect(dropped).toBeGreaterThan(0);
    socket.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 10));
    isOver = true;
    expect(late).toBeGreaterThan(10);
  });

  test('keep-latest: what the program emits on being told of a drop comes last', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'keep-latest' });
    const told = new Promise<void>((resolve) => {
      socket.timeout(60_000).emit('position', 1, () => {
        socket.emit('position', 3);
        resolve();
      });
    });
    socket.emit('position', 2);
    await told;
    socket.emit('end');
    expect(await readOn(raw)).toEqual([['position', 3]]);
  });

  test.each(['larger than the bound', 'too large for what is left'])(
    'keep-latest: an event that is %s leaves the one before it',
    async (kind) => {
      const { raw, socket } = await stall({ slowConsumer: 'keep-latest' });
      socket.backpressure({ slowConsumer: 'keep-latest', maxBufferedBytes: room(socket, 3) });
      socket.emit('position', 1);
      if (kind === 'larger than the bound') socket.emit('position', 2, 'x'.repeat(1000));
      else {
        socket.conn.write('2["by the engine"]');
        socket.conn.write(`2["by the engine","${'x'.repeat(400)}"]`);
        socket.emit('position', 2);
      }
      socket.backpressure({ slowConsumer: 'close' });
      socket.emit('end');
      const got = await readOn(raw);
      expect(got.filter((event) => (event as unknown[])[0] === 'position')).toEqual([['position', 1]]);
    },
  );

  test('another rule is for what waits already too', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'keep-latest' });
    const maxBufferedBytes = room(socket, 5);
    socket.emit('n', 0);
    const { bufferedBytes } = socket;
    for (let i = 1; i < 20; i++) {
      socket.backpressure({ slowConsumer: i % 2 ? 'drop-oldest' : 'keep-latest', maxBufferedBytes });
      if (i === 1) expect(socket.bufferedBytes).toBe(bufferedBytes);
      socket.emit('n', i);
      expect(socket.bufferedBytes).toBeLessThanOrEqual(maxBufferedBytes);
    }
    socket.backpressure({ slowConsumer: 'close' });
    socket.emit('end');
    const got = await readOn(raw);
    expect(got).toEqual(Array.from({ length: got.length }, (_, i) => ['n', 20 - got.length + i]));
  });

  test('an event that is larger than the bound costs nothing that waits', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-oldest' });
    socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: room(socket) });
    socket.emit('small');
    socket.emit('large', 'x'.repeat(1000));
    socket.backpressure({ slowConsumer: 'close' });
    socket.emit('end');
    expect(await readOn(raw)).toEqual([['small']]);
  });

  test('answers and words of the protocol are dropped under no rule', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-newest' });
    socket.backpressure({ slowConsumer: 'drop-newest', maxBufferedBytes: 1 });
    const asked = new Promise<void>((resolve) => {
      socket.on('ask', (answer: (value: string) => void) => {
        answer('answer');
        socket.emit('dropped');
        socket.disconnect();
        resolve();
      });
    });
    raw.send('427["ask"]');
    await asked;
    raw.socket.resume();
    const texts: string[] = [];
    while (texts.at(-1) !== '41') {
      const text = await raw.messages.next();
      if (!text.startsWith('42["flood"')) texts.push(text);
    }
    expect(texts).toEqual(['437["answer"]', '41']);
  });

  test('answers that wait behind what may be dropped have the bound of the server', async () => {
    const { raw, socket } = await stall({ slowConsumer: 'drop-newest', maxBufferedBytes: 6_000_000 });
    const end = eventOf(socket as never, 'disconnect');
    socket.backpressure({ slowConsumer: 'drop-newest', maxBufferedBytes: Number.POSITIVE_INFINITY });
    expect(socket.emit('waits')).toBe(false);
    let isOver = false;
    end.then(() => {
      isOver = true;
    });
    socket.on('ask', (answer: (value: string) => void) => answer('x'.repeat(100_000)));
    for (let id = 0; !isOver && id < 1000; id++) {
      raw.send(`42${id}["ask"]`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await end).toMatchObject(['transport error', { code: 'IO_ERR_SLOW_CONSUMER' }]);
  });

  test('events that are small count for what they cost', async () => {
    const { socket } = await stall({ slowConsumer: 'drop-newest' });
    socket.backpressure({ slowConsumer: 'drop-newest', maxBufferedBytes: room(socket, 1000) });
    let waiting = 0;
    socket.onAnyOutgoing(() => waiting++);
    const before = socket.bufferedBytes;
    for (let i = 0; i < 10_000; i++) socket.emit('');
    expect(waiting).toBe(10_000);
    expect(socket.bufferedBytes - before).toBeLessThanOrEqual(230_000);
    expect(socket.bufferedBytes - before).toBeGreaterThan(1000 * 128);
  });
});

test('what an oversize message did is told by the description of the disconnect', async () => {
  const { url, sockets } = await startServer({ maxHttpBufferSize: 1000 });
  const client = await connected(openClient(url));
  const socket = await sockets.next();
  const end = eventOf(socket as never, 'disconnect');
  client.emit('large', 'x'.repeat(2000));
  const [reason, description] = await end;
  expect(reason).toBe('transport error');
  expect(description).toMatchObject({
    code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    message: expect.stringContaining('1000'),
  });
});

test('what a packet that cannot be read did is told at both ends, and by error', async () => {
  const { port, sockets } = await startServer();
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  const error = eventOf(socket as never, 'error');
  const end = eventOf(socket as never, 'disconnect');
  raw.send('42["x"');
  expect(await error).toMatchObject([{ code: 'SIO_ERR_INVALID_JSON' }]);
  expect(await end).toMatchObject(['parse error', { code: 'SIO_ERR_INVALID_JSON' }]);
  expect(await raw.closed).toEqual({ code: 1002, reason: 'payload is not JSON' });
});

test('what must not be dropped is passed over without a look when room is made', () => {
  const line = new WaitingLine();
  const outgoing: Outgoing = { messages: ['x'], options: { compress: true }, byteLength: 1000 };
  let looks = 0;
  for (let i = 0; i < 1000; i++) {
    const answer = { outgoing, owner: null, key: undefined, follower: null };
    expect(line.add(answer, 0)).toBe('waits');
    const look = () => {
      looks++;
      return null;
    };
    Object.defineProperty(answer, 'owner', { get: look });
  }
  const owner = new Backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: 10_000 });
  const dropped: number[] = [];
  for (let i = 0; i < 100; i++) {
    line.add({ outgoing, owner, key: undefined, follower: { onDropped: () => dropped.push(i) } }, 0);
  }
  expect(dropped).toEqual(Array.from({ length: 92 }, (_, i) => i));
  expect(looks).toBe(0);
});
