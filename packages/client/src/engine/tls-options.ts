import type { ConnectionOptions } from 'node:tls';
import type { SocketOptions } from './options.ts';

const NAMES = [
  'pfx',
  'key',
  'passphrase',
  'cert',
  'ca',
  'ciphers',
  'rejectUnauthorized',
  'checkServerIdentity',
  'family',
  'localAddress',
] as const;

/** Returns those of the options that `tls.connect` takes, and without TLS `net.connect`. */
export function tlsOptionsOf(options: SocketOptions): ConnectionOptions {
  const given = NAMES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return Object.fromEntries(given);
}
