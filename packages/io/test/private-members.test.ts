/** What packages around Socket.IO touch without it being documented, by name. */
import { createServer } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Server } from '@hawser/io';
import { instrument } from '@socket.io/admin-ui';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server as EngineIoServer } from 'engine.io';
import { Redis } from 'ioredis';
import { Adapter, SessionAwareAdapter } from 'socket.io-adapter';
import * as msgpack from 'socket.io-msgpack-parser';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { listenOn, startServer } from './rig/servers.ts';

describe('members by name', () => {
  test('of the server, of namespaces, of sockets and of clients', async () => {
    const { io, url, sockets } = await startServer();
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    const nsp = io.of('/') as unknown as Record<string, unknown>;
    expect(io._nsps.get('/')).toBe(nsp);
    expect(typeof io._connectTimeout).toBe('number');
    expect(io._opts).toBe(io.opts);
    expect(io.eio).toBe(io.engine);
    expect(io.eio.clientsCount).toBe(1);
    expect(typeof io._parser.Encoder).toBe('function');
    expect(io.encoder.encode({ type: 2, nsp: '/', data: ['x'] })).toEqual(['2["x"]']);
    expect(nsp._ids).toBe(0);
    expect(nsp._fns).toEqual([]);
    expect(nsp.server).toBe(io);
    expect([...(nsp.sockets as Map<string, unknown>).values()]).toEqual([socket]);
    for (const name of ['_onServerSideEmit', '_initAdapter', '_add', '_remove'])
      expect(typeof nsp[name]).toBe('function');
    const members = socket as unknown as Record<string, unknown>;
    for (const name of [
      'notifyOutgoingListeners',
      '_onclose',
      '_onerror',
      '_cleanup',
      '_error',
      '_onpacket',
      '_onconnect',
    ]) {
      expect(typeof members[name]).toBe('function');
    }
    expect(socket.acks instanceof Map).toBe(true);
    expect(socket.server).toBe(io);
    expect(socket.adapter).toBe(io.sockets.adapter);
    const { client: owner } = socket;
    expect([owner.id, owner.conn, owner.request]).toEqual([socket.conn.id, socket.conn, socket.request]);
    expect([...owner.sockets.values(), ...owner.nsps.values()]).toEqual([socket, socket]);
    const news = eventOf(client as never, 'news');
    owner.writeToEngine(['2["news",1]'], { preEncoded: true, volatile: false, compress: true });
    expect(await news).toEqual([1]);
  });

  test('what goes out can be looked at, as upstream has it', async () => {
    const { io, url, sockets } = await startServer();
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    const packets: { data: unknown; options: { compress?: boolean; wsPreEncodedFrame?: Buffer[] } }[] = [];
    socket.conn.on('packetCreate', (packet) => packets.push(packet));
    socket.emit('one');
    io.compress(false).emit('all');
    await eventOf(client as never, 'all');
    expect(
      packets.map(({ data, options }) => [data, options.compress, options.wsPreEncodedFrame?.map(String)]),
    ).toEqual([
      ['2["one"]', true, undefined],
      ['2["all"]', false, ['\ufffd\t', '42["all"]']],
    ]);
  });

  test('what goes out can be written into', async () => {
    const { io, url, sockets } = await startServer();
    const client = await connected(openClient(url));
    const { conn } = await sockets.next();
    conn.on('packetCreate', ({ options }: { options: { wsPreEncodedFrame?: object | undefined } }) => {
      options.wsPreEncodedFrame = undefined;
      expect(options.wsPreEncodedFrame).toBeUndefined();
    });
    io.emit('all', 1);
    expect(await eventOf(client as never, 'all')).toEqual([1]);
  });

  test('another WebSocket server sends what goes to many, as upstream has it', async () => {
    const { io, url } = await startServer({ wsEngine: WsServer });
    const clients = await Promise.all(
      [1, 2].map(() => connected(openClient(url, { transports: ['websocket'] }))),
    );
    const received: unknown[] = [];
    for (const client of clients) client.on('all', (...args) => received.push(args));
    const last = clients.map((client) => eventOf(client as never, 'last'));
    io.emit('all', 'text', Buffer.from('bytes'));
    io.emit('all', 'ü');
    io.emit('last');
    await Promise.all(last);
    for (const args of [['text', Buffer.from('bytes')], ['ü']])
      expect(received.filter((each) => isDeepStrictEqual(each, args))).toHaveLength(2);
  });

  test('of what emits to many', async () => {
    const { io } = await startServer();
    const { adapter } = io.of('/news');
    const [rooms, exceptRooms] = [new Set(['a']), new Set(['b'])];
    const flags = { volatile: true };
    expect(io.of('/news').to('a').except('b').volatile).toMatchObject({ adapter, rooms, exceptRooms, flags });
  });

  test('events pass through an `onevent` of the program, which may pass them on, and on again', async () => {
    const { io, url } = await startServer();
    const seen: unknown[][] = [];
    io.on('connection', (socket) => {
      const { onevent } = socket;
      socket.onevent = function (packet) {
        const args = packet.data as unknown[];
        seen.push(['packet', packet.type, packet.nsp, packet.id]);
        onevent.call(this, packet);
        onevent.call(this, { ...packet, data: ['*', ...args] });
      };
      socket.on('ask', (text: string, answer: (text: string) => void) => answer(`${text}!`));
      socket.on('*', (...args: unknown[]) => seen.push(args.map((arg) => typeof arg)));
    });
    const client = await connected(openClient(url));
    client.emit('say', 1);
    expect(await client.emitWithAck('ask', 'hi')).toBe('hi!');
    expect(seen).toEqual([
      ['packet', 2, '/', undefined],
      ['string', 'number'],
      ['packet', 2, '/', 0],
      ['string', 'string', 'function', 'function'],
    ]);
  });

  test('an `onevent` that replaces the own one answers with `ack`, once', async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    io.on('connection', (socket) => {
      socket.onevent = ({ data, id }) => {
        const answer = socket.ack(id!);
        answer(data);
        answer('again');
      };
    });
    const client = await connected(openClient(url));
    expect(await client.emitWithAck('ask', 1)).toEqual(['ask', 1]);
    expect(await client.emitWithAck('ask', 2)).toEqual(['ask', 2]);
  });

  test('what is sent to one socket passes through a `packet` of the program, and it sends what it is given', async () => {
    const { url, sockets } = await startServer();
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    const seen: unknown[] = [];
    const { packet } = socket;
    socket.packet = function (given, flags) {
      seen.push([given.type, given.data]);
      return packet.call(this, given, flags);
    };
    socket.on('ask', (answer: (text: string) => void) => answer('yes'));
    const news = eventOf(client as never, 'news');
    expect(socket.emit('news', 1)).toBe(true);
    expect(await news).toEqual([1]);
    expect(await client.emitWithAck('ask')).toBe('yes');
    const crafted = eventOf(client as never, 'crafted');
    socket.packet({ type: 2, nsp: '/elsewhere', data: ['crafted', 2] });
    expect(await crafted).toEqual([2]);
    expect(seen).toEqual([
      [2, ['news', 1]],
      [3, ['yes']],
      [2, ['crafted', 2]],
    ]);
  });
});

