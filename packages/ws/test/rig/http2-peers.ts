import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { ServerSocket, WebSocketServerOptions } from '@hawser/ws';
import { onTestFinished } from 'vitest';
import { CERTIFICATE } from './certificate.ts';
import { recordCloses } from './closes.ts';
import { startOverH2c } from './http2-servers.ts';
import { Queue } from './queue.ts';
import { RawPeer } from './raw-peer.ts';

/** A stream of a session as a test's own client has it, with the server's answer. */
export interface StreamPeer extends RawPeer {
  readonly stream: ClientHttp2Stream;
}

/** Connects a session and waits for the server's settings. */
export async function connectSession(
  port: number,
  options: SecureClientSessionOptions & { secure?: boolean } = {},
): Promise<ClientHttp2Session> {
  const scheme = options.secure ? 'https' : 'http';
  const session = connect(`${scheme}://127.0.0.1:${port}`, { ca: CERTIFICATE.cert, ...options });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  await new Promise((resolve, reject) => {
    session.once('remoteSettings', resolve);
    session.once('error', reject);
  });
  return session;
}

/** Sends an extended CONNECT; a header set to `undefined` is left out. */
export function requestStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  options: { endStream?: boolean } = {},
): StreamPeer {
  const all: OutgoingHttpHeaders = {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': session.encrypted ? 'https' : 'http',
    ':path': '/',
    ':authority': 'example.test',
    'sec-websocket-version': '13',
    ...headers,
  };
  const present = Object.entries(all).filter(([, value]) => value !== undefined);
  const stream = session.request(Object.fromEntries(present), { endStream: false, ...options });
  return new RawPeer(stream) as StreamPeer;
}

/** Waits for the answer's fields. */
export function responseOf(peer: StreamPeer): Promise<IncomingHttpHeaders & IncomingHttpStatusHeader> {
  return new Promise((resolve, reject) => {
    peer.stream.once('response', resolve);
    peer.stream.once('close', () => reject(new Error(`closed unanswered with ${peer.stream.rstCode}`)));
  });
}

/** Opens a WebSocket connection on a stream of its own. */
export async function openStream(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
): Promise<StreamPeer> {
  const peer = requestStream(session, headers);
  const { ':status': status } = await responseOf(peer);
  if (status !== 200) throw new Error(`the handshake was answered ${status}`);
  return peer;
}

/** Opens one connection on a server of its own, and returns both ends. */
export async function openOverH2c(
  options: WebSocketServerOptions<undefined> = {},
  headers: OutgoingHttpHeaders = {},
) {
  const { closes, close } = recordCloses();
  const opened = new Queue<ServerSocket>();
  const started = await startOverH2c({ open: (socket) => opened.push(socket), close, ...options });
  const session = await connectSession(started.port);
  const peer = await openStream(session, headers);
  return { ...started, session, peer, socket: await opened.next(), opened, closes };
}
