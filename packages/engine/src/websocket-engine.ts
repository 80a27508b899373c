import { EventEmitter } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket as NetSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { acceptDeflateOffer, Endpoint, type Refusal, type Slab } from '@hawser/protocol/websocket';
import {
  acceptFor,
  type CompressionSettings,
  Compressor,
  ConnectExchange,
  type Exchange,
  hasLeft,
  isOwned,
  MAX_UNWRITTEN_BYTES,
  NodeNatives,
  Roster,
  StreamConnection,
  type StreamContext,
  throwLater,
  UpgradeExchange,
} from '@hawser/ws/internal';
import type { EngineRequest, Transport } from './transport.ts';
import type { TransportContext } from './transport-context.ts';
import { WebSocketTransport } from './websocket.ts';

/** An upgrade request that the server has let in. */
export interface Admission {
  readonly request: EngineRequest;
  readonly socket: Duplex;
  /** What came in behind the request. */
  readonly head: Buffer;
  /** Returns the headers of the response, beyond the handshake's own. */
  readonly headers: () => OutgoingHttpHeaders;
  /** What its transport has in common with others. */
  readonly context: TransportContext;
  /** Takes the transport in hand. */
  readonly onOpen: (transport: Transport) => void;
}

/** What makes WebSocket transports of upgrade requests: Hawser's own, or a foreign server. */
export interface WebSocketEngine {
  /** Where frames for many are made. */
  readonly slab: Slab;
  /** @throws Error when the socket was let in before */
  accept(admission: Admission): void;
  /** Takes in that time passed. */
  tick(nowMs: number): void;
  /** Whether it needs to be told the time. */
  readonly isBusy: boolean;
  /** What programs know as `engine.ws`: the server that the user chose, or an emitter of `headers` as it is one. */
  readonly server: unknown;
  /** Lets nobody in any more. */
  close(): void;
  /** Lets clients in again, after `close`. */
  reopen(): void;
}

type HeaderLines = Readonly<Record<string, string | readonly string[]>>;

/** What a response of `ws` begins with. */
const FIRST_LINES = [
  'HTTP/1.1 101 Switching Protocols',
  'Upgrade: websocket',
  'Connection: Upgrade',
] as const;

/** Names of headers that the handshake alone decides on. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
]);

const CLOSED: Refusal = { isAcceptable: false, status: 503, message: 'the server was closed', headers: {} };
const FAILED: Refusal = { isAcceptable: false, status: 500, message: 'internal error', headers: {} };

/** Hawser's own WebSocket server, below its public API. */
export class NativeWebSocketEngine implements WebSocketEngine {
  readonly server = new EventEmitter();
  readonly slab: Slab;
  readonly #compressor: Compressor | null;
  readonly #events: StreamContext<WebSocketTransport>['events'];
  /** Connections that end: their deadlines are swept, those of the others are their sessions'. */
  readonly #closing = new Roster<StreamConnection<WebSocketTransport>>();
  /** What connections share whose transports do. */
  readonly #streams = new WeakMap<TransportContext, StreamContext<WebSocketTransport>>();
  #isClosed = false;

