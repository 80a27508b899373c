import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type connection as Connection,
  type Message,
  client as WebSocketClient,
  server as WebSocketLibraryServer,
} from 'websocket';
import { next, openClient } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { startServer } from '../rig/servers.ts';
import { BINARY_SAMPLES, TEXT_SAMPLES } from './samples.ts';

const LARGE = { maxReceivedFrameSize: 10_000_000, maxReceivedMessageSize: 10_000_000 };

function echo(connection: Connection, message: Message): void {
  if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
  else connection.sendBytes(message.binaryData);
}

/** Opens a client of `websocket`, and collects what it is sent. */
async function openLibrary(url: string, protocols: string[] = [], fragmentOutgoingMessages = true) {
  const client = new WebSocketClient({ ...LARGE, fragmentOutgoingMessages });
  const messages = new Queue<Message>();
  const connection = await new Promise<Connection>((resolve, reject) => {
    client.on('connect', resolve);
    client.on('connectFailed', reject);
    client.connect(url, protocols);
  });
  onTestFinished(() => connection.drop());
  connection.on('message', (message) => messages.push(message));
  return { connection, messages };
}

/** Starts a server of `websocket` that echoes, and collects its connections. */
async function startLibrary() {
  const httpServer = createServer();
  const server = new WebSocketLibraryServer({ httpServer, ...LARGE });
  const connections = new Queue<Connection>();
  server.on('request', (request) => {
    const connection = request.accept(request.requestedProtocols[1] ?? null, request.origin);
    connection.on('message', (message) => echo(connection, message));
    connections.push(connection);
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.shutDown();
    httpServer.close();
    httpServer.closeAllConnections();
  });
  return { url: `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}/`, connections };
}

describe('our server, client of websocket', () => {
  function startEcho() {
    return startServer({
      maxMessageBytes: 10_000_000,
      message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
    });
  }

  test.each(Object.entries(TEXT_SAMPLES))('server echoes %s', async (_, text) => {
    const { connection, messages } = await openLibrary((await startEcho()).url);
    connection.sendUTF(text);
    const message = await messages.next();
    expect(message.type === 'utf8' && message.utf8Data === text).toBe(true);
  });

  test.each(Object.entries(BINARY_SAMPLES))('server echoes %s', async (_, bytes) => {
    const { connection, messages } = await openLibrary((await startEcho()).url);
    connection.sendBytes(bytes);
    const message = await messages.next();
    expect(message.type === 'binary' && message.binaryData.equals(bytes)).toBe(true);
  });

  test('server answers pings', async () => {
    const { connection } = await openLibrary((await startEcho()).url);
    const pong = new Promise((resolve) => connection.on('pong', (data) => resolve(data.toString())));
    connection.ping(Buffer.from('ping'));
    expect(await pong).toBe('ping');
  });

  test('server and client agree on a protocol', async () => {
    const { url } = await startServer({ upgrade: ({ protocols }) => ({ protocol: protocols[1] ?? '' }) });
    expect((await openLibrary(url, ['a', 'b'])).connection.protocol).toBe('b');
  });

  test('server is told code and reason', async () => {
    const closes = new Queue<[number, string]>();
    const { url } = await startServer({ close: (_socket, ...said) => closes.push(said) });
    const { connection } = await openLibrary(url);
    connection.close(4001, 'grüß ☃');
    expect(await closes.next()).toEqual([4001, 'grüß ☃']);
  });

  test('server closes', async () => {
    const { url } = await startServer({ message: (socket) => void socket.close(4002, 'grüß ☃') });
    const { connection } = await openLibrary(url);
    const closed = new Promise((resolve) => connection.on('close', (...said) => resolve(said)));
    connection.sendUTF('go');
    expect(await closed).toEqual([4002, 'grüß ☃']);
  });

  test('server refuses', async () => {
    const { url } = await startServer({ upgrade: () => ({ status: 403, message: 'no' }) });
    await expect(openLibrary(url)).rejects.toThrow('403');
  });
});

describe('our client, server of websocket', () => {
  test.each(Object.entries(TEXT_SAMPLES))('client has %s echoed', async (_, text) => {
    const client = await openClient((await startLibrary()).url);
    client.send(text);
    expect((await next(client, 'message')).data === text).toBe(true);
  });

  test.each(Object.entries(BINARY_SAMPLES))('client has %s echoed', async (_, bytes) => {
    const client = await openClient((await startLibrary()).url);
    client.binaryType = 'arraybuffer';
    client.send(bytes);
    expect(Buffer.from((await next(client, 'message')).data).equals(bytes)).toBe(true);
  });

  test('client pings and is pinged', async () => {
    const { url, connections } = await startLibrary();
    const client = await openClient(url);
    const connection = await connections.next();
    const theirs = new Promise((resolve) => connection.on('pong', (data) => resolve(data.toString())));
    const ours = next(client, 'pong');
    connection.ping(Buffer.from('from them'));
    client.ping('from us');
    expect(await theirs).toBe('from them');
    expect(Buffer.from((await ours).data).toString()).toBe('from us');
  });

  test('client and server agree on a protocol', async () => {
    expect((await openClient((await startLibrary()).url, ['a', 'b'])).protocol).toBe('b');
  });

  test('client closes', async () => {
    const { url, connections } = await startLibrary();
    const client = await openClient(url);
    const connection = await connections.next();
    const theirs = new Promise((resolve) => connection.on('close', (...said) => resolve(said)));
    const ours = next(client, 'close');
    client.close(4001, 'grüß ☃');
    expect(await theirs).toEqual([4001, 'grüß ☃']);
    expect(await ours).toMatchObject({ wasClean: true });
  });

  test('client is told code and reason', async () => {
    const { url, connections } = await startLibrary();
    const client = await openClient(url);
    const closed = next(client, 'close');
    (await connections.next()).close(4001, 'grüß ☃');
    expect(await closed).toMatchObject({ code: 4001, reason: 'grüß ☃', wasClean: true });
  });

  test('client is refused', async () => {
    const { url } = await startRefusing();
    await expect(openClient(url)).rejects.toMatchObject({ status: 403 });
  });
});

async function startRefusing(): Promise<{ url: string }> {
  const httpServer = createServer();
  new WebSocketLibraryServer({ httpServer }).on('request', (request) => request.reject(403, 'no'));
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void httpServer.close());
  return { url: `ws://127.0.0.1:${(httpServer.address() as AddressInfo).port}/` };
}
