import type { Socket } from '@hawser/io';
import { SessionAwareAdapter } from '@hawser/io/adapter';
import { PacketType } from '@hawser/protocol/socketio';
import { describe, expect, test, vi } from 'vitest';
import { copyOf } from '../src/outgoing.ts';
import { eventOf } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { type Connection, connectHawser, connectStock, lose, readAnswer } from './rig/sessions.ts';
import { gatherUncaught } from './rig/uncaught.ts';

describe('an event that is emitted in the midst of another, or of judging', () => {
  const BOUND = { maxBytes: 3000, skipMiddlewares: false };

  test.each([
    [100, undefined],
    [900, 'overflow'],
  ])(
    'by a listener for what another socket is sent: recovered, or told to be lost',
    async (size, refused) => {
      const { io, port, sockets } = await startServer({ connectionStateRecovery: BOUND });
      await connectHawser(port);
      (await sockets.next()).onAnyOutgoing((name: string) => {
        if (name === 'news') other.emit('meanwhile');
      });
      const { raw, answer } = await connectHawser(port);
      const other = await sockets.next();
      io.emit('news', 'x'.repeat(size));
      const sent = [await raw.messages.next(), await raw.messages.next()];
      expect(sent[0]).toBe('42["meanwhile"]');
      await lose(raw, other);
      io.emit('later', 'x'.repeat(size * 2));
      const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
      expect(next.answer.hawser?.refused).toBe(refused);
      expect(next.missed.slice(0, 2)).toEqual(refused === undefined ? sent : []);
    },
  );

  test.each([
    ['close', (socket: Socket) => void socket.conn.close()],
    ['close at once', (socket: Socket) => void socket.conn.close(true)],
  ])('a broadcast whose listener has the connection of another %s is recovered by that', async (_, end) => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    await connectHawser(port);
    const first = await sockets.next();
    const { raw, answer } = await connectHawser(port);
    const other = await sockets.next();
    const outsider = await connectHawser(port);
    (await sockets.next()).leave('everybody');
    for (const socket of [first, other]) socket.join('everybody');
    io.emit('one');
    expect(await raw.messages.next()).toBe('42["one"]');
    expect(await outsider.raw.messages.next()).toBe('42["one"]');
    first.onAnyOutgoing((name: string) => {
      if (name !== 'two') return;
      end(other);
      io.to('everybody').emit('meanwhile');
    });
    io.to('everybody').emit('two');
    io.emit('three');
    expect(await outsider.raw.messages.next()).toBe('42["three"]');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 1 } });
    expect(next.missed).toEqual(['42["two"]', '42["meanwhile"]', '42["three"]']);
  });

  test('a broadcast whose recipient loses its own connection within it comes once', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    const { raw, answer } = await connectHawser(port);
    io.emit('one');
    expect(await raw.messages.next()).toBe('42["one"]');
    const socket = await sockets.next();
    socket.onAnyOutgoing((name: string) => {
      if (name === 'two') socket.conn.close(true);
    });
    io.emit('two');
    io.emit('three');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 1 } });
    expect(next.missed).toEqual(['42["two"]', '42["three"]']);
  });

  test('a broadcast that is too large to be kept is told to be lost to who was cut within it', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: BOUND });
    await connectHawser(port);
    const first = await sockets.next();
    const { answer } = await connectHawser(port);
    const other = await sockets.next();
    first.onAnyOutgoing((name: string) => {
      if (name === 'large') other.conn.close(true);
    });
    io.emit('large', 'x'.repeat(5000));
    io.emit('small');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect([next.answer.hawser?.refused, next.missed]).toEqual(['overflow', []]);
  });

  test('a broadcast is not for who joins in the midst of it and is cut', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    await connectHawser(port);
    const first = await sockets.next();
    const { answer } = await connectHawser(port);
    const other = await sockets.next();
    first.join('room');
    first.onAnyOutgoing((name: string) => {
      if (name !== 'one') return;
      other.join('room');
      other.conn.close(true);
    });
    io.to('room').emit('one');
    io.to('room').emit('two');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["two"]']);
  });

  test.each([
    ['is cut behind that', (socket: Socket) => void socket.leave('room')],
    ['leaves as it is cut', (socket: Socket) => void socket.on('disconnecting', () => socket.leave('room'))],
  ])('a broadcast is not for who leaves in the midst of it and %s', async (_, leave) => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    await connectHawser(port);
    const first = await sockets.next();
    const { answer } = await connectHawser(port);
    const other = await sockets.next();
    for (const socket of [first, other]) socket.join('room');
    first.onAnyOutgoing((name: string) => {
      if (name !== 'one') return;
      leave(other);
      other.conn.close(true);
    });
    io.to('room').emit('one');
    io.emit('two');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["two"]']);
  });

  test('what a listener for leave-room sends as a connection is lost comes once', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    const { answer } = await connectHawser(port);
    const socket = await sockets.next();
    socket.join('room');
    io.of('/').adapter.on('leave-room', (room) => {
      if (room === 'room') io.emit('left');
    });
    socket.conn.close(true);
    io.emit('two');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["left"]', '42["two"]']);
  });

  test('what was dropped for a newer event does not come back when the connection is cut within that', async () => {
    const { io, port, sockets } = await startServer({
      connectionStateRecovery: {},
      slowConsumer: 'keep-latest',
      maxBufferedBytes: 1_000_000,
    });
    const { raw, answer } = await connectHawser(port);
    const other = await sockets.next();
    await connectHawser(port);
    const second = await sockets.next();
    raw.socket.pause();
    let fillers = 0;
    while (other.emit(`filler ${fillers}`, 'x'.repeat(100_000))) fillers++;
    second.onAnyOutgoing((name: string, value: string) => {
      if (name !== 'position' || value !== 'old') return;
      io.emit('position', 'new');
      other.conn.close(true);
    });
    io.emit('position', 'old');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: fillers } });
    expect(next.missed.filter((text) => text.includes('position'))).toEqual(['42["position","new"]']);
  });

  test.each([
    [100, undefined],
    [900, 'overflow'],
  ])(
    'by a middleware, to the socket that it judges: recovered, or told to be lost',
    async (size, refused) => {
      const { io, port, sockets } = await startServer({ connectionStateRecovery: BOUND });
      io.use((socket, next) => {
        if (socket.recovered) {
          io.emit('news', 'x'.repeat(size));
          socket.emit('welcome back');
        }
        next();
      });
      const first = await connectHawser(port);
      await lose(first.raw, await sockets.next());
      const session = { pid: first.answer.pid, hawser: { received: 0 } };
      const second = await connectHawser(port, session);
      expect(second.missed.map((text) => text.slice(0, 9))).toEqual(['42["news"', '42["welco']);
      await lose(second.raw, await sockets.next());
      io.emit('later', 'x'.repeat(size * 2));
      const third = await connectHawser(port, session);
      expect(third.answer.hawser?.refused).toBe(refused);
    },
  );
});

