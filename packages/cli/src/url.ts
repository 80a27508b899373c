/**
 * Write an address that can be clicked: an IPv6 address gets its brackets, and a wildcard becomes
 * `localhost`, because a browser cannot open `0.0.0.0` everywhere.
 *
 * @param scheme - `http` or `ws`
 * @param host - the host that a server was told to listen on
 * @param port - the port it listens on
 */
export function formatUrl(scheme: 'http' | 'ws', host: string, port: number): string {
  const isWildcard = host === '0.0.0.0' || host === '::';
  // RFC 6874 section 2: the zone of a link-local address stands behind an escaped percent sign.
  const name = isWildcard ? 'localhost' : host.includes(':') ? `[${host.replace('%', '%25')}]` : host;
  return `${scheme}://${name}:${port}/`;
}
