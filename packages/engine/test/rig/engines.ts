import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AttachOptions, Server, type ServerOptions, type Socket } from '@hawser/engine';
import { onTestFinished } from 'vitest';
import { Queue } from './queue.ts';

/** An engine on a port of the loopback interface, and the sessions that begin there. */
export interface Rig {
  readonly engine: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly sessions: Queue<Socket>;
}

/** Listens with an engine until the test ends. */
export async function startEngine(
  options: ServerOptions & AttachOptions = {},
  prepare: (engine: Server, http: HttpServer) => void = () => {},
): Promise<Rig> {
  const http = createServer();
  const engine = new Server(options);
  const sessions = new Queue<Socket>();
  engine.on('connection', (session: Socket) => sessions.push(session));
  prepare(engine, http);
  engine.attach(http, options);
  const port = await listenOn(http);
  onTestFinished(() => {
    engine.close();
  });
  return { engine, http, port, sessions };
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
