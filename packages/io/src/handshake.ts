import type { ParsedUrlQuery } from 'node:querystring';
import type { TLSSocket } from 'node:tls';
import type { Socket as Conn } from '@hawser/engine';
import type { Handshake } from './socket-types.ts';
import type { Anything } from './typed-events.ts';

/** Returns what is known of a client that connected at `issued`. */
export function describeHandshake(conn: Conn, auth: Record<string, Anything>, issued: number): Handshake {
  // A WebTransport session comes without a request, and programs let it go to save memory.
  const request = conn.request as (Conn['request'] & { _query?: ParsedUrlQuery }) | null | undefined;
  return {
    headers: request?.headers ?? {},
    time: String(new Date(issued)),
    address: conn.remoteAddress,
    xdomain: Boolean(request?.headers.origin),
    secure: !request || Boolean((request.socket as TLSSocket | undefined)?.encrypted),
    issued,
    url: request?.url ?? '',
    query: request?._query ?? {},
    auth,
  };
}

/**
 * Takes the name of a namespace apart as clients of protocol 4 of Socket.IO send it: what proves who they are stands
 * behind it in a query string.
 */
export function splitQuery(nsp: string): { name: string; query: Record<string, string> } {
  const at = nsp.indexOf('?');
  if (at < 0) return { name: nsp, query: {} };
  return { name: nsp.slice(0, at), query: Object.fromEntries(new URLSearchParams(nsp.slice(at))) };
}
