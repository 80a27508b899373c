import { CloseCode } from './close-code.ts';
import { decodeCloseStatus, encodeCloseStatus } from './close-frame.ts';
import type { ConnectionHandler } from './connection-handler.ts';
import { ConnectionOutput, OPEN } from './connection-output.ts';
import type { Endpoint } from './endpoint.ts';
import { VIOLATIONS, type Violation, type ViolationCode } from './errors.ts';
import type { MessageHandler, MessageReader } from './message-reader.ts';
import { copyOf } from './natives.ts';
import { Opcode } from './opcode.ts';
import { ReceivedMessage } from './received-message.ts';
import { isUtf8 } from './utf8.ts';
import { WaitingPongs } from './waiting-pongs.ts';

const CLOSE_SENT = 1;
const FINISHED = 2;
/** A deadline that the next `tick` sets: the machine has no clock of its own. */
const AT_NEXT_TICK = -1;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * One WebSocket connection after its handshake, either role: bytes in, handler calls and an outbox out.
 *
 * | state      | event                     | next       | calls, and what the outbox gets                 |
 * | ---------- | ------------------------- | ---------- | ----------------------------------------------- |
 * | open       | `close()`                 | close sent | close frame; `onClosing`                        |
 * | open       | close frame received      | finished   | echoed close frame; `onClosing`, `onFinished`   |
 * | open       | violation, `fail()`       | finished   | close frame; `onClosing`, `onFinished`          |
 * | open       | end of input              | finished   | `onClosing`, `onFinished`; code 1006            |
 * | open       | heartbeat unanswered      | finished   | `onClosing`, `onTimeout`; code 1006             |
 * | close sent | close frame received      | finished   | `onFinished`                                    |
 * | close sent | violation                 | finished   | `onFinished`                                    |
 * | close sent | end of input              | finished   | `onFinished`; code 1006                         |
 * | close sent | deadline passed           | finished   | `onTimeout`; code 1006                          |
 * | finished   | deadline passed           | finished   | `onTimeout`                                     |
 *
 * A client leaves it to the server to end the transport first (RFC 6455 section 7.1.1), unless it has other habits:
 * after a complete closing handshake its `onFinished` waits for the end of input. Data is delivered until the peer's close frame, also
 * while our own is on its way.
 *
 * @example
 * ```ts
 * import { Connection, type ConnectionHandler, type Endpoint } from '@hawser/protocol/websocket';
 *
 * function carry(chunk: Uint8Array, handler: ConnectionHandler, endpoint: Endpoint): readonly Uint8Array[] {
 *   const connection = new Connection(handler, endpoint);
 *   connection.receive(chunk);
 *   return connection.outbox.take();
 * }
 * ```
 */
export class Connection extends ConnectionOutput implements MessageHandler {
  /** The peer's close code, or the code with which we failed the connection, or 1005 or 1006; 0 while open. */
  closeCode = 0;
  /** The peer's reason, or that of our failure. */
  closeReason = '';
  /** Both close frames were exchanged (RFC 6455 section 7.1.4). */
  wasClean = false;
  /** What the peer did wrong, if that is why the connection failed. */
  violation: Violation | null = null;
  readonly allowsRsv1: boolean;
  readonly #handler: ConnectionHandler;
  /** Only while a frame or a message is incomplete, or delivery is paused. */
  #reader: MessageReader | null = null;
  /** Input that waits for `resume`; `null` when delivery is not paused. */
  #paused: Uint8Array[] | null = null;
  #isEofPaused = false;
  /** The closing handshake is done, and the server is to end the connection. */
  #awaitsEnd = false;
  /** Once the peer has sent a ping. */
  #pongs: WaitingPongs | null = null;
  #wasHeard = true;
  /** When the peer is given up, if it stays silent after a ping. */
  #giveUpAtMs = NEVER;
  #deadlineMs = AT_NEXT_TICK;

  /** @param allowsRsv1 - permessage-deflate was negotiated for this connection (RFC 7692 section 5) */
  constructor(handler: ConnectionHandler, endpoint: Endpoint, allowsRsv1 = false) {
    super(endpoint);
    this.allowsRsv1 = allowsRsv1;
    this.#handler = handler;
  }

  /** Delivery is paused. */
  get isPaused(): boolean {
    return this.#paused !== null;
  }

  /** Delivery is paused, and something waits for it. */
  get holdsInput(): boolean {
    return this.#paused !== null && this.#paused.length > 0;
  }

