import { validateHeaderName, validateHeaderValue } from 'node:http';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import {
  CONNECT_PROTOCOL,
  CONNECTION_SPECIFIC_HEADERS,
  judgeConnectResponse,
} from '@hawser/protocol/websocket';
import type { WebSocketClientOptions } from '../client-options.ts';
import type { Attempt, OnDialled } from '../dial.ts';
import { connectFailed, WebSocketError } from '../errors.ts';
import { nextTick } from '../event-loop.ts';
import type { Offer } from '../offer.ts';
import { Refusal, unexpectedStatus } from '../refusal.ts';
import { cutStream } from '../stream-owner.ts';
import { UpgradeAttempt } from '../upgrade-attempt.ts';
import { type Lease, SessionPool, type SessionUser } from './session-pool.ts';
import { isOver, offersConnect, whenSettingsKnown } from './session-settings.ts';

const NO_BYTES = new Uint8Array(0);

/** A handshake over HTTP/2: on a stream of the user's session, or of one of the pool's; or else over HTTP/1.1. */
export class ConnectAttempt implements Attempt, SessionUser {
  readonly #url: URL;
  readonly #offer: Offer;
  readonly #options: WebSocketClientOptions;
  readonly #onDone: OnDialled;
  readonly #fields: OutgoingHttpHeaders;
  #lease: Lease | null = null;
  #stream: ClientHttp2Stream | null = null;
  #fallback: UpgradeAttempt | null = null;
  #refusal: Refusal | null = null;
  /** Waits no more for the settings of the user's session. */
  #leave: (() => void) | null = null;
  #isDestroyed = false;
  #isReferenced = true;

  constructor(url: URL, offer: Offer, options: WebSocketClientOptions, onDone: OnDialled) {
    this.#url = url;
    this.#offer = offer;
    this.#options = options;
    this.#onDone = onDone;
    this.#fields = toFields(url, offer.headers(url, options));
    nextTick(() => this.#begin());
  }

  get refusal(): Refusal | null {
    return this.#refusal ?? this.#fallback?.refusal ?? null;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#fallback?.destroy();
    this.#leave?.();
    if (this.#stream !== null) cutStream(this.#stream);
    else this.#lease?.release();
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#fallback?.reference(isReferenced);
  }

  onSession(session: ClientHttp2Session): void {
    try {
      this.#stream = session.request(this.#fields, { endStream: false });
    } catch (cause) {
      this.onError(cause as Error);
      return;
    }
    this.#stream.once('response', (headers) => this.#answered(this.#stream!, headers));
    this.#stream.on('error', (cause) => this.onError(cause));
    this.#stream.once('close', () => {
      this.#lease?.release();
      this.onError(new Error('the server reset the stream'));
    });
  }

  onNotOffered(socket: Socket | null): void {
    if (this.#options.http2 === 'auto') {
      this.#fallback = new UpgradeAttempt(this.#url, this.#offer, this.#options, this.#onDone, socket);
      this.#fallback.reference(this.#isReferenced);
      return;
    }
    socket?.destroy();
    const message = `${this.#url.host} does not offer WebSocket over HTTP/2`;
    this.#onDone(new WebSocketError('WS_ERR_HTTP2_NOT_OFFERED', message));
  }

  onFull(): void {
    try {
      this.#lease = SessionPool.shared.lease(this.#url, this.#options.tls, this);
    } catch (cause) {
      // TLS does not take its options.
      this.onError(cause as Error);
      return;
    }
    // A session that was there already may have failed us at once.
    if (this.#isDestroyed) this.#lease.release();
  }

  onError(cause: Error): void {
    this.#onDone(connectFailed(this.#url, cause));
  }

  #begin(): void {
    if (this.#isDestroyed) return;
    const { http2 } = this.#options;
    if (typeof http2 !== 'object') {
      this.onFull();
      return;
    }
    this.#leave = whenSettingsKnown(http2, () => {
      // A session that is over says so itself.
      if (offersConnect(http2) || isOver(http2)) this.onSession(http2);
      else this.onNotOffered(null);
    });
  }

  #answered(stream: ClientHttp2Stream, headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const status = headers[':status'] ?? 0;
    if (status !== 200) {
      this.#refusal = new Refusal(stream, (body) => unexpectedStatus(status, '', body), this.#onDone);
      return;
    }
    const agreement = this.#offer.conclude(judgeConnectResponse({ status, headers }, this.#offer));
    if (agreement instanceof WebSocketError) this.#onDone(agreement);
    else this.#onDone({ ...agreement, stream, rest: NO_BYTES });
  }
}

/**
 * Returns the request's fields (RFC 8441 section 4).
 * @throws TypeError when a header cannot be sent, as `node:http` does
 */
function toFields(url: URL, headers: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    const lowered = name.toLowerCase();
    if (!CONNECTION_SPECIFIC_HEADERS.has(lowered)) fields[lowered] = value;
  }
  const { host = url.host, ...others } = fields;
  return {
    ...others,
    ':method': 'CONNECT',
    ':protocol': CONNECT_PROTOCOL,
    ':scheme': url.protocol === 'wss:' ? 'https' : 'http',
    ':authority': host,
    ':path': url.pathname + url.search,
  };
}