test('a listener of the adapter that throws keeps a recovered socket out of no room', async () => {
  const uncaught = gatherUncaught();
  const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
  const { raw, answer } = await connectHawser(port);
  const socket = await sockets.next();
  socket.join(['a', 'b', 'c']);
  await lose(raw, socket);
  io.of('/').adapter.on('join-room', (room) => {
    if (room === 'a') throw new Error('listener');
  });
  await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
  const next = await sockets.next();
  expect([...next.rooms].sort()).toEqual(['a', 'b', 'c', next.id].sort());
  await vi.waitFor(() => expect(uncaught).toEqual(['listener']));
});

test('bytes that are kept keep no others in memory', () => {
  const [, copy] = copyOf(['51-["frame",{"_placeholder":true,"num":0}]', Buffer.from('small')]);
  expect(copy).toEqual(Buffer.from('small'));
  expect((copy as Buffer).buffer.byteLength).toBe(5);
});

describe('what crosses the bound of a slow client is lost with its connection', () => {
  test.each(['to it alone', 'to all'])('events %s come again, in order', async (whom) => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: { maxBytes: 50_000_000 } });
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    const target = whom === 'to all' ? io : socket;
    let count = 0;
    raw.socket.pause();
    do {
      target.emit('n', count++, 'x'.repeat(100_000));
      await new Promise((resolve) => setImmediate(resolve));
    } while (socket.conn.transport.writable);
    // Some have room yet, one crosses the bound, and for the last ones it is too late.
    socket.backpressure({ maxBufferedBytes: socket.bufferedBytes + 350_000, slowConsumer: 'close' });
    socket.on('go', () => {
      for (let i = 0; i < 10; i++) target.emit('n', count++, 'x'.repeat(100_000));
    });
    const lost = eventOf(socket as never, 'disconnect');
    raw.send('42["go"]');
    await lost;
    io.emit('end');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    const numbers = next.missed.map((text) => (JSON.parse(text.slice(2)) as unknown[])[1]);
    expect(numbers).toEqual([...Array.from({ length: count }, (_, n) => n), undefined]);
  });
});

