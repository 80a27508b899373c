import { globals } from './engine/globals.ts';
import { isSecure, splitUri } from './engine/uri.ts';

/** Where a socket connects to. */
export interface SocketUrl {
  /** For the connection. */
  readonly source: string;
  /** What sockets of one connection have in common. */
  readonly id: string;
  /** The namespace. */
  readonly path: string;
  readonly query: string;
}

/**
 * Returns `uri` in full: what it leaves out is the page's own.
 * @param path - the path of the server, not of the namespace
 */
export function resolveUrl(uri: string | undefined, path: string): SocketUrl {
  const { location } = globals;
  let source = uri ?? `${location?.protocol}//${location?.host}`;
  if (source.startsWith('/')) source = (source[1] === '/' ? location?.protocol : location?.host) + source;
  // Without a scheme, that of the page.
  if (!/^(https?|wss?):\/\//.test(source)) source = `${location?.protocol ?? 'https:'}//${source}`;
  const { protocol, host, port, path: nsp, query } = splitUri(source);
  const id = `${protocol}://${host}:${port || (isSecure(protocol) ? 443 : 80)}${path}`;
  return { source, id, path: nsp || '/', query };
}
