import type { Server as HttpServer } from 'node:http';
import { BaseServer } from './base-server.ts';
import type { AttachOptions } from './options.ts';
import { type AnyHttpServer, attachRoute } from './router.ts';

/**
 * An Engine.IO server.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { attach, type Socket } from '@hawser/engine';
 *
 * const httpServer = createServer();
 * const engine = attach(httpServer);
 * engine.on('connection', (socket: Socket) => {
 *   socket.on('message', (data: string | Buffer) => socket.send(data));
 * });
 * httpServer.listen(3000);
 * ```
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export class Server extends BaseServer {
  /** The HTTP server that `listen` made. */
  httpServer?: HttpServer;

  /** Takes over the requests of an HTTP server to one path, upgrades included. */
  attach(server: AnyHttpServer, options: AttachOptions = {}): void {
    const takesUpgrades = this.opts.transports.includes('websocket');
    attachRoute(server, {
      path: this._computePath(options),
      destroyUpgradeAfterMs: options.destroyUpgrade === false ? null : options.destroyUpgradeTimeout || 1000,
      onRequest: (request, response) => this.handleRequest(request, response),
      onUpgrade: takesUpgrades ? (request, socket, head) => this.handleUpgrade(request, socket, head) : null,
    });
    server.on('close', () => this.close());
    server.on('listening', () => this.reopen());
  }
}
