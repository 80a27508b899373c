/** What of a URI a client needs. */
export interface SplitUri {
  readonly protocol: string;
  readonly authority: string;
  /** Name and password. */
  readonly user: string;
  readonly host: string;
  readonly isIpv6: boolean;
  readonly port: string;
  readonly relative: string;
  readonly path: string;
  readonly query: string;
}

/** Longer ones are nobody's. */
const MAX_URI_LENGTH = 8000;

const URI =
  /^(?:(https?|wss?):\/\/)?((?:([^@/?#]*)@)?(?:\[([^\]/?#]*)\]|([^:/?#]*))(?::(\d*))?)((\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?)$/i;

/**
 * Takes apart a URI of any kind, also without a scheme.
 * @throws Error when it is longer than 8000 characters
 */
export function splitUri(uri: string): SplitUri {
  if (uri.length > MAX_URI_LENGTH) throw new Error('URI too long');
  const [
    ,
    protocol = '',
    authority = '',
    user = '',
    ipv6,
    name = '',
    port = '',
    relative = '',
    path = '',
    query = '',
  ] = URI.exec(uri) ?? [];
  const isIpv6 = ipv6 !== undefined;
  return { protocol, authority, user, host: ipv6 ?? name, isIpv6, port, relative, path, query };
}

/** Tells whether a scheme stands for TLS. */
export function isSecure(protocol: string): boolean {
  return /^(http|ws)s$/i.test(protocol);
}

/** Returns the parameters of a query string. */
export function decodeQuery(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

/** Returns parameters as a query string. */
export function encodeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
}
