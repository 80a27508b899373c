import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ClientOptions, ServerOptions } from 'ws';
import { CLOSE, closePayload, frame } from '../../../../ws/test/rig/raw-frame.ts';
import { openRaw, type RawPeer } from '../../../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../../../ws/test/rig/raw-server.ts';
import type { Server, Socket, WsModule } from './modules.ts';
import type { Recorder } from './recorder.ts';
import { WireLog } from './wire.ts';

export const ROLES = ['server', 'client'] as const;
export type Role = (typeof ROLES)[number];

export const SOCKET_EVENTS = ['open', 'message', 'ping', 'pong', 'error', 'close', 'upgrade'];

export const SERVER_EVENTS = ['connection', 'headers', 'wsClientError', 'error', 'close', 'listening'];

/** What a side is opened with. */
export interface SideOptions {
  /** Of the server, or of the client under test. */
  readonly options?: ServerOptions & ClientOptions & { readonly [name: string]: unknown };
  /** Of the peer's handshake. */
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
  /** Events of the socket that are not recorded. */
  readonly isUnwatched?: boolean;
}

/** A socket under test, recorded, and the raw peer at its other end. */
export class Side {
  readonly role: Role;
  readonly socket: Socket;
  readonly peer: RawPeer;
  readonly wire: WireLog;
  readonly server: Server | null;
  readonly closed: Promise<void>;
  readonly log: Recorder;

  constructor(role: Role, socket: Socket, peer: RawPeer, log: Recorder, server: Server | null) {
    this.role = role;
    this.socket = socket;
    this.peer = peer;
    this.log = log;
    this.server = server;
    this.wire = new WireLog(log, peer);
    this.closed = untilClosed(socket);
  }

  /** Writes a frame to the socket under test, as its peer has to. */
  say(
    opcode: number,
    payload: string | Uint8Array = '',
    options: { fin?: boolean; rsv?: number } = {},
  ): void {
    this.peer.write(this.encode(opcode, payload, options));
  }

  encode(
    opcode: number,
    payload: string | Uint8Array = '',
    options: { fin?: boolean; rsv?: number } = {},
  ): Buffer {
    return frame(opcode, payload, { ...options, mask: this.role === 'server' });
  }

  /** Records what a program can read from the socket. */
  probe(what = 'state'): void {
    this.log.note('socket', what, ...stateOf(this.socket));
  }

  /** Closes from the peer's side, records every frame that comes and waits until the socket is closed. */
  async end(code = 1000, reason = ''): Promise<void> {
    this.say(CLOSE, closePayload(code, reason));
    await this.drain();
  }

  /** Records every frame up to the end, and waits until the socket is closed. */
  async drain(): Promise<void> {
    await this.wire.framesToClose();
    // The server is the one to end the connection.
    if (this.role === 'client') this.peer.stream.end();
    await this.wire.framesToEnd();
    this.peer.stream.end();
    await this.closed;
    this.probe('at last');
  }
}

/** Opens a connection whose one end is under test. */
export function openSide(role: Role, ws: WsModule, log: Recorder, given: SideOptions = {}): Promise<Side> {
  return role === 'server' ? openServerSide(ws, log, given) : openClientSide(ws, log, given);
}

/** Starts a server under test on a port of its own. */
export async function startServer(ws: WsModule, log: Recorder, options: ServerOptions = {}): Promise<Server> {
  const server = new ws.WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  log.defer(() => {
    for (const socket of server.clients ?? []) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** What a program can read from a socket. */
export function stateOf(socket: Socket): unknown[] {
  const { readyState, protocol, extensions, binaryType, bufferedAmount, isPaused, url } = socket;
  return [{ readyState, protocol, extensions, binaryType, bufferedAmount, isPaused, url }];
}

async function openServerSide(ws: WsModule, log: Recorder, given: SideOptions): Promise<Side> {
  const server = await startServer(ws, log, given.options);
  const connected = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      if (!given.isUnwatched) watchSocket(log, socket);
      resolve(socket);
    });
  });
  const peer = await openRaw(portOf(server), given.headers);
  return new Side('server', await connected, peer, log, server);
}

async function openClientSide(ws: WsModule, log: Recorder, given: SideOptions): Promise<Side> {
  const raw = await startRawServer();
  const socket = new ws.WebSocket(raw.url, given.protocols ?? [], given.options);
  log.defer(() => socket.terminate());
  if (!given.isUnwatched) watchSocket(log, socket);
  const opened = new Promise((resolve) => socket.once('open', resolve));
  const peer = await raw.open(given.headers);
  await opened;
  return new Side('client', socket, peer, log, null);
}

/** Waits for `close`, whatever comes before. */
export function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Records everything that a socket emits, and its state meanwhile. */
export function watchSocket(log: Recorder, socket: Socket, actor = 'socket'): void {
  log.watch(actor, socket, SOCKET_EVENTS, () => [socket.readyState]);
}