test('what is being written when the connection ends comes again before what waited behind it', async () => {
  const { port, sockets } = await startServer({
    connectionStateRecovery: { maxBytes: 50_000_000 },
    slowConsumer: 'drop-oldest',
  });
  const { raw, answer } = await connectHawser(port);
  const socket = await sockets.next();
  raw.socket.pause();
  do {
    socket.emit('flood', 'x'.repeat(1_000_000));
    await new Promise((resolve) => setImmediate(resolve));
  } while (socket.conn.transport.writable);
  for (const name of ['a', 'b', 'c']) socket.emit(name);
  socket.conn.on('packetCreate', ({ data }: { data: unknown }) => {
    if (data === '2["a"]') socket.conn.close(true);
  });
  const lost = eventOf(socket as never, 'disconnect');
  raw.socket.resume();
  await lost;
  const { missed } = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
  expect(missed.slice(-3)).toEqual(['42["a"]', '42["b"]', '42["c"]']);
});

test('a packet that a program sends by itself is counted, and not sent again', async () => {
  const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
  const { raw, answer } = await connectHawser(port);
  const socket = await sockets.next();
  socket.packet({ type: PacketType.EVENT, nsp: '/', data: ['by the program'] });
  socket.packet({ type: PacketType.EVENT, nsp: '/', data: ['dropped'] }, { volatile: true });
  io.emit('a');
  expect([await raw.messages.next(), await raw.messages.next()]).toEqual(['42["by the program"]', '42["a"]']);
  await lose(raw, socket);
  io.emit('b');
  const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 1 } });
  expect([next.answer.hawser, next.missed]).toEqual([undefined, ['42["a"]', '42["b"]']]);
});

