import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ListenTarget, WebSocketServer, type WebSocketServerOptions } from '@hawser/ws';
import { onTestFinished } from 'vitest';
import { CERTIFICATE } from './certificate.ts';

/** Makes a server that is closed when the test ends. */
export function makeServer<Data = undefined>(
  options: WebSocketServerOptions<Data> = {},
): WebSocketServer<Data> {
  const server = new WebSocketServer<Data>(options);
  onTestFinished(async () => {
    for (const socket of server.connections) socket.terminate();
    await server.close({ timeoutMs: 1 });
  });
  return server;
}

/** Makes a server that listens on a free port of the loopback. */
export async function startServer<Data = undefined>(
  options: WebSocketServerOptions<Data> = {},
  target: ListenTarget = {},
): Promise<{ server: WebSocketServer<Data>; port: number; url: string }> {
  const server = makeServer(options);
  const { port } = await server.listen({ port: 0, host: '127.0.0.1', ...target });
  const scheme = target.tls === undefined ? 'ws' : 'wss';
  return { server, port, url: `${scheme}://127.0.0.1:${port}/` };
}

/** Starts an HTTP server that says hello to every request. */
export function startHttp(): Promise<{ http: Server; port: number }> {
  return listen(createServer(sayHello));
}

/** Starts an HTTPS server that says hello to every request. */
export function startHttps(): Promise<{ http: Server; port: number }> {
  return listen(createHttpsServer(CERTIFICATE, sayHello));
}

const sayHello: RequestListener = (request, response) => response.end(`hello ${request.url}`);

async function listen(http: Server): Promise<{ http: Server; port: number }> {
  const sockets = new Set<{ destroy(): void }>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    const closed = new Promise((resolve) => http.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return { http, port: (http.address() as AddressInfo).port };
}
