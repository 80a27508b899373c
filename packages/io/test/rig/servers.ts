import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket } from '@hawser/io';
import { onTestFinished } from 'vitest';
import { Queue } from '../../../engine/test/rig/queue.ts';

/** A server on a port of the loopback interface, and the sockets of its main namespace. */
export interface Rig {
  readonly io: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly url: string;
  readonly sockets: Queue<Socket>;
}

/** Listens until the test ends. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<Rig> {
  const http = createServer();
  const io = new Server(http, options);
  const sockets = new Queue<Socket>();
  io.on('connection', (socket) => sockets.push(socket));
  const port = await listenOn(http);
  onTestFinished(() => io.close());
  return { io, http, port, url: `http://127.0.0.1:${port}`, sockets };
}

/** Listens until the test ends, and returns the port. */
export async function listenOn(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}
