import { randomBytes } from 'node:crypto';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, connect as netConnect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { unescape as decodePercents } from 'node:querystring';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { isToken, PERMESSAGE_DEFLATE } from '@hawser/protocol/websocket';
import { acceptFor } from '@hawser/ws/internal';
import { format, parse } from './extension.ts';
import { PerMessageDeflate, type PerMessageDeflateOptions } from './permessage-deflate.ts';
import type { SocketOptions } from './socket-settings.ts';
import type { WebSocket } from './websocket.ts';

const PROTOCOL_VERSIONS = [8, 13];

/** Options of a client; whatever else `http.request` or `tls.connect` takes is handed on. */
export interface ClientOptions extends SocketOptions, RequestOptions {
  readonly closeTimeout?: number | undefined;
  readonly finishRequest?: ((request: ClientRequest, socket: WebSocket) => void) | undefined;
  readonly followRedirects?: boolean | undefined;
  readonly handshakeTimeout?: number | undefined;
  readonly maxRedirects?: number | undefined;
  readonly origin?: string | undefined;
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** Where the constructor is given none apart. */
  readonly protocols?: string | readonly string[] | undefined;
  readonly protocolVersion?: number | undefined;
}

const DEFAULTS = Object.freeze({
  allowSynchronousEvents: true,
  autoPong: true,
  closeTimeout: 30_000,
  followRedirects: false,
  maxBufferedChunks: 262_144,
  maxFragments: 16_384,
  maxPayload: 104_857_600,
  maxPendingAutoPongs: 60,
  maxRedirects: 10,
  perMessageDeflate: true,
  protocolVersion: 13,
  skipUTF8Validation: false,
});

/** What `http.request` would take from the options, and what is the address's alone. */
const OVERRIDDEN = Object.freeze({
  host: undefined,
  hostname: undefined,
  method: 'GET',
  path: undefined,
  port: undefined,
  protocol: undefined,
  socketPath: undefined,
  timeout: undefined,
});

type ResolvedOptions = ClientOptions & typeof DEFAULTS;

/** Errors of requests that we broke off ourselves are nobody's business. */
const aborted = new WeakSet<ClientRequest>();

/** What one request says of who asks. */
interface Credentials {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly auth: string | null | undefined;
}

/** Where the first request of a handshake went, before any redirect. */
interface Origin {
  readonly isSecure: boolean;
  readonly isIpc: boolean;
  /** Host and port, or the path of the socket. */
  readonly target: string;
}

/**
 * Opens a connection as a client.
 * @throws SyntaxError when the address or a subprotocol is not valid, RangeError when the version is not
 */
export function connect(
  socket: WebSocket,
  address: string | URL,
  protocols: readonly string[],
  given: ClientOptions,
): void {
  const options = { ...DEFAULTS, ...given } as ResolvedOptions;
  if (!PROTOCOL_VERSIONS.includes(options.protocolVersion)) {
    throw new RangeError(
      `Unsupported protocol version: ${options.protocolVersion} ` +
        `(supported versions: ${PROTOCOL_VERSIONS.join(', ')})`,
    );
  }
  const url = parseAddress(address);
  socket._url = url.href;
  const invalid = invalidity(url);
  if (invalid !== null) throw new SyntaxError(invalid);
  const hasValidProtocols =
    protocols.every((protocol) => typeof protocol === 'string' && isToken(protocol)) &&
    new Set(protocols).size === protocols.length;
  if (!hasValidProtocols) throw new SyntaxError('An invalid or duplicated subprotocol was specified');
  new ClientHandshake(socket, protocols, options).request(url);
}

