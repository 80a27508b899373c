import { type WebSocketServer as HawserServer, WebSocket as HawserSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer, WebSocket as WsSocket } from 'ws';
import { CERTIFICATE } from '../rig/certificate.ts';
import { makeClient, next, openClient } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { startServer } from '../rig/servers.ts';
import { BINARY_SAMPLES, TEXT_SAMPLES } from './samples.ts';

const ECHO: ConstructorParameters<typeof HawserServer<undefined>>[0] = {
  maxMessageBytes: 10_000_000,
  message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
};

/** Opens a client of `ws` and collects what it is sent. */
async function openWs(url: string, protocols: string[] = [], options: object = {}) {
  const socket = new WsSocket(url, protocols, options);
  onTestFinished(() => socket.terminate());
  const messages = new Queue<[Buffer, boolean]>();
  socket.on('message', (data, isBinary) => messages.push([data as Buffer, isBinary]));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { socket, messages };
}

/** Starts a server of `ws` that echoes, and collects its sockets. */
async function startWs(options: object = {}) {
  const server = new WsServer({ host: '127.0.0.1', port: 0, ...options });
  const sockets = new Queue<WsSocket>();
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `ws://127.0.0.1:${port}/`, sockets };
}

describe('our server, client of ws', () => {
  test.each(Object.entries(TEXT_SAMPLES))('server echoes %s', async (_, text) => {
    const { socket, messages } = await openWs((await startServer(ECHO)).url);
    socket.send(text);
    const [data, isBinary] = await messages.next();
    expect(isBinary).toBe(false);
    expect(data.equals(Buffer.from(text))).toBe(true);
  });

  test.each(Object.entries(BINARY_SAMPLES))('server echoes %s', async (_, bytes) => {
    const { socket, messages } = await openWs((await startServer(ECHO)).url);
    socket.send(bytes);
    const [data, isBinary] = await messages.next();
    expect(isBinary).toBe(true);
    expect(data.equals(bytes)).toBe(true);
  });

  test('server puts fragments together, with pings between them', async () => {
    const { socket, messages } = await openWs((await startServer(ECHO)).url);
    const pongs = new Queue<string>();
    socket.on('pong', (data) => pongs.push(data.toString()));
    for (let i = 0; i < 100; i++) {
      socket.send(`fragment ${i}, `, { fin: false });
      if (i % 10 === 0) socket.ping(`${i}`);
    }
    socket.send('end', { fin: true });
    const [data] = await messages.next();
    expect(data.toString()).toBe(`${Array.from({ length: 100 }, (_, i) => `fragment ${i}, `).join('')}end`);
    expect((await pongs.take(10)).join()).toBe('0,10,20,30,40,50,60,70,80,90');
  });

  test('server pings', async () => {
    const pongs = new Queue<string>();
    const { url } = await startServer({
      open: (socket) => void socket.ping('are you there?'),
      pong: (_socket, data) => pongs.push(data.toString()),
    });
    const { socket } = await openWs(url);
    expect(await pongs.next()).toBe('are you there?');
    expect(socket.readyState).toBe(1);
  });

  test('server and client agree on a protocol', async () => {
    const { url } = await startServer({ upgrade: ({ protocols }) => ({ protocol: protocols[1] ?? '' }) });
    expect((await openWs(url, ['a', 'b'])).socket.protocol).toBe('b');
  });

  test('server declines the compression that is offered', async () => {
    const { socket, messages } = await openWs((await startServer(ECHO)).url, [], { perMessageDeflate: true });
    expect(socket.extensions).toBe('');
    socket.send('x'.repeat(5_000));
    expect((await messages.next())[0]).toHaveLength(5_000);
  });

  test.each<[number | undefined, string]>([
    [1000, 'done'],
    [4999, 'grüß ☃'],
    [undefined, ''],
  ])('server is told %s %s', async (code, reason) => {
    const closes = new Queue<[number, string]>();
    const { url } = await startServer({ close: (_socket, ...said) => closes.push(said) });
    const { socket } = await openWs(url);
    const closed = new Promise((resolve) => socket.once('close', (got, why) => resolve([got, String(why)])));
    if (code === undefined) socket.close();
    else socket.close(code, reason);
    expect(await closes.next()).toEqual([code ?? 1005, reason]);
    expect(await closed).toEqual([code ?? 1005, '']);
  });

  test('server closes', async () => {
    const { url } = await startServer({ open: (socket) => void socket.close(4001, 'grüß ☃') });
    const { socket } = await openWs(url);
    const closed = await new Promise((resolve) =>
      socket.once('close', (code, why) => resolve([code, String(why)])),
    );
    expect(closed).toEqual([4001, 'grüß ☃']);
  });

  test('server refuses', async () => {
    const { url } = await startServer({ upgrade: () => ({ status: 401, message: 'no' }) });
    await expect(openWs(url)).rejects.toThrow('401');
  });

  test('server serves wss:', async () => {
    const { url } = await startServer(ECHO, { tls: CERTIFICATE });
    const { socket, messages } = await openWs(url, [], { ca: CERTIFICATE.cert });
    socket.send('x'.repeat(1_000_000));
    expect((await messages.next())[0]).toHaveLength(1_000_000);
  });

  test('server tells everybody that it goes away', async () => {
    const { server, url } = await startServer();
    const clients = await Promise.all([openWs(url), openWs(url)]);
    const codes = clients.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve)));
    await server.close({ reason: 'restart' });
    expect(await Promise.all(codes)).toEqual([1001, 1001]);
  });
});

