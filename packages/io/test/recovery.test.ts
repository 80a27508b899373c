import type { ServerOptions, Socket } from '@hawser/io';
import { SessionAwareAdapter } from '@hawser/io/adapter';
import { describe, expect, test, vi } from 'vitest';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { openRaw, type RawClient } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { connectHawser, lose, readAnswer } from './rig/sessions.ts';

const RECOVERY: Partial<ServerOptions> = { connectionStateRecovery: {} };

describe('recovery of a client of Hawser', () => {
  test('handshake of the engine says that it is on, and only then', async () => {
    for (const [options, hawser] of [
      [RECOVERY, 1],
      [{}, undefined],
    ] as const) {
      const { url } = await startServer({ ...options, handshakeExtras: { region: 'eu' } });
      const text = await (await fetch(`${url}/socket.io/?EIO=4&transport=polling`)).text();
      expect(JSON.parse(text.slice(1))).toMatchObject({ region: 'eu' });
      expect(JSON.parse(text.slice(1)).hawser).toBe(hawser);
    }
  });

  test('session goes on with what it missed, in order, each once, and nothing in the arguments', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port, { token: 'x' });
    const socket = await sockets.next();
    expect(socket.handshake.auth).toEqual({ token: 'x' });
    socket.join('room');
    socket.data.name = 'x';
    io.emit('a', 1);
    socket.emit('b', 2);
    socket.volatile.emit('c', 3);
    expect([await raw.messages.next(), await raw.messages.next()]).toEqual(
      ['2["a",1]', '2["b",2]'].map((text) => `4${text}`.slice(0)),
    );
    await lose(raw, socket);
    io.emit('d', 4);
    io.to('room').emit('e', Buffer.from([5]));
    io.to('elsewhere').emit('never');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 1 } });
    const again = await sockets.next();
    expect(next.answer).toEqual({ sid: answer.sid, pid: answer.pid });
    expect([again.recovered, again.recoveryRefusal, again.id, again.data, again.rooms.has('room')]).toEqual([
      true,
      undefined,
      answer.sid,
      { name: 'x' },
      true,
    ]);
    expect(next.missed).toEqual(['42["b",2]', '42["d",4]', '451-["e",{"_placeholder":true,"num":0}]', '05']);
    again.emit('end');
    expect(await next.raw.messages.next()).toBe('42["end"]');
  });

  test('session goes on before it received anything', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    await lose(raw, await sockets.next());
    io.emit('missed');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["missed"]']);
    expect((await sockets.next()).recovered).toBe(true);
  });

  test('connection that nobody noticed the loss of is taken over', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    socket.emit('a');
    const lost = eventOf(socket as never, 'disconnect');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect((await lost)[0]).toBe('forced server close');
    const again = await sockets.next();
    expect([again.recovered, again.id, io.sockets.sockets.size]).toEqual([true, socket.id, 1]);
    expect(io.sockets.sockets.get(socket.id)).toBe(again);
    expect(next.missed).toEqual(['42["a"]']);
    await raw.closed;
  });

  test('what is emitted on a socket that is away is for the one that goes on with its session', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    socket.on('disconnect', () => socket.emit('in the listener'));
    await lose(raw, socket);
    io.emit('all');
    expect(socket.emit('direct', 1)).toBe(false);
    expect(socket.volatile.emit('volatile')).toBe(false);
    io.to(socket.id).emit('by room');
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["in the listener"]', '42["all"]', '42["direct",1]', '42["by room"]']);
    const again = await sockets.next();
    socket.emit('by the old one');
    expect(await next.raw.messages.next()).toBe('42["by the old one"]');
    await lose(next.raw, again);
    socket.emit('by the first');
    again.emit('by the second');
    const last = await connectHawser(port, { pid: answer.pid, hawser: { received: 5 } });
    expect(last.missed).toEqual(['42["by the first"]', '42["by the second"]']);
  });

  test('what is emitted on a socket whose session is over is not kept', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { recovery } = io.of('/').adapter as unknown as { recovery: { bytes: number } };
    await connectHawser(port);
    const ended = await sockets.next();
    ended.disconnect();
    expect(ended.emit('late')).toBe(false);
    const { raw, answer } = await connectHawser(port);
    const refused = await sockets.next();
    await lose(raw, refused);
    await connectHawser(port, { pid: answer.pid, hawser: { received: 7 } });
    refused.emit('late');
    expect(recovery.bytes).toBe(0);
  });

  test('what a listener of the adapter emits to a socket that joins again comes once', async () => {
    const { io, port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    await lose(raw, await sockets.next());
    io.emit('missed');
    io.of('/').adapter.on('join-room', (room: string) => io.to(room).emit('joined'));
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed).toEqual(['42["missed"]', '42["joined"]']);
  });

  test('what is sent while middlewares take their time is not missed', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: { skipMiddlewares: false } });
    let release = (): void => {};
    let isHeld = false;
    io.use((_socket, next) => {
      if (isHeld) release = next;
      else next();
    });
    const { raw, answer } = await connectHawser(port);
    await lose(raw, await sockets.next());
    isHeld = true;
    const rejoined = openRaw(port);
    const next = await rejoined;
    next.send('6', `40${JSON.stringify({ pid: answer.pid, hawser: { received: 0 } })}`);
    while (release.name === 'release') await new Promise((resolve) => setTimeout(resolve, 5));
    io.emit('meanwhile');
    release();
    expect((await readAnswer(next)).missed).toEqual(['42["meanwhile"]']);
  });

  test('session that a middleware turned away is recovered when the client comes with what lets it in', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: { skipMiddlewares: false } });
    io.use((socket, next) =>
      next(socket.handshake.auth.token === 'expired' ? new Error('expired') : undefined),
    );
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    socket.join('room');
    socket.data.user = 'ada';
    await lose(raw, socket);
    io.to('room').emit('missed', 1);
    const session = { pid: answer.pid, hawser: { received: 0 } };
    const next = await openRaw(port);
    for (let i = 2; i < 4; i++) {
      next.send('6', `40${JSON.stringify({ ...session, token: 'expired' })}`);
      expect(await next.messages.next()).toBe('44{"message":"expired"}');
      io.to('room').emit('missed', i);
    }
    next.send(`40${JSON.stringify({ ...session, token: 'fresh' })}`);
    const { answer: again, missed } = await readAnswer(next);
    expect(again).toEqual(answer);
    expect(missed).toEqual(['42["missed",1]', '42["missed",2]', '42["missed",3]']);
    const recovered = await sockets.next();
    expect([recovered.recovered, recovered.data, recovered.rooms.has('room')]).toEqual([
      true,
      { user: 'ada' },
      true,
    ]);
  });

  test('middlewares see the rooms that a session had, and may have it leave them', async () => {
    const { io, port, sockets } = await startServer({ connectionStateRecovery: { skipMiddlewares: false } });
    const { rooms } = io.of('/').adapter;
    const seen: boolean[][] = [];
    let decide: (error?: Error) => void = () => {};
    io.use((socket, next) => {
      if (!socket.recovered) return next();
      seen.push([
        socket.rooms.has('admins'),
        rooms.get('admins')?.has(socket.id) ?? false,
        rooms.has('joined'),
      ]);
      io.to('admins').emit('while it is judged', seen.length);
      socket.join('joined');
      if (seen.length > 1) socket.leave('admins');
      decide = next;
    });
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    socket.join(['admins', 'news']);
    await lose(raw, socket);
    expect(rooms.size).toBe(0);
    const judge = async (error?: Error): Promise<RawClient> => {
      const next = await openRaw(port);
      next.send('6', `40${JSON.stringify({ pid: answer.pid, hawser: { received: 0 } })}`);
      const { length } = seen;
      await vi.waitUntil(() => seen.length > length);
      decide(error);
      return next;
    };
    const turnedAway = await judge(new Error('no'));
    expect(await turnedAway.messages.next()).toBe('44{"message":"no"}');
    expect([rooms.size, io.of('/').adapter.sids.size]).toEqual([0, 0]);
    const letIn = await judge();
    expect((await readAnswer(letIn)).missed).toEqual([1, 2].map((n) => `42["while it is judged",${n}]`));
    const again = await sockets.next();
    expect([...again.rooms].toSorted()).toEqual([again.id, 'joined', 'news'].toSorted());
    io.to('admins').emit('never');
    io.to('news').to('joined').emit('once');
    io.emit('end');
    expect([await letIn.messages.next(), await letIn.messages.next()]).toEqual(['42["once"]', '42["end"]']);
    expect(seen).toEqual([
      [true, true, false],
      [true, true, false],
    ]);
  });

  test('an adapter of others is given the rooms of a session that is turned away', async () => {
    const { io, port, sockets } = await startServer({
      connectionStateRecovery: { skipMiddlewares: false },
      adapter: SessionAwareAdapter,
    });
    io.use((socket, next) => next(socket.handshake.auth.isExpired ? new Error('expired') : undefined));
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    socket.join('room');
    socket.emit('first');
    const { answer } = await readAnswer(raw);
    const [, offset] = JSON.parse((await raw.messages.next()).slice(2)) as string[];
    await lose(raw, socket);
    const next = await openRaw(port);
    io.to('room').emit('missed', 1);
    for (const isExpired of [true, true, false]) {
      next.send(`40${JSON.stringify({ pid: answer.pid, offset, isExpired })}`);
      if (isExpired) expect(await next.messages.next()).toBe('44{"message":"expired"}');
      io.to('room').emit('missed', 2);
    }
    const again = await sockets.next();
    expect([again.recovered, again.rooms.has('room')]).toEqual([true, true]);
    again.emit('end');
    const got: unknown[] = [];
    while (got.at(-1) !== 'end') {
      const text = await next.messages.next();
      if (text.startsWith('42')) got.push((JSON.parse(text.slice(2)) as unknown[])[0]);
    }
    expect(got).toEqual(['missed', 'missed', 'missed', 'missed', 'end']);
  });

  test('it is told why a session is not recovered', async () => {
    const { io, port, sockets } = await startServer({
      connectionStateRecovery: { maxBytes: 2000 } as object,
    });
    const refusalOf = async (pid: string, received: unknown): Promise<unknown[]> => {
      const { answer } = await connectHawser(port, { pid, hawser: { received } });
      return [answer.hawser?.refused, (await sockets.next()).recoveryRefusal, answer.pid === pid];
    };
    expect(await refusalOf('of another process', 0)).toEqual(['restarted', 'restarted', false]);
    const over = await connectHawser(port);
    await lose(over.raw, await sockets.next());
    for (let i = 0; i < 10; i++) io.emit('much', 'x'.repeat(500));
    expect(await refusalOf(over.answer.pid, 0)).toEqual(['overflow', 'overflow', false]);
    expect(await refusalOf(over.answer.pid, 0)).toEqual(['expired', 'expired', false]);
    const wrong = await connectHawser(port);
    await lose(wrong.raw, await sockets.next());
    expect(await refusalOf(wrong.answer.pid, 7)).toEqual(['unknown-offset', 'unknown-offset', false]);
    const ended = await connectHawser(port);
    (await sockets.next()).disconnect();
    expect(await refusalOf(ended.answer.pid, 0)).toEqual(['ended', 'ended', false]);
  });

  test('another try of an event is dispatched once, and answered each time', async () => {
    const { port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    let answers: ((text: string) => void)[] = [];
    const listen = (it: Socket): void => {
      it.on('order', (_what: string, reply: (text: string) => void) => answers.push(reply));
      it.on('ping', (reply: () => void) => reply());
    };
    listen(socket);
    raw.send('427["order","tea"]', '67', '428["order","tea"]', '429["ping"]');
    expect(await raw.messages.next()).toBe('439[]');
    expect(answers).toHaveLength(1);
    await lose(raw, socket);
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    listen(await sockets.next());
    next.raw.send('67', '4210["order","tea"]', '4211["ping"]');
    expect(await next.raw.messages.next()).toBe('4311[]');
    answers[0]!('done');
    expect(await next.raw.messages.next()).toBe('437["done"]');
    next.raw.send('67', '4212["order","tea"]');
    expect(await next.raw.messages.next()).toBe('437["done"]');
    expect(answers).toHaveLength(1);
    answers = [];
  });

  test('a session that goes on with a client that does not count is answered all the same', async () => {
    const { port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const listen = (it: Socket): void => void it.on('save', (reply: () => void) => reply());
    const socket = await sockets.next();
    listen(socket);
    raw.send('420["save"]');
    expect(await raw.messages.next()).toBe('430[]');
    await lose(raw, socket);
    const next = await openRaw(port);
    next.send(`40${JSON.stringify({ pid: answer.pid })}`);
    await readAnswer(next);
    listen(await sockets.next());
    next.send('421["save"]');
    expect(await next.messages.next()).toBe('431[]');
  });

  test('a session is taken over from a connection that is about to close', async () => {
    const { port, sockets, io } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    const reasons: string[] = [];
    socket.on('disconnect', (reason) => reasons.push(reason));
    raw.socket.pause();
    do {
      socket.emit('flood', 'x'.repeat(1_000_000));
      await new Promise((resolve) => setImmediate(resolve));
    } while (socket.conn.transport.writable);
    socket.conn.send('2["last"]');
    socket.conn.close();
    expect(socket.conn.readyState).toBe('closing');
    await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect([(await sockets.next()).recovered, io.sockets.sockets.size, reasons]).toEqual([
      true,
      1,
      ['forced server close'],
    ]);
  });

  test('another try of an event that a program had time to answer, and did not, is dispatched again', async () => {
    const { port, sockets } = await startServer(RECOVERY);
    const { raw, answer } = await connectHawser(port);
    const orders: string[] = [];
    const listen = (it: Socket): void => {
      it.on('order', (what: string, reply: (text: string) => void) => {
        orders.push(what);
        if (orders.length === 3) reply('at last');
      });
      it.on('ping', (reply: () => void) => reply());
    };
    const socket = await sockets.next();
    listen(socket);
    raw.send('427["order","first"]', '428["ping"]');
    expect(await raw.messages.next()).toBe('438[]');
    await new Promise((resolve) => setTimeout(resolve, 30));
    raw.send('67', '429["order","second"]', '4210["ping"]');
    expect(await raw.messages.next()).toBe('4310[]');
    expect(orders).toEqual(['first', 'second']);
    await lose(raw, socket);
    // It may be under way still, from the connection before.
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    listen(await sockets.next());
    await new Promise((resolve) => setTimeout(resolve, 30));
    next.raw.send('67', '4211["order","never"]', '4212["ping"]');
    expect(await next.raw.messages.next()).toBe('4312[]');
    await new Promise((resolve) => setTimeout(resolve, 30));
    next.raw.send('67', '4213["order","third"]');
    expect(await next.raw.messages.next()).toBe('437["at last"]');
    expect(orders).toEqual(['first', 'second', 'third']);
  });

  test.each([
    ['an acknowledgement', ['43999[]']],
    ['an event that wants no answer', ['42["order","tea"]']],
    ['what is no id', ['6-7', '6x', '67.5', `6${'7'.repeat(16)}`, '6']],
  ])('the word that another try comes counts for what is next, which may be %s', async (_, messages) => {
    const { port, sockets } = await startServer(RECOVERY);
    const { raw } = await connectHawser(port);
    const orders: string[] = [];
    (await sockets.next()).on('order', (what: string, reply?: (text: string) => void) => {
      orders.push(what);
      reply?.(what);
    });
    raw.send('427["order","first"]');
    expect(await raw.messages.next()).toBe('437["first"]');
    raw.send('67', ...messages, '428["order","second"]');
    expect(await raw.messages.next()).toBe('438["second"]');
    expect(orders.at(-1)).toBe('second');
  });

  test('what waited for a slow client is sent again', async () => {
    const { port, sockets } = await startServer({ ...RECOVERY, slowConsumer: 'drop-oldest' });
    const { raw, answer } = await connectHawser(port);
    const socket = await sockets.next();
    raw.socket.pause();
    do {
      socket.emit('flood', 'x'.repeat(1_000_000));
      await new Promise((resolve) => setImmediate(resolve));
    } while (socket.conn.transport.writable);
    socket.emit('waits', 1);
    await lose(raw, socket);
    socket.emit('away', 2);
    const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
    expect(next.missed.slice(-2)).toEqual(['42["waits",1]', '42["away",2]']);
    expect((await sockets.next()).recovered).toBe(true);
  });
});

