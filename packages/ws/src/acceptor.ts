import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { WebSocketServerBounds } from './options.ts';
import { MAX_TIMEOUT_MS } from './timeout.ts';

/** Where to listen. */
export interface ListenTarget {
  /** @defaultValue 0: a free port */
  readonly port?: number;
  /** @defaultValue all addresses */
  readonly host?: string;
  /** Certificate and key for `wss:`; everything that `tls.createServer` takes. */
  readonly tls?: TlsOptions;
}

/** A port of the server's own. */
export interface Acceptor {
  readonly address: AddressInfo;
  /** Stops listening; open connections go on. */
  stop(): void;
}

/**
 * Listens for TCP, or TLS, connections.
 *
 * @param onSocket - gets each connection, nothing of it read
 * @param onError - told of what breaks later on
 * @param bounds - on the time of a TLS handshake, and on how many are under way
 */
export async function startAcceptor(
  target: ListenTarget,
  {
    handshakeTimeoutMs,
    maxConnections,
  }: Pick<WebSocketServerBounds, 'handshakeTimeoutMs' | 'maxConnections'>,
  onSocket: (socket: Socket) => void,
  onError: (error: Error) => void,
): Promise<Acceptor> {
  // Half-open: what was accepted before the peer's end still goes out.
  const socketOptions = { noDelay: true, allowHalfOpen: true };
  const tlsOptions = { handshakeTimeout: Math.min(handshakeTimeoutMs, MAX_TIMEOUT_MS), ...target.tls };
  const insecure = new Map<string, Socket>();
  const server: Server =
    target.tls === undefined
      ? createServer(socketOptions, onSocket)
      : createTlsServer({ ...tlsOptions, ...socketOptions }, (socket) => {
          insecure.delete(peerOf(socket));
          onSocket(socket);
        });
  if (target.tls !== undefined) watchTlsHandshakes(server, insecure, maxConnections);
  await listen(server, { port: target.port ?? 0, ...(target.host !== undefined && { host: target.host }) });
  server.on('error', onError);
  return {
    address: server.address() as AddressInfo,
    stop: () => {
      server.close();
      for (const socket of insecure.values()) socket.destroy();
    },
  };
}

/** Keeps in `insecure` who has not finished its TLS handshake yet, and cuts who fails at it. */
function watchTlsHandshakes(server: Server, insecure: Map<string, Socket>, maxConnections: number): void {
  server.on('connection', (socket: Socket) => {
    if (insecure.size >= maxConnections) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    insecure.set(peer, socket);
    socket.once('close', () => insecure.delete(peer));
  });
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
}

/** Names the other end: the one thing that a TLS socket and the socket below it have in common. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
