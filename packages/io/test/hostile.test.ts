import { EventEmitter } from 'node:events';
import { Server } from '@hawser/io';
import { Adapter } from '@hawser/io/adapter';
import * as parser from '@hawser/io/parser';
import * as msgpack from 'socket.io-msgpack-parser';
import { describe, expect, test, vi } from 'vitest';
import { nextUncaught } from '../../engine/test/rig/uncaught.ts';
import { toMessages } from '../src/outgoing.ts';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';

describe('a hostile client', () => {
  test('has its socket told of broken attachments in the words that programs compare', async () => {
    const { port, sockets } = await startServer();
    for (const violation of ['5woooot', '5']) {
      const raw = await openRaw(port);
      raw.send('40');
      const socket = await sockets.next();
      const error = eventOf(socket as never, 'error');
      raw.send(`4${violation}`);
      expect(await error).toMatchObject([
        { code: 'SIO_ERR_INVALID_ATTACHMENT_COUNT', message: expect.stringMatching(/Illegal attachments/) },
      ]);
      await raw.closed;
    }
  });

  test('may not connect to a namespace that has let it in', async () => {
    const { port } = await startServer();
    const raw = await openRaw(port);
    raw.send('40');
    await raw.messages.next();
    raw.send('40');
    expect((await raw.closed).code).toBe(1002);
  });

  test('is sent what waits for it before the connection ends', async () => {
    const { io, url, sockets } = await startServer();
    for (const violation of ['40', '42/other,["event"]', 'not a packet']) {
      const polling = `${url}/socket.io/?EIO=4&transport=polling`;
      const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1)) as { sid: string };
      const post = async (body: string): Promise<void> => {
        await (await fetch(`${polling}&sid=${sid}`, { method: 'POST', body })).text();
      };
      await post('40');
      const socket = await sockets.next();
      const end = eventOf(socket as never, 'disconnect');
      socket.emit('waits');
      await post(`4${violation.replace(/^4/, '')}`);
      expect((await end)[0]).toBe('parse error');
      const poll = async (): Promise<string> => (await fetch(`${polling}&sid=${sid}`)).text();
      expect(await poll()).toSatisfy(
        (text: string) => text.startsWith('40') && text.endsWith(`\x1e42["waits"]`),
      );
      expect(await poll()).toBe('6\x1e1');
    }
    expect(io.engine.clientsCount).toBe(0);
  });

  test('that does not read is sent what it has to be before the connection ends', async () => {
    const { port, sockets } = await startServer({ slowConsumer: 'drop-oldest' });
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    const end = eventOf(socket as never, 'disconnect');
    raw.socket.pause();
    while (socket.emit('flood', 'x'.repeat(1_000_000))) await new Promise((resolve) => setImmediate(resolve));
    socket.emit('last');
    raw.send('40');
    expect((await end)[0]).toBe('parse error');
    raw.socket.resume();
    let text = '';
    while (!text.includes('last')) text = await raw.messages.next();
    await raw.closed;
  });

  test('is refused what is more than the server allows, and keeps its other namespaces', async () => {
    const { io, port } = await startServer({ maxNamespacesPerConnection: 5 });
    io.of(/^\/n\d+$/);
    const raw = await openRaw(port);
    for (let i = 0; i < 5; i++) {
      raw.send(`40/n${i},`);
      expect(await raw.messages.next()).toMatch(/^40\/n\d,/);
    }
    raw.send('40/n5,');
    expect(await raw.messages.next()).toBe('44/n5,{"message":"connected to too many namespaces"}');
    raw.send('41/n0,');
    await vi.waitUntil(() => io._nsps.get('/n0')!.sockets.size === 0);
    raw.send('40/n5,');
    expect(await raw.messages.next()).toMatch(/^40\/n5,/);
    expect(io._nsps.get('/n4')!.sockets.size).toBe(1);
  });

  test('of the version before is refused it too', async () => {
    const { io, port } = await startServer({ maxNamespacesPerConnection: 1, allowEIO3: true });
    io.of('/other');
    const raw = await openRaw(port, 3);
    expect(await raw.messages.next()).toBe('40');
    raw.send('40/other?token=x,');
    expect(await raw.messages.next()).toBe('44/other,"connected to too many namespaces"');
  });

  test('is refused what is more also of namespaces that have not answered', async () => {
    for (const [options, count] of [
      [{ maxNamespacesPerConnection: 1 }, 1],
      [{}, 1000],
    ] as const) {
      const { io, port } = await startServer(options);
      const held: (() => void)[] = [];
      io.of(/^\/n\d+$/).use((_socket, next) => held.push(next));
      const raw = await openRaw(port);
      raw.send(...Array.from({ length: count + 1 }, (_, i) => `40/n${i},`));
      expect(await raw.messages.next()).toMatch(new RegExp(`^44/n${count},`));
      expect(held).toHaveLength(count);
      for (const letIn of held) letIn();
      for (let i = 0; i < count; i++) expect(await raw.messages.next()).toMatch(/^40\/n\d+,/);
    }
  });

  test('that leaves before a middleware has decided is forgotten, whatever becomes of that', async () => {
    const { io, port } = await startServer({ cleanupEmptyChildNamespaces: true });
    const asked = new Promise((resolve) => io.of(/^\/n$/).use(resolve));
    const raw = await openRaw(port);
    raw.send('40/n,');
    await asked;
    expect(io._nsps.has('/n')).toBe(true);
    raw.socket.terminate();
    await vi.waitUntil(() => !io._nsps.has('/n'));
  });

  test('answers to nothing are ignored, and a second answer too', async () => {
    const { port, sockets } = await startServer();
    const raw = await openRaw(port);
    raw.send('40');
    const socket = await sockets.next();
    const answer = socket.emitWithAck('ask');
    raw.send('439007199254740991["x"]', '430["first"]', '430["second"]', '42["fence"]');
    await eventOf(socket as never, 'fence');
    expect(await answer).toBe('first');
  });

  test('events with names of the language are events', async () => {
    const { port, sockets } = await startServer();
    const raw = await openRaw(port);
    raw.send('40{"__proto__":{"isAdmin":true}}');
    const socket = await sockets.next();
    expect((socket.handshake.auth as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    for (const name of ['__proto__', 'constructor', 'toString', 'valueOf', 'error', 'drain', 'domain']) {
      raw.send(`42["${name}",{"__proto__":{"x":1}}]`);
    }
    raw.send('42["fence"]');
    await eventOf(socket as never, 'fence');
    expect(socket.connected).toBe(true);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('a namespace with the name of a member of objects does not exist', async () => {
    const { port } = await startServer();
    const raw = await openRaw(port);
    raw.send('40/__proto__,', '40/constructor,');
    expect(await raw.messages.next()).toBe('44/__proto__,{"message":"Invalid namespace"}');
    expect(await raw.messages.next()).toBe('44/constructor,{"message":"Invalid namespace"}');
  });

  test('may not send more arguments than a listener can be called with, nor deeper data than can be sent on', async () => {
    const { io, port, sockets } = await startServer();
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    for (const violation of [
      `42["nobody listens"${',0'.repeat(490_000)}]`,
      `430[0${',0'.repeat(490_000)}]`,
      `42["echo",${nested(490_000)}]`,
      `42["echo",${nested(1000)}]`,
    ]) {
      const raw = await openRaw(port);
      raw.send('40');
      const socket = await sockets.next();
      socket.on('echo', (data) => io.emit('echo', data));
      socket.emit('ask', () => {});
      raw.send(violation);
      expect((await raw.closed).code).toBe(1002);
    }
    const raw = await openRaw(port);
    raw.send('40');
    await sockets.next().then((socket) => socket.on('echo', (...data) => io.emit('echo', ...data)));
    expect(await raw.messages.next()).toMatch(/^40/);
    for (const args of [`,${nested(999)}`, ',0'.repeat(4095)]) {
      raw.send(`42["echo"${args}]`);
      expect(await raw.messages.next()).toBe(`42["echo"${args}]`);
    }
  });

  test('may do no more of that where the parser is one of the program', async () => {
    const { io, port, sockets } = await startServer({ parser: msgpack });
    const nested = (depth: number): unknown => {
      let value: unknown = 7;
      for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value };
      return value;
    };
    const { Encoder } = msgpack as unknown as { Encoder: new () => { encode(packet: object): [Buffer] } };
    const encode = (packet: object): Buffer => new Encoder().encode({ nsp: '/', ...packet })[0];
    const open = async () => {
      const raw = await openRaw(port);
      raw.send(encode({ type: 0 }));
      await raw.messages.next();
      return { raw, socket: await sockets.next() };
    };
    for (const data of [
      ['disconnect', 'forged'],
      ['disconnecting'],
      ['connect'],
      ['connect_error'],
      ['newListener'],
      ['removeListener'],
      [['disconnect'], 'forged'],
      [{ toString: 1, valueOf: 1 }],
      [null],
      [],
      ['echo', nested(1000)],
      ['echo', ...Array(4096).fill(0)],
    ]) {
      const { raw, socket } = await open();
      const heard: unknown[] = [];
      socket.on('disconnect', (reason) => heard.push(reason));
      for (const name of ['disconnecting', 'connect', 'echo']) socket.on(name, (value) => heard.push(value));
      raw.send(encode({ type: 2, data }));
      expect((await raw.closed).code).toBe(1002);
      expect(heard).toEqual(['parse error', 'parse error']);
    }
    const unwelcome = await openRaw(port);
    unwelcome.send(encode({ type: 0, data: { token: nested(1000) } }));
    expect((await unwelcome.closed).code).toBe(1002);
    const { raw, socket } = await open();
    socket.on('echo', (...data) => io.emit('echo', ...data));
    const event = { type: 2, data: ['echo', nested(999), Buffer.alloc(2000), null] };
    raw.send(encode(event));
    expect(await raw.messages.next()).toMatch(Buffer.from('echo').toString('hex'));
  });

  test('is told by the server what is no packet where the parser of the program looks at nothing', async () => {
    class Decoder extends EventEmitter {
      add(text: string): void {
        this.emit('decoded', JSON.parse(text));
      }
    }
    const { port, sockets } = await startServer({ parser: { ...parser, Decoder } as never });
    for (const packet of [
      { type: 2, data: 'say' },
      { type: 2 },
      { type: 3, id: 1, data: 'answer' },
      { type: 3, id: 1, data: { length: 1 } },
    ]) {
      const raw = await openRaw(port);
      raw.send(`4${JSON.stringify({ type: 0, nsp: '/' })}`);
      const end = eventOf((await sockets.next()) as never, 'disconnect');
      raw.send(`4${JSON.stringify({ nsp: '/', ...packet })}`);
      expect(await end).toMatchObject(['parse error', { code: 'SIO_ERR_INVALID_PAYLOAD' }]);
    }
  });

  test('connections that connect to nothing are ended all the same when there are many', async () => {
    const { io, port } = await startServer({ connectTimeout: 100 });
    const raws = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)));
    await Promise.all(raws.map(({ closed }) => closed));
    expect(io.engine.clientsCount).toBe(0);
  });
});

