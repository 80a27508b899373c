import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { queueMicrotask } from '@hawser/ws/internal';
import cors, { type CorsOptions, type CorsOptionsDelegate } from 'cors';

/** A middleware of Express. Its parameters may be narrower than ours, as Express's own are. */
export type Middleware = {
  bivarianceHack(req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): unknown;
}['bivarianceHack'];

/** Returns what answers for the option `cors`, or `null` where it is not set. */
export function createCorsMiddleware(
  option: CorsOptions | CorsOptionsDelegate | boolean | undefined,
): Middleware | null {
  return option ? cors(option === true ? {} : (option as CorsOptions)) : null;
}

/**
 * Runs `middlewares` one after the other; `done` gets whether all of them let the request pass. As with engine.io, what
 * one throws once it has called `next` changes nothing.
 */
export function runMiddlewares(
  middlewares: readonly Middleware[],
  request: IncomingMessage,
  response: ServerResponse,
  done: (isPassed: boolean) => void,
): void {
  const run = (index: number): void => {
    const middleware = middlewares[index];
    if (middleware === undefined) {
      done(true);
      return;
    }
    let isSettled = false;
    const settle = (isPassed: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      // Not within the middleware: it may go on to add headers, and what comes behind is not its to catch.
      queueMicrotask(() => (isPassed ? run(index + 1) : done(false)));
    };
    const fail = (): void => settle(false);
    try {
      Promise.resolve(middleware(request, response, (error) => settle(!error))).catch(fail);
    } catch {
      fail();
    }
  };
  run(0);
}

/**
 * What a middleware takes for the response while the request is an upgrade: headers are collected for the 101
 * response, and a response that is ended is a refusal.
 */
export class UpgradeResponse extends ServerResponse {
  readonly #connection: Duplex;

  constructor(request: IncomingMessage, connection: Duplex) {
    super(request);
    this.#connection = connection;
    // Not by `assignSocket`, by which the connection would keep the response.
    Object.assign(this, { socket: connection });
    connection.once('close', this.#onClose);
  }

  /** Returns the headers for the 101 response. Nobody is asked again. */
  accept(): OutgoingHttpHeaders {
    // Middlewares that add a header at the last moment wait for this.
    this.writeHead(101);
    // The connection is a session's from here on, and keeps the response only for those who wait for its end.
    if (this.listenerCount('close') === 0) this.#connection.off('close', this.#onClose);
    return { ...this.getHeaders() };
  }

  override write(): boolean {
    return true;
  }

  override writeHead(statusCode: number): this {
    this.statusCode = statusCode;
    return this;
  }

  override end(): this {
    this.emit('finish');
    this.#connection.destroy();
    return this;
  }

  readonly #onClose = (): void => {
    this.emit('close');
  };
}
