import type { EventEmitter } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket } from '@hawser/engine';
import { onTestFinished } from 'vitest';
import { sidOf } from './http.ts';
import { Queue } from './queue.ts';

/** Where sessions that poll begin. */
export const PATH = '/engine.io/?EIO=4&transport=polling';

/** What a server answered. */
export interface Answer {
  readonly status: unknown;
  readonly text: string;
}

/** Starts an engine on a server of HTTP/2, and connects to it. */
export async function startHttp2(options: ServerOptions = {}) {
  const http = createServer((_request, response) => {
    response.end("the user's own");
  });
  const engine = new Server(options);
  const sessions = new Queue<Socket>();
  engine.on('connection', (session: Socket) => sessions.push(session));
  engine.attach(http);
  const streams = collectLive<ServerHttp2Stream>(http, 'stream');
  const connections = collectLive<ServerHttp2Session>(http, 'session');
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = await connectTo(port);
  onTestFinished(() => {
    engine.close();
    http.close();
  });
  return { engine, sessions, client, port, streams, connections };
}

/** Connects, until the test ends. */
export async function connectTo(
  port: number,
  options: ClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const client = connect(`http://127.0.0.1:${port}`, options);
  client.on('error', () => {});
  onTestFinished(() => client.destroy());
  await new Promise((resolve) => client.once('remoteSettings', resolve));
  return client;
}

/** Returns what a server's event brings, as long as each lives. */
function collectLive<T extends EventEmitter>(http: Http2Server, event: string): ReadonlySet<T> {
  const live = new Set<T>();
  http.on(event, (item: T) => {
    live.add(item);
    item.once('close', () => live.delete(item));
  });
  return live;
}

/** Begins a session by polling, and returns it with the path of its requests. */
export async function beginPolling({
  client,
  sessions,
}: {
  readonly client: ClientHttp2Session;
  readonly sessions: Queue<Socket>;
}): Promise<{ readonly session: Socket; readonly path: string }> {
  const { text } = await ask(client, { ':path': PATH });
  return { session: await sessions.next(), path: `${PATH}&sid=${sidOf(text)}` };
}

/** Waits until the server has ended a stream, whichever way. One that is being written to may never close after that. */
export async function streamEnd(stream: ClientHttp2Stream): Promise<Answer & { readonly rstCode: number }> {
  let status: unknown;
  let text = '';
  stream.setEncoding('utf8');
  stream.on('response', (answered) => {
    status = answered[':status'];
  });
  stream.on('data', (part: string) => {
    text += part;
  });
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('end', resolve));
  return { status, text, rstCode: stream.rstCode };
}

/** Makes one request, with a body or without, and returns the answer. */
export async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const stream = client.request(headers, { endStream: false });
  stream.setEncoding('utf8');
  if (headers[':method'] !== 'CONNECT') stream.end(body);
  let status: unknown;
  let text = '';
  stream.on('response', (answered) => {
    status = answered[':status'];
  });
  for await (const part of stream) text += part;
  return { status, text };
}

/** Returns the head of a WebSocket's stream. */
export function connectHead(path: string, protocol = 'websocket'): Record<string, string> {
  return {
    ':method': 'CONNECT',
    ':protocol': protocol,
    ':scheme': 'http',
    ':authority': '127.0.0.1',
    ':path': path,
    'sec-websocket-version': '13',
  };
}
