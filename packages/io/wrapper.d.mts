import type { Server as HttpServer } from 'node:http';
import type { Http2SecureServer, Http2Server } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import * as hawser from './dist/index.js';

export * from './dist/index.js';

/** Makes a server, as `require` gives it: with the classes as members. */
declare const io: ((
  srv?: HttpServer | HttpsServer | Http2Server | Http2SecureServer | number | Partial<hawser.ServerOptions>,
  opts?: Partial<hawser.ServerOptions>,
) => hawser.Server) &
  Pick<typeof hawser, 'BroadcastOperator' | 'IoError' | 'Namespace' | 'RemoteSocket' | 'Server' | 'Socket'>;

export default io;
