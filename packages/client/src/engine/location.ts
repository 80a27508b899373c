import { globals } from './globals.ts';
import type { SocketOptions } from './options.ts';
import { decodeQuery, isSecure, splitUri } from './uri.ts';

/** Where a session connects to. */
export interface Target {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: string;
  readonly path: string;
  readonly query: Record<string, string>;
}

/** Tells the URI from the options, which may be given without one, and in its place. */
export function readArguments<Options>(
  uri: string | Options | null | undefined,
  options: Options | undefined,
): readonly [string | undefined, Options | undefined] {
  return typeof uri === 'string' ? [uri, options] : [undefined, uri || options];
}

/** Returns where `uri` and `options` lead to; what they leave open is the page's own. */
export function resolveTarget(uri: string | undefined, options: SocketOptions): Target {
  const { location } = globals;
  const { query = {}, path = '/engine.io', addTrailingSlash = true } = options;
  let { hostname, secure, port } = options;
  let parameters: unknown = query;
  if (uri) {
    const parsed = splitUri(uri);
    hostname = parsed.host;
    secure = isSecure(parsed.protocol);
    port = parsed.port || undefined;
    if (parsed.query) parameters = parsed.query;
  } else if (options.host) {
    // An IPv6 address without brackets is no authority of a URI.
    hostname = splitUri(options.host).host || options.host;
  }
  const isTls = secure ?? location?.protocol === 'https:';
  // The page's port goes with the page's host only.
  const defaultPort = (!hostname && location?.port) || (isTls ? '443' : '80');
  return {
    secure: isTls,
    hostname: hostname || location?.hostname || 'localhost',
    port: String(port || defaultPort),
    path: path.replace(/\/$/, '') + (addTrailingSlash ? '/' : ''),
    query: typeof parameters === 'string' ? decodeQuery(parameters) : { ...(parameters as object) },
  };
}
