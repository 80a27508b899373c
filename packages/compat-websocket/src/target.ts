import { format, type UrlObject } from 'node:url';

/** Where a client connects to. */
export interface Target {
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: string;
  /** Path and query, as requested. */
  readonly path: string;
  /** Value of the `Host` header. */
  readonly host: string;
}

/**
 * Reads a WebSocket URL.
 * @throws Error when it has no scheme or no host
 */
export function readTarget(requestUrl: string | UrlObject): Target {
  const text = typeof requestUrl === 'string' ? requestUrl : format(requestUrl);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    throw new Error('You must specify a full WebSocket URL, including protocol.');
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.host === '') {
    throw new Error(
      'You must specify a full WebSocket URL, including hostname. Relative URLs are not supported.',
    );
  }
  const isSecure = url.protocol === 'wss:';
  return {
    isSecure,
    // The name of an IPv6 host has brackets in a URL, and none for the resolver.
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (isSecure ? '443' : '80'),
    path: url.pathname + url.search,
    host: url.host,
  };
}
