import { EventEmitter } from 'node:events';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { parse, type UrlWithParsedQuery } from 'node:url';
import { formatAcceptance, headerValue, isToken } from '@hawser/protocol/websocket';
import { acceptFor } from '@hawser/ws/internal';
import { CloseTimer } from './close-timer.ts';
import { WebSocketConnection } from './connection.ts';
import type { ICookie, IServerConfig } from './options.ts';
import { type IRequestedExtension, readCookies, readExtensions, splitList } from './request-headers.ts';
import { formatCookies } from './set-cookie.ts';

const NO_BYTES = Buffer.alloc(0);

const LINE_BREAKS = /[\r\n]/g;

/** What Latin-1 does not have would be cut to its low byte, and that may be a line break. */
const BEYOND_LATIN1 = /[^\0-\xff]/gu;

/** What is said to a client whose protocol version is not spoken here. */
const VERSION_HEADERS = Object.freeze({ 'Sec-WebSocket-Version': '13' });

export interface WebSocketRequestEvents {
  requestAccepted: [connection: WebSocketConnection];
  requestRejected: [request: WebSocketRequest];
  /** Accepted or rejected. */
  requestResolved: [request: WebSocketRequest];
}

/** A handshake that cannot be accepted, with what to answer. */
export interface HandshakeError extends Error {
  httpCode?: number;
  headers?: Readonly<Record<string, string>>;
}

/** A client's request to connect: accept it or reject it, once, now or later. */
export class WebSocketRequest extends EventEmitter<WebSocketRequestEvents> {
  readonly socket: Socket;
  readonly httpRequest: IncomingMessage;
  readonly serverConfig: IServerConfig;
  /** The request target. */
  readonly resource: string;
  /** With `X-Forwarded-For`, unless it is ignored, the first address there. */
  remoteAddress: string;
  /** The addresses in `X-Forwarded-For`, and that of the peer. */
  remoteAddresses: string[];
  declare resourceURL: UrlWithParsedQuery;
  declare host: string;
  declare key: string;
  declare webSocketVersion: number;
  /** `undefined` where the client sent none. */
  declare origin: string;
  /** In lower case. */
  requestedProtocols: string[] = [];
  /** From lower case to what the client wrote. */
  protocolFullCaseMap: Record<string, string> = {};
  requestedExtensions: IRequestedExtension[] = [];
  cookies: ICookie[] = [];
  readonly #head: Buffer | null;
  #isResolved = false;
  #isSocketClosing = false;

