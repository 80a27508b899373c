import { VIOLATIONS } from '@hawser/protocol/websocket';
import { attempt, type StreamConnection, setImmediate } from '@hawser/ws/internal';
import { EngineError, MESSAGE_TOO_LARGE, messageTooLarge } from './errors.ts';
import { encodeMessage, type OutgoingPacket } from './packet.ts';
import { type CloseNotice, type EngineRequest, Transport, versionOf } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

const NO_BYTES = Buffer.alloc(0);

/**
 * A WebSocket connection: one packet in each message.
 *
 * It is writable while the kernel takes what is sent, so that `writeBuffer` and `writable` show a peer that reads
 * too slowly, and nothing else.
 */
export class WebSocketTransport extends Transport {
  readonly #connection: StreamConnection<WebSocketTransport>;
  readonly #context: TransportContext;
  readonly #isCompressing: boolean;

  constructor(
    connection: StreamConnection<WebSocketTransport>,
    request: EngineRequest,
    context: TransportContext,
    isCompressing: boolean,
  ) {
    super(versionOf(request), !request._query.b64);
    this.#connection = connection;
    this.#context = context;
    this.#isCompressing = isCompressing;
    this.writable = true;
  }

  get name(): string {
    return 'websocket';
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  override takeHeard(): boolean {
    const { wasHeard } = this.#connection;
    this.#connection.wasHeard = false;
    return wasHeard;
  }

  /** RFC 6455 section 5.5.2: browsers answer a ping by themselves, also for a page whose timers are throttled. */
  override probe(): void {
    this.#connection.sendControl('ping', NO_BYTES);
  }

  send(packet: OutgoingPacket): void {
    const { data, options, callback, prepared } = packet;
    const isCompressible = options.compress !== false;
    const isShared = prepared !== null && callback === null && (isCompressible || !this.#isCompressing);
    const result =
      isShared && (this.supportsBinary || typeof data === 'string')
        ? this.#connection.sendOutgoing(prepared.frameFor(this.protocol))
        : this.#sendFrame(
            prepared?.text ?? encodeMessage(this, this.#context, packet),
            isCompressible,
            callback,
          );
    if (result === 'queued') this.writable = false;
  }

  override writeAtOnce(send: () => void): void {
    this.#connection.writeAtOnce(send);
  }

  /** @internal What the connection reports. */
  receive(data: Buffer | string): void {
    if (this.readyState !== 'open') return;
    const packet = this.#context.codecs[this.protocol].decodeFrame(data);
    if (typeof packet === 'string') this.handler?.onViolation(packet);
    else this.deliver(packet);
  }

  /** @internal */
  onDrain(): void {
    this.emit('drain');
    if (this.readyState === 'open') this.becomeReady();
  }

  /** @internal Nothing more can be sent. */
  onClosing(): void {
    this.writable = false;
    // What came in before has its turn first, with all that its listeners put off: Socket.IO's clients say why they
    // leave in a packet, and then leave.
    if (this.readyState === 'open') setImmediate(() => this.#reportEnd());
  }

  /** @internal Where the peer ended it, `onClosing` sees to that. */
  onClosed(): void {
    if (this.readyState === 'closing') this.end(undefined);
  }

  protected doClose(done: () => void, notice: CloseNotice | null): void {
    if (notice === null) this.#connection.close(undefined, '');
    else this.#connection.close(notice.code, notice.reason);
    done();
  }

  protected override onPeerClose(): void {
    this.#connection.close(undefined, '');
    this.end(undefined);
  }

  #reportEnd(): void {
    // The server may have ended the session since.
    if (this.readyState !== 'open') {
      this.end(undefined);
      return;
    }
    const { closeCode: code, closeReason: reason, violation } = this.#connection.ending;
    if (violation?.code === MESSAGE_TOO_LARGE) {
      this.fail(messageTooLarge(this.#context.maxPayloadBytes));
    } else if (violation !== null) {
      this.fail(new EngineError(violation.code, VIOLATIONS[violation.code].reason));
    }
    this.end({ description: 'websocket connection closed', context: { code, reason } });
  }

  #sendFrame(frame: string | Uint8Array, isCompressible: boolean, onWritten: (() => void) | null) {
    const isBinary = typeof frame !== 'string';
    if (onWritten === null && (isCompressible || !this.#isCompressing)) {
      return this.#connection.send(frame, isBinary);
    }
    const whenWritten =
      onWritten === null ? null : (error?: Error | null) => (error ? undefined : attempt(onWritten));
    return this.#connection.sendFrame(frame, {
      isBinary,
      isFinal: true,
      isCompressible,
      onWritten: whenWritten,
    });
  }
}
