import { randomBytes } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { judgeResponse } from '@hawser/protocol/websocket';
import type { WebSocketClientOptions } from './client-options.ts';
import type { Attempt, Dialled, OnDialled } from './dial.ts';
import { connectFailed, WebSocketError } from './errors.ts';
import { acceptFor } from './natives.ts';
import type { Offer } from './offer.ts';
import { Refusal, unexpectedStatus } from './refusal.ts';

/** A handshake over HTTP/1.1, on a connection of its own. */
export class UpgradeAttempt implements Attempt {
  readonly #offer: Offer;
  readonly #request: ClientRequest;
  readonly #expectedAccept: string;
  #refusal: Refusal | null = null;
  #isReferenced = true;

  /** @param socket - a connection to the server, of which nothing was read; without it one is made */
  constructor(
    url: URL,
    offer: Offer,
    options: WebSocketClientOptions,
    onDone: OnDialled,
    socket: Socket | null = null,
  ) {
    const key = randomBytes(16).toString('base64');
    this.#offer = offer;
    this.#expectedAccept = acceptFor(key);
    this.#request = createRequest(url, offer, options, key, socket);
    this.#request.on('upgrade', (response, stream, rest) => {
      onDone(this.#conclude(response, stream, rest));
    });
    this.#request.on('response', (response) => {
      this.#refusal = new Refusal(response, (body) => toError(response, body), onDone);
    });
    this.#request.on('socket', () => {
      if (!this.#isReferenced) this.reference(false);
    });
    this.#request.on('error', (cause) => onDone(connectFailed(url, cause)));
    this.#request.end();
  }

  get refusal(): Refusal | null {
    return this.#refusal;
  }

  destroy(): void {
    this.#request.destroy();
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    // An agent of the user's may have made it of anything.
    const socket = this.#request.socket as Partial<Socket> | null;
    if (isReferenced) socket?.ref?.();
    else socket?.unref?.();
  }

  #conclude(
    { statusCode = 0, headers }: IncomingMessage,
    stream: Duplex & Partial<Socket>,
    rest: Buffer,
  ): Dialled | WebSocketError {
    const expected = {
      expectedAccept: this.#expectedAccept,
      protocols: this.#offer.protocols,
      extensions: this.#offer.extensions,
    };
    const agreement = this.#offer.conclude(judgeResponse({ status: statusCode, headers }, expected));
    if (agreement instanceof WebSocketError) {
      stream.on('error', () => {});
      stream.destroy();
      return agreement;
    }
    stream.setTimeout?.(0);
    stream.setNoDelay?.(true);
    return { ...agreement, stream, rest };
  }
}

function createRequest(
  url: URL,
  offer: Offer,
  options: WebSocketClientOptions,
  key: string,
  socket: Socket | null,
): ClientRequest {
  const isSecure = url.protocol === 'wss:';
  const target = new URL(url);
  target.protocol = isSecure ? 'https:' : 'http:';
  // Node decodes them itself, and throws where they are no UTF-8.
  target.username = '';
  target.password = '';
  return (isSecure ? httpsRequest : httpRequest)(target, {
    ...options.tls,
    // A pooled connection cannot be upgraded; without an agent every handshake has its own.
    ...(socket === null ? { agent: options.agent ?? false } : { createConnection: () => socket }),
    headers: {
      ...offer.headers(url, options),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': key,
    },
  });
}

function toError({ statusCode: status = 0, statusMessage = '', headers }: IncomingMessage, body: string) {
  // A 101 that `node:http` does not take for an upgrade breaks a rule that has its own name.
  const verdict = judgeResponse({ status, headers }, { expectedAccept: '', protocols: [], extensions: [] });
  if (status === 101 && !verdict.isAccepted) return new WebSocketError(verdict.code, verdict.message);
  return unexpectedStatus(status, statusMessage, body);
}
