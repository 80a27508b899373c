import type { ParsedUrlQuery } from 'node:querystring';
import type { TLSSocket } from 'node:tls';
import type { Socket as Conn } from '@hawser/engine';

/** The first request of a connection, as far as it is known: programs let it go to save memory, and WebTransport has none. */
export type KnownRequest = (Conn['request'] & { readonly _query?: ParsedUrlQuery }) | null | undefined;

/** Tells whether a connection is encrypted; of one that came without a request it has to be. */
export function isSecure(request: KnownRequest): boolean {
  return !request || Boolean((request.socket as TLSSocket | undefined)?.encrypted);
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
