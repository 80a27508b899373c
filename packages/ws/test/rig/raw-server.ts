import { createHash } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { Queue } from './queue.ts';
import { type RawHead, RawPeer } from './raw-peer.ts';

/** A server that says just what a test has it say. */
export interface RawServer {
  readonly port: number;
  /** `ws:`, or `wss:` with TLS. */
  readonly url: string;
  /** Waits for the next connection, of which nothing was read. */
  accept(): Promise<RawPeer>;
  /** Waits for the next connection, and opens it. */
  open(headers?: Record<string, string>, behind?: Uint8Array): Promise<RawPeer>;
}

/** Starts a server on the loopback. */
export async function startRawServer(tls?: TlsOptions): Promise<RawServer> {
  const peers = new Queue<RawPeer>();
  const onConnection = (socket: import('node:net').Socket) => peers.push(new RawPeer(socket));
  const server = tls === undefined ? createServer(onConnection) : createTlsServer(tls, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const accept = () => peers.next();
  return {
    port,
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/`,
    accept,
    open: async (headers = {}, behind = new Uint8Array(0)) => {
      const peer = await accept();
      peer.write(acceptance(await peer.head(), headers), behind);
      return peer;
    },
  };
}

/** Writes the 101 that answers `request`; a header set to an empty string is left out. */
export function acceptance(request: RawHead, headers: Record<string, string> = {}): string {
  const key = request.headers['sec-websocket-key']?.[0] ?? '';
  const all: Record<string, string> = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': createHash('sha1')
      .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64'),
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== '');
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
