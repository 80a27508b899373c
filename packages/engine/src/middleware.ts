import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
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

/** Runs `middlewares` one after the other; `done` gets what one of them failed with. */
export function runMiddlewares(
  middlewares: readonly Middleware[],
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
): void {
  const run = (index: number): void => {
    const middleware = middlewares[index];
    if (middleware === undefined) {
      done();
      return;
    }
    let isSettled = false;
    const next = (error?: unknown): void => {
      if (isSettled) return;
      isSettled = true;
      if (error) done(error);
      else run(index + 1);
    };
    try {
      Promise.resolve(middleware(request, response, next)).catch(next);
    } catch (error) {
      next(error);
    }
  };
  run(0);
}

/**
 * What a middleware takes for the response while the request is an upgrade: headers are collected for the 101
 * response, and a response that is ended is a refusal.
 */
export class UpgradeResponse extends EventEmitter {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly headers: Record<string, string | string[]> = {};
  statusCode = 200;
  headersSent = false;

  constructor(request: IncomingMessage, socket: Duplex) {
    super();
    this.req = request;
    this.socket = socket;
    socket.once('close', this.#onClose);
  }

  /** Lets go of the socket: it is a session's from here on. */
  release(): void {
    this.socket.off('close', this.#onClose);
  }

  setHeader(name: string, value: number | string | readonly string[]): this {
    this.headers[name] = Array.isArray(value) ? value.map(String) : String(value);
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    return this.headers[name];
  }

  removeHeader(name: string): void {
    delete this.headers[name];
  }

  write(): boolean {
    return true;
  }

  writeHead(): this {
    return this;
  }

  end(): this {
    this.emit('finish');
    this.socket.destroy();
    return this;
  }

  readonly #onClose = (): void => {
    this.emit('close');
  };
}
