import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket as NetSocket } from 'node:net';
import { Server, type ServerOptions, type Socket } from 'socket.io';
import { onTestFinished } from 'vitest';

/** A stock server of Socket.IO that a test can kill and start again on its port. */
export interface Rig {
  readonly io: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly url: string;
  /** Cuts every connection and stops listening, as when the process is killed. */
  kill(): Promise<void>;
}

/** Starts one; `port` is one that was free before. */
export async function startServer(
  options: Partial<ServerOptions> = {},
  prepare: (io: Server) => void = () => {},
  port = 0,
): Promise<Rig> {
  const http = createServer();
  const io = new Server(http, options);
  prepare(io);
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const openSockets = new Set<NetSocket>();
  let isKilled = false;
  http.on('connection', (socket) => {
    if (isKilled) socket.destroy();
    openSockets.add(socket);
    socket.on('close', () => openSockets.delete(socket));
  });
  const kill = async () => {
    isKilled = true;
    const closed = new Promise((resolve) => http.close(resolve));
    for (const socket of openSockets) socket.destroy();
    await closed;
    io.engine.close();
  };
  onTestFinished(kill);
  const { port: boundPort } = http.address() as AddressInfo;
  return { io, http, port: boundPort, url: `http://127.0.0.1:${boundPort}`, kill };
}

/** Starts one that answers each `said`, and returns what it heard, and over how many connections. */
export async function startListening(): Promise<Rig & { heard: unknown[]; connections: () => number }> {
  const heard: unknown[] = [];
  let connections = 0;
  const rig = await startServer({}, (io) => {
    io.on('connection', (peer: Socket) => {
      connections++;
      peer.on('said', (what: unknown, answer: () => void) => {
        heard.push(what);
        answer();
      });
    });
  });
  return { ...rig, heard, connections: () => connections };
}