describe('packages', () => {
  test.each([
    ['Adapter', Adapter],
    ['SessionAwareAdapter', SessionAwareAdapter],
  ])('%s of socket.io-adapter', async (name, adapter) => {
    const { io, url, sockets } = await startServer({
      adapter: adapter as never,
      ...(name === 'Adapter' ? {} : { connectionStateRecovery: {} }),
    });
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    const seen: unknown[][] = [];
    client.onAny((...args) => seen.push(args.slice(0, 2)));
    client.on('ask', (answer: (...args: unknown[]) => void) => answer('yes'));
    socket.join('room');
    io.to('room').emit('text', 1);
    socket.emit('direct', 2);
    io.to('room').emit('bytes', Buffer.from([1]));
    expect(await io.timeout(5000).emitWithAck('ask')).toEqual(['yes']);
    expect(seen.slice(0, 3)).toEqual([
      ['text', 1],
      ['direct', 2],
      ['bytes', Buffer.from([1])],
    ]);
    expect((await io.in('room').fetchSockets()).map(({ id }) => id)).toEqual([socket.id]);
  });

  test('SessionAwareAdapter of socket.io-adapter, which adds to what it is given, under a pattern', async () => {
    const { io, url } = await startServer({
      adapter: SessionAwareAdapter as never,
      connectionStateRecovery: {},
    });
    const pattern = io.of(/^\/n\d$/);
    const clients = ['/n1', '/n2', '/n3'].map((name) => openClient(url + name));
    await Promise.all(clients.map(connected));
    const counts = Promise.all(
      clients.map(async (client) => (await eventOf(client as never, 'news')).length),
    );
    pattern.emit('news', 1);
    expect(await counts).toEqual([2, 2, 2]);
  });

  test('@socket.io/redis-adapter: two servers are one', async () => {
    const redis = Array.from({ length: 4 }, () => new Redis({ host: '127.0.0.1' }));
    onTestFinished(() => {
      for (const connection of redis) connection.disconnect();
    });
    const key = `hawser-io-${process.pid}`;
    const a = await startServer({ adapter: createAdapter(redis[0], redis[1], { key }) as never });
    const b = await startServer({ adapter: createAdapter(redis[2], redis[3], { key }) as never });
    const client = await connected(openClient(a.url));
    const socket = await a.sockets.next();
    client.on('ask', (answer: (value: number) => void) => answer(7));
    while ((await b.io.of('/').adapter.serverCount()) < 2)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const news = eventOf(client as never, 'news');
    b.io.emit('news', { x: Buffer.from([1]) });
    expect(await news).toEqual([{ x: Buffer.from([1]) }]);
    expect(await b.io.timeout(5000).emitWithAck('ask')).toEqual([7]);
    const [remote] = await b.io.fetchSockets();
    expect([remote?.id, remote?.rooms.has(socket.id)]).toEqual([socket.id, true]);
    a.io.on('hello', (name: string, answer: (text: string) => void) => answer(`hello ${name}`));
    expect(await b.io.serverSideEmitWithAck('hello', 'b')).toEqual(['hello b']);
    const joined = new Promise((resolve) => a.io.of('/').adapter.once('create-room', resolve));
    remote!.join('room');
    expect(await joined).toBe('room');
    const end = eventOf(socket as never, 'disconnect');
    remote!.disconnect();
    expect((await end)[0]).toBe('server namespace disconnect');
  });

  test('@socket.io/admin-ui', async () => {
    const { io, url, sockets } = await startServer();
    instrument(io as never, { auth: false, mode: 'development' });
    const admin = openClient(`${url}/admin`);
    const all = eventOf(admin as never, 'all_sockets');
    await connected(admin);
    await all;
    const arrival = eventOf(admin as never, 'socket_connected');
    const client = await connected(openClient(url));
    const socket = await sockets.next();
    expect((await arrival)[0]).toMatchObject({ id: socket.id, nsp: '/', transport: 'websocket' });
    const received = eventOf(admin as never, 'event_received');
    client.emit('hi', 1);
    expect((await received).slice(0, 3)).toEqual(['/', socket.id, ['hi', 1]]);
    const joined = eventOf(admin as never, 'room_joined');
    admin.emit('join', '/', 'room', socket.id);
    expect((await joined).slice(0, 3)).toEqual(['/', 'room', socket.id]);
  });

  test('socket.io-msgpack-parser', async () => {
    const { io, url, sockets } = await startServer({ parser: msgpack });
    const client = await connected(openClient(url, { parser: msgpack }));
    const socket = await sockets.next();
    socket.on('ask', (bytes: Buffer, answer: (bytes: Buffer) => void) => answer(bytes));
    expect(await new Promise((resolve) => client.emit('ask', Buffer.from([1]), resolve))).toEqual(
      Buffer.from([1]),
    );
    const news = eventOf(client as never, 'news');
    io.emit('news', { a: [1] });
    expect(await news).toEqual([{ a: [1] }]);
    const end = eventOf(socket as never, 'disconnect');
    client.io.engine.write('no msgpack');
    expect(await end).toMatchObject(['parse error', { code: 'IO_ERR_PARSER' }]);
    const talkative = await connected(openClient(url, { parser: msgpack }));
    const endOfTalk = eventOf((await sockets.next()) as never, 'disconnect');
    talkative.emit('event', ...Array(4096).fill(0));
    expect(await endOfTalk).toMatchObject(['parse error', { code: 'SIO_ERR_TOO_MANY_ARGUMENTS' }]);
  });

  test('engine.io, bound in place of the engine of this project', async () => {
    const http = createServer();
    const engine = new EngineIoServer({ allowEIO3: true });
    engine.attach(http, { path: '/socket.io' });
    const io = new Server();
    expect(io.bind(engine)).toBe(io);
    const port = await listenOn(http);
    onTestFinished(() => io.close());
    const arrival = eventOf(io as never, 'connection');
    const client = await connected(openClient(`http://127.0.0.1:${port}`));
    const socket = (await arrival)[0] as { emit(name: string, ...args: unknown[]): boolean };
    client.on('ask', (bytes: Buffer, answer: (bytes: Buffer) => void) => answer(bytes));
    expect(await new Promise((resolve) => socket.emit('ask', Buffer.from([1]), resolve))).toEqual(
      Buffer.from([1]),
    );
    const news = eventOf(client as never, 'news');
    io.emit('news', 1, Buffer.from([2]));
    expect(await news).toEqual([1, Buffer.from([2])]);
    const end = eventOf(socket as never, 'disconnect');
    client.io.engine.write('2nonsense');
    expect((await end)[0]).toBe('parse error');
  });

  test('engine.io, whose limit for messages counts for packets too', async () => {
    const http = createServer();
    const engine = new EngineIoServer({ maxHttpBufferSize: 1e8 });
    engine.attach(http, { path: '/socket.io' });
    const io = new Server();
    io.bind(engine);
    io.on('connection', (socket) => {
      socket.on('large', (bytes: Buffer, answer: (length: number) => void) => answer(bytes.length));
    });
    const port = await listenOn(http);
    onTestFinished(() => io.close());
    const client = await connected(openClient(`http://127.0.0.1:${port}`));
    expect(await client.emitWithAck('large', Buffer.alloc(12_000_000))).toBe(12_000_000);
  });
});
