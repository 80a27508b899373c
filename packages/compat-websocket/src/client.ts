import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { UrlObject } from 'node:url';
import { isToken, judgeResponse, type RejectedResponse } from '@hawser/protocol/websocket';
import { acceptFor } from '@hawser/ws/internal';
import { WebSocketConnection } from './connection.ts';
import { DEFAULT_CLIENT_CONFIG, type IClientConfig } from './options.ts';
import { readTarget, type Target } from './target.ts';

/** Options of `tlsOptions` that belong to the request itself. */
const REQUEST_OPTIONS: ReadonlySet<string> = new Set(['hostname', 'port', 'method', 'path', 'headers']);

export interface WebSocketClientEvents {
  connect: [connection: WebSocketConnection];
  connectFailed: [error: Error];
  /** An answer other than 101. Without a listener it is a `connectFailed`. */
  httpResponse: [response: IncomingMessage, client: WebSocketClient];
}

/** What a handshake under way was started with. */
interface Handshake {
  readonly protocols: readonly string[];
  readonly expectedAccept: string;
}

/**
 * A WebSocket client.
 *
 * @example
 * ```ts
 * import { client as WebSocketClient } from '@hawser/compat-websocket';
 *
 * const client = new WebSocketClient();
 * client.on('connectFailed', (error) => console.log(error.message));
 * client.on('connect', (connection) => connection.sendUTF('hello'));
 * client.connect('ws://127.0.0.1:8080/');
 * ```
 */
export class WebSocketClient extends EventEmitter<WebSocketClientEvents> {
  readonly config: IClientConfig;
  #request: ClientRequest | null = null;

  /** @throws Error when `webSocketVersion` is neither 8 nor 13 */
  constructor(config: IClientConfig = {}) {
    super();
    this.config = { ...DEFAULT_CLIENT_CONFIG, ...config, tlsOptions: { ...config?.tlsOptions } };
    const { webSocketVersion } = this.config;
    if (webSocketVersion !== 8 && webSocketVersion !== 13) {
      throw new Error('Requested webSocketVersion is not supported. Allowed values are 8 and 13.');
    }
  }

