import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PreparedMessage } from '@hawser/protocol/websocket';
import type { WebSocketConnection } from './connection.ts';
import { writeMessage } from './message-frames.ts';
import { DEFAULT_SERVER_CONFIG, type IServerConfig, type IStringified } from './options.ts';
import { type HandshakeError, WebSocketRequest } from './request.ts';

export interface WebSocketServerEvents {
  request: [request: WebSocketRequest];
  connect: [connection: WebSocketConnection];
  close: [connection: WebSocketConnection, reason: number, description: string];
  upgradeError: [error: Error];
}

/** The servers that a mounted configuration listens to. */
interface MountedConfig extends IServerConfig {
  httpServer: Extract<IServerConfig['httpServer'], readonly unknown[]>;
}

/**
 * A WebSocket server on one or several HTTP servers.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { server as WebSocketServer } from '@hawser/compat-websocket';
 *
 * const httpServer = createServer().listen(8080);
 * const server = new WebSocketServer({ httpServer, autoAcceptConnections: false });
 * server.on('request', (request) => {
 *   const connection = request.accept(null, request.origin);
 *   connection.on('message', (message) => {
 *     if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
 *   });
 * });
 * ```
 */
export class WebSocketServer extends EventEmitter<WebSocketServerEvents> {
  declare config: MountedConfig;
  connections: WebSocketConnection[] = [];
  pendingRequests: WebSocketRequest[] = [];
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    this.handleUpgrade(request, socket as Socket, head);

  /** @param config - without one, `mount` begins */
  constructor(config?: IServerConfig) {
    super();
    if (config) this.mount(config);
  }

  /** @throws Error when there is no `httpServer` */
  mount(config: IServerConfig): void {
    const { httpServer } = config;
    if (!httpServer)
      throw new Error('You must specify an httpServer on which to mount the WebSocket server.');
    this.config = {
      ...DEFAULT_SERVER_CONFIG,
      ...config,
      httpServer: Array.isArray(httpServer) ? httpServer : [httpServer],
    };
    for (const target of this.config.httpServer) target.on('upgrade', this.#onUpgrade);
  }

  /** Lets nobody in any more; connections stay. */
  unmount(): void {
    for (const target of this.config.httpServer) target.off('upgrade', this.#onUpgrade);
  }

  /** Closes all connections, and rejects with 503 who still waits for an answer. */
  closeAllConnections(): void {
    for (const connection of [...this.connections]) connection.close();
    const pending = [...this.pendingRequests];
    process.nextTick(() => {
      // Some may have been answered, or have hung up, by now.
      for (const request of pending) if (this.pendingRequests.includes(request)) request.reject(503);
    });
  }

  shutDown(): void {
    this.unmount();
    this.closeAllConnections();
  }

  /** Sends a Buffer as binary, anything else as the text that it converts to, to every connection. */
  broadcast(data: Buffer | IStringified): void {
    if (Buffer.isBuffer(data)) this.broadcastBytes(data);
    else this.broadcastUTF(data);
  }

  broadcastUTF(data: IStringified): void {
    this.#broadcast(data.toString());
  }

  broadcastBytes(data: Buffer): void {
    if (!Buffer.isBuffer(data)) throw new Error('You must pass a Node Buffer object to broadcastBytes()');
    this.#broadcast(data);
  }

  /** Takes an upgrade that some HTTP server got. */
  handleUpgrade(httpRequest: IncomingMessage, socket: Socket, head?: Buffer): void {
    const request = new WebSocketRequest(socket, httpRequest, this.config, head);
    try {
      request.readHandshake();
      // No program sees it before it is accepted.
      if (this.config.autoAcceptConnections) request._checkFirstProtocol();
    } catch (error) {
      const { httpCode, message, headers } = error as HandshakeError;
      request.reject(httpCode ?? 400, message, headers);
      this.emit('upgradeError', error as Error);
      return;
    }
    this.pendingRequests.push(request);
    request.once('requestAccepted', (connection) => this.#admit(connection));
    request.once('requestResolved', () => this.#settle(request));
    socket.once('close', () => this.#settle(request));
    if (this.config.autoAcceptConnections) request.accept(request.requestedProtocols[0], request.origin);
    else if (this.listenerCount('request') > 0) this.emit('request', request);
    else request.reject(404, 'No handler is configured to accept the connection.');
  }

  /** Writes the frames once, and has every connection send them. */
  #broadcast(data: string | Buffer): void {
    const frames: PreparedMessage[] = [];
    const target = {
      isMasked: false,
      open(): PreparedMessage {
        const frame = new PreparedMessage();
        frames.push(frame);
        return frame;
      },
      written: () => true,
    };
    writeMessage(target, this.config, data);
    for (const { _output: output } of [...this.connections]) {
      for (const frame of frames) {
        frame.appendTo(output.open());
        output.written();
      }
    }
  }

  #admit(connection: WebSocketConnection): void {
    connection.once('close', (reason, description) => {
      const index = this.connections.indexOf(connection);
      if (index >= 0) this.connections.splice(index, 1);
      this.emit('close', connection, reason, description);
    });
    this.connections.push(connection);
    this.emit('connect', connection);
  }

  #settle(request: WebSocketRequest): void {
    const index = this.pendingRequests.indexOf(request);
    if (index >= 0) this.pendingRequests.splice(index, 1);
  }
}
