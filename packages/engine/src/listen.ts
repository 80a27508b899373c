import { createServer } from 'node:http';
import type { AttachOptions, ServerOptions } from './options.ts';
import type { AnyHttpServer } from './router.ts';
import { Server } from './server.ts';

/** Attaches a new engine to an HTTP server. */
export function attach(server: AnyHttpServer, options: AttachOptions & ServerOptions = {}): Server {
  const engine = new Server(options);
  engine.attach(server, options);
  return engine;
}

/**
 * Listens on a port of its own; what is no request of a client gets 501.
 * @param callback - called when it listens; may stand in the place of `options`
 */
export function listen(
  port: number,
  options?: (AttachOptions & ServerOptions) | (() => void) | null,
  callback?: () => void,
): Server {
  const isCallback = typeof options === 'function';
  const server = createServer((_request, response) => {
    response.writeHead(501).end('Not Implemented');
  });
  const engine = attach(server, isCallback ? {} : (options ?? {}));
  engine.httpServer = server;
  server.listen(port, isCallback ? options : callback);
  return engine;
}
