import { BaseServer } from '../base-server.ts';
import type { AttachOptions, ServerOptions } from '../options.ts';
import type { UwsApp } from './app.ts';
import { openExchange, openUpgrade } from './connection.ts';
import { UwsWebSocketServer, webSocketOf } from './websocket.ts';

/** As many bytes as an app can be told of. */
const MAX_LENGTH = 2 ** 32 - 1;

const NO_BYTES = Buffer.alloc(0);

/**
 * An app cuts a connection without a word whose message is over its limit. Up to so many times ours, the client is told.
 */
const TOLD_FACTOR = 2;

/** How a server takes part in the requests of an app of uWebSockets.js. */
export interface UwsAttachOptions extends Pick<AttachOptions, 'path' | 'addTrailingSlash'> {
  /** One of the constants of uWebSockets.js. @defaultValue none */
  compression?: number | undefined;
  /** Seconds of silence after which the app ends a connection. @defaultValue as uWebSockets.js: 120 */
  idleTimeout?: number | undefined;
  /** Most bytes that wait in the app for one connection. @defaultValue no limit but `maxBufferedBytes` */
  maxBackpressure?: number | undefined;
}

/**
 * An Engine.IO server in an app of uWebSockets.js, whose parser and sockets it then has.
 *
 * @example
 * ```js
 * const app = require('uWebSockets.js').App();
 * const engine = new uServer();
 * engine.attach(app);
 * app.listen(3000, () => {});
 * ```
 */
export class UwsServer extends BaseServer {
  constructor(options: ServerOptions = {}) {
    // What is compressed is the app's to say, but for messages that are not to be.
    super({ perMessageDeflate: true, ...options, wsEngine: UwsWebSocketServer });
  }

  /** Takes over the requests of an app to one path. */
  attach(app: UwsApp, options: UwsAttachOptions = {}): void {
    const path = this._computePath(options);
    const { compression, idleTimeout, maxBackpressure = 0 } = options;
    app.any(path, (uwsResponse, uwsRequest) => {
      const { request, response } = openExchange(uwsResponse, uwsRequest);
      this.handleRequest(request, response);
    });
    if (!this.opts.transports.includes('websocket')) return;
    app.ws(path, {
      maxPayloadLength: Math.min(this.opts.maxHttpBufferSize * TOLD_FACTOR, MAX_LENGTH),
      maxBackpressure,
      ...(compression !== undefined && { compression }),
      ...(idleTimeout !== undefined && { idleTimeout }),
      upgrade: (response, uwsRequest, context) => {
        const { connection, request } = openUpgrade(response, uwsRequest, context);
        this.handleUpgrade(request, connection, NO_BYTES);
      },
      open: (socket) => webSocketOf(socket).opened(socket),
      message: (socket, message, isBinary) => webSocketOf(socket).received(message, isBinary),
      drain: (socket) => webSocketOf(socket).drained(),
      pong: (socket) => webSocketOf(socket).emit('pong'),
      close: (socket, code, reason) => webSocketOf(socket).closed(code, Buffer.from(reason).toString()),
    });
  }
}
