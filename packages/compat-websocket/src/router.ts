import { EventEmitter } from 'node:events';
import type { WebSocketRequest } from './request.ts';
import { NO_PROTOCOL, WebSocketRouterRequest } from './router-request.ts';
import type { WebSocketServer } from './server.ts';

/** Matches any path. */
const ANY_PATH = /^.*$/;

export interface IRouterConfig {
  server: WebSocketServer;
}

/** What {@link WebSocketRouter.mount} was given. */
export interface IRouterHandler {
  path: RegExp;
  pathString: string;
  protocol: string;
  callback: (request: WebSocketRouterRequest) => void;
}

/** Hands a server's requests to handlers, by path and subprotocol; what none handles is rejected with 404. */
export class WebSocketRouter extends EventEmitter {
  handlers: IRouterHandler[] = [];
  server: WebSocketServer | null = null;
  readonly #onRequest = (request: WebSocketRequest): void => this.handleRequest(request);

  constructor(config?: Partial<IRouterConfig>) {
    super();
    if (config?.server) this.attachServer(config.server);
  }

  attachServer(server: WebSocketServer): void {
    if (!server) throw new Error('You must specify a WebSocketServer instance to attach to.');
    this.server = server;
    server.on('request', this.#onRequest);
  }

  detachServer(): void {
    if (this.server === null) throw new Error('Cannot detach from server: not attached.');
    this.server.off('request', this.#onRequest);
    this.server = null;
  }

  /**
   * Adds a handler.
   *
   * @param path - compared as a whole, without its query; `*` for any, or a regular expression
   * @param protocol - compared in any case; `*` for any, nothing for requests that name none
   * @throws Error when path and protocol have a handler
   */
  mount(
    path: string | RegExp,
    protocol: string | null | undefined,
    callback: (request: WebSocketRouterRequest) => void,
  ): void {
    if (!path) throw new Error('You must specify a path for this handler.');
    if (!callback) throw new Error('You must specify a callback for this handler.');
    const pattern = this.pathToRegExp(path);
    if (!(pattern instanceof RegExp)) {
      throw new Error('Path must be specified as either a string or a RegExp.');
    }
    const pathString = pattern.toString();
    const name = (protocol || NO_PROTOCOL).toLowerCase();
    if (this.findHandlerIndex(pathString, name) >= 0) {
      throw new Error('You may only mount one handler per path/protocol combination.');
    }
    this.handlers.push({ path: pattern, pathString, protocol: name, callback });
  }

  /** @throws Error when there is no such handler */
  unmount(path: string | RegExp, protocol?: string | null): void {
    const index = this.findHandlerIndex(this.pathToRegExp(path).toString(), protocol || NO_PROTOCOL);
    if (index < 0) throw new Error('Unable to find a route matching the specified path and protocol.');
    this.handlers.splice(index, 1);
  }

  findHandlerIndex(pathString: string, protocol: string): number {
    const name = protocol.toLowerCase();
    return this.handlers.findIndex(
      (handler) => handler.pathString === pathString && handler.protocol === name,
    );
  }

  pathToRegExp(path: string | RegExp): RegExp {
    if (typeof path !== 'string') return path;
    return path === '*' ? ANY_PATH : new RegExp(`^${path.replace(/[-[\]{}()*+?.,\\^$|#\s]/g, '\\$&')}$`);
  }

  /** Takes the request to the first handler for the first of its subprotocols that has one. */
  handleRequest(request: WebSocketRequest): void {
    const { pathname } = request.resourceURL;
    const protocols = request.requestedProtocols.length > 0 ? request.requestedProtocols : [NO_PROTOCOL];
    for (const protocol of protocols) {
      const found = this.handlers.find(
        (handler) =>
          handler.path.test(String(pathname)) && (handler.protocol === protocol || handler.protocol === '*'),
      );
      if (found !== undefined) {
        found.callback(new WebSocketRouterRequest(request, protocol));
        return;
      }
    }
    request.reject(404, 'No handler is available for the given request.');
  }
}
