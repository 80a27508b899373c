import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type FrameHeader, firstByteOf, isWireCloseCode, Opcode } from '@hawser/protocol/websocket';
import { ownStream, pauseStream, type StreamOwner } from '@hawser/ws/internal';
import { CLOSE_DESCRIPTIONS, encodeClose, readClose } from './close-frame.ts';
import { CloseTimer } from './close-timer.ts';
import type { ConnectionState, WebSocketConnectionEvents } from './connection-events.ts';
import { WebSocketFrame } from './frame.ts';
import { Inbound, type InboundHandler } from './inbound.ts';
import { Keepalive, type KeepaliveHandler } from './keepalive.ts';
import {
  fragmentBytes,
  writeFragments,
  writeMessage,
  writePingOrPong,
  writeSingleFrame,
} from './message-frames.ts';
import type { ConnectionConfig, IExtension, IStringified, Message } from './options.ts';
import { Output, type WriteCallback } from './output.ts';

const NO_BYTES = Buffer.alloc(0);

type Reports = InboundHandler & KeepaliveHandler & StreamOwner;

/**
 * One connection after its handshake, in either role.
 *
 * | state                  | event                     | next                   | then                                  |
 * | ---------------------- | ------------------------- | ---------------------- | ------------------------------------- |
 * | `open`                 | `close()`                 | `ending`               | close frame, our half of TCP ends     |
 * | `open`                 | close frame received      | `peer_requested_close` | answered, our half of TCP ends        |
 * | `open`                 | violation, `drop()`       | `closed`               | close frame, `close`, TCP is cut      |
 * | `open`                 | the peer ends TCP         | `open`                 | our half ends                         |
 * | `open`                 | socket error              | `closed`               | `error`, TCP is cut                   |
 * | any but `closed`       | `closeTimeout` after our half ended | `closed`     | TCP is cut                            |
 * | any                    | TCP is gone               | `closed`               | `close`, unless it was emitted        |
 *
 * Nothing is delivered once the connection is not `connected` any more.
 */
export class WebSocketConnection extends EventEmitter<WebSocketConnectionEvents> {
  static readonly CLOSE_REASON_NORMAL = 1000;
  static readonly CLOSE_REASON_GOING_AWAY = 1001;
  static readonly CLOSE_REASON_PROTOCOL_ERROR = 1002;
  static readonly CLOSE_REASON_UNPROCESSABLE_INPUT = 1003;
  static readonly CLOSE_REASON_RESERVED = 1004;
  static readonly CLOSE_REASON_NOT_PROVIDED = 1005;
  static readonly CLOSE_REASON_ABNORMAL = 1006;
  static readonly CLOSE_REASON_INVALID_DATA = 1007;
  static readonly CLOSE_REASON_POLICY_VIOLATION = 1008;
  static readonly CLOSE_REASON_MESSAGE_TOO_BIG = 1009;
  static readonly CLOSE_REASON_EXTENSION_REQUIRED = 1010;
  static readonly CLOSE_REASON_INTERNAL_SERVER_ERROR = 1011;
  static readonly CLOSE_REASON_TLS_HANDSHAKE_FAILED = 1015;
  static readonly CLOSE_DESCRIPTIONS: Record<number, string> = CLOSE_DESCRIPTIONS;

  /** What the socket, the keepalive and the input report to: kept off the connection, where programs add members. */
  static readonly #Reports = class implements Reports {
    readonly #connection: WebSocketConnection;
    /** The last ping of those that came while the peer took no pongs. */
    #unansweredPing: Buffer | null = null;

    constructor(connection: WebSocketConnection) {
      this.#connection = connection;
    }