describe('a session whose new socket is being judged', () => {
  test.each(['hawser', 'stock'])(
    'is sent what it missed first, and the rest in its place: %s client',
    async (kind) => {
      const { io, port, sockets } = await startServer({
        connectionStateRecovery: { skipMiddlewares: false },
      });
      const decisions: ((error?: Error) => void)[] = [];
      io.use((socket, next) => {
        if (!socket.recovered) return next();
        // It would have to wait, and is dropped.
        socket.volatile.emit('volatile', decisions.length);
        socket.emit('ask', decisions.length, (answer: string) => socket.emit('answered', answer));
        socket.emit('by a middleware', decisions.length);
        decisions.push(next);
      });
      const asking = (session: object): Promise<Connection> =>
        kind === 'hawser'
          ? connectHawser(port, { ...session, hawser: { received: 0 } })
          : connectStock(port, session);
      const first = await asking({});
      await lose(first.raw, await sockets.next());
      const session = { pid: first.answer.pid };
      io.emit('missed');
      const turnedAway = await openRaw(port);
      if (kind === 'hawser')
        turnedAway.send('6', `40${JSON.stringify({ ...session, hawser: { received: 0 } })}`);
      else turnedAway.send(`40${JSON.stringify(session)}`);
      await vi.waitUntil(() => decisions.length === 1);
      io.emit('meanwhile', 0);
      decisions[0]!(new Error('come back'));
      expect(await turnedAway.messages.next()).toMatch(/^44/);
      const second = asking(session);
      await vi.waitUntil(() => decisions.length === 2);
      io.emit('meanwhile', 1);
      decisions[1]!();
      const { raw, missed } = await second;
      const offset = (number: number): string => (kind === 'hawser' ? '' : `,"hawser:${number}"`);
      expect(missed).toEqual([
        `42["missed"${offset(1)}]`,
        `42["by a middleware",0${offset(2)}]`,
        `42["meanwhile",0${offset(3)}]`,
        `42["by a middleware",1${offset(4)}]`,
        `42["meanwhile",1${offset(5)}]`,
        expect.stringMatching(/^42\d+\["ask",1\]$/),
      ]);
      raw.send(`43${/^42(\d+)/.exec(missed.at(-1)!)![1]}["yes"]`);
      expect(await raw.messages.next()).toBe(`42["answered","yes"${offset(6)}]`);
    },
  );

  test.each(['lets it in', 'turns it away'])(
    'is refused where some of what it missed is gone when a middleware %s',
    async (what) => {
      const { io, port, sockets } = await startServer({
        connectionStateRecovery: { maxBytes: 3000, skipMiddlewares: false },
      });
      const seen: boolean[] = [];
      io.use((socket, next) => {
        seen.push(socket.recovered);
        if (!socket.recovered) return next();
        for (let i = 0; i < 10; i++) io.emit('n', i, 'x'.repeat(500));
        setImmediate(next, what === 'lets it in' ? undefined : new Error('come back'));
      });
      const { raw, answer } = await connectHawser(port);
      await lose(raw, await sockets.next());
      const session = { pid: answer.pid, hawser: { received: 0 } };
      const second = await openRaw(port);
      second.send('6', `40${JSON.stringify(session)}`);
      if (what === 'lets it in') await second.closed;
      else expect(await second.messages.next()).toMatch(/^44/);
      const third = await connectHawser(port, session);
      expect([third.missed, third.answer.hawser]).toEqual([[], { refused: 'overflow' }]);
      expect([seen, io.sockets.sockets.size]).toEqual([[false, true, false], 1]);
    },
  );

  test('is not recovered where some of what it missed is gone, of what an adapter of others keeps', async () => {
    const { io, port, sockets } = await startServer({
      connectionStateRecovery: { maxBytes: 3000, skipMiddlewares: false },
      adapter: SessionAwareAdapter,
    });
    io.use((socket, next) => {
      if (socket.recovered) for (let i = 0; i < 10; i++) io.emit('n', i, 'x'.repeat(500));
      setImmediate(next);
    });
    const first = await connectStock(port);
    const socket = await sockets.next();
    socket.emit('first');
    const [, offset] = JSON.parse((await first.raw.messages.next()).slice(2)) as string[];
    await lose(first.raw, socket);
    const session = { pid: first.answer.pid, offset };
    const second = await openRaw(port);
    second.send(`40${JSON.stringify(session)}`);
    await second.closed;
    await connectStock(port, session);
    expect([(await sockets.next()).recovered, io.sockets.sockets.size]).toEqual([false, 1]);
  });

  test('is taken over when its client comes again', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: { skipMiddlewares: false } });
    const first = await connectHawser(port);
    await lose(first.raw, await sockets.next());
    io.emit('missed');
    const decisions: (() => void)[] = [];
    io.use((_socket, next) => {
      decisions.push(next);
    });
    const asking = `40${JSON.stringify({ pid: first.answer.pid, hawser: { received: 0 } })}`;
    const [second, third] = [await openRaw(port), await openRaw(port)];
    for (const raw of [second, third]) {
      const { length } = decisions;
      raw.send('6', asking);
      await vi.waitUntil(() => decisions.length > length);
    }
    await second.closed;
    for (const decide of decisions) decide();
    expect(await readAnswer(third)).toEqual({ answer: first.answer, missed: ['42["missed"]'] });
    const again = await sockets.next();
    expect([again.recovered, io.sockets.sockets.size]).toEqual([true, 1]);
    io.emit('end');
    expect(await third.messages.next()).toBe('42["end"]');
  });

  test('is taken over also by who asks for it at the same time', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    const first = await connectHawser(port);
    await lose(first.raw, await sockets.next());
    const nsp = io.of('/');
    const asked: Parameters<typeof nsp._add>[] = [];
    const add = nsp._add.bind(nsp);
    nsp._add = async (...args) => void asked.push(args);
    const raws = [await openRaw(port), await openRaw(port)];
    const asking = `40${JSON.stringify({ pid: first.answer.pid, hawser: { received: 0 } })}`;
    for (const [i, raw] of raws.entries()) {
      raw.send('6', asking);
      await vi.waitUntil(() => asked.length > i);
    }
    await Promise.all(asked.map((args) => add(...args)));
    await raws[0]!.closed;
    expect((await readAnswer(raws[1]!)).answer).toEqual(first.answer);
    expect(nsp.sockets.size).toBe(1);
  });
});