  /** @param wake - called when time has to be told from now on */
  constructor(transports: TransportContext, compression: CompressionSettings | null, wake: () => void) {
    this.#compressor = compression && new Compressor(compression, 'server');
    this.#events = {
      message: (transport, data) => transport.receive(data),
      text: (transport, text) => transport.receive(text),
      ping: ignore,
      pong: ignore,
      drain: (transport) => transport.onDrain(),
      failed: throwLater,
      closing: (connection) => {
        this.#closing.add(connection);
        wake();
        connection.peer.onClosing();
      },
      closed: (connection) => {
        this.#closing.delete(connection);
        connection.peer.onClosed();
      },
    };
    this.slab = this.#streamsOf(transports).endpoint.slab;
  }

  get isBusy(): boolean {
    return this.#closing.size > 0;
  }

  accept({ request, socket, head, headers, context, onOpen }: Admission): void {
    if (isOwned(socket)) throw new Error('handleUpgrade was called twice for the same socket');
    // While it was decided on, the client may have left.
    if (hasLeft(socket)) {
      socket.destroy();
      return;
    }
    const exchange = exchangeOf(request, socket);
    const verdict = this.#isClosed ? CLOSED : exchange.judge(request);
    if (!verdict.isAcceptable) {
      refuse(exchange, socket, verdict);
      return;
    }
    const wanted = this.#compressor?.settings.wanted ?? null;
    const deflate = wanted && acceptDeflateOffer(verdict.extensions, wanted);
    let answer: string | null;
    try {
      answer = exchange.accept({
        // A browser that offered subprotocols takes no answer without one.
        protocol: verdict.protocols[0] ?? '',
        extensions: deflate === null ? [] : [deflate.extension],
        headers: this.#announced(linesOf(headers()), request),
      });
    } catch (error) {
      // Of a listener, or of a header that no response can carry: nobody else would end the connection.
      refuse(exchange, socket, FAILED);
      throw error;
    }
    // The HTTP server's timeouts are not ours.
    (socket as Partial<NetSocket>).setTimeout?.(0);
    (socket as Partial<NetSocket>).setNoDelay?.(true);
    const connection = new StreamConnection<WebSocketTransport>(
      socket,
      this.#streamsOf(context),
      deflate && this.#compressor!.agree(deflate.agreement),
      (self) => new WebSocketTransport(self, request, context, deflate !== null),
    );
    connection.start(answer, head, () => onOpen(connection.peer));
  }

  /** Has listeners for `headers` add to the lines of the response, which they get as those of `ws` do. */
  #announced(headers: HeaderLines, request: EngineRequest): HeaderLines {
    if (this.server.listenerCount('headers') === 0) return headers;
    const accept = acceptFor(request.headers['sec-websocket-key'] ?? '');
    const lines = [...FIRST_LINES, `Sec-WebSocket-Accept: ${accept}`, ...toLines(headers)];
    this.server.emit('headers', lines, request);
    return fromLines(lines);
  }

  tick(nowMs: number): void {
    for (const connection of this.#closing) connection.tick(nowMs);
  }

  close(): void {
    this.#isClosed = true;
  }

  reopen(): void {
    this.#isClosed = false;
  }

  #streamsOf(transports: TransportContext): StreamContext<WebSocketTransport> {
    let streams = this.#streams.get(transports);
    if (streams === undefined) {
      streams = this.#createStreams(transports);
      this.#streams.set(transports, streams);
    }
    return streams;
  }

  #createStreams({
    maxPayloadBytes,
    closeTimeoutMs,
    flusher,
  }: TransportContext): StreamContext<WebSocketTransport> {
    const endpoint = new Endpoint(
      {
        role: 'server',
        maxMessageBytes: maxPayloadBytes,
        // To answer our close frame, and then to end the TCP connection.
        closeTimeoutMs,
        pingIntervalMs: 0,
        pingTimeoutMs: 0,
        habits: { readsText: true, echoesCloseReason: true },
      },
      new NodeNatives(),
    );
    return {
      endpoint,
      // The session bounds it, over all transports.
      maxBufferedBytes: Number.POSITIVE_INFINITY,
      maxUnwrittenBytes: MAX_UNWRITTEN_BYTES,
      slowConsumer: 'drop',
      flusher,
      events: this.#events,
    };
  }
}

/** Returns the handshake as the request's version of HTTP has it. */
export function exchangeOf(request: EngineRequest, socket: Duplex): Exchange {
  return isHttp2Stream(socket) ? new ConnectExchange(socket, request.headers) : new UpgradeExchange(socket);
}

/** Tells a stream of HTTP/2 from a connection. */
export function isHttp2Stream(socket: Duplex): socket is ServerHttp2Stream {
  return 'respond' in socket;
}

function refuse(exchange: Exchange, socket: Duplex, { status, message, headers }: Refusal): void {
  socket.on('error', ignore);
  if (!isHttp2Stream(socket)) socket.once('finish', () => socket.destroy());
  exchange.refuse(status, Buffer.from(message), headers);
}

/** Returns headers as texts, whatever programs set them to, without the handshake's own. */
function linesOf(headers: OutgoingHttpHeaders): HeaderLines {
  const lines: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || isOwnName(name)) continue;
    lines[name] = Array.isArray(value) ? value.map(String) : String(value);
  }
  return lines;
}

function toLines(headers: HeaderLines): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}`),
  );
}

function fromLines(lines: readonly string[]): HeaderLines {
  const headers: Record<string, string[]> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (name === '' || isOwnName(name)) continue;
    headers[name] ??= [];
    headers[name].push(line.slice(colon + 1).trim());
  }
  return headers;
}

function isOwnName(name: string): boolean {
  return OWN_NAMES.has(name.toLowerCase());
}

/** Sends a last response on a connection, and ends it. */
export function endWith(socket: Duplex, response: string): void {
  socket.on('error', ignore);
  if (socket.writable) socket.end(response, () => socket.destroy());
  else socket.destroy();
}

function ignore(): void {}
