import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { WebSocketServer, WebSocketServerOptions } from '@hawser/ws';
import { onTestFinished } from 'vitest';
import { CERTIFICATE } from './certificate.ts';
import { recordCloses } from './closes.ts';
import { Queue } from './queue.ts';
import { makeServer } from './servers.ts';

/** An HTTP/2 server with the sessions that it has seen. */
export interface StartedHttp2<Http extends Http2Server | Http2SecureServer> {
  readonly http: Http;
  readonly port: number;
  readonly sessions: readonly ServerHttp2Session[];
}

/** Answers every request of either HTTP version. */
export function sayHello(request: Http2ServerRequest, response: Http2ServerResponse): void {
  response.end(`hello ${request.url}`);
}

/** Starts an HTTP/2 server without TLS, and without any listener. */
export function startH2c(
  prepare: (http: Http2Server) => void = () => {},
): Promise<StartedHttp2<Http2Server>> {
  return listen(createServer(), prepare);
}

/** Starts an HTTP/2 server with TLS. */
export function startH2(
  options: SecureServerOptions = {},
  prepare: (http: Http2SecureServer) => void = () => {},
): Promise<StartedHttp2<Http2SecureServer>> {
  return listen(createSecureServer({ ...CERTIFICATE, ...options }), prepare);
}

/** Starts a WebSocket server on an HTTP/2 server without TLS. */
export async function startOverH2c<Data = undefined>(
  options: WebSocketServerOptions<Data> = {},
): Promise<StartedHttp2<Http2Server> & { server: WebSocketServer<Data>; url: string }> {
  const server = makeServer(options);
  const started = await startH2c((http) => server.attach(http));
  return { ...started, server, url: `ws://127.0.0.1:${started.port}/` };
}

/** What a client needs to trust these servers. */
export const TLS = { tls: { ca: CERTIFICATE.cert } };

/** Starts an HTTP/2 server whose streams a test answers itself. */
export async function startBare(settings: object = { enableConnectProtocol: true }) {
  const streams = new Queue<{ stream: ServerHttp2Stream; headers: Record<string, unknown> }>();
  const started = await startH2c((http) => {
    http.updateSettings(settings);
    http.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      streams.push({ stream, headers });
    });
  });
  return { ...started, streams, url: `ws://127.0.0.1:${started.port}/` };
}

/** Starts an echo server over TLS that speaks HTTP/2, and HTTP/1.1. */
export async function startEcho() {
  const { closes, close } = recordCloses();
  const server = makeServer({ close, message: (socket, data, binary) => void socket.send(data, { binary }) });
  const connections: unknown[] = [];
  const started = await startH2({ allowHTTP1: true }, (http) => {
    http.on('request', sayHello);
    http.on('secureConnection', (socket) => connections.push(socket));
    server.attach(http);
  });
  return { ...started, server, closes, connections, url: `wss://127.0.0.1:${started.port}/` };
}

async function listen<Http extends Http2Server | Http2SecureServer>(
  http: Http,
  prepare: (http: Http) => void,
): Promise<StartedHttp2<Http>> {
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const plain: Http2Server = http as Http2Server;
  plain.on('session', (session) => sessions.push(session));
  plain.on('connection', (socket: { destroy(): void }) => sockets.add(socket));
  prepare(http);
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => plain.close(resolve));
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { http, port: (plain.address() as AddressInfo).port, sessions };
}
