/** The client's half of recovery between two ends of Hawser, against an engine whose hand plays the server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Queue } from '../../engine/test/rig/queue.ts';
import { connect, eventOf } from './rig/clients.ts';

interface Peer {
  readonly ws: WebSocket;
  readonly packets: Queue<string>;
}

async function play(isHawser: boolean): Promise<{ url: string; peers: Queue<Peer> }> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const peers = new Queue<Peer>();
  server.on('connection', (ws) => {
    const packets = new Queue<string>();
    const handshake = {
      sid: 'engine',
      upgrades: [],
      pingInterval: 25_000,
      pingTimeout: 20_000,
      maxPayload: 1000,
    };
    ws.send(`0${JSON.stringify(isHawser ? { ...handshake, hawser: 1 } : handshake)}`);
    // Before anything else, a server of Hawser hears by a NOOP that the client is one.
    let isAnnounced = !isHawser;
    ws.on('message', (data) => {
      if (isAnnounced) packets.push(String(data));
      else isAnnounced = String(data) === '6';
    });
    peers.push({ ws, packets });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const ws of server.clients) ws.terminate();
    http.close();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, peers };
}

test('client counts the events of its session, and asks for those behind them', async () => {
  const { url, peers } = await play(true);
  const socket = connect(url, { transports: ['websocket'], auth: { token: 1 } });
  const first = await peers.next();
  expect(await first.packets.next()).toBe('40{"token":1}');
  const last = eventOf(socket, 'c');
  for (const packet of ['0{"sid":"s1","pid":"p1"}', '2["a"]', '21["b"]', '2["c","text"]'])
    first.ws.send(`4${packet}`);
  expect(await last).toEqual(['text']);
  first.ws.terminate();

  const second = await peers.next();
  expect(await second.packets.next()).toBe('40{"pid":"p1","hawser":{"received":3},"token":1}');
  const connected = eventOf(socket, 'connect');
  const missed = eventOf(socket, 'd');
  second.ws.send('40{"sid":"s1","pid":"p1"}');
  second.ws.send('42["d"]');
  await connected;
  expect([socket.recovered, socket.recoveryRefusal]).toEqual([true, undefined]);
  await missed;
  second.ws.terminate();

  const third = await peers.next();
  expect(await third.packets.next()).toBe('40{"pid":"p1","hawser":{"received":4},"token":1}');
  const refused = eventOf(socket, 'connect');
  third.ws.send('40{"sid":"s2","pid":"p2","hawser":{"refused":"expired"}}');
  await refused;
  expect([socket.recovered, socket.recoveryRefusal]).toEqual([false, 'expired']);
  third.ws.terminate();

  const fourth = await peers.next();
  expect(await fourth.packets.next()).toBe('40{"pid":"p2","hawser":{"received":0},"token":1}');
});

test('client counts what comes before the answer to CONNECT as of the session that it announces', async () => {
  const { url, peers } = await play(true);
  connect(url, { transports: ['websocket'] });
  const first = await peers.next();
  await first.packets.next();
  first.ws.send('42["early"]');
  first.ws.send('40{"sid":"s1","pid":"p1"}');
  first.ws.send('42["late"]');
  first.ws.close();
  const second = await peers.next();
  expect(await second.packets.next()).toBe('40{"pid":"p1","hawser":{"received":2}}');
});

test('client gives a stock server the last offset, and nothing of Hawser', async () => {
  const { url, peers } = await play(false);
  const socket = connect(url, { transports: ['websocket'] });
  const first = await peers.next();
  expect(await first.packets.next()).toBe('40');
  const news = eventOf(socket, 'news');
  first.ws.send('40{"sid":"s1","pid":"p1"}');
  first.ws.send('42["news",1,"offset1"]');
  expect(await news).toEqual([1, 'offset1']);
  first.ws.terminate();
  const second = await peers.next();
  expect(await second.packets.next()).toBe('40{"pid":"p1","offset":"offset1"}');
});

test.each([
  [true, ['20["save"]', '60', '21["save"]', '60', '22["save"]', '23["other"]']],
  [false, ['20["save"]', '21["save"]', '22["save"]', '23["other"]']],
])(
  'client says of each further try which was the first, to a server of Hawser (%s)',
  async (isHawser, sent) => {
    const { url, peers } = await play(isHawser);
    const socket = connect(url, { transports: ['websocket'], retries: 2, ackTimeout: 50 });
    const { ws, packets } = await peers.next();
    await packets.next();
    ws.send('40{"sid":"s1","pid":"p1"}');
    const failed = new Promise((resolve) => socket.emit('save', resolve));
    socket.emit('other');
    for (const text of sent) expect((await packets.next()).replace(/^4(?=2)/, '')).toBe(text);
    expect(await failed).toMatchObject({ message: 'operation has timed out' });
  },
);

test.each([true, false])(
  'client that missed more than it may keep begins anew, and says why (Hawser: %s)',
  async (isHawser) => {
    const { url, peers } = await play(isHawser);
    const socket = connect(url, { transports: ['websocket'], maxBufferedEvents: 2 });
    const first = await peers.next();
    await first.packets.next();
    const isConnected = eventOf(socket, 'connect');
    first.ws.send('40{"sid":"s1","pid":"p1"}');
    await isConnected;
    first.ws.terminate();

    const second = await peers.next();
    expect(await second.packets.next()).toContain('"pid":"p1"');
    for (const packet of ['42["a"]', '42["b"]', '42["c"]']) second.ws.send(packet);

    const third = await peers.next();
    expect(await third.packets.next()).toBe('40');
    const isConnectedAnew = eventOf(socket, 'connect');
    third.ws.send('40{"sid":"s2","pid":"p2"}');
    await isConnectedAnew;
    expect([socket.recovered, socket.recoveryRefusal]).toEqual([false, 'overflow']);
    third.ws.terminate();

    const fourth = await peers.next();
    await fourth.packets.next();
    const isRecovered = eventOf(socket, 'connect');
    fourth.ws.send('40{"sid":"s2","pid":"p2"}');
    await isRecovered;
    expect([socket.recovered, socket.recoveryRefusal]).toEqual([true, undefined]);
  },
);

/** Two namespaces on one connection, which have asked to be let in: `socket` is of the second. */
async function openTwo() {
  const { url, peers } = await play(true);
  const root = connect(url, { transports: ['websocket'] });
  const socket = root.io.socket('/b');
  const first = await peers.next();
  await first.packets.next();
  await first.packets.next();
  return { peers, socket, first };
}

