import { headerValue } from '@hawser/protocol/websocket';
import type { AllowedOrigins, UpgradeRequest } from './options.ts';

/**
 * Tells whether a handshake comes from a page that may connect, or from no page at all.
 * @see RFC 6455 section 10.2, RFC 6454
 */
export function isAllowedOrigin(allowed: AllowedOrigins, request: UpgradeRequest): boolean {
  const origin = headerValue(request.headers, 'origin');
  if (origin === undefined || allowed === '*') return true;
  // Nothing but `true`: a promise, of an async function, would let everybody in.
  if (typeof allowed === 'function') return allowed(origin, request) === true;
  if (allowed !== 'same-host') {
    return allowed.some((known) => known.toLowerCase() === origin.toLowerCase());
  }
  return isSameHost(origin, headerValue(request.headers, 'host') ?? '');
}

/** Compares the origin's host and port with `Host`; a default port may be spelled out or left out on either side. */
function isSameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  const ownUrl = `${protocol}//${host}`;
  return originHost !== '' && URL.canParse(ownUrl) && new URL(ownUrl).host === originHost;
}