describe('a socket that is gone before it is let in', () => {
  test('is nobody that the program hears of', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    const seen: string[] = [];
    io.on('connect', ({ id }) => seen.push(id));
    io.of('/').adapter.once('join-room', (id: string) => io.sockets.sockets.get(id)!.conn.close(true));
    const raw = await openRaw(port);
    raw.send('40');
    await raw.closed;
    await connectHawser(port);
    expect(seen).toEqual([(await sockets.next()).id]);
  });
});

describe('what was missed and is more than may wait for one connection', () => {
  test.each(['hawser', 'stock'])(
    'is refused to a %s client, whose next try is a new session',
    async (kind) => {
      const { io, port, sockets } = await startServer({
        connectionStateRecovery: {},
        maxBufferedBytes: 100_000,
      });
      const reconnect = (session: object): Promise<Connection> =>
        kind === 'hawser'
          ? connectHawser(port, { ...session, hawser: { received: 0 } })
          : connectStock(port, session);
      const leave = async (): Promise<object> => {
        const { raw, answer } = await reconnect({});
        await lose(raw, await sockets.next());
        return { pid: answer.pid };
      };
      for (const [size, refusal] of [
        [9_000, undefined],
        [9_950, 'overflow'],
      ] as const) {
        const session = await leave();
        for (let n = 0; n < 10; n++) io.emit('n', 'x'.repeat(size));
        const { missed } = await reconnect(session);
        const socket = await sockets.next();
        expect([socket.recoveryRefusal, missed.length]).toEqual([refusal, refusal === undefined ? 10 : 0]);
        socket.disconnect(true);
      }
    },
  );
});

describe('bytes are kept as they were', () => {
  const MADE: [string, (memory: ArrayBuffer) => unknown][] = [
    ['a Buffer', (memory) => Buffer.from(memory, 1, 2)],
    ['a view of wider elements', (memory) => new Uint16Array(memory, 2, 1)],
    ['an ArrayBuffer', (memory) => memory],
  ];

  test.each(MADE)('of an event: %s', async (_, make) => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: {} });
    const { raw, answer } = await connectHawser(port);
    await lose(raw, await sockets.next());
    const memory = new ArrayBuffer(4);
    new Uint8Array(memory).fill(7);
    io.emit('kept', make(memory));
    new Uint8Array(memory).fill(9);
    const { missed } = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(missed[1]).toMatch(/^(07)+$/);
  });

  test('of an answer', async () => {
    const { port, sockets } = await startServer({ connectionStateRecovery: {} });
    const { raw } = await connectHawser(port);
    const bytes = Buffer.from([7]);
    (await sockets.next()).on('ask', (answer: (bytes: Buffer) => void) => answer(bytes));
    const ask = async (...messages: string[]): Promise<string[]> => {
      raw.send(...messages);
      return [await raw.messages.next(), await raw.messages.next()];
    };
    const first = await ask('421["ask"]');
    bytes.fill(9);
    expect(await ask('422["ask"]')).toEqual(['461-2[{"_placeholder":true,"num":0}]', '09']);
    expect(await ask('61', '423["ask"]')).toEqual(first);
  });
});

test.each([
  ['text of three bytes a character', '\u597d'.repeat(20_000)],
  ['a Buffer', Buffer.alloc(60_000)],
  ['an ArrayBuffer', new ArrayBuffer(60_000)],
  ['wider elements', new Float64Array(7_500)],
])('what is kept has its bound in bytes: %s', async (_, value) => {
  const { io, port, sockets } = await startServer({ connectionStateRecovery: { maxBytes: 200_000 } });
  for (const [count, refused] of [
    [3, undefined],
    [4, 'overflow'],
  ] as const) {
    const { raw, answer } = await connectHawser(port);
    await lose(raw, await sockets.next());
    for (let i = 0; i < count; i++) io.emit('kept', value);
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.answer.hawser?.refused).toBe(refused);
    await sockets.next();
  }
});