describe('recovery of a stock client', () => {
  test('session goes on from the offset that it has', async () => {
    const { io, url, sockets } = await startServer(RECOVERY);
    const client = await connected(openClient(url, { reconnection: true, reconnectionDelay: 10 }));
    const socket = await sockets.next();
    const { id } = socket;
    socket.join('room');
    const first = eventOf(client as never, 'first');
    io.emit('first');
    await first;
    const got: unknown[][] = [];
    client.onAny((...args) => got.push(args.slice(0, 2)));
    const lost = eventOf(socket as never, 'disconnect');
    client.io.engine.close();
    await lost;
    io.to('room').emit('missed', 1);
    const again = await sockets.next();
    expect([again.recovered, again.id]).toEqual([true, id]);
    const end = eventOf(client as never, 'end');
    again.emit('end');
    await end;
    expect(client.recovered).toBe(true);
    expect(got[0]).toEqual(['missed', 1]);
  });
});

describe('what was answered is remembered within bounds', () => {
  /** Connects a client whose events are echoed, and counts those that are dispatched. */
  async function startEcho() {
    const { port, sockets } = await startServer(RECOVERY);
    const { raw } = await connectHawser(port);
    const socket = await sockets.next();
    const dispatched: unknown[] = [];
    socket.on('echo', (data: { value: unknown }, answer: (data: unknown) => void) => {
      dispatched.push(data.value);
      answer(data);
      data.value = 'changed';
    });
    const ask = async (id: number, value: unknown): Promise<string> => {
      raw.send(`42${id}["echo",${JSON.stringify({ value })}]`);
      return raw.messages.next();
    };
    return { ask, dispatched };
  }

  test('as many answers as are told, each as it was', async () => {
    const { ask, dispatched } = await startEcho();
    for (let id = 0; id < 1001; id++) await ask(id, id);
    expect(await ask(1, 1)).toBe('431[{"value":1}]');
    expect(dispatched).toHaveLength(1001);
    await ask(0, 0);
    expect(dispatched).toHaveLength(1002);
  });

  test('of all sessions that are away, as many bytes as of events', async () => {
    const { port, sockets } = await startServer({ connectionStateRecovery: { maxBytes: 100_000 } });
    let dispatched = 0;
    const answers: (() => void)[] = [];
    const listen = async (): Promise<Socket> => {
      const socket = await sockets.next();
      socket.on('ask', (answer: (text: string) => void) => {
        dispatched++;
        answers.push(() => answer('x'.repeat(40_000)));
        if (dispatched > 1) answers.at(-1)!();
      });
      return socket;
    };
    const sessions: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { raw, answer } = await connectHawser(port);
      const socket = await listen();
      raw.send('421["ask"]');
      await vi.waitUntil(() => dispatched === i + 1);
      sessions.push(answer.pid);
      await lose(raw, socket);
    }
    // What is answered while the session is away counts too: the first one's, which is not the newest.
    answers[0]!();
    const askAgain = async (pid: string): Promise<void> => {
      const { raw } = await connectHawser(port, { pid, hawser: { received: 0 } });
      await listen();
      raw.send('61', '422["ask"]');
      expect(await raw.messages.next()).toMatch(/^431\["x+"\]$/);
    };
    for (const i of [1, 2]) await askAgain(sessions[i]!);
    expect(dispatched).toBe(3);
    await askAgain(sessions[0]!);
    expect(dispatched).toBe(4);
  });

  test('as many bytes, and the last answer in any case', async () => {
    const { ask, dispatched } = await startEcho();
    const large = 'x'.repeat(400_000);
    for (let id = 0; id < 3; id++) await ask(id, large);
    for (const id of [1, 2]) expect(await ask(id, large)).toBe(`43${id}[{"value":"${large}"}]`);
    expect(dispatched).toHaveLength(3);
    await ask(0, large);
    expect(dispatched).toHaveLength(4);
    const largest = 'x'.repeat(999_000);
    await ask(9, largest);
    await ask(9, largest);
    expect(dispatched.filter((value) => value === largest)).toHaveLength(1);
  });
});