describe('our client, server of ws', () => {
  test.each(Object.entries(TEXT_SAMPLES))('client has %s echoed', async (_, text) => {
    const client = await openClient((await startWs()).url);
    client.send(text);
    expect((await next(client, 'message')).data === text).toBe(true);
  });

  test.each(Object.entries(BINARY_SAMPLES))('client has %s echoed', async (_, bytes) => {
    const client = await openClient((await startWs()).url);
    client.binaryType = 'arraybuffer';
    client.send(bytes);
    expect(Buffer.from((await next(client, 'message')).data).equals(bytes)).toBe(true);
  });

  test('client puts fragments together', async () => {
    const { url, sockets } = await startWs();
    const client = await openClient(url);
    const message = next(client, 'message');
    const socket = await sockets.next();
    for (let i = 0; i < 10; i++) socket.send(`${i}`, { fin: false });
    socket.ping('between');
    socket.send('end', { fin: true });
    expect((await message).data).toBe('0123456789end');
  });

  test('client pings and is pinged', async () => {
    const { url, sockets } = await startWs();
    const client = await openClient(url);
    const socket = await sockets.next();
    const theirs = new Promise((resolve) => socket.once('pong', (data) => resolve(data.toString())));
    const ours = next(client, 'pong');
    socket.ping('from ws');
    client.ping('from us');
    expect(await theirs).toBe('from ws');
    expect(Buffer.from((await ours).data).toString()).toBe('from us');
  });

  test('client and server agree on a protocol', async () => {
    const { url } = await startWs({ handleProtocols: (offered: Set<string>) => [...offered][1] });
    expect((await openClient(url, ['a', 'b'])).protocol).toBe('b');
  });

  test('client and server agree on compression', async () => {
    const { url } = await startWs({ perMessageDeflate: true });
    const client = await openClient(url);
    expect(client.extensions).toMatch(/^permessage-deflate/);
    client.send('x'.repeat(5_000));
    expect((await next(client, 'message')).data).toHaveLength(5_000);
  });

  test('client closes', async () => {
    const { url, sockets } = await startWs();
    const client = await openClient(url);
    const socket = await sockets.next();
    const theirs = new Promise((resolve) =>
      socket.once('close', (code, why) => resolve([code, String(why)])),
    );
    const ours = next(client, 'close');
    client.close(4001, 'grüß ☃');
    expect(await theirs).toEqual([4001, 'grüß ☃']);
    expect(await ours).toMatchObject({ code: 4001, wasClean: true });
  });

  test.each<[number | undefined, string]>([
    [1001, 'going'],
    [4001, 'grüß ☃'],
    [undefined, ''],
  ])('client is told %s %s', async (code, reason) => {
    const { url, sockets } = await startWs();
    const client = await openClient(url);
    const closed = next(client, 'close');
    const socket = await sockets.next();
    if (code === undefined) socket.close();
    else socket.close(code, reason);
    expect(await closed).toMatchObject({ code: code ?? 1005, reason, wasClean: true });
  });

  test('client is cut off', async () => {
    const { url, sockets } = await startWs();
    const client = await openClient(url);
    const closed = next(client, 'close');
    (await sockets.next()).terminate();
    expect(await closed).toMatchObject({ code: 1006, wasClean: false });
  });

  test('client is refused', async () => {
    const { url } = await startWs({ verifyClient: () => false });
    const client = makeClient(url);
    const { error } = await next(client, 'error');
    expect(error).toMatchObject({ status: 401 });
    expect(client).toBeInstanceOf(HawserSocket);
  });
});
