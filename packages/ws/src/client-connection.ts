import type { Socket } from 'node:net';
import { type AcceptedResponse, CloseCode, Endpoint } from '@hawser/protocol/websocket';
import type { ClientTarget, CloseStatus } from './client-target.ts';
import { Compressor } from './compression/compressor.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { type Dialled, type Dialling, dial } from './dial.ts';
import { WebSocketError } from './errors.ts';
import { queueMicrotask, setImmediate } from './event-loop.ts';
import { NodeNatives } from './natives.ts';
import { TEXT_MESSAGE } from './outgoing.ts';
import { StreamConnection } from './stream-connection.ts';
import type { SendResult, StreamEvents } from './stream-context.ts';
import { TurnFlusher } from './turn-flusher.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** How a client's connection ended. */
export interface ClientEnd {
  /** Both close frames were exchanged. */
  readonly wasClean: boolean;
  /** Those of the server's close frame (RFC 6455 sections 7.1.5 and 7.1.6), or 1006. */
  readonly code: number;
  readonly reason: string;
  /** Why it was not clean, unless it was terminated. */
  readonly error: WebSocketError | null;
}

/** What a client's connection reports; `peer` is the object by which the user knows it. */
export interface ClientEvents<Peer> {
  /** The handshake is done. What came in behind it is delivered when the promise reactions to this have run. */
  opened(peer: Peer, response: AcceptedResponse): void;
  /** The next message waits until the promise reactions to this one have run. */
  message(peer: Peer, data: Buffer, isBinary: boolean): void;
  ping(peer: Peer, data: Buffer): void;
  pong(peer: Peer, data: Buffer): void;
  /** What was queued has left. */
  drain(peer: Peer): void;
  /** The connection that was open is no longer: nothing more can be sent. */
  closing(peer: Peer): void;
  /** The last report: the transport is gone, or there never was a connection. */
  closed(peer: Peer, end: ClientEnd): void;
}

/**
 * A client's connection from the call to its end: the opening handshake, then a {@link StreamConnection}.
 *
 * | `readyState`   | left by                                                          |
 * | -------------- | ---------------------------------------------------------------- |
 * | 0 (connecting) | the server's answer, a failure, `close`, `terminate`             |
 * | 1 (open)       | `close`, the server's close frame, a failure                     |
 * | 2 (closing)    | the end of the TCP connection; where there was none, a turn later |
 */
