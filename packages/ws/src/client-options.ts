import type { Agent } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import {
  type CompressionOptions,
  type CompressionSettings,
  resolveCompression,
} from './compression/compression-options.ts';
import { WebSocketError } from './errors.ts';
import { checkBound } from './options.ts';

/** What a browser's `WebSocket` cannot do, and Node's can. */
export interface WebSocketClientOptions {
  /** Further request headers, such as `Authorization` or `Cookie`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `Origin` to send, as a browser would send its page's. @defaultValue none */
  readonly origin?: string;
  /** For `wss:`: what `tls.connect` takes, such as `ca`, `cert`, `key`, `servername`, `rejectUnauthorized`. */
  readonly tls?: TlsConnectionOptions;
  /** Makes the connection, such as one through a proxy. @defaultValue a connection of its own */
  readonly agent?: Agent;
  /**
   * Connects over HTTP/2 (RFC 8441), where many WebSockets share one TCP connection:
   * - `'auto'`: for `wss:` where the server offers it, and else over HTTP/1.1; `ws:` stays HTTP/1.1;
   * - `true`: so, or not at all (`WS_ERR_HTTP2_NOT_OFFERED`); for `ws:` the server has to be known to speak HTTP/2;
   * - a session of `http2.connect`: on a stream of it, or not at all. Its other end, and whether it is encrypted, is
   *   the caller's to know, whatever the URL says; it stays open when the WebSocket closes.
   *
   * Without a session, sockets of the same origin and `tls` values share one, which ends with the last of them.
   * @defaultValue `false`
   */
  readonly http2?: boolean | 'auto' | ClientHttp2Session;
  /** Time from the constructor's call to the server's answer, in milliseconds. @defaultValue 10 000 */
  readonly handshakeTimeoutMs?: number;
  /** Longest message, in bytes, over all its fragments; more fails with 1009. @defaultValue 104 857 600 */
  readonly maxMessageBytes?: number;
  /** Time for the closing handshake, and again for the end of the TCP connection. @defaultValue 10 000 */
  readonly closeTimeoutMs?: number;
  /** Silence after which a ping is sent, in milliseconds; 0 for none. @defaultValue 0, as browsers have it */
  readonly pingIntervalMs?: number;
  /** Further silence after which the server is given up. @defaultValue 20 000 */
  readonly pingTimeoutMs?: number;
  /**
   * Offers to compress messages (permessage-deflate, RFC 7692), as browsers do.
   * @defaultValue `true`, without context takeover
   */
  readonly compression?: boolean | CompressionOptions;
}

/** The client's bounds, in full. */
export interface ClientBounds {
  readonly handshakeTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly closeTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly compression: CompressionSettings | null;
}

const DEFAULT_BOUNDS: Omit<ClientBounds, 'compression'> = Object.freeze({
  handshakeTimeoutMs: 10_000,
  maxMessageBytes: 104_857_600,
  closeTimeoutMs: 10_000,
  pingIntervalMs: 0,
  pingTimeoutMs: 20_000,
});

/**
 * Returns the bounds that `options` set, the defaults for the rest.
 * @throws WS_ERR_OPTION when one is not of its kind
 */
export function resolveClientBounds(options: WebSocketClientOptions): ClientBounds {
  checkHttp2(options);
  const bounds = { ...DEFAULT_BOUNDS };
  for (const name of Object.keys(DEFAULT_BOUNDS) as (keyof typeof DEFAULT_BOUNDS)[]) {
    const value = options[name] ?? DEFAULT_BOUNDS[name];
    checkBound(name, value);
    bounds[name] = value;
  }
  return Object.freeze({ ...bounds, compression: resolveCompression(options.compression ?? true) });
}

function checkHttp2({ http2 = false, agent }: WebSocketClientOptions): void {
  const isSession = typeof http2 === 'object' && typeof http2?.request === 'function';
  if (typeof http2 !== 'boolean' && http2 !== 'auto' && !isSession) {
    const shown = String(http2).slice(0, 75);
    throw new WebSocketError('WS_ERR_OPTION', `http2 must be true, 'auto' or a session, not ${shown}`);
  }
  if (http2 !== false && agent !== undefined) {
    throw new WebSocketError(
      'WS_ERR_OPTION',
      'an agent makes connections of HTTP/1.1: leave out agent or http2',
    );
  }
}
