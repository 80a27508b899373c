import { matchUri, splitUri } from './uri.ts';

/** A URI, taken apart as `parse` of `engine.io-client` does it. */
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

/**
 * Takes apart a URI of any kind, also without a scheme.
 * @throws Error when it is longer than 8000 characters
 */
export function parse(uri: string): ParsedUri {
  const parts = splitUri(uri);
  const { path, query } = parts;
  const [, , authority = '', userInfo = '', ipv6, , , relative = ''] = matchUri(uri);
  const isIpv6 = ipv6 !== undefined;
  const [user = '', password = ''] = userInfo.split(/:(.*)/);
  const names = path.replace(/\/{2,9}/g, '/').split('/');
  if (path.startsWith('/') || path === '') names.shift();
  if (path.endsWith('/')) names.pop();
  const slash = path.lastIndexOf('/') + 1;
  // The last name is a file where it has a dot.
  const isFile = path.includes('.', slash);
  const hash = relative.indexOf('#');
  return {
    ...parts,
    source: uri,
    authority: isIpv6 ? authority.replace(/[[\]]/g, '') : authority,
    userInfo,
    user,
    password,
    relative,
    directory: isFile ? path.slice(0, slash) : path,
    file: isFile ? path.slice(slash) : '',
    anchor: hash === -1 ? '' : relative.slice(hash + 1),
    pathNames: names,
    queryKey: Object.fromEntries(
      [...query.matchAll(/([^&=]+)=?([^&]*)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
    ...(isIpv6 && { ipv6uri: true }),
  };
}