export class ClientConnection<Peer> {
  static readonly #streamEvents: StreamEvents<ClientConnection<unknown>> = Object.freeze({
    message: (self, data, isBinary) => {
      self.#stream?.delivery.letReactionsRun();
      self.#events.message(self.#peer, data, isBinary);
    },
    ping: (self, data) => self.#events.ping(self.#peer, data),
    pong: (self, data) => self.#events.pong(self.#peer, data),
    drain: (self) => self.#events.drain(self.#peer),
    failed: (error, connection) => {
      // What the handler was given is lost, so the connection cannot go on as if it were not.
      connection.fail(CloseCode.INTERNAL_ERROR, 'internal error');
      queueMicrotask(() => throwError(error));
    },
    closing: ({ peer: self }) => {
      self.#timer?.schedule();
      self.#events.closing(self.#peer);
    },
    closed: ({ peer: self }) => self.#closed(),
  } satisfies StreamEvents<ClientConnection<unknown>>);

  readonly #peer: Peer;
  readonly #events: ClientEvents<Peer>;
  readonly #target: ClientTarget;
  readonly #maxUnwrittenBytes: number;
  #dialling: Dialling | null;
  #stream: StreamConnection<ClientConnection<Peer>> | null = null;
  #timer: DeadlineTimer | null = null;
  #stateWithoutStream: 0 | 2 | 3 = CONNECTING;
  /** Paused before there was a stream. */
  #isPaused = false;
  #isTerminated = false;
  /** Of the connection once it is open: what keeps the process alive. */
  #socket: Partial<Socket> | null = null;
  #isReferenced = true;

  /** @param maxUnwrittenBytes - so much is collected within one turn before it is written after all */
  constructor(peer: Peer, events: ClientEvents<Peer>, target: ClientTarget, maxUnwrittenBytes: number) {
    this.#peer = peer;
    this.#events = events;
    this.#target = target;
    this.#maxUnwrittenBytes = maxUnwrittenBytes;
    const { url, protocols, options, bounds } = target;
    this.#dialling = dial(url, protocols, options, bounds, (result) => {
      this.#dialling = null;
      if (result instanceof WebSocketError) this.#refused(result);
      else this.#open(result);
    });
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#stream?.readyState ?? this.#stateWithoutStream;
  }

  get isOpen(): boolean {
    return this.readyState === OPEN;
  }

  /** Bytes that wait in memory, headers included. */
  get bufferedBytes(): number {
    return this.#stream?.bufferedBytes ?? 0;
  }

  /** @param isCompressible - it may be compressed, if it is worth it */
  send(payload: string | Uint8Array, isCompressible = true): SendResult {
    const isBinary = typeof payload !== 'string';
    if (isCompressible) return this.#stream?.send(payload, isBinary) ?? 'closed';
    return this.#stream?.sendFrame(payload, { ...TEXT_MESSAGE, isBinary, isCompressible }) ?? 'closed';
  }

  /** @see Connection.ping */
  ping(data: Uint8Array): SendResult {
    return this.#stream?.sendControl('ping', data) ?? 'closed';
  }

  /** Has `drain` reported when all that waits now has left. */
  oweDrain(): void {
    this.#stream?.oweDrain();
  }

  /** Begins the closing handshake, or breaks off the opening one. */
  close({ code, reason }: CloseStatus): void {
    this.#abort('the connection was closed before it was open');
    this.#stream?.close(code, reason);
  }

  /** @see Connection.fail */
  fail(code: number, reason: string): void {
    this.#stream?.fail(code, reason);
  }

  /** Cuts the connection without a close frame. */
  terminate(): void {
    this.#isTerminated = true;
    this.#abort('the connection was terminated');
    this.#stream?.terminate();
  }

  /** Holds messages, and the server's close frame behind them, back until `resume`; a slow one fills the TCP window. */
  pause(): void {
    this.#isPaused = true;
    this.#stream?.delivery.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.delivery.resume();
  }

  /** Holds messages back until `readerKeepsUp`, beside what the user holds back. */
  readerLagsBehind(): void {
    this.#stream?.delivery.readerLagsBehind();
  }

  readerKeepsUp(): void {
    this.#stream?.delivery.readerKeepsUp();
  }

  /** Sets whether the connection, or its handshake, keeps the process alive. */
  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#dialling?.reference(isReferenced);
    if (isReferenced) this.#socket?.ref?.();
    else this.#socket?.unref?.();
  }

  #abort(message: string): void {
    this.#dialling?.abort(new WebSocketError('WS_ERR_CLOSED_BEFORE_OPEN', message));
  }

  #open({ stream, response, rest, deflate }: Dialled): void {
    const { bounds } = this.#target;
    // The server may have ended while we are paused: we still deliver, and answer its close frame.
    stream.allowHalfOpen = true;
    this.#socket = stream as Partial<Socket>;
    if (!this.#isReferenced) this.reference(false);
    const connection = new StreamConnection<ClientConnection<Peer>>(
      stream,
      {
        endpoint: new Endpoint({ role: 'client', ...bounds }, new NodeNatives()),
        // What must not be sent is up to the user: the standard has no bound, and a stream has its own.
        maxBufferedBytes: Number.POSITIVE_INFINITY,
        maxUnwrittenBytes: this.#maxUnwrittenBytes,
        slowConsumer: 'drop',
        flusher: new TurnFlusher(),
        events: ClientConnection.#streamEvents,
      },
      deflate && new Compressor(bounds.compression!, 'client').agree(deflate),
      () => this,
    );
    this.#stream = connection;
    this.#timer = new DeadlineTimer(connection);
    this.#timer.schedule();
    connection.start(null, rest, () => {
      connection.delivery.letReactionsRun();
      if (this.#isPaused) connection.delivery.pause();
      this.#events.opened(this.#peer, response);
    });
  }

  #refused(error: WebSocketError): void {
    this.#stateWithoutStream = CLOSING;
    setImmediate(() => {
      this.#stateWithoutStream = CLOSED;
      this.#events.closed(this.#peer, { wasClean: false, code: CloseCode.ABNORMAL, reason: '', error });
    });
  }

  #closed(): void {
    this.#timer?.stop();
    this.#socket = null;
    const { wasClean, closeCode: code, closeReason: reason } = this.#stream!.ending;
    if (wasClean) {
      this.#events.closed(this.#peer, { wasClean, code, reason, error: null });
      return;
    }
    const message = reason === '' ? 'the connection ended without a close frame' : reason;
    const error = new WebSocketError('WS_ERR_CONNECTION_FAILED', message, { closeCode: CloseCode.ABNORMAL });
    this.#events.closed(this.#peer, {
      wasClean,
      code: CloseCode.ABNORMAL,
      reason: '',
      error: this.#isTerminated ? null : error,
    });
  }
}

function throwError(error: unknown): never {
  throw error;
}