test('what a listener throws is its own: events behind it are delivered', async () => {
  const { port, sockets } = await startServer();
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  const thrown = nextUncaught();
  socket.on('bad', () => {
    throw new Error('listener');
  });
  const good = eventOf(socket as never, 'good');
  raw.send('42["bad"]', '42["good"]');
  expect(await thrown).toMatchObject({ message: 'listener' });
  await good;
});

test('an event for a namespace that the server took away is not a mistake', async () => {
  const { io, port, sockets } = await startServer();
  const arrival = new Promise<{ disconnect(): unknown }>((resolve) =>
    io.of('/other').on('connection', resolve),
  );
  const raw = await openRaw(port);
  raw.send('40', '40/other,');
  const socket = await sockets.next();
  (await arrival).disconnect();
  raw.send('42/other,["under way"]', '42["fence"]');
  await eventOf(socket as never, 'fence');
  expect(socket.connected).toBe(true);
});

test('a namespace that empties while a session is being looked for goes on', async () => {
  let found: (session: null) => void = () => {};
  let asked: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  class SlowAdapter extends Adapter {
    override restoreSession(): Promise<null> {
      asked();
      return new Promise((resolve) => {
        found = resolve;
      });
    }
  }
  const { io, port } = await startServer({
    adapter: SlowAdapter,
    connectionStateRecovery: {},
    cleanupEmptyChildNamespaces: true,
  });
  io.of(/^\/n$/);
  const [first, second] = [await openRaw(port), await openRaw(port)];
  first.send('40/n,');
  expect(await first.messages.next()).toMatch(/^40\/n,/);
  second.send('40/n,{"pid":"p","offset":"o"}');
  await isAsked;
  const end = eventOf([...io.of('/n').sockets.values()][0] as never, 'disconnect');
  first.send('41/n,');
  await end;
  found(null);
  expect(await second.messages.next()).toMatch(/^40\/n,/);
  io.of('/n').emit('news');
  expect(await second.messages.next()).toBe('42/n,["news"]');
});

test('a Blob is refused, and nobody is sent a part of the event', async () => {
  const { io, url, sockets } = await startServer();
  const client = await connected(openClient(url));
  const socket = await sockets.next();
  const got: unknown[] = [];
  client.onAny((...args) => got.push(args));
  const blob = new Blob(['abc']);
  const refusal = expect.objectContaining({ code: 'IO_ERR_UNSUPPORTED' });
  expect(() => socket.emit('blob', blob)).toThrow(refusal);
  expect(() => socket.emit('blob', { within: [blob] })).toThrow(refusal);
  expect(() => io.emit('blob', blob)).toThrow(refusal);
  expect(() => toMessages([blob] as never)).toThrow(refusal);
  socket.emit('bytes', Buffer.from('abc'));
  await vi.waitFor(() => expect(got).toEqual([['bytes', Buffer.from('abc')]]));
  expect(client.connected).toBe(true);
});

test('misuse is told at once', () => {
  const io = new Server();
  expect(() => io.attach((() => {}) as never)).toThrow('express request handler');
  expect(() => io.emit('connect')).toThrow('"connect" is a reserved event name');
  expect(() => io.serverSideEmit('new_namespace')).toThrow('"new_namespace" is a reserved event name');
});