  /**
   * Opens a connection: `connect` or `connectFailed` follows.
   *
   * @param requestUrl - `ws:` or `wss:`, with a host
   * @param protocols - subprotocols in order of preference
   * @param origin - sent as `Origin`
   * @param headers - sent with the request, in front of those of `tlsOptions`
   * @param requestOptions - for `http.request` or `https.request`; an `agent`, say
   * @throws Error when the URL or a subprotocol is not valid
   */
  connect(
    requestUrl: string | UrlObject,
    protocols?: string | readonly string[] | null,
    origin?: string | null,
    headers?: OutgoingHttpHeaders | null,
    requestOptions?: RequestOptions | null,
  ): void {
    const offered = (typeof protocols === 'string' ? [protocols] : (protocols ?? [])).filter(Boolean);
    const target = readTarget(requestUrl);
    checkProtocols(offered);
    const key = randomBytes(16).toString('base64');
    const request = (target.isSecure ? httpsRequest : httpRequest)({
      agent: false,
      ...requestOptions,
      hostname: target.hostname,
      port: target.port,
      method: 'GET',
      path: target.path,
      headers: this.#headers(target, offered, origin, headers, key),
      ...(target.isSecure && this.#tlsOptions()),
    });
    this.#request = request;
    this.#listen(request, { protocols: offered, expectedAccept: acceptFor(key) });
    request.end();
  }

  /** Breaks off a handshake under way: `connectFailed` follows. */
  abort(): void {
    this.#request?.destroy();
  }

  #headers(
    target: Target,
    protocols: readonly string[],
    origin: string | null | undefined,
    headers: OutgoingHttpHeaders | null | undefined,
    key: string,
  ): OutgoingHttpHeaders {
    const { tlsOptions, webSocketVersion } = this.config;
    const given = { ...(target.isSecure && (tlsOptions?.headers as OutgoingHttpHeaders)), ...headers };
    return {
      ...given,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': String(webSocketVersion),
      'Sec-WebSocket-Key': key,
      Host: given.Host || target.host,
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
      ...(origin && { [webSocketVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin']: origin }),
    };
  }

  #tlsOptions(): RequestOptions {
    const entries = Object.entries(this.config.tlsOptions ?? {});
    return Object.fromEntries(entries.filter(([name]) => !REQUEST_OPTIONS.has(name)));
  }

  #listen(request: ClientRequest, handshake: Handshake): void {
    let isAnswered = false;
    request.on('upgrade', (response, socket, head) => {
      isAnswered = true;
      this.#request = null;
      this.#upgraded(response, socket as Socket, head, handshake);
    });
    request.on('response', (response) => {
      isAnswered = true;
      this.#request = null;
      this.#refused(response, request);
    });
    request.on('error', (error) => {
      this.#request = null;
      if (!isAnswered) this.emit('connectFailed', error);
    });
  }

  #upgraded(response: IncomingMessage, socket: Socket, head: Buffer, handshake: Handshake): void {
    const { protocols, expectedAccept } = handshake;
    const { statusCode: status = 0, headers } = response;
    // `websocket` lets a server name a subprotocol to a client that asked for none.
    const judged = protocols.length > 0 ? headers : { ...headers, 'sec-websocket-protocol': undefined };
    const verdict = judgeResponse({ status, headers: judged }, { expectedAccept, protocols, extensions: [] });
    if (!verdict.isAccepted) {
      socket.destroy();
      this.emit('connectFailed', new Error(describeRejection(verdict, response, handshake)));
      return;
    }
    const protocol = verdict.protocol === '' ? undefined : verdict.protocol;
    const connection = new WebSocketConnection(socket, [], protocol, true, this.config);
    connection.webSocketVersion = this.config.webSocketVersion as number;
    // The connection ends our side, when all that came before the server's end is delivered.
    socket.allowHalfOpen = true;
    connection._addSocketEventListeners(head);
    this.emit('connect', connection);
  }

  #refused(response: IncomingMessage, request: ClientRequest): void {
    if (this.listenerCount('httpResponse') > 0) {
      this.emit('httpResponse', response, this);
      response.socket?.end();
      return;
    }
    const headers = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
    request.destroy();
    const message =
      `Server responded with a non-101 status: ${response.statusCode} ${response.statusMessage}` +
      `\nResponse Headers Follow:\n${headers.join('\n')}\n`;
    this.emit('connectFailed', new Error(message));
  }
}

function checkProtocols(protocols: readonly string[]): void {
  for (const character of protocols.join('')) {
    if (!isToken(character)) throw new Error(`Protocol list contains invalid character "${character}"`);
  }
}

/** Words what is wrong with an answer as `websocket` does. */
function describeRejection(
  { code, message }: RejectedResponse,
  { headers }: IncomingMessage,
  { expectedAccept }: Handshake,
): string {
  switch (code) {
    case 'WS_ERR_INVALID_PROTOCOL_HEADER':
      return headers['sec-websocket-protocol']
        ? 'Server did not respond with a requested protocol.'
        : 'Expected a Sec-WebSocket-Protocol header.';
    case 'WS_ERR_INVALID_CONNECTION_HEADER':
      return 'Expected a Connection: Upgrade header from the server';
    case 'WS_ERR_INVALID_UPGRADE_HEADER':
      return 'Expected an Upgrade: websocket header from the server';
    case 'WS_ERR_INVALID_ACCEPT_HEADER':
      return headers['sec-websocket-accept']
        ? `Sec-WebSocket-Accept header from server didn't match expected value of ${expectedAccept}`
        : 'Expected Sec-WebSocket-Accept header from server';
    default:
      return message;
  }
}
