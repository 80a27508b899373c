import { type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { PerMessageDeflate } from './permessage-deflate.ts';
import { parse } from './subprotocol.ts';

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** A request that asks for a WebSocket as it should. */
export interface AcceptableHandshake {
  readonly key: string;
  readonly origin: string | undefined;
  readonly protocols: Set<string>;
  readonly extensions: Readonly<Record<string, PerMessageDeflate>>;
}

/** An answer other than 101. */
export interface Refusal {
  readonly status: number;
  readonly message?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** It asks for another path: not a mistake of the client. */
  readonly isForeign?: boolean;
}

/**
 * Judges a request in the order of `ws`, and with its words.
 *
 * @param shouldHandle - tells whether the server is at the path
 * @param readExtensions - returns the extensions to use, or `null` when they cannot be agreed on
 */
export function judgeHandshake(
  request: IncomingMessage,
  shouldHandle: (request: IncomingMessage) => boolean,
  readExtensions: (header: string | undefined) => AcceptableHandshake['extensions'] | null,
): AcceptableHandshake | Refusal {
  const { headers } = request;
  if (request.method !== 'GET') return { status: 405, message: 'Invalid HTTP method' };
  if (headers.upgrade?.toLowerCase() !== 'websocket') return badRequest('Invalid Upgrade header');
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) return badRequest('Missing or invalid Sec-WebSocket-Key header');
  const version = Number(headers['sec-websocket-version']);
  if (version !== 13 && version !== 8) {
    const message = 'Missing or invalid Sec-WebSocket-Version header';
    return { ...badRequest(message), headers: { 'Sec-WebSocket-Version': '13, 8' } };
  }
  if (!shouldHandle(request)) return { status: 400, isForeign: true };
  const protocols = readProtocols(headers['sec-websocket-protocol']);
  if (protocols === null) return badRequest('Invalid Sec-WebSocket-Protocol header');
  const extensions = readExtensions(headers['sec-websocket-extensions']);
  if (extensions === null) return badRequest('Invalid or unacceptable Sec-WebSocket-Extensions header');
  const origin = headers[version === 8 ? 'sec-websocket-origin' : 'origin'] as string | undefined;
  return { key, origin, protocols, extensions };
}

/** Answers with `status`, and ends the connection. */
export function abortHandshake(
  socket: Duplex,
  status: number,
  message?: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = message || (STATUS_CODES[status] ?? '');
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'text/html',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

function badRequest(message: string): Refusal {
  return { status: 400, message };
}

function readProtocols(header: string | undefined): Set<string> | null {
  if (header === undefined) return new Set();
  try {
    return parse(header);
  } catch {
    return null;
  }
}