  /** @param head - what the client sent behind its request, if anything */
  constructor(socket: Socket, httpRequest: IncomingMessage, serverConfig: IServerConfig, head?: Buffer) {
    super();
    this.socket = socket;
    this.httpRequest = httpRequest;
    this.serverConfig = serverConfig;
    this.resource = httpRequest.url as string;
    this.remoteAddress = socket.remoteAddress as string;
    this.remoteAddresses = [this.remoteAddress];
    this.#head = head ?? null;
    socket.on('end', this.#onSocketClosing);
    socket.on('close', this.#onSocketClosing);
    // Who breaks off before the answer must not bring down the process; `close` follows.
    socket.on('error', ignoreError);
  }

  /**
   * Reads what the client asks for.
   * @throws Error when it is no WebSocket handshake, with `httpCode` and `headers` where 400 is not the answer
   */
  readHandshake(): void {
    const { headers } = this.httpRequest;
    this.resourceURL = parse(this.resource, true);
    this.host = demand(headers.host, 'Client must provide a Host header.');
    this.key = demand(
      headerValue(headers, 'sec-websocket-key'),
      'Client must provide a value for Sec-WebSocket-Key.',
    );
    this.#readVersion(headerValue(headers, 'sec-websocket-version'));
    const originHeader = this.webSocketVersion === 8 ? 'sec-websocket-origin' : 'origin';
    this.origin = headerValue(headers, originHeader) as string;
    const protocols = splitList(headerValue(headers, 'sec-websocket-protocol'));
    this.requestedProtocols = protocols.map((protocol) => protocol.toLowerCase());
    this.protocolFullCaseMap = Object.fromEntries(
      protocols.map((protocol) => [protocol.toLowerCase(), protocol]),
    );
    const forwardedFor = splitList(headerValue(headers, 'x-forwarded-for'));
    if (!this.serverConfig.ignoreXForwardedFor && forwardedFor.length > 0) {
      this.remoteAddresses = [...forwardedFor, this.remoteAddress];
      this.remoteAddress = forwardedFor[0]!;
    }
    if (this.serverConfig.parseExtensions) {
      this.requestedExtensions = readExtensions(headerValue(headers, 'sec-websocket-extensions'));
    }
    if (this.serverConfig.parseCookies) this.cookies = readCookies(headers.cookie);
  }

  /** @throws Error when the subprotocol that the client names first cannot be accepted */
  _checkFirstProtocol(): void {
    const [first] = this.requestedProtocols;
    if (first) this.#checkProtocol(first);
  }

  /**
   * Opens the connection.
   *
   * @param acceptedProtocol - one of `requestedProtocols`, or nothing
   * @param allowedOrigin - sent back as `Origin`
   * @param cookies - to set
   * @throws Error when an argument cannot be sent; the request is then rejected with 500
   */
  accept(
    acceptedProtocol?: string | null,
    allowedOrigin?: string | null,
    cookies?: readonly ICookie[],
  ): WebSocketConnection {
    this.#checkUnresolved();
    let head: string;
    try {
      head = this.#formatHead(acceptedProtocol, allowedOrigin, cookies);
    } catch (error) {
      this.reject(500);
      throw error;
    }
    this.#isResolved = true;
    this.emit('requestResolved', this);
    const connection = new WebSocketConnection(this.socket, [], acceptedProtocol, false, this.serverConfig);
    connection.webSocketVersion = this.webSocketVersion;
    connection.remoteAddress = this.remoteAddress;
    connection.remoteAddresses = this.remoteAddresses;
    if (this.#isSocketClosing) dropLost(connection);
    else this.#open(connection, head);
    this.emit('requestAccepted', connection);
    return connection;
  }

  /**
   * Answers with an HTTP status, and ends the connection.
   *
   * @param reason - sent as `X-WebSocket-Reject-Reason`
   * @param extraHeaders - sent without the line breaks in them; what Latin-1 does not have becomes a question mark
   */
  reject(status?: number, reason?: string | null, extraHeaders?: object | null): void {
    this.#checkUnresolved();
    this.#isResolved = true;
    this.emit('requestResolved', this);
    const code = typeof status === 'number' ? status : 403;
    const headers = Object.entries({
      ...(reason && { 'X-WebSocket-Reject-Reason': reason }),
      ...extraHeaders,
    });
    const lines = headers.map(([name, value]) => `${clean(name)}: ${clean(value)}\r\n`).join('');
    const head = `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\n${lines}\r\n`;
    this.socket.end(head.replace(BEYOND_LATIN1, '?'), 'latin1');
    this.#seeOff();
    this.emit('requestRejected', this);
  }

  #readVersion(value: string | undefined): void {
    this.webSocketVersion = Number.parseInt(value ?? '', 10);
    if (!this.webSocketVersion) throw new Error('Client must provide a value for Sec-WebSocket-Version.');
    if (this.webSocketVersion === 8 || this.webSocketVersion === 13) return;
    const error: HandshakeError = new Error(
      `Unsupported websocket client version: ${this.webSocketVersion}Only versions 8 and 13 are supported.`,
    );
    error.httpCode = 426;
    error.headers = VERSION_HEADERS;
    throw error;
  }

  #formatHead(
    acceptedProtocol: string | null | undefined,
    allowedOrigin: string | null | undefined,
    cookies: readonly ICookie[] | undefined,
  ): string {
    const originHeader = this.webSocketVersion === 8 ? 'Sec-WebSocket-Origin' : 'Origin';
    return formatAcceptance({
      accept: acceptFor(this.key),
      protocol: acceptedProtocol ? this.#checkProtocol(acceptedProtocol) : '',
      extensions: [],
      headers: {
        ...(allowedOrigin && { [originHeader]: clean(allowedOrigin) }),
        ...(cookies && { 'Set-Cookie': formatCookies(cookies) }),
      },
    });
  }

  /** Returns the protocol as the client wrote it. */
  #checkProtocol(protocol: string): string {
    const fullCase = this.protocolFullCaseMap[protocol.toLowerCase()] ?? protocol;
    const illegal = [...fullCase].find((character) => !isToken(character));
    if (illegal !== undefined) throw new Error(`Illegal character "${illegal}" in subprotocol.`);
    if (!this.requestedProtocols.includes(protocol)) {
      throw new Error('Specified protocol was not requested by the client.');
    }
    return fullCase;
  }

  #open(connection: WebSocketConnection, head: string): void {
    const { socket } = this;
    connection._output.write(Buffer.from(head, 'latin1'), (error) => {
      if (error || (this.#isSocketClosing && socket.closed)) {
        dropLost(connection);
        return;
      }
      this.#leaveSocket();
      // Frames that came with the request are the first to be read.
      const early = this.#head ?? NO_BYTES;
      const isUnshifted = early.length > 0 && !socket.readableEnded;
      if (isUnshifted) socket.unshift(early);
      connection._addSocketEventListeners(isUnshifted ? NO_BYTES : early);
    });
  }

  /** A client that does not end its side is not waited for. */
  #seeOff(): void {
    this.#leaveSocket();
    const timer = new CloseTimer(this.socket, this.serverConfig.closeTimeout);
    this.socket.once('close', () => timer.stop());
    // What it still sends has to be read, or its system may discard our answer.
    this.socket.resume();
  }

  readonly #onSocketClosing = (): void => {
    this.#isSocketClosing = true;
    this.#leaveSocket();
  };

  #leaveSocket(): void {
    this.socket.off('end', this.#onSocketClosing);
    this.socket.off('close', this.#onSocketClosing);
  }

  #checkUnresolved(): void {
    if (this.#isResolved) throw new Error('WebSocketRequest may only be accepted or rejected one time.');
  }
}

function ignoreError(): void {}

function demand(value: string | undefined, message: string): string {
  if (!value) throw new Error(message);
  return value;
}

function clean(value: unknown): string {
  return String(value).replace(LINE_BREAKS, '');
}

/** The client hung up before it could be answered: whoever accepts it, and has not dropped it, learns so from a `close`. */
function dropLost(connection: WebSocketConnection): void {
  process.nextTick(() => {
    if (connection.state === 'closed') return;
    const reason = 'TCP connection lost before handshake completed.';
    connection.drop(WebSocketConnection.CLOSE_REASON_ABNORMAL, reason, true);
  });
}
