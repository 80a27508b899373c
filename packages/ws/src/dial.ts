import type { Duplex } from 'node:stream';
import type { ClientBounds, WebSocketClientOptions } from './client-options.ts';
import { WebSocketError } from './errors.ts';
import { ConnectAttempt } from './http2/connect-attempt.ts';
import { type Agreement, Offer } from './offer.ts';
import type { Refusal } from './refusal.ts';
import { setLongTimeout } from './timeout.ts';
import { UpgradeAttempt } from './upgrade-attempt.ts';

/** A connection whose handshake is done. */
export interface Dialled extends Agreement {
  readonly stream: Duplex;
  /** What came in behind the response. */
  readonly rest: Uint8Array;
}

/** Takes the one result of a handshake; whatever comes later is ignored. */
export type OnDialled = (result: Dialled | WebSocketError) => void;

/** An opening handshake under way. */
export interface Dialling {
  /** Breaks it off with `error`. */
  abort(error: WebSocketError): void;
  /** Sets whether it keeps the process alive. */
  reference(isReferenced: boolean): void;
}

/** A handshake over one HTTP version. It reports later than from its constructor. */
export interface Attempt {
  /** An answer that opens no connection, while its body is being read. */
  readonly refusal: Refusal | null;
  /** Gives it up. */
  destroy(): void;
  /** Sets whether it keeps the process alive; over HTTP/2 the connection may be others' too, and does. */
  reference(isReferenced: boolean): void;
}

/**
 * Opens a connection as a client: sends the request, judges the answer, calls back once.
 *
 * @param url - `ws:` or `wss:`
 * @see RFC 6455 section 4.1, RFC 8441
 */
export function dial(
  url: URL,
  protocols: readonly string[],
  options: WebSocketClientOptions,
  { handshakeTimeoutMs, compression }: ClientBounds,
  onDone: OnDialled,
): Dialling {
  let isDone = false;
  const finish: OnDialled = (result) => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    if (result instanceof WebSocketError) attempt.destroy();
    onDone(result);
  };
  const offer = new Offer(protocols, compression?.wanted ?? null);
  // Without TLS nothing tells whether the server speaks HTTP/2: it has to be known.
  const { http2 = false } = options;
  const isOverHttp2 = http2 === 'auto' ? url.protocol === 'wss:' : http2 !== false;
  const attempt: Attempt = isOverHttp2
    ? new ConnectAttempt(url, offer, options, finish)
    : new UpgradeAttempt(url, offer, options, finish);
  const timer = setLongTimeout(() => {
    const message = `the server did not answer the handshake within ${handshakeTimeoutMs} ms`;
    finish(attempt.refusal?.error() ?? new WebSocketError('WS_ERR_HANDSHAKE_TIMEOUT', message));
  }, handshakeTimeoutMs);
  return {
    abort: finish,
    reference: (isReferenced) => {
      attempt.reference(isReferenced);
      if (isReferenced) timer.ref();
      else timer.unref();
    },
  };
}
