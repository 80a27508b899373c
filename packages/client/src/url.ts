import { globals } from './engine/globals.ts';
import { type ParsedUri, parse } from './engine/uri.ts';

/** Where a socket connects to: `path` is its namespace, `id` what sockets of one connection have in common. */
export interface SocketUrl extends ParsedUri {
  id: string;
  href: string;
}

/**
 * Returns `uri` in full: what it leaves out is the page's own.
 * @param path - the path of the server, not of the namespace
 */
export function resolveUrl(uri: string | undefined, path: string): SocketUrl {
  const { location } = globals;
  let text = uri ?? `${location?.protocol}//${location?.host}`;
  if (text.startsWith('/')) text = text[1] === '/' ? location?.protocol + text : location?.host + text;
  // Without a scheme, that of the page.
  if (!/^(https?|wss?):\/\//.test(text)) text = `${location?.protocol ?? 'https:'}//${text}`;
  const parsed = parse(text);
  const { protocol, host, ipv6uri } = parsed;
  const isSecure = /^(http|ws)s$/.test(protocol);
  const port = parsed.port || (/^(http|ws)s?$/.test(protocol) ? (isSecure ? '443' : '80') : '');
  const shownHost = ipv6uri ? `[${host}]` : host;
  return {
    ...parsed,
    port,
    path: parsed.path || '/',
    id: `${protocol}://${shownHost}:${port}${path}`,
    href: `${protocol}://${shownHost}${location?.port === port ? '' : `:${port}`}`,
  };
}
