/** What of a URI a client needs. */
export interface SplitUri {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
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
  const [, protocol = '', , , ipv6, name = '', port = '', , path = '', query = ''] = matchUri(uri);
  return { protocol, host: ipv6 ?? name, port, path, query };
}

/**
 * Returns the groups of a URI: the scheme, the authority, name and password, the host if it is an IPv6 address, the host
 * if it is none, the port, all that follows, the path, the query.
 * @throws Error when it is longer than 8000 characters
 */
export function matchUri(uri: string): readonly (string | undefined)[] {
  if (uri.length > MAX_URI_LENGTH) throw new Error('URI too long');
  return URI.exec(uri) ?? [];
}

/** Tells whether a scheme stands for TLS. */
export function isSecure(protocol: string): boolean {
  return /^(http|ws)s$/i.test(protocol);
}

/**
 * Returns the parameters of a query string.
 * @throws URIError when one of them is no text
 */
export function decodeQuery(query: string): Record<string, string> {
  // Not as a form has it: a plus is a plus, of which base64 is full.
  const pairs = query.matchAll(/([^&=]+)=?([^&]*)/g);
  return Object.fromEntries(Array.from(pairs, (pair) => pair.slice(1).map(decodeURIComponent)));
}

/** Returns parameters as a query string. */
export function encodeQuery(query: Readonly<Record<string, unknown>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&');
}
