import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode } from '@hawser/protocol/websocket';
import { MESSAGE_TOO_LARGE, messageTooLarge } from '../errors.ts';
import type { ForeignSocket } from '../foreign-websocket.ts';
import { endWith } from '../websocket-engine.ts';
import type { UwsSocket } from './app.ts';
import type { UwsConnection } from './connection.ts';

/** How an app begins to say that a message is over its limit. It has no close code for it, and tells the peer nothing. */
const TOO_LARGE = 'Received too big message';

/** Messages of so many bytes at most are the caller's again when `send` returns. */
const MAX_COPIED_BYTES = 4096;

const CLOSED = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';

/** Told of an error, or of none. */
type Written = (error?: Error) => void;

/** The WebSocket server of an app, as a server of the `ws` package looks: what the option `wsEngine` takes. */
export class UwsWebSocketServer extends EventEmitter {
  readonly #maxPayload: number;
  #isClosed = false;

  /** @param options - the limit of one message, in bytes */
  constructor({ maxPayload }: { maxPayload: number }) {
    super();
    this.#maxPayload = maxPayload;
  }

  handleUpgrade(
    request: IncomingMessage,
    connection: Duplex,
    _head: Buffer,
    onOpen: (socket: ForeignSocket) => void,
  ): void {
    if (this.#isClosed) {
      endWith(connection, CLOSED);
      return;
    }
    const lines: string[] = [];
    this.emit('headers', lines, request);
    (connection as UwsConnection).upgrade(request, lines, {
      socket: new UwsWebSocket(this.#maxPayload, connection, onOpen),
    });
  }

  close(): void {
    this.#isClosed = true;
  }
}

/** Returns what a connection of the app was given when it began. */
export function webSocketOf(socket: UwsSocket): UwsWebSocket {
  return (socket.getUserData() as { socket: UwsWebSocket }).socket;
}

interface Waiting {
  readonly message: string | Uint8Array;
  readonly isCompressible: boolean;
  readonly written: Written;
}

/** A connection of an app, as one of the `ws` package looks. What one turn sends leaves together. */
export class UwsWebSocket extends EventEmitter {
  readonly #maxPayload: number;
  readonly #connection: Duplex;
  readonly #onOpen: (socket: ForeignSocket) => void;
  /** `null` before it is open, and once it is closed. */
  #socket: UwsSocket | null = null;
  #isOverLimit = false;
  #isMarked = false;
  #waiting: Waiting[] = [];
  /** Who waits for the peer to take what was sent. */
  #undrained: Written[] = [];

  /** @param connection - what the request came on: it ends with this one */
  constructor(maxPayload: number, connection: Duplex, onOpen: (socket: ForeignSocket) => void) {
    super();
    this.#maxPayload = maxPayload;
    this.#connection = connection;
    this.#onOpen = onOpen;
  }

  send(data: string | Uint8Array, options: { compress: boolean } | Written, written?: Written): void {
    const isBorrowed = typeof data === 'string' || data.length > MAX_COPIED_BYTES;
    const message = isBorrowed ? data : Uint8Array.from(data);
    this.#waiting.push(
      typeof options === 'function'
        ? { message, isCompressible: true, written: options }
        : { message, isCompressible: options.compress, written: written! },
    );
    if (this.#isMarked) return;
    this.#isMarked = true;
    process.nextTick(() => this.#flush(false));
  }

  ping(): void {
    this.#socket?.ping();
  }

  close(code?: number, reason?: string): void {
    this.#flush(true);
    if (this.#isOverLimit) {
      this.#socket?.end(CloseCode.MESSAGE_TOO_BIG, messageTooLarge(this.#maxPayload).message);
    } else if (code === undefined) this.#socket?.end();
    else this.#socket?.end(code, reason);
  }

  opened(socket: UwsSocket): void {
    this.#socket = socket;
    this.#onOpen(this as ForeignSocket);
  }

  received(message: ArrayBuffer, isBinary: boolean): void {
    if (message.byteLength > this.#maxPayload) {
      this.#failOverLimit();
      return;
    }
    // The memory is the app's.
    this.emit('message', Buffer.from(message.slice(0)), isBinary);
  }

  drained(): void {
    if (this.#socket!.getBufferedAmount() > 0) return;
    const undrained = this.#undrained;
    this.#undrained = [];
    for (const written of undrained) written();
    this.#flush(false);
  }

  closed(code: number, reason: string): void {
    this.#socket = null;
    this.#connection.destroy();
    if (reason.startsWith(TOO_LARGE)) this.#failOverLimit();
    this.emit('close', code, reason);
  }

  /** Whoever hears of it closes the connection. */
  #failOverLimit(): void {
    this.#isOverLimit = true;
    this.emit('error', Object.assign(new Error('message is over the limit'), { code: MESSAGE_TOO_LARGE }));
  }

  /** Sends what waits, as far as the peer takes it, or all of it where it is the last. */
  #flush(isLast: boolean): void {
    this.#isMarked = false;
    const socket = this.#socket;
    if (socket === null) return;
    const waiting = this.#waiting;
    const reports: (() => void)[] = [];
    let sent = 0;
    socket.cork(() => {
      while (sent < waiting.length && (isLast || this.#undrained.length === 0)) {
        this.#send(socket, waiting[sent++]!, reports);
      }
    });
    this.#waiting = waiting.slice(sent);
    // Who hears of one may close the connection.
    for (const report of reports) report();
  }

  #send(socket: UwsSocket, { message, isCompressible, written }: Waiting, reports: (() => void)[]): void {
    const result = socket.send(message, typeof message !== 'string', isCompressible);
    if (result === 1) reports.push(written);
    else if (result === 0) this.#undrained.push(written);
    else reports.push(() => written(new Error('message was dropped: it is over maxBackpressure')));
  }
}