  /**
   * Takes in what the transport read. The machine owns `chunk` from here on and writes into it.
   * @param isLent - the machine has `chunk` only until this returns: the transport will read into it again
   */
  receive(chunk: Uint8Array, isLent = false): void {
    this.#wasHeard = true;
    if (this.state === FINISHED) return;
    if (this.#paused !== null) this.#keep(chunk, 0, isLent);
    else this.#read(chunk, isLent);
  }

  /** Takes in that the peer will send nothing more. */
  receiveEof(): void {
    if (this.#paused !== null) {
      this.#isEofPaused = true;
    } else if (this.state !== FINISHED) {
      this.abort('');
    } else if (this.#awaitsEnd) {
      this.#awaitsEnd = false;
      this.#handler.onFinished();
    }
  }

  /**
   * Takes in that the transport broke, or that the caller is about to break it.
   * @param reason - for `closeReason`; local, as no close frame can carry it
   */
  abort(reason: string): void {
    if (this.state === FINISHED) return;
    if (this.#giveUp(reason)) this.#handler.onFinished();
  }

  /** Takes in that time passed; `nowMs` is any clock that only moves forward. */
  tick(nowMs: number): void {
    if (this.state === OPEN) {
      if (this.endpoint.options.pingIntervalMs > 0) this.#beat(nowMs);
    } else if (this.#deadlineMs === AT_NEXT_TICK) {
      this.#deadlineMs = nowMs + this.endpoint.options.closeTimeoutMs;
    } else if (nowMs >= this.#deadlineMs) {
      if (this.state === CLOSE_SENT) this.#giveUp('');
      this.#handler.onTimeout();
    }
  }

  /** Returns when `tick` has to be called next: a time of its clock, `-Infinity` for at once, `Infinity` for never. */
  nextDeadline(): number {
    if (this.state === OPEN && this.endpoint.options.pingIntervalMs <= 0) return NEVER;
    return this.#deadlineMs === AT_NEXT_TICK ? Number.NEGATIVE_INFINITY : this.#deadlineMs;
  }

  /** Takes in that the peer is alive although nothing was read. */
  markAlive(): void {
    this.#wasHeard = true;
  }

  /** Stops delivery before the next message. Input that comes in meanwhile is kept: stop reading the transport. */
  pause(): void {
    if (this.state === FINISHED) return;
    this.#paused ??= [];
    this.#reader?.stop();
  }

  /** Delivers what was kept, and goes on. */
  resume(): void {
    const waiting = this.#paused;
    if (waiting === null) return;
    this.#paused = null;
    this.#reader?.resume();
    for (const chunk of waiting) this.receive(chunk);
    if (this.#isEofPaused) this.receiveEof();
  }

  /**
   * Begins the closing handshake (RFC 6455 section 7.1.2), if the connection is open.
   * @param code - without it the close frame is empty
   * @throws WS_ERR_CLOSE_CODE_ARGUMENT when a close frame must not carry `code`, or there is a reason without one
   * @throws WS_ERR_CLOSE_REASON_ARGUMENT when `reason` takes more than 123 bytes
   */
  close(code?: number, reason = ''): boolean {
    const payload = encodeCloseStatus(this.endpoint.natives, code, reason);
    if (this.state !== OPEN) return false;
    this.#writeClose(payload);
    // The handler may have aborted.
    if (this.state === OPEN) this.#enter(CLOSE_SENT);
    return true;
  }

  /**
   * Fails the connection (RFC 6455 section 7.1.7): a close frame, and no more input.
   * @throws WS_ERR_CLOSE_CODE_ARGUMENT, WS_ERR_CLOSE_REASON_ARGUMENT as `close` does
   */
  fail(code: number, reason: string): void {
    if (this.state === FINISHED) return;
    const sentReason = this.endpoint.habits.explainsFailures ? reason : '';
    const payload = encodeCloseStatus(this.endpoint.natives, code, sentReason);
    this.#writeClose(payload);
    // The handler may have aborted.
    if (this.state === FINISHED) return;
    this.closeCode = code;
    this.closeReason = reason;
    this.#enter(FINISHED);
    this.#handler.onFinished();
  }

  /** Delivers a message that came compressed, if input still counts. To be called while paused, before `resume`. */
  deliver(data: Uint8Array, isBinary: boolean): void {
    if (this.state === FINISHED) return;
    const { natives, habits } = this.endpoint;
    if (!isBinary && habits.validatesText && !isUtf8(natives, data)) this.violate('WS_ERR_INVALID_UTF8');
    else if (!isBinary && habits.readsText) this.#handler.onText!(natives.readUtf8(data));
    else this.#handler.onMessage(data, isBinary, null);
  }

  /** Fails the connection for what the peer did wrong; `value` is what it is about, where that is a number. */
  violate(code: ViolationCode, value = 0): void {
    if (this.state === FINISHED) return;
    this.violation = { code, value };
    const { closeCode, reason } = VIOLATIONS[code];
    const { maxMessageBytes } = this.endpoint.options;
    const limit = closeCode === CloseCode.MESSAGE_TOO_BIG ? ` of ${maxMessageBytes} bytes` : '';
    this.fail(closeCode, reason + limit);
  }

  /** Takes in that the outbox was written, which may make room for a pong. */
  outboxWritten(): void {
    const ping = this.#pongs?.written() ?? null;
    if (ping !== null && this.state !== FINISHED) this.writeControl(Opcode.PONG, ping);
  }

  onMessageData(
    bytes: Uint8Array,
    headroom: number,
    isBinary: boolean,
    isCompressed: boolean,
    fragmentEnds: readonly number[] | null,
  ): void {
    if (isCompressed) {
      const inflated = this.#handler.onCompressedMessage!(bytes.subarray(headroom), isBinary);
      if (inflated !== null) this.deliver(inflated, isBinary);
    } else if (headroom === 0) {
      this.#handler.onMessage(bytes, isBinary, fragmentEnds);
    } else {
      const received = new ReceivedMessage(bytes, headroom);
      this.endpoint.slab.received = received;
      try {
        this.#handler.onMessage(received.data, isBinary, fragmentEnds);
      } finally {
        this.endpoint.slab.received = null;
      }
    }
  }

  onTextData(text: string): void {
    this.#handler.onText!(text);
  }

  onControlFrame(opcode: number, payload: Uint8Array): void {
    if (opcode === Opcode.CLOSE) {
      this.#receiveClose(payload);
    } else if (opcode === Opcode.PING) {
      if (this.endpoint.habits.answersPings) this.#answerPing(payload);
      this.#handler.onPing(payload);
    } else {
      this.#handler.onPong(payload);
    }
  }

  onFrameViolation(code: ViolationCode, value: number): void {
    this.violate(code, value);
  }

  #keep(chunk: Uint8Array, start: number, isLent: boolean): void {
    const { natives } = this.endpoint;
    this.#paused!.push(isLent ? copyOf(natives, chunk, start, chunk.length) : chunk.subarray(start));
  }

  #read(chunk: Uint8Array, isLent: boolean): void {
    const reader = (this.#reader ??= this.endpoint.takeReader(this));
    const at = reader.read(chunk, 0, isLent);
    if (at < chunk.length && this.#paused !== null) this.#keep(chunk, at, isLent);
    // A reader that was stopped for good is nobody's any more.
    if (!reader.isAtRest) return;
    this.#reader = null;
    this.endpoint.giveReader(reader);
  }

  #receiveClose(payload: Uint8Array): void {
    const { natives, habits } = this.endpoint;
    const status = decodeCloseStatus(natives, payload, habits.validatesText);
    if (typeof status === 'string') {
      this.violate(status, payload[0]! * 256 + payload[1]!);
      return;
    }
    this.closeCode = status.code;
    this.closeReason = status.reason;
    this.wasClean = true;
    const echoedBytes = habits.echoesCloseReason ? payload.length : 2;
    this.#writeClose(payload.subarray(0, echoedBytes));
    // The handler may have aborted.
    if (this.state === FINISHED) return;
    this.#enter(FINISHED);
    this.#awaitsEnd = this.endpoint.options.role === 'client' && !this.endpoint.habits.endsWithHandshake;
    if (!this.#awaitsEnd) this.#handler.onFinished();
  }

  #answerPing(payload: Uint8Array): void {
    const { natives, habits } = this.endpoint;
    this.#pongs ??= new WaitingPongs(natives, habits.maxWaitingPongs);
    if (this.#pongs.add()) this.writeControl(Opcode.PONG, payload);
    else if (habits.reportsPingFloods) this.#handler.onPingFlood?.();
    else this.#pongs.keep(payload);
  }

  /** The peer is gone, or has to be taken for it. Returns `false` where the handler has ended the connection before. */
  #giveUp(reason: string): boolean {
    if (this.state === OPEN) this.#handler.onEnding?.();
    if (this.state === FINISHED) return false;
    // The handler may do so while the peer's close frame is being answered.
    if (!this.wasClean) {
      this.closeCode = CloseCode.ABNORMAL;
      this.closeReason = reason;
    }
    this.#enter(FINISHED);
    return true;
  }

  /** RFC 6455 5.5.2: a ping may serve as a keepalive. Any bytes from the peer prove life, not only a pong. */
  #beat(nowMs: number): void {
    const { pingIntervalMs, pingTimeoutMs } = this.endpoint.options;
    if (this.#wasHeard) {
      this.#wasHeard = false;
      this.#giveUpAtMs = NEVER;
      this.#deadlineMs = nowMs + pingIntervalMs;
    } else if (nowMs >= this.#giveUpAtMs) {
      if (this.#giveUp('no answer to a ping')) this.#handler.onTimeout();
    } else if (nowMs >= this.#deadlineMs) {
      if (this.#giveUpAtMs === NEVER) {
        this.#giveUpAtMs = nowMs + pingTimeoutMs;
        this.ping();
      }
      // Whether the answer came is seen at the next tick, and the interval counts from there.
      this.#deadlineMs = Math.min(this.#giveUpAtMs, nowMs + pingIntervalMs);
    }
  }

  #enter(state: number): void {
    const wasOpen = this.state === OPEN;
    this.state = state;
    this.#deadlineMs = AT_NEXT_TICK;
    if (state === FINISHED) {
      this.#reader?.stop();
      this.#reader = null;
      this.#paused = null;
    }
    if (wasOpen) this.#handler.onClosing();
  }

  /** RFC 6455 5.5.1: no data follows our close frame. */
  #writeClose(payload: Uint8Array): void {
    if (this.state !== OPEN) return;
    this.#handler.onEnding?.();
    // What waited may have been a close.
    if (this.state === OPEN) this.writeControl(Opcode.CLOSE, payload);
  }
}
