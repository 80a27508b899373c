import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Socket } from '@hawser/client';
import { Server } from '@hawser/io';
import { Server as StockServer } from 'socket.io';
import * as parser from 'socket.io-parser';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

interface Scene {
  /** A socket of a namespace that judges until it is told to let in. */
  readonly socket: Socket;
  readonly letIn: () => void;
  /** How many are judged. */
  readonly judged: () => number;
  /** What the server saw in the namespace. */
  readonly met: string[];
  /** What the client was told of the namespace. */
  readonly told: string[];
  readonly root: Socket;
}

const SERVERS = { Hawser: Server, upstream: StockServer as unknown as typeof Server };

async function play(server: keyof typeof SERVERS, transport: string): Promise<Scene> {
  const http = createServer();
  const io = new SERVERS[server](http);
  const waiting: (() => void)[] = [];
  const met: string[] = [];
  let judged = 0;
  io.on('connection', (one) => one.on('heard?', (answer: () => void) => answer()));
  const slow = io.of('/slow');
  slow.use((_socket, next) => {
    judged++;
    waiting.push(next);
  });
  slow.on('connection', (one) => {
    met.push(`in ${one.handshake.auth.token}`);
    one.on('disconnect', (reason) => met.push(reason));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => void (await io.close()));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const root = connect(url, { transports: [transport], reconnection: false });
  await eventOf(root, 'connect');
  const socket = root.io.socket('/slow', { auth: { token: 'a' } });
  const told: string[] = [];
  for (const event of ['connect', 'connect_error', 'disconnect'] as const) {
    socket.on(event, () => told.push(event));
  }
  root.on('disconnect', (reason) => told.push(`all: ${reason}`));
  await vi.waitFor(() => expect(judged).toBe(1));
  const letIn = () => {
    for (const next of waiting.splice(0)) next();
  };
  return { socket, letIn, judged: () => judged, met, told, root };
}

describe.each(
  Object.keys(SERVERS).flatMap((server) =>
    ['websocket', 'polling'].map((transport) => [server, transport] as [keyof typeof SERVERS, string]),
  ),
)('a socket that is judged by %s, over %s', (server, transport) => {
  test('and disconnects leaves when it is let in', async () => {
    const { socket, letIn, met, told } = await play(server, transport);
    socket.disconnect();
    letIn();
    await vi.waitFor(() => expect(met).toEqual(['in a', 'client namespace disconnect']));
    expect(told).toEqual([]);
    expect(socket.connected).toBe(false);
  });

  test('and connects again once it was let in is let in anew', async () => {
    const { socket, letIn, judged, met, told, root } = await play(server, transport);
    socket.disconnect();
    letIn();
    await vi.waitFor(() => expect(met).toHaveLength(2));
    socket.connect();
    await vi.waitFor(() => expect(judged()).toBe(2));
    letIn();
    await vi.waitFor(() => expect(told).toEqual(['connect']));
    expect(met).toEqual(['in a', 'client namespace disconnect', 'in a']);
    expect(root.connected).toBe(true);
  });
});

test('a socket that connects again while Hawser judges it is judged once', async () => {
  const { socket, letIn, judged, met, told, root } = await play('Hawser', 'websocket');
  socket.disconnect();
  socket.connect();
  await root.emitWithAck('heard?');
  letIn();
  await vi.waitFor(() => expect(told).toEqual(['connect']));
  expect([judged(), met, root.connected]).toEqual([1, ['in a'], true]);
});

test.each(['websocket', 'polling'])(
  'a socket that upstream never answers asks again, over %s, and the others go on',
  async (transport) => {
    const { socket, letIn, judged, told, root } = await play('upstream', transport);
    socket.disconnect();
    socket.auth = { token: 'b' };
    socket.connect();
    await vi.waitFor(() => expect(judged()).toBe(2));
    letIn();
    await vi.waitFor(() => expect(told).toContain('connect'));
    expect(root.connected).toBe(true);
  },
);

test('who disconnects while a function is asked for what he says of himself asks nobody', async () => {
  const { socket, root } = await play('Hawser', 'websocket');
  let say = (_data: object): void => {};
  const late = root.io.socket('/late', { auth: (fn: (data: object) => void) => (say = fn) });
  late.disconnect();
  const sent: unknown[] = [];
  root.io.engine.on('packetCreate', (packet) => sent.push(packet.data));
  say({ token: 'c' });
  expect(sent).toEqual([]);
  expect(socket.active).toBe(true);
});

test.each(Object.entries(SERVERS))(
  'who leaves %s while it is being left, and connects again, is let in again',
  async (_, Class) => {
    const http = createServer();
    const io = new Class(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => void (await io.close()));
    const root = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const socket = root.io.socket('/b');
    const first = eventOf(socket, 'connect');
    io.of('/b').on('connection', () => {});
    await Promise.all([first, eventOf(root, 'connect')]);
    // Both at once: either DISCONNECT is on its way when the other is sent.
    io.of('/b').disconnectSockets();
    socket.disconnect().connect();
    await eventOf(socket, 'connect');
    expect([socket.connected, socket.active]).toEqual([true, true]);
  },
);

test('who disconnects and connects again within a listener for open asks once', async () => {
  const met: string[] = [];
  const { url } = await startServer({}, (io) => {
    io.on('connection', (peer) => {
      met.push(peer.id);
      peer.on('heard?', (answer: () => void) => answer());
    });
  });
  const socket = connect(url, { autoConnect: false });
  socket.io.once('open', () => socket.disconnect().connect());
  socket.connect();
  await eventOf(socket, 'connect');
  await socket.emitWithAck('heard?');
  expect(met).toEqual([socket.id]);
});

/** Starts a server, and returns what has it put out the next socket before it answers: by a listener for join-room. */
async function startHasty(
  Class: typeof Server,
): Promise<{ io: Server; url: string; putOutNext: () => void }> {
  const http = createServer();
  const io = new Class(http);
  io.of('/other').on('connection', (peer) => peer.on('heard?', (answer: () => void) => answer()));
  const putOutNext = () => {
    io.of('/').adapter.once('join-room', (_room: string, id: string) => {
      io.of('/').sockets.get(id)!.disconnect();
    });
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => void (await io.close()));
  return { io, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, putOutNext };
}

test.each(Object.entries(SERVERS))(
  'who is put out by %s before it answers is told, is out, and answers nothing that comes behind',
  async (_, Class) => {
    const { url, putOutNext } = await startHasty(Class);
    putOutNext();
    const socket = connect(url);
    const other = socket.io.socket('/other');
    const sent: unknown[] = [];
    socket.io.engine.on('packetCreate', ({ data }) => sent.push(data));
    const told: unknown[] = [];
    socket.on('connect', () => told.push('connect'));
    socket.on('disconnect', (reason) => told.push(reason));
    await vi.waitFor(() => expect(told).not.toEqual([]));
    // What came behind DISCONNECT has come, too.
    for (let i = 0; i < 2; i++) await other.emitWithAck('heard?');
    expect(sent).not.toContain('1');
    expect([told, socket.connected, socket.active]).toEqual([['io server disconnect'], false, false]);
  },
);

test('who left a session is told when he is put out of the next, also where a parser has one decoder for all', async () => {
  const { io, url, putOutNext } = await startHasty(Server);
  // Nor does the id tell one connection from another.
  io.engine.generateId = () => 'the same';
  const decoder = new parser.Decoder();
  const shared = {
    Encoder: parser.Encoder,
    Decoder: function Decoder() {
      return decoder;
    },
  };
  const socket = connect(url, { parser: shared, reconnectionDelay: 1 });
  const other = socket.io.socket('/other');
  await eventOf(socket, 'connect');
  socket.disconnect();
  await other.emitWithAck('heard?');
  const back = eventOf(socket.io as never, 'reconnect');
  for (const { conn } of io.of('/other').sockets.values()) conn.close();
  await back;
  const gone = eventOf(socket, 'disconnect');
  putOutNext();
  socket.connect();
  expect(await gone).toEqual(['io server disconnect', undefined]);
});

test('who left a session and began another is told when he is put out, again and again', async () => {
  const { io, url, putOutNext } = await startHasty(Server);
  const socket = connect(url);
  const other = socket.io.socket('/other');
  await eventOf(socket, 'connect');
  socket.disconnect().connect();
  await eventOf(socket, 'connect');
  const gone = eventOf(socket, 'disconnect');
  io.of('/').disconnectSockets();
  expect(await gone).toEqual(['io server disconnect', undefined]);
  const goneAgain = eventOf(socket, 'disconnect');
  putOutNext();
  socket.connect();
  expect(await goneAgain).toEqual(['io server disconnect', undefined]);
  await other.emitWithAck('heard?');
  expect([socket.connected, io.of('/').sockets.size]).toEqual([false, 0]);
});

test.each(Object.entries(SERVERS))(
  'who is let in by %s while the function that says who he is takes its time asks no second time',
  async (name) => {
    const { socket, letIn, judged, root } = await play(name as keyof typeof SERVERS, 'websocket');
    let say = (_data: object): void => {};
    socket.auth = (answer) => (say = answer);
    socket.disconnect().connect();
    const connected = eventOf(socket, 'connect');
    letIn();
    await connected;
    say({ token: 'b' });
    await root.emitWithAck('heard?');
    await root.emitWithAck('heard?');
    expect([socket.connected, root.connected, judged()]).toEqual([true, true, 1]);
  },
);
