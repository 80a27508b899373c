import { randomBytes } from 'node:crypto';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import {
  type AcceptedResponse,
  type DeflateAgreement,
  formatExtensions,
  judgeResponse,
  offerDeflate,
  readDeflateAnswer,
  WEBSOCKET_VERSION,
} from '@hawser/protocol/websocket';
import { basicAuthOf } from './basic-auth.ts';
import type { ClientBounds, WebSocketClientOptions } from './client-options.ts';
import { WebSocketError } from './errors.ts';
import { acceptFor } from './natives.ts';
import { setLongTimeout } from './timeout.ts';

/** Bytes of a refusal's body that its error quotes. */
const MAX_QUOTED_BODY_BYTES = 200;

/** A connection whose handshake is done. */
export interface Dialled {
  readonly stream: Socket;
  readonly response: AcceptedResponse;
  /** What came in behind the response. */
  readonly rest: Buffer;
  /** How messages are compressed, or `null`. */
  readonly deflate: DeflateAgreement | null;
}

/** What the server's answer is judged against. */
interface Offered {
  readonly expectedAccept: string;
  readonly protocols: readonly string[];
  readonly wanted: DeflateAgreement | null;
}

/** An opening handshake under way. */
export interface Dialling {
  /** Breaks it off with `error`. */
  abort(error: WebSocketError): void;
}

/**
 * Opens a connection as a client: sends the request, judges the answer, calls back once.
 *
 * @param url - `ws:` or `wss:`
 * @see RFC 6455 section 4.1
 */
export function dial(
  url: URL,
  protocols: readonly string[],
  options: WebSocketClientOptions,
  { handshakeTimeoutMs, compression }: ClientBounds,
  onDone: (result: Dialled | WebSocketError) => void,
): Dialling {
  const key = randomBytes(16).toString('base64');
  const wanted = compression?.wanted ?? null;
  const request = createRequest(url, protocols, options, key, wanted);
  let isDone = false;
  const finish = (result: Dialled | WebSocketError): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    if (result instanceof WebSocketError) request.destroy();
    onDone(result);
  };
  let refusal: Refusal | null = null;
  const timer = setLongTimeout(() => {
    const message = `the server did not answer the handshake within ${handshakeTimeoutMs} ms`;
    finish(refusal?.error() ?? new WebSocketError('WS_ERR_HANDSHAKE_TIMEOUT', message));
  }, handshakeTimeoutMs);
  request.on('upgrade', (response, stream, rest) => {
    finish(judge(response, stream as Socket, rest, { expectedAccept: acceptFor(key), protocols, wanted }));
  });
  request.on('response', (response) => {
    refusal = new Refusal(response, finish);
  });
  request.on('error', (cause) => {
    finish(
      new WebSocketError('WS_ERR_CONNECT_FAILED', `cannot connect to ${url.host}: ${describe(cause)}`, {
        cause,
      }),
    );
  });
  request.end();
  return { abort: finish };
}

function createRequest(
  url: URL,
  protocols: readonly string[],
  options: WebSocketClientOptions,
  key: string,
  wanted: DeflateAgreement | null,
): ClientRequest {
  const isSecure = url.protocol === 'wss:';
  const target = new URL(url);
  target.protocol = isSecure ? 'https:' : 'http:';
  // Node decodes them itself, and throws where they are no UTF-8.
  target.username = '';
  target.password = '';
  const authorization = basicAuthOf(url);
  return (isSecure ? httpsRequest : httpRequest)(target, {
    ...options.tls,
    // A pooled connection cannot be upgraded; without an agent every handshake has its own.
    agent: options.agent ?? false,
    headers: {
      ...(authorization !== undefined && { Authorization: authorization }),
      ...options.headers,
      ...(options.origin !== undefined && { Origin: options.origin }),
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Version': WEBSOCKET_VERSION,
      ...(wanted !== null && { 'Sec-WebSocket-Extensions': formatExtensions([offerDeflate(wanted)]) }),
    },
  });
}

function judge(
  { statusCode = 0, headers }: IncomingMessage,
  stream: Socket,
  rest: Buffer,
  { expectedAccept, protocols, wanted }: Offered,
): Dialled | WebSocketError {
  const extensions = wanted === null ? [] : [offerDeflate(wanted)];
  const response = judgeResponse({ status: statusCode, headers }, { expectedAccept, protocols, extensions });
  if (response.isAccepted) {
    const deflate = response.extensions.length > 0 ? readDeflateAnswer(response.extensions, wanted!) : null;
    if (response.extensions.length === 0 || deflate !== null) return { stream, response, rest, deflate };
  }
  stream.on('error', () => {});
  stream.destroy();
  if (!response.isAccepted) return new WebSocketError(response.code, response.message);
  const answer = formatExtensions(response.extensions).slice(0, 75);
  const message = `the server answered our offer of compression with "${answer}"`;
  return new WebSocketError('WS_ERR_INVALID_EXTENSIONS_HEADER', message);
}

/** An answer other than 101, and the beginning of its body: it mostly says why. */
class Refusal {
  readonly #response: IncomingMessage;
  #body = '';

  constructor(response: IncomingMessage, finish: (error: WebSocketError) => void) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.#body += text;
      if (this.#body.length >= MAX_QUOTED_BODY_BYTES) finish(this.error());
    });
    response.on('end', () => finish(this.error()));
    response.on('error', () => finish(this.error()));
  }

  error(): WebSocketError {
    const { statusCode: status = 0, statusMessage = '', headers } = this.#response;
    // A 101 that `node:http` does not take for an upgrade breaks a rule that has its own name.
    const verdict = judgeResponse({ status, headers }, { expectedAccept: '', protocols: [], extensions: [] });
    if (status === 101 && !verdict.isAccepted) return new WebSocketError(verdict.code, verdict.message);
    const quote = this.#body === '' ? '' : `: ${this.#body.slice(0, MAX_QUOTED_BODY_BYTES).trim()}`;
    const message = `the server answered ${`${status} ${statusMessage}`.trim()}${quote}`;
    return new WebSocketError('WS_ERR_UNEXPECTED_STATUS', message, { status });
  }
}

/** An address that resolves to several IP addresses fails with one error for each, and none of its own. */
function describe(error: Error): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  return causes.map((cause: Error) => cause.message).join('; ');
}