test.each([
  ['an event that may be of it', ['42/b,["old"]'], '40/b,'],
  ['none', [], '40/b,{"pid":"p2","hawser":{"received":1}}'],
])(
  'client that left a session on this connection, and heard %s before the answer, asks for no more than it is sure of',
  async (_, early, asked) => {
    const { peers, socket, first } = await openTwo();
    const isConnected = eventOf(socket, 'connect');
    for (const packet of ['0{"sid":"r"}', '0/b,{"sid":"s1","pid":"p1"}']) first.ws.send(`4${packet}`);
    await isConnected;
    socket.disconnect().connect();
    expect(await first.packets.next()).toBe('41/b,');
    expect(await first.packets.next()).toBe('40/b,{"pid":"p1","hawser":{"received":0}}');
    const heard = eventOf(socket, 'new');
    for (const packet of [...early, '40/b,{"sid":"s2","pid":"p2"}', '42/b,["new"]']) first.ws.send(packet);
    await heard;
    first.ws.terminate();
    const second = await peers.next();
    expect([await second.packets.next(), await second.packets.next()]).toContain(asked);
  },
);

test('client that left a session on this connection, and began another there, counts the one behind it', async () => {
  const { peers, socket, first } = await openTwo();
  const answer = async (packet: string) => {
    const isConnected = eventOf(socket, 'connect');
    first.ws.send(packet);
    await isConnected;
  };
  await answer('40/b,{"sid":"s1","pid":"p1"}');
  socket.disconnect().connect();
  for (let i = 0; i < 2; i++) await first.packets.next();
  await answer('40/b,{"sid":"s2","pid":"p2"}');
  const isGone = eventOf(socket, 'disconnect');
  first.ws.send('41/b,');
  await isGone;
  socket.connect();
  await first.packets.next();
  first.ws.send('42/b,["early"]');
  await answer('40/b,{"sid":"s3","pid":"p3"}');
  first.ws.terminate();
  const second = await peers.next();
  expect([await second.packets.next(), await second.packets.next()]).toContain(
    '40/b,{"pid":"p3","hawser":{"received":1}}',
  );
});
