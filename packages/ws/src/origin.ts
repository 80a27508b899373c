import { headerValue } from '@hawser/protocol/websocket';
import type { AllowedOrigins, UpgradeRequest } from './options.ts';

/**
 * Tells whether a handshake comes from a page that may connect, or from no page at all.
 *
 * @param isSecure - the connection itself is TLS
 * @see RFC 6455 section 10.2, RFC 6454
 */
export function isAllowedOrigin(
  allowed: AllowedOrigins,
  request: UpgradeRequest,
  isSecure: boolean,
): boolean {
  const origin = headerValue(request.headers, 'origin');
  if (origin === undefined || allowed === '*') return true;
  // Nothing but `true`: a promise, of an async function, would let everybody in.
  if (typeof allowed === 'function') return allowed(origin, request) === true;
  if (allowed !== 'same-host') {
    return allowed.some((known) => known.toLowerCase() === origin.toLowerCase());
  }
  return isSameHost(origin, headerValue(request.headers, 'host') ?? '', isSecure);
}

/**
 * Compares the origin's host and port with `Host`; a default port may be spelled out or left out on either side.
 * A page of plain HTTP is no page of a server that speaks TLS. The other way round is a proxy that ended TLS.
 */
function isSameHost(origin: string, host: string, isSecure: boolean): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'https:' && (isSecure || protocol !== 'http:')) return false;
  const ownUrl = `${protocol}//${host}`;
  return URL.canParse(ownUrl) && new URL(ownUrl).host === originHost;
}
