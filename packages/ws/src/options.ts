import type { IncomingHttpHeaders } from 'node:http';
import type { ResponseHeaders } from '@hawser/protocol/websocket';
import { type CompressionOptions, resolveCompression } from './compression/compression-options.ts';
import { WebSocketError } from './errors.ts';
import type { ServerSocket } from './server-socket.ts';

/**
 * What happens to a message that would make more than `maxBufferedBytes` wait for one connection:
 * - `close`: the connection fails with 1008 and a reason that says so; what was accepted before still goes out;
 * - `drop`: the message is not taken, `send` returns `dropped`, and `drain` tells when there is room again;
 * - `wait`: as `drop`, and nothing more is read from the peer from half of the bound on until all is written:
 *   a peer that does not read its answers cannot ask for more. Two ends that both wait can stall each other.
 */
export type SlowConsumerPolicy = 'close' | 'drop' | 'wait';

/** The handshake that a client asks for. */
export interface UpgradeRequest {
  readonly method: string;
  /** The request target: a path with its query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Subprotocols that the client offers, in its order of preference. */
  readonly protocols: readonly string[];
  /** The IP address at the other end of the TCP connection: behind a proxy, the proxy's. */
  readonly remoteAddress: string;
}

/** Lets the client in. */
export interface UpgradeAcceptance<Data> {
  /** Becomes `socket.data`. */
  readonly data?: Data;
  /** One of `request.protocols`; without it the client gets none. */
  readonly protocol?: string;
  /** Further response headers, such as `Set-Cookie`. */
  readonly headers?: ResponseHeaders;
  readonly status?: undefined;
}