/** Returns what is before the first `separator`, and what is behind it. */
function splitOnce(text: string, separator: string): [before: string, behind: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Fails the handshake: `error`, then `close`. */
export function abortHandshake(socket: WebSocket, request: ClientRequest | null, message: string): void {
  socket._readyState = socket.CLOSING;
  const error = new Error(message);
  if (request === null) return;
  aborted.add(request);
  request.destroy();
  // A response that was received has ended the request: what is below it has to be told on its own.
  if (request.socket && !request.socket.destroyed) request.socket.destroy();
  process.nextTick(emitErrorAndClose, socket, error);
}

function emitErrorAndClose(socket: WebSocket, error: Error): void {
  socket._readyState = socket.CLOSING;
  socket._errorEmitted = true;
  socket.emit('error', error);
  socket.emitClose();
}

/** One handshake, with the redirects on its way. */
class ClientHandshake {
  readonly #socket: WebSocket;
  readonly #protocols: readonly string[];
  readonly #options: ResolvedOptions;
  readonly #deflate: PerMessageDeflate | null;
  #headers: Record<string, unknown>;
  #origin: Origin | null = null;
  #url!: URL;
  #key = '';

  constructor(socket: WebSocket, protocols: readonly string[], options: ResolvedOptions) {
    const { perMessageDeflate, maxPayload } = options;
    this.#socket = socket;
    this.#protocols = protocols;
    this.#options = options;
    this.#headers = { ...options.headers };
    const deflateOptions = typeof perMessageDeflate === 'object' ? perMessageDeflate : {};
    this.#deflate = perMessageDeflate ? new PerMessageDeflate(deflateOptions, false, maxPayload) : null;
  }

  /** Sends the request for `url`. */
  request(url: URL): void {
    this.#url = url;
    const isSecure = url.protocol === 'wss:';
    const auth = userInfo(url) ?? this.#options.auth;
    const credentials = this.#options.followRedirects
      ? this.#guardCredentials(auth, isSecure)
      : { headers: this.#headers, auth };
    const create = isSecure ? httpsRequest : httpRequest;
    const request = create(this.#requestOptions(isSecure, credentials));
    const socket = this.#socket;
    socket._req = request;
    // Whoever listens may have aborted it.
    if (socket._redirects > 0) socket.emit('redirect', socket.url, request);
    if (this.#options.handshakeTimeout) {
      request.on('timeout', () => this.#abort(request, 'Opening handshake has timed out'));
    }
    request.on('error', (error) => {
      if (socket._req === null || aborted.has(request)) return;
      socket._req = null;
      emitErrorAndClose(socket, error);
    });
    request.on('response', (response) => this.#onResponse(request, response));
    request.on('upgrade', (response, stream, head) => this.#onUpgrade(response, stream as Socket, head));
    if (this.#options.finishRequest) this.#options.finishRequest(request, socket);
    else request.end();
  }

  /**
   * Keeps credentials from hosts that a redirect leads to, unless the program looks at redirects itself. One that leads
   * back has them again.
   */
  #guardCredentials(auth: string | null | undefined, isSecure: boolean): Credentials {
    const isIpc = this.#url.protocol === 'ws+unix:';
    const target = isIpc ? this.#url.pathname.split(':')[0]! : this.#url.host;
    if (this.#origin === null) {
      this.#origin = { isSecure, isIpc, target };
      this.#headers = Object.fromEntries(
        Object.entries(this.#headers).map(([name, value]) => [name.toLowerCase(), value]),
      );
    } else if (this.#socket.listenerCount('redirect') === 0) {
      const isSameHost = this.#origin.isIpc === isIpc && this.#origin.target === target;
      if (!isSameHost || (this.#origin.isSecure && !isSecure)) {
        const headers = { ...this.#headers };
        delete headers.authorization;
        delete headers.cookie;
        if (!isSameHost) delete headers.host;
        return { headers, auth: undefined };
      }
    }
    // As curl does: those of the first request are kept, whatever the addresses behind it say.
    if (auth && !this.#headers.authorization) {
      this.#headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
    }
    return { headers: this.#headers, auth };
  }

  #requestOptions(isSecure: boolean, { headers, auth }: Credentials): RequestOptions {
    const { createConnection, defaultPort, handshakeTimeout } = this.#options;
    const url = this.#url;
    const target = url.pathname + url.search;
    const isIpc = url.protocol === 'ws+unix:';
    const [socketPath, ipcPath] = splitOnce(target, ':');
    return {
      ...this.#options,
      ...OVERRIDDEN,
      createConnection: createConnection ?? ((isSecure ? connectTls : connectTcp) as never),
      defaultPort: defaultPort || (isSecure ? 443 : 80),
      port: url.port || (isSecure ? 443 : 80),
      host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
      path: isIpc ? ipcPath : target,
      headers: this.#requestHeaders(headers),
      ...(isIpc && { socketPath }),
      auth,
      ...(handshakeTimeout && { timeout: handshakeTimeout }),
    } as RequestOptions;
  }

  #requestHeaders(headers: Credentials['headers']): Record<string, string> {
    const { origin, protocolVersion } = this.#options;
    this.#key = randomBytes(16).toString('base64');
    const originName = protocolVersion < 13 ? 'Sec-WebSocket-Origin' : 'Origin';
    return {
      ...(headers as Record<string, string>),
      'Sec-WebSocket-Version': String(protocolVersion),
      'Sec-WebSocket-Key': this.#key,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      ...(this.#deflate !== null && {
        'Sec-WebSocket-Extensions': format({ [PERMESSAGE_DEFLATE]: this.#deflate.offer() }),
      }),
      ...(this.#protocols.length > 0 && { 'Sec-WebSocket-Protocol': this.#protocols.join(',') }),
      ...(origin && { [originName]: origin }),
    };
  }

  #onResponse(request: ClientRequest, response: IncomingMessage): void {
    const socket = this.#socket;
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    const isFollowed = this.#options.followRedirects && statusCode >= 300 && statusCode < 400;
    if (location && isFollowed) this.#redirect(request, location);
    else if (!socket.emit('unexpected-response', request, response)) {
      this.#abort(request, `Unexpected server response: ${statusCode}`);
    }
  }

  #redirect(request: ClientRequest, location: string): void {
    const socket = this.#socket;
    if (++socket._redirects > this.#options.maxRedirects) {
      this.#abort(request, 'Maximum redirects exceeded');
      return;
    }
    aborted.add(request);
    request.destroy();
    if (!URL.canParse(location, this.#url.href)) {
      emitErrorAndClose(socket, new SyntaxError(`Invalid URL: ${location}`));
      return;
    }
    const url = parseAddress(new URL(location, this.#url));
    const invalid = invalidity(url);
    socket._url = url.href;
    if (invalid === null) this.request(url);
    else emitErrorAndClose(socket, new SyntaxError(invalid));
  }

  #onUpgrade(response: IncomingMessage, stream: Socket, head: Buffer): void {
    const socket = this.#socket;
    socket.emit('upgrade', response);
    // Whoever listens may have closed it.
    if (socket._readyState !== socket.CONNECTING) return;
    socket._req = null;
    const fault = this.#judge(response);
    if (fault === null) {
      socket.setSocket(stream, head, this.#options);
      return;
    }
    socket._readyState = socket.CLOSING;
    stream.once('error', (error) => socket.emit('error', error));
    stream.once('close', () => socket.emitClose());
    stream.destroy(new Error(fault));
  }

  /** Takes in what the server agreed to; returns what is wrong with it, or `null`. */
  #judge({ headers }: IncomingMessage): string | null {
    if (headers.upgrade?.toLowerCase() !== 'websocket') return 'Invalid Upgrade header';
    if (headers['sec-websocket-accept'] !== acceptFor(this.#key))
      return 'Invalid Sec-WebSocket-Accept header';
    return (
      this.#judgeProtocol(headers['sec-websocket-protocol']) ??
      this.#judgeExtensions(headers['sec-websocket-extensions'])
    );
  }

  #judgeProtocol(protocol: string | undefined): string | null {
    if (protocol === undefined) return this.#protocols.length === 0 ? null : 'Server sent no subprotocol';
    if (this.#protocols.length === 0) return 'Server sent a subprotocol but none was requested';
    if (!this.#protocols.includes(protocol)) return 'Server sent an invalid subprotocol';
    if (protocol) this.#socket._protocol = protocol;
    return null;
  }

  #judgeExtensions(header: string | undefined): string | null {
    if (header === undefined) return null;
    const deflate = this.#deflate;
    if (deflate === null) {
      return 'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
    }
    try {
      const extensions = parse(header);
      const answer = extensions[PERMESSAGE_DEFLATE];
      if (answer === undefined || Object.keys(extensions).length > 1) {
        return 'Server indicated an extension that was not requested';
      }
      deflate.accept(answer);
    } catch {
      return 'Invalid Sec-WebSocket-Extensions header';
    }
    this.#socket._extensions = { [PERMESSAGE_DEFLATE]: deflate };
    return null;
  }

  #abort(request: ClientRequest, message: string): void {
    abortHandshake(this.#socket, request, message);
  }
}

/** @throws SyntaxError when it is no URL */
function parseAddress(address: string | URL): URL {
  const text = String(address);
  if (!URL.canParse(text)) throw new SyntaxError(`Invalid URL: ${text}`);
  const url = new URL(text);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url;
}

/** Returns the user and the password that `url` names, or `null`. */
function userInfo({ username, password }: URL): string | null {
  return username || password ? `${decodePercents(username)}:${decodePercents(password)}` : null;
}

/** Says why no WebSocket can be at `url`, or `null`. */
function invalidity({ protocol, pathname, hash }: URL): string | null {
  if (!['ws:', 'wss:', 'ws+unix:'].includes(protocol)) {
    return 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"';
  }
  if (protocol === 'ws+unix:' && pathname === '') return "The URL's pathname is empty";
  return hash === '' ? null : 'The URL contains a fragment identifier';
}

function connectTcp(options: TcpNetConnectOpts & { socketPath?: string; path?: string | undefined }): Duplex {
  // Of `options`, `path` is the request's.
  return netConnect({ ...options, path: options.socketPath } as TcpNetConnectOpts);
}

function connectTls(options: ConnectionOptions): Duplex {
  const { servername, host = '' } = options;
  const isNamed = servername || servername === '';
  return tlsConnect({ ...options, path: undefined, ...(!isNamed && { servername: isIP(host) ? '' : host }) });
}
