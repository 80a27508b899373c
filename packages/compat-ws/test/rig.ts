import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ClientOptions } from '../src/connect.ts';
import { type ServerOptions, WebSocketServer } from '../src/server.ts';
import { WebSocket } from '../src/websocket.ts';

/** A server on a free port of the loopback, gone when the test is. */
export async function startServer(
  options: ServerOptions = {},
): Promise<{ server: WebSocketServer; url: string }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(async () => {
    for (const client of server.clients ?? []) client.terminate();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  await once(server, 'listening');
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A client, and the server's end of its connection. */
export async function connectPair(
  options: ServerOptions = {},
  clientOptions: ClientOptions = {},
): Promise<{ url: string; server: WebSocketServer; client: WebSocket; peer: WebSocket }> {
  const { server, url } = await startServer(options);
  const client = openClient(url, clientOptions);
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
    [WebSocket],
    unknown,
  ];
  return { url, server, client, peer };
}

/** A client that ends with the test. */
export function openClient(url: string, options: ClientOptions = {}): WebSocket {
  const client = new WebSocket(url, options);
  client.on('error', () => {});
  onTestFinished(() => client.terminate());
  return client;
}

/** The next `count` messages, as text; several may come in one turn. */
export function nextTexts(socket: WebSocket, count: number): Promise<string[]> {
  const texts: string[] = [];
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (texts.push(String(data)) === count) resolve(texts);
    });
  });
}

/** How a connection ends, whatever fails before. */
export function closeOf(socket: WebSocket): Promise<[code: number, reason: string]> {
  return new Promise((resolve) => {
    socket.once('close', (code: number, reason: Buffer) => resolve([code, String(reason)]));
  });
}

const REQUEST_HEADERS = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};

/** A TCP connection that asks for a WebSocket; `null` leaves a header out. */
export function openRaw(
  url: string,
  headers: Readonly<Record<string, string | null>> = {},
  method = 'GET',
): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  const lines = Object.entries({ ...REQUEST_HEADERS, ...headers }).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}`],
  );
  socket.write(`${method} / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

/** Reads until the other end is done. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A frame as a client sends it, masked with zeroes. */
export function clientFrame(firstByte: number, payload: Uint8Array): Buffer {
  if (payload.length > 125) throw new RangeError('short frames only');
  return Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