/** Turns the client away with an HTTP response. */
export interface UpgradeRefusal {
  /** HTTP status from 300 to 599, such as 401. */
  readonly status: number;
  /** Body of the response, plain text. */
  readonly message?: string;
  readonly headers?: ResponseHeaders;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing lets the client in.
export type UpgradeDecision<Data> = UpgradeAcceptance<Data> | UpgradeRefusal | undefined | void;

/** Something that no handler sees: for logs and metrics. */
export type TraceEvent = {
  readonly type: 'refused';
  readonly status: number;
  /** The sentence that the client got. */
  readonly message: string;
  readonly url: string;
  readonly remoteAddress: string;
};

/** Which web pages may connect: see {@link WebSocketServerOptions.allowedOrigins}. */
export type AllowedOrigins =
  | 'same-host'
  | '*'
  | readonly string[]
  | ((origin: string, request: UpgradeRequest) => boolean);

/** What a {@link WebSocketServer} calls. A handler that throws fails its connection with 1011. */
export interface WebSocketServerHandlers<Data> {
  /**
   * Decides on a handshake that is correct and of an allowed origin: authenticate, choose a subprotocol, attach
   * data. Without it everybody is let in. If it throws, the client gets 500 and `error` is called.
   */
  upgrade?(request: UpgradeRequest): UpgradeDecision<Data> | Promise<UpgradeDecision<Data>>;
  open?(socket: ServerSocket<Data>): void;
  /**
   * A whole message. Text comes as bytes too, valid UTF-8: `data.toString()`, `JSON.parse(data)`.
   * `data` stays as it is after the call, but may be a view that keeps up to 64 KiB alive: copy what you keep.
   * Messages still come in between `socket.close()` and the peer's answer.
   */
  message?(socket: ServerSocket<Data>, data: Buffer, isBinary: boolean): void;
  /** A ping that was answered already. */
  ping?(socket: ServerSocket<Data>, data: Buffer): void;
  pong?(socket: ServerSocket<Data>, data: Buffer): void;
  /** After `queued` or `dropped`: everything was written, there is room again. */
  drain?(socket: ServerSocket<Data>): void;
  /**
   * The connection is gone. `code` is the peer's, or the one with which we failed the connection, or 1005 when
   * the peer gave none, or 1006 when it left without a close frame; then `reason` may say why, if known.
   * `socket.bufferedBytes` tells how many bytes could not be written.
   */
  close?(socket: ServerSocket<Data>, code: number, reason: string): void;
  /** What a handler threw, and failures of a listening port. Without it they are thrown, as uncaught exceptions. */
  error?(error: Error): void;
  /** Told what no handler sees, for logs and metrics. */
  trace?(event: TraceEvent): void;
}

/** Bounds of a {@link WebSocketServer}; deadlines are watched four times within the shortest of them. */
export interface WebSocketServerBounds {
  /**
   * Time from the TCP connection to the answer of the handshake, `upgrade` included, in milliseconds; a TLS
   * handshake before it has as much again.
   * On a server given to `attach` the request's head is under that server's own `headersTimeout`.
   * @defaultValue 10 000
   */
  readonly handshakeTimeoutMs: number;
  /**
   * Longest request head, in bytes; more is answered 431. Of `listen` only.
   * @defaultValue 16 384
   */
  readonly maxHeaderBytes: number;
  /**
   * Longest message, in bytes, over all its fragments; more fails the connection with 1009, at the header of the
   * frame that goes too far. Memory for that many bytes can be held by each connection.
   * @defaultValue 1 048 576
   */
  readonly maxMessageBytes: number;
  /**
   * Most bytes that wait to be sent on one connection, for a peer that reads too slowly. A message for which
   * nothing else has to wait is always taken.
   * @defaultValue 16 777 216
   */
  readonly maxBufferedBytes: number;
  /**
   * What happens to a message that would cross `maxBufferedBytes`.
   * @defaultValue 'close'
   */
  readonly slowConsumer: SlowConsumerPolicy;
  /**
   * Silence after which a ping is sent, in milliseconds; any bytes from the peer end the silence. 0 for none:
   * then a peer that vanished is noticed only by the operating system, if ever.
   * @defaultValue 30 000
   */
  readonly pingIntervalMs: number;
  /**
   * Further silence after which the peer is given up with 1006, in milliseconds.
   * @defaultValue 20 000
   */
  readonly pingTimeoutMs: number;
  /**
   * Time for the peer to answer our close frame, and then to end the TCP connection, in milliseconds each.
   * @defaultValue 10 000
   */
  readonly closeTimeoutMs: number;
  /**
   * Most open connections; more are answered 503. As many again may be in their handshake.
   * @defaultValue 100 000
   */
  readonly maxConnections: number;
  /**
   * Which web pages may connect, by their `Origin`; others are answered 403.
   *
   * A browser lets every page open a WebSocket to every server and sends the user's cookies along; no CORS rule
   * stops it. A server that trusts cookies and takes any origin hands the user's session to any page that they
   * visit (cross-site WebSocket hijacking, RFC 6455 section 10.2). So by default the origin's host must be the
   * one in `Host`, and its scheme `https:` where the connection itself is TLS. `'*'` opens the server to every page: right for public data, wrong with cookies.
   * A list names whole origins, such as `https://example.org`. Clients that send no `Origin` are not browsers and
   * always pass: this protects users, it does not authenticate anybody.
   * @defaultValue 'same-host'
   */
  readonly allowedOrigins: AllowedOrigins;
  /**
   * Compresses messages with clients that offer it (permessage-deflate, RFC 7692). It costs the server some 20 µs
   * for each KiB sent and half as much for each received: worth it where the network is dearer than that.
   * Inflation is bounded by `maxMessageBytes` while it runs. What holds secrets and what an attacker can influence
   * should not be compressed in one message: its length tells of the secret (as in the CRIME attack).
   * @defaultValue `false`
   */
  readonly compression: boolean | CompressionOptions;
}

/** Handlers and bounds, all optional. */
export interface WebSocketServerOptions<Data>
  extends WebSocketServerHandlers<Data>,
    Partial<WebSocketServerBounds> {}

const DEFAULT_BOUNDS: WebSocketServerBounds = Object.freeze({
  handshakeTimeoutMs: 10_000,
  maxHeaderBytes: 16_384,
  maxMessageBytes: 1_048_576,
  maxBufferedBytes: 16_777_216,
  slowConsumer: 'close',
  pingIntervalMs: 30_000,
  pingTimeoutMs: 20_000,
  closeTimeoutMs: 10_000,
  maxConnections: 100_000,
  allowedOrigins: 'same-host',
  compression: false,
});

/**
 * Returns the bounds that `options` set, the defaults for the rest.
 * @throws WS_ERR_OPTION when one is not of its kind
 */
export function resolveBounds(options: Partial<WebSocketServerBounds>): WebSocketServerBounds {
  const bounds: Record<string, unknown> = {};
  for (const [name, fallback] of Object.entries(DEFAULT_BOUNDS)) {
    const value = options[name as keyof WebSocketServerBounds] ?? fallback;
    if (typeof fallback === 'number') checkBound(name, value);
    bounds[name] = value;
  }
  checkPolicy(bounds.slowConsumer);
  checkOrigins(bounds.allowedOrigins);
  resolveCompression(bounds.compression as WebSocketServerBounds['compression']);
  return Object.freeze(bounds as unknown as WebSocketServerBounds);
}

/** @throws WS_ERR_OPTION when `value` is not a number from 0 on */
export function checkBound(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new WebSocketError(
    'WS_ERR_OPTION',
    `${name} must be a number from 0 on, not ${String(value).slice(0, 75)}`,
  );
}

function checkPolicy(value: unknown): void {
  if (value === 'close' || value === 'drop' || value === 'wait') return;
  const shown = String(value).slice(0, 75);
  throw new WebSocketError('WS_ERR_OPTION', `slowConsumer must be 'close', 'drop' or 'wait', not ${shown}`);
}

/** Origins as browsers send them: they have no path, and are compared as a whole (RFC 6454 section 6.2). */
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[^/\s]*)$/i;

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && ORIGIN.test(value);
}

function checkOrigins(value: unknown): void {
  if (Array.isArray(value)) {
    if (value.every(isOrigin)) return;
    const wrong = String(value.find((origin) => !isOrigin(origin))).slice(0, 75);
    throw new WebSocketError(
      'WS_ERR_OPTION',
      `allowedOrigins lists origins, such as 'https://example.org:8443', without a path; not ${wrong}`,
    );
  }
  if (value === 'same-host' || value === '*' || typeof value === 'function') return;
  const shown = String(value).slice(0, 75);
  throw new WebSocketError(
    'WS_ERR_OPTION',
    `allowedOrigins must be 'same-host', '*', a list of origins such as ['https://example.org'], or a function, not ${shown}`,
  );
}
