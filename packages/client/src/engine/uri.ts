/** A URI, taken apart. */
export interface ParsedUri {
  source: string;
  protocol: string;
  authority: string;
  userInfo: string;
  user: string;
  password: string;
  host: string;
  port: string;
  relative: string;
  path: string;
  directory: string;
  file: string;
  query: string;
  anchor: string;
  pathNames: string[];
  queryKey: Record<string, string>;
  ipv6uri?: boolean;
}

/** Longer ones are nobody's. */
const MAX_URI_LENGTH = 8000;

const URI =
  /^(?:(https?|wss?):\/\/)?((?:(([^:@/?#]*)(?::([^@/?#]*))?)@)?((?:\[[^\]/?#]*\])|[^:/?#]*)(?::(\d*))?)((\/[^?#]*)?(?:\?([^#]*))?(?:#(.*))?)$/i;

/**
 * Takes apart a URI of any kind, also without a scheme.
 * @throws Error when it is longer than 8000 characters
 */
export function parse(uri: string): ParsedUri {
  if (uri.length > MAX_URI_LENGTH) throw new Error('URI too long');
  const [
    ,
    protocol = '',
    authority = '',
    userInfo = '',
    user = '',
    password = '',
    host = '',
    port = '',
    relative = '',
    path = '',
    query = '',
    anchor = '',
  ] = URI.exec(uri) ?? [];
  const isIpv6 = host.startsWith('[');
  const names = path.replace(/\/{2,9}/g, '/').split('/');
  if (path.startsWith('/') || path === '') names.shift();
  if (path.endsWith('/')) names.pop();
  const slash = path.lastIndexOf('/') + 1;
  // The last name is a file where it has a dot.
  const isFile = path.includes('.', slash);
  return {
    source: uri,
    protocol,
    authority: isIpv6 ? authority.replace(/[[\]]/g, '') : authority,
    userInfo,
    user,
    password,
    host: isIpv6 ? host.slice(1, -1) : host,
    port,
    relative,
    path,
    directory: isFile ? path.slice(0, slash) : path,
    file: isFile ? path.slice(slash) : '',
    query,
    anchor,
    pathNames: names,
    queryKey: decodeQuery(query),
    ...(isIpv6 && { ipv6uri: true }),
  };
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
