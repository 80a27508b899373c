import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Slab } from '@hawser/protocol/websocket';
import { attempt } from '@hawser/ws/internal';
import { ConfirmingTransport } from './confirming-transport.ts';
import { EngineError, MESSAGE_TOO_LARGE, messageTooLarge } from './errors.ts';
import { EngineNatives } from './natives.ts';
import { byteLengthOf, encodeMessage, type OutgoingPacket } from './packet.ts';
import { type CloseNotice, type EngineRequest, versionOf } from './transport.ts';
import type { TransportContext } from './transport-context.ts';
import { type Admission, exchangeOf, isHttp2Stream, type WebSocketEngine } from './websocket-engine.ts';

/** A connection of a foreign WebSocket server, as far as `ws` and `eiows` agree. */
export interface ForeignSocket {
  send(data: string | Uint8Array, callback: (error?: Error) => void): void;
  send(data: string | Uint8Array, options: { compress: boolean }, callback: (error?: Error) => void): void;
  close(code?: number, reason?: string): void;
  ping?(): void;
  on(event: 'message', listener: (data: Buffer | string, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'pong', listener: () => void): unknown;
  once(event: 'close', listener: (code?: number, reason?: unknown) => void): unknown;
  readonly _sender?: { sendFrame?(frame: object, callback: (error?: Error) => void): void } | undefined;
}

/** A foreign WebSocket server. */
interface ForeignServer {
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (socket: ForeignSocket) => void,
  ): void;
  close(): void;
  on?(event: 'headers', listener: (lines: string[], request: IncomingMessage) => void): unknown;
}

/** How a foreign server is constructed. */
export type ForeignServerClass = new (options: {
  noServer: true;
  clientTracking: false;
  perMessageDeflate: unknown;
  maxPayload: number;
}) => ForeignServer;

const NOT_OVER_HTTP2 = Buffer.from('no WebSocket over HTTP/2 here');

/** Makes transports with the WebSocket server that the user chose. */
export class ForeignWebSocketEngine implements WebSocketEngine {
  readonly isBusy = false;
  readonly slab = new Slab(new EngineNatives());
  #server: ForeignServer;
  readonly #createServer: () => ForeignServer;
  readonly #context: TransportContext;
  readonly #isCompressing: boolean;
  /** Whose handshakes are being answered. */
  readonly #admissions = new WeakMap<IncomingMessage, Admission>();

  constructor(Server: ForeignServerClass, context: TransportContext, perMessageDeflate: unknown) {
    this.#context = context;
    this.#isCompressing = Boolean(perMessageDeflate);
    this.#createServer = () => {
      const server = new Server({
        noServer: true,
        clientTracking: false,
        perMessageDeflate,
        maxPayload: context.maxPayloadBytes,
      });
      server.on?.('headers', (lines, request) => this.#addHeaders(lines, request));
      return server;
    };
    this.#server = this.#createServer();
  }

  get server(): ForeignServer {
    return this.#server;
  }

  accept(admission: Admission): void {
    const { request, socket, head, onOpen } = admission;
    // It would write HTTP/1.1 into the stream, as data.
    if (isHttp2Stream(socket)) {
      socket.on('error', ignore);
      exchangeOf(request, socket).refuse(501, NOT_OVER_HTTP2, {});
      return;
    }
    this.#admissions.set(request, admission);
    this.#server.handleUpgrade(request, socket, head, (websocket) => {
      onOpen(new ForeignWebSocketTransport(websocket, request, this.#context, this.#isCompressing));
    });
  }

  tick(): void {}

  close(): void {
    this.#server.close();
  }

  /** Such a server has let go for good of what it needs. */
  reopen(): void {
    this.#server = this.#createServer();
  }

  #addHeaders(lines: string[], request: IncomingMessage): void {
    const headers = this.#admissions.get(request)?.headers() ?? {};
    for (const [name, values] of Object.entries(headers)) {
      for (const value of Array.isArray(values) ? values : [values]) lines.push(`${name}: ${value}`);
    }
  }
}

/** A WebSocket connection of a foreign server. */
class ForeignWebSocketTransport extends ConfirmingTransport {
  readonly #socket: ForeignSocket;
  readonly #context: TransportContext;
  readonly #isCompressing: boolean;

  constructor(
    socket: ForeignSocket,
    request: EngineRequest,
    context: TransportContext,
    isCompressing: boolean,
  ) {
    super(versionOf(request), !request._query.b64);
    this.#socket = socket;
    this.#context = context;
    this.#isCompressing = isCompressing;
    this.writable = true;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.wasHeard = true;
    });
    socket.on('error', (error) => this.#break(error));
    socket.once('close', (code = 1006, reason = '') => {
      this.end({ description: 'websocket connection closed', context: { code, reason: String(reason) } });
    });
  }

  get name(): string {
    return 'websocket';
  }

  override probe(): void {
    this.#socket.ping?.();
  }

  send(packet: OutgoingPacket): void {
    const { data, options, callback } = packet;
    const byteLength = byteLengthOf(data);
    this.wrote(byteLength);
    const done = (error?: Error | null): void => {
      if (error) this.fail(new EngineError('EIO_ERR_WRITE', 'write error', { cause: error }));
      else this.confirm(byteLength, callback);
    };
    const frame = options.wsPreEncodedFrame;
    if (frame !== undefined && !this.#isCompressing && this.#socket._sender?.sendFrame !== undefined) {
      this.#socket._sender.sendFrame(frame, done);
    } else if (this.#isCompressing && options.compress === false) {
      this.#socket.send(encodeMessage(this, this.#context, packet), { compress: false }, done);
    } else {
      this.#socket.send(encodeMessage(this, this.#context, packet), done);
    }
  }

  protected doClose(done: () => void, notice: CloseNotice | null): void {
    // Some tell at once that it is closed, and who closes it is to be told first.
    attempt(done);
    if (notice === null) this.#socket.close();
    else this.#socket.close(notice.code, notice.reason);
  }

  protected override onPeerClose(): void {
    this.#socket.close();
    this.end(undefined);
  }

  #break(cause: Error & { code?: string }): void {
    if (cause.code === MESSAGE_TOO_LARGE) {
      this.fail(messageTooLarge(this.#context.maxPayloadBytes, cause));
    } else {
      this.fail(new EngineError('EIO_ERR_CONNECTION', cause.message, { cause }));
    }
  }

  #receive(data: Buffer | string, isBinary: boolean): void {
    if (this.readyState !== 'open') return;
    this.wasHeard = true;
    const frame = isBinary || typeof data === 'string' ? data : data.toString();
    const packet = this.#context.codecs[this.protocol].decodeFrame(frame);
    if (typeof packet === 'string') this.handler?.onViolation(packet);
    else this.deliver(packet);
  }
}

function ignore(): void {}
