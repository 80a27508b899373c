import { readArguments } from './engine/location.ts';
import { decodeQuery } from './engine/uri.ts';
import { Manager, type ManagerOptions } from './manager.ts';
import { Socket } from './socket.ts';
import type { SocketOptions } from './socket-options.ts';
import { resolveUrl } from './url.ts';

/** What `io` takes. */
type Options = Partial<ManagerOptions & SocketOptions> & {
  /** What `forceNew` was called once. */
  'force new connection'?: boolean;
};

/** What `io` also is: everything else that a program may want, by its names. */
interface Lookup {
  (opts?: Options): Socket;
  (uri?: string, opts?: Options): Socket;
  Manager: typeof Manager;
  Socket: typeof Socket;
  io: Lookup;
  connect: Lookup;
}

/** Connections by their servers. */
const managers: Record<string, Manager> = {};

/**
 * Returns a socket of a namespace, which connects by itself. Sockets of one server share a connection.
 *
 * @param uri - such as `https://example.org/chat`, of which the path is the namespace; the page's own host without
 *
 * @example
 * ```ts
 * import { io } from '@hawser/client';
 *
 * const socket = io('http://127.0.0.1:3000');
 * socket.on('connect', () => socket.emit('hello', 'world'));
 * ```
 */
export const io: Lookup = Object.assign(
  (uri?: string | Options, opts?: Options): Socket => {
    const [url, given] = readArguments(uri, opts);
    const options: Options = { ...given };
    const { source, id, path, query } = resolveUrl(url, options.path || '/socket.io');
    const isTaken = managers[id]?.nsps[path] !== undefined;
    const isNew =
      options.forceNew || options['force new connection'] || options.multiplex === false || isTaken;
    if (query && !options.query) options.query = decodeQuery(query);
    const manager = isNew ? new Manager(source, options) : (managers[id] ??= new Manager(source, options));
    return manager.socket(path, options);
  },
  { Manager, Socket },
) as Lookup;
io.io = io.connect = io;