    onData(chunk: Buffer): void {
      if (!this.#connection.connected) return;
      this.#connection.#keepalive?.heard();
      this.#connection.#read(() => this.#connection.#inbound.receive(chunk));
    }

    onEnd(): void {
      this.#connection.#inbound.receiveEnd();
    }

    onInputEnd(): void {
      if (this.#connection.state === 'open') this.#connection.#endSocket();
    }

    read(action: () => void): void {
      this.#connection.#read(action);
    }

    onDrain(): void {
      const isAwaited = this.#connection._output.drained();
      const ping = this.#unansweredPing;
      this.#unansweredPing = null;
      if (ping !== null && this.#connection.connected) this.#connection.pong(ping);
      if (isAwaited) this.#connection.emit('drain');
    }

    onError(error: NodeJS.ErrnoException): void {
      if (this.#connection.state === 'closed') return;
      this.#connection.closeReasonCode = WebSocketConnection.CLOSE_REASON_ABNORMAL;
      this.#connection.closeDescription = `Socket Error: ${error.syscall} ${error.code}`;
      this.#connection.state = 'closed';
      this.#connection.#disconnect();
      try {
        if (this.#connection.listenerCount('error') > 0) this.#connection.emit('error', error);
      } finally {
        this.#connection.socket.destroy();
      }
    }

    onClose(): void {
      this.#connection.state = 'closed';
      this.#connection.#disconnect();
      this.#connection.#closeTimer?.stop();
      const lost = 'Connection dropped by remote peer.';
      if (this.#connection.closeReasonCode === -1) {
        this.#connection.#setReason(WebSocketConnection.CLOSE_REASON_ABNORMAL, lost);
      }
      this.#connection.#emitClose();
    }

    onSilence(): void {
      this.#connection.ping();
    }

    onLost(): void {
      this.#connection.drop(WebSocketConnection.CLOSE_REASON_ABNORMAL, 'Peer not responding.', true);
    }

    onFrame(header: FrameHeader, payload: Buffer): void {
      const frame = new WebSocketFrame(NO_BYTES, NO_BYTES, this.#connection.config);
      frame.fin = header.fin;
      frame.opcode = header.opcode;
      frame.length = header.payloadBytes;
      frame.mask = !this.#connection.maskOutgoingPackets;
      frame.setPayload(payload);
      this.#connection.#inbound.attempt(() => this.#connection.emit('frame', frame));
    }

    onMessage(data: Buffer, isBinary: boolean): void {
      const message: Message = isBinary
        ? { type: 'binary', binaryData: data }
        : { type: 'utf8', utf8Data: data.toString('utf8') };
      this.#connection.#inbound.attempt(() => this.#connection.emit('message', message));
    }

    onControlFrame(opcode: number, payload: Buffer): void {
      // A `frame` listener may have closed the connection.
      if (!this.#connection.connected) return;
      if (opcode === Opcode.PING) this.#receivePing(payload);
      else if (opcode === Opcode.PONG)
        this.#connection.#inbound.attempt(() => this.#connection.emit('pong', payload));
      else this.#receiveClose(payload);
    }

    onViolation(closeCode: number, description: string): void {
      this.#connection.#inbound.attempt(() => this.#connection.drop(closeCode, description));
    }

    #receivePing(payload: Buffer): void {
      let isCancelled = false;
      const cancel = (): void => {
        isCancelled = true;
      };
      const isDone = this.#connection.#inbound.attempt(() => this.#connection.emit('ping', cancel, payload));
      if (!isDone || isCancelled || !this.#connection.connected) return;
      // RFC 6455 5.5.3 lets only the last ping be answered: a peer that takes no pongs must not make them pile up.
      if (this.#connection._output.isBlocked) this.#unansweredPing = Buffer.from(payload);
      else this.#connection.pong(payload);
    }

    #receiveClose(payload: Buffer): void {
      const close = readClose(payload);
      if (close === null) {
        this.onViolation(WebSocketConnection.CLOSE_REASON_INVALID_DATA, 'Invalid UTF-8 Data Received');
        return;
      }
      this.#connection.state = 'peer_requested_close';
      this.#connection.#setReason(close.code, close.description);
      this.#connection.sendCloseFrame(close.answer);
      this.#connection.#disconnect();
    }
  };

  readonly socket: Socket;
  readonly config: ConnectionConfig;
  readonly extensions: IExtension[];
  /** As it was given to `accept`, or as the server chose it. */
  readonly protocol: string;
  readonly maskOutgoingPackets: boolean;
  /** Behind a proxy the address that `X-Forwarded-For` names first. */
  remoteAddress: string;
  declare remoteAddresses: string[];
  declare webSocketVersion: number;
  /** Whether messages can be sent and are delivered. */
  connected = true;
  state: ConnectionState = 'open';
  /** -1 until there is one. */
  closeReasonCode = -1;
  /** `null` until there is one. */
  closeDescription = null as unknown as string;

  /** Where everything that is sent goes through. */
  readonly _output: Output;
  readonly #inbound: Inbound;
  readonly #reports: Reports;
  #keepalive: Keepalive | null = null;
  #closeTimer: CloseTimer | null = null;
  #isCloseEmitted = false;

  /**
   * @param maskOutgoingPackets - this is the client's side
   * @throws Error when keepalive is wanted and has no periods
   */
  constructor(
    socket: Socket,
    extensions: IExtension[],
    protocol: string | null | undefined,
    maskOutgoingPackets: boolean,
    config: ConnectionConfig,
  ) {
    super();
    this.socket = socket;
    this.extensions = extensions;
    this.protocol = protocol as string;
    this.maskOutgoingPackets = maskOutgoingPackets;
    this.config = config;
    this.remoteAddress = socket.remoteAddress as string;
    this._output = new Output(socket, maskOutgoingPackets);
    this.#reports = new WebSocketConnection.#Reports(this);
    this.#inbound = new Inbound(this.#reports, config, !maskOutgoingPackets);
    socket.setNoDelay(config.disableNagleAlgorithm);
    socket.setTimeout(0);
    if (config.keepalive && config.useNativeKeepalive) socket.setKeepAlive(true, config.keepaliveInterval);
    else if (config.keepalive) this.#keepalive = new Keepalive(this.#reports, config);
  }

  /** Whether the peer takes less than it is sent: wait for `drain`. */
  get outputBufferFull(): boolean {
    return this._output.isFull;
  }

  /** Whether delivery is paused. */
  get inputPaused(): boolean {
    return this.#inbound.isPaused;
  }

  /**
   * Begins to listen to the socket, whose peer may have ended its side by now.
   * @param head - what came with a server's answer: it waits for listeners that are added when a promise for `connect`
   *   is fulfilled
   */
  _addSocketEventListeners(head: Buffer = NO_BYTES): void {
    const { socket } = this;
    socket.on('pause', () => this.#onPause());
    socket.on('resume', () => this.#onResume());
    ownStream(socket, this.#reports);
    if (socket.isPaused()) this.#inbound.pause();
    if (head.length > 0) this.#inbound.receiveLater(head);
    if (socket.readableEnded) this.#reports.onEnd();
  }

  /**
   * Sends a Buffer as binary, anything else as the text that it converts to.
   * @param cb - called when the message has left, or with the error that kept it
   */
  send(data: Buffer | IStringified, cb?: WriteCallback): void {
    if (Buffer.isBuffer(data)) this.sendBytes(data, cb);
    else if (typeof data.toString === 'function') this.sendUTF(data, cb);
    else throw new Error('Data provided must either be a Node Buffer or implement toString()');
  }

  sendUTF(data: IStringified, cb?: WriteCallback): void {
    writeMessage(this._output, this.config, data.toString(), cb);
  }

  sendBytes(data: Buffer, cb?: WriteCallback): void {
    if (!Buffer.isBuffer(data)) {
      throw new Error('You must pass a Node Buffer object to WebSocketConnection.prototype.sendBytes()');
    }
    writeMessage(this._output, this.config, data, cb);
  }

  /** Sends a ping; more than 125 bytes are cut. */
  ping(data?: Buffer | IStringified): void {
    const payload = !data ? NO_BYTES : Buffer.isBuffer(data) ? data : Buffer.from(data.toString());
    writePingOrPong(this._output, Opcode.PING, payload);
  }

  /** Sends a pong; those that answer a ping are sent without it. More than 125 bytes are cut. */
  pong(binaryPayload: Buffer = NO_BYTES): void {
    writePingOrPong(this._output, Opcode.PONG, binaryPayload);
  }

  /**
   * Sends a frame that the program wrote; `mask` is set as the role demands.
   * @returns `false` when the peer should be given time: a `drain` follows
   */
  sendFrame(frame: WebSocketFrame, cb?: WriteCallback): boolean {
    frame.mask = this.maskOutgoingPackets;
    return this._output.write(frame.toBuffer(), cb);
  }

  /** Sends the payload of a data frame in as many frames as `fragmentationThreshold` wants. */
  fragmentAndSend(frame: WebSocketFrame, cb?: WriteCallback): void {
    if (frame.opcode >= Opcode.CLOSE) throw new Error('You cannot fragment control frames.');
    const payload = Buffer.from(frame.binaryPayload);
    writeFragments(this._output, fragmentBytes(this.config), frame.opcode, payload, cb);
  }

  /**
   * Begins the closing handshake, if the connection is still connected.
   * @throws Error when a close frame must not carry the code
   */
  close(reasonCode?: number, description?: string): void {
    if (!this.connected) return;
    const code = typeof reasonCode === 'number' ? reasonCode : WebSocketConnection.CLOSE_REASON_NORMAL;
    if (!isWireCloseCode(code)) throw new Error(`Close code ${code} is not valid.`);
    this.#setReason(code, description);
    this.sendCloseFrame(code, this.closeDescription);
    this.state = 'ending';
    this.#disconnect();
  }

  /** Sends a close frame, unless told otherwise, and cuts the connection without waiting for an answer. */
  drop(reasonCode?: number, description?: string, skipCloseFrame?: boolean): void {
    const code =
      typeof reasonCode === 'number' ? reasonCode : WebSocketConnection.CLOSE_REASON_PROTOCOL_ERROR;
    this.#setReason(code, description);
    if (!skipCloseFrame) this.sendCloseFrame(code, this.closeDescription);
    this._output.flush();
    this.state = 'closed';
    this.#disconnect();
    try {
      this.#emitClose();
    } finally {
      this.socket.destroy();
    }
  }

  /** Sends a close frame and ends our half of the TCP connection, if it is not closing yet. */
  sendCloseFrame(reasonCode?: number, description?: string | null, cb?: WriteCallback): void {
    if (this.state !== 'open' && this.state !== 'peer_requested_close') return;
    const code = typeof reasonCode === 'number' ? reasonCode : WebSocketConnection.CLOSE_REASON_NORMAL;
    const payload = encodeClose(code, typeof description === 'string' ? description : '');
    const firstByte = firstByteOf(Opcode.CLOSE, true, false);
    writeSingleFrame(this._output, firstByte, payload, cb);
    this.#endSocket();
  }

  /** Stops delivery before the next message, and reading. */
  pause(): void {
    pauseStream(this.socket);
  }

  resume(): void {
    this.socket.resume();
  }

  /** Runs what reads, and writes what that provokes: at once, or with what the rest of the chunk provokes. */
  #read(action: () => void): void {
    this._output.collect();
    try {
      action();
    } finally {
      if (!this.#inbound.isInterrupted) this._output.flush();
    }
  }

  #onPause(): void {
    this.#inbound.pause();
    this.emit('pause');
  }

  #onResume(): void {
    this.emit('resume');
    this.#read(() => this.#inbound.resume());
  }

  /** Ends our half of the TCP connection; whoever sends a close frame does. */
  #endSocket(): void {
    this._output.flush();
    this.socket.end();
    this.#closeTimer ??= new CloseTimer(this.socket, this.config.closeTimeout);
  }

  /** Nothing is delivered from here on, and silence is no reason to act any more. */
  #disconnect(): void {
    this.connected = false;
    this.#inbound.stop();
    this.#keepalive?.stop();
  }

  #setReason(code: number, description: string | undefined): void {
    this.closeReasonCode = code;
    const usual = CLOSE_DESCRIPTIONS[code] as string;
    this.closeDescription = typeof description === 'string' ? description : usual;
  }

  #emitClose(): void {
    if (this.#isCloseEmitted) return;
    this.#isCloseEmitted = true;
    this.emit('close', this.closeReasonCode, this.closeDescription);
  }
}
