import {
  encodeStreamFrame,
  type Packet,
  StreamReader,
  VIOLATIONS,
  type ViolationCode,
} from '@hawser/protocol/engineio';
import { CloseCode } from '@hawser/protocol/websocket';
import { attempt, setImmediate } from '@hawser/ws/internal';
import { ConfirmingTransport } from './confirming-transport.ts';
import { EngineError } from './errors.ts';
import type { OutgoingPacket } from './packet.ts';
import type { CloseNotice } from './transport.ts';
import type { TransportContext } from './transport-context.ts';

/** A WebTransport session, as far as it is needed. */
export interface WebTransportSession {
  readonly incomingBidirectionalStreams: ReadableStream<WebTransportStream>;
  readonly closed: Promise<unknown>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

/** One of its streams. */
export interface WebTransportStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** What is told of the first packet, before there is a transport. */
type FirstPacket = (packet: Packet) => void;

/** One bidirectional stream of a WebTransport session: packets with a header for their length. */
export class WebTransportTransport extends ConfirmingTransport {
  readonly #session: WebTransportSession;
  #context: TransportContext;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: StreamReader;
  #onFirstPacket: FirstPacket | null;
  /** It was sent something, and we read what it says of that. */
  #canAnswer = false;
  /** Pings that it was sent, and pongs that came: each pong answers the first ping that had none. */
  #pings = 0;
  #pongs = 0;
  /** How many pongs tell that it has read every message that it was sent. */
  #awaitedPongs = 0;
  #notice: CloseNotice | null = null;
  #leaveTimer: NodeJS.Timeout | undefined;
  #hasLeft = false;

  /** @param onFirstPacket - told of the packet that says what the stream is for */
  constructor(
    session: WebTransportSession,
    stream: WebTransportStream,
    context: TransportContext,
    onFirstPacket: FirstPacket,
  ) {
    super(4, true);
    this.#session = session;
    this.#context = context;
    this.#onFirstPacket = onFirstPacket;
    this.#writer = stream.writable.getWriter();
    this.#writer.closed.catch(ignore);
    const { codecs, natives, maxPayloadBytes } = context;
    this.#reader = new StreamReader(
      { onPacket: (packet) => this.#receive(packet), onViolation: (code) => this.#violate(code) },
      codecs[4],
      natives,
      maxPayloadBytes,
    );
    this.writable = true;
    session.closed.then(
      () => this.onPeerClose(),
      (error: unknown) => this.#break(error),
    );
    this.#read(stream.readable.getReader());
  }

  get name(): string {
    return 'webtransport';
  }

  /** Goes by what the handshake of its session promises, from the frame behind that which told the session. */
  follow(context: TransportContext): void {
    this.#context = context;
    this.#reader.maxFrameBytes = context.maxPayloadBytes;
  }

  send({ type, data, callback }: OutgoingPacket): void {
    const frame = this.#encode(type, data);
    this.#canAnswer = true;
    if (type === 'ping') this.#pings++;
    if (type === 'message') this.#awaitedPongs = this.#pings + 1;
    this.wrote(frame.length);
    this.#writer.write(frame).then(
      () => this.confirm(frame.length, callback),
      (error: unknown) => this.#break(error),
    );
  }

  protected doClose(done: () => void, notice: CloseNotice | null): void {
    this.#notice = notice;
    this.#leaveTimer = setTimeout(() => this.#leave(), this.#context.closeTimeoutMs).unref();
    // The end of a session overtakes what its stream still carries: the pong tells that the peer has read all of it.
    if (this.#canAnswer && this.#pongs < this.#awaitedPongs) {
      this.#pings++;
      this.#writer.write(this.#encode('ping', '')).catch(ignore);
    } else {
      const leave = (): void => this.#leave();
      this.#writer.close().then(leave, leave);
    }
    done();
  }

  /** The peer has ended its side, or the whole session. */
  protected override onPeerClose(): void {
    this.end(undefined);
    this.#leave();
  }

  /** Ends the session. */
  #leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    clearTimeout(this.#leaveTimer);
    this.#reader.stop();
    endSession(this.#session, this.#notice);
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        this.wasHeard = true;
        this.#reader.receive(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      }
      this.onPeerClose();
    } catch (error) {
      this.#break(error);
    }
  }

  #receive(packet: Packet): void {
    const onFirstPacket = this.#onFirstPacket;
    this.#onFirstPacket = null;
    // A ping may have gone over the transport before.
    const isAnswer = packet.type === 'pong' && this.#pongs < this.#pings;
    if (isAnswer) this.#pongs++;
    if (this.readyState !== 'open') {
      if (isAnswer && this.#pongs === this.#pings) this.#leave();
    } else if (onFirstPacket === null) {
      this.deliver(packet);
    } else {
      attempt(() => onFirstPacket(packet));
    }
  }

  #violate(code: ViolationCode): void {
    this.#canAnswer = false;
    const wasOpen = this.readyState === 'open';
    if (code === 'EIO_ERR_PAYLOAD_TOO_LARGE') {
      const limit = this.#context.maxPayloadBytes;
      const reason = `${VIOLATIONS[code]} of ${limit} bytes`;
      this.fail(new EngineError(code, reason, { limit }), { code: CloseCode.MESSAGE_TOO_BIG, reason });
    } else {
      this.handler?.onViolation(code);
    }
    // Without a session there is nobody else to do it.
    if (this.readyState === 'open') this.close();
    if (!wasOpen) this.#leave();
  }

  /** A session that ends breaks its stream, and is heard of in the same turn: then that is what happened. */
  #break(error: unknown): void {
    setImmediate(() => {
      if (this.readyState === 'closed') return;
      const message = error instanceof Error ? error.message : String(error);
      this.fail(new EngineError('EIO_ERR_CONNECTION', message, { cause: error }));
      this.onPeerClose();
    });
  }

  #encode(type: Packet['type'], data: string | Uint8Array): Uint8Array {
    const { codecs, natives } = this.#context;
    return encodeStreamFrame(natives, codecs[4].encodeFrame(type, data));
  }
}

/** Ends a session, whatever has become of it. */
export function endSession(session: WebTransportSession, notice: CloseNotice | null): void {
  try {
    if (notice === null) session.close();
    else session.close({ closeCode: notice.code, reason: notice.reason });
  } catch {
    // Some libraries do not have one closed that is over already.
  }
}

function ignore(): void {}
