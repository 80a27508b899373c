import { ByteList } from './byte-list.ts';
import type { Chunk } from './chunk.ts';
import type { EndpointOptions } from './endpoint.ts';
import type { ViolationCode } from './errors.ts';
import { type FrameHandler, type FrameHeader, FrameReader } from './frame-reader.ts';
import { headerLength, MAX_COPIED_BYTES } from './frame-writer.ts';
import { DEFAULT_HABITS, type Habits } from './habits.ts';
import { copyOf, type Natives } from './natives.ts';
import { isControlOpcode, isKnownOpcode, Opcode } from './opcode.ts';
import { UTF8_ACCEPT, UTF8_REJECT, validateUtf8 } from './utf8.ts';

/** Up to this, what is sent on is worth writing in one piece. */
const MAX_RELAYED_BYTES = 65_536;

/** The floor above frames: what a {@link MessageReader} reports. */
export interface MessageHandler {
  /** permessage-deflate was negotiated: a message's first frame may carry RSV1 (RFC 7692 section 6). */
  readonly allowsRsv1: boolean;
  /**
   * A message is complete: `bytes[headroom..]`, a view of the chunk it came in where that was not lent, or of memory of its own.
   * Text is valid UTF-8, unless `isCompressed`: then the bytes are what the extension made.
   * @param headroom - bytes in front that belong to nobody: 0, or what the header of an unmasked frame takes
   * @param fragmentEnds - where in the message each of its frames ends but the last; only where that is recorded
   */
  onMessageData(
    bytes: Uint8Array,
    headroom: number,
    isBinary: boolean,
    isCompressed: boolean,
    fragmentEnds: readonly number[] | null,
  ): void;
  /** A text message is complete, and text is asked for (see `Habits`). */
  onTextData(text: string): void;
  /** A close, ping or pong frame, which may stand between the fragments of a message (RFC 6455 section 5.4). */
  onControlFrame(opcode: number, payload: Uint8Array): void;
  /**
   * The peer broke a rule; nothing more will be reported.
   * @param value - the length or the opcode that it is about, if any
   */
  onFrameViolation(code: ViolationCode, value: number): void;
}

/**
 * Puts messages together from frames: fragmentation, the order of opcodes, UTF-8, the limit.
 *
 * | message open | frame           | then                                          |
 * | ------------ | --------------- | --------------------------------------------- |
 * | no           | text, binary    | message opens; delivered if FIN               |
 * | no           | continuation    | violation 1002                                |
 * | yes          | continuation    | appended; delivered if FIN                    |
 * | yes          | text, binary    | violation 1002                                |
 * | either       | close ping pong | reported at once, the open message waits      |
 *
 * Text is validated piece by piece, so that it fails at its first bad byte (RFC 6455 section 8.1).
 */
export class MessageReader implements FrameHandler {
  /** Who is reported to; there is one whenever bytes are read. */
  handler: MessageHandler | null = null;
  readonly #frames: FrameReader;
  readonly #natives: Natives;
  readonly #options: EndpointOptions;
  readonly #habits: Habits;
  /** Of the frame being read. */
  #frameOpcode = 0;
  #isFinalFrame = false;
  /** Of the open message; `CONTINUATION` when there is none. */
  #messageOpcode: number = Opcode.CONTINUATION;
  #isCompressed = false;
  #messageBytes = 0;
  #fragments = 0;
  /** Chunks that the unfinished frame, or its header, came in. */
  #bufferedChunks = 0;
  #fragmentEnds: number[] | null = null;
  #utf8State = UTF8_ACCEPT;
  #message: ByteList | null = null;
  #control: ByteList | null = null;

  constructor(natives: Natives, options: EndpointOptions, habits: Habits = DEFAULT_HABITS) {
    this.#frames = new FrameReader(this, natives, options.role === 'server', habits.allowsLongLengths);
    this.#natives = natives;
    this.#options = options;
    this.#habits = habits;
  }

  /** Between two messages, and not stopped: nothing is kept. */
  get isAtRest(): boolean {
    return this.#messageOpcode === Opcode.CONTINUATION && this.#frames.isAtRest;
  }

  /**
   * @param isLent - `chunk` will be written over when this returns
   * @see FrameReader.read, FrameReader.readLent
   */
  read(chunk: Uint8Array, start: number, isLent = false): number {
    if (this.#bufferedChunks >= this.#habits.maxBufferedChunks) {
      this.onFrameViolation('WS_ERR_TOO_MANY_BUFFERED_CHUNKS', 0);
      return chunk.length;
    }
    const end = isLent ? this.#frames.readLent(chunk, start) : this.#frames.read(chunk, start);
    if (this.#frames.isWithinFrame) this.#bufferedChunks++;
    return end;
  }

  /** @see FrameReader.stop */
  stop(): void {
    this.#frames.stop();
  }

  /** @see FrameReader.resume */
  resume(): void {
    this.#frames.resume();
  }

  onFrameStart({ fin, rsv1, opcode, payloadBytes }: FrameHeader): ViolationCode | null {
    const isMessageOpen = this.#messageOpcode !== Opcode.CONTINUATION;
    if (opcode === Opcode.TEXT || opcode === Opcode.BINARY) {
      if (rsv1 && !this.handler!.allowsRsv1) return 'WS_ERR_UNEXPECTED_RSV_1';
      return isMessageOpen ? 'WS_ERR_EXPECTED_CONTINUATION' : null;
    }
    // RFC 7692 6.1: only a message's first frame may carry RSV1. `ws` names a control frame's missing FIN first, and
    // a reserved opcode, where there is the extension.
    if (rsv1 && (opcode === Opcode.CONTINUATION || !this.handler!.allowsRsv1))
      return 'WS_ERR_UNEXPECTED_RSV_1';
    if (opcode === Opcode.CONTINUATION) return isMessageOpen ? null : 'WS_ERR_UNEXPECTED_CONTINUATION';
    if (!fin || !isKnownOpcode(opcode)) return null;
    if (rsv1) return 'WS_ERR_UNEXPECTED_RSV_1';
    // RFC 6455 5.5.1: of a close code there are two bytes or none.
    return opcode === Opcode.CLOSE && payloadBytes === 1 ? 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH' : null;
  }

  onFrameHeader(header: FrameHeader): ViolationCode | null {
    this.#frameOpcode = header.opcode;
    this.#bufferedChunks = 0;
    if (isControlOpcode(header.opcode)) return null;
    if (header.opcode !== Opcode.CONTINUATION) {
      this.#messageOpcode = header.opcode;
      this.#isCompressed = header.rsv1;
    }
    this.#isFinalFrame = header.fin;
    this.#messageBytes += header.payloadBytes;
    if (this.#messageBytes > this.#options.maxMessageBytes) return 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    if (!header.fin && this.#habits.recordsFragments) {
      this.#fragmentEnds ??= [];
      this.#fragmentEnds.push(this.#messageBytes);
    }
    return ++this.#fragments > this.#habits.maxFragments ? 'WS_ERR_TOO_MANY_BUFFERED_PARTS' : null;
  }

  onFramePayload(chunk: Chunk, start: number, end: number, isAscii: boolean, isFrameEnd: boolean): void {
    if (isFrameEnd) this.#bufferedChunks = 0;
    if (isControlOpcode(this.#frameOpcode)) this.#readControl(chunk, start, end, isFrameEnd);
    else this.#readData(chunk, start, end, isAscii, isFrameEnd && this.#isFinalFrame);
  }

  onFrameViolation(code: ViolationCode, value: number): void {
    this.#frames.fail();
    this.#message = null;
    this.#control = null;
    this.handler!.onFrameViolation(code, value);
  }

  #readControl(chunk: Chunk, start: number, end: number, isFrameEnd: boolean): void {
    // Its pieces are so small that they are never lent.
    if (!isFrameEnd) {
      this.#control ??= new ByteList(this.#natives);
      this.#control.append(chunk.bytes, start, end);
      return;
    }
    const kept = this.#control;
    this.#control = null;
    kept?.append(chunk.bytes, start, end);
    this.handler!.onControlFrame(this.#frameOpcode, kept?.join() ?? chunk.slice(start, end));
  }

  #readData(chunk: Chunk, start: number, end: number, isAscii: boolean, isMessageEnd: boolean): void {
    if (this.#messageOpcode === Opcode.TEXT && !this.#isCompressed && this.#habits.validatesText) {
      if (!isAscii || this.#utf8State !== UTF8_ACCEPT) {
        this.#utf8State = validateUtf8(this.#natives, this.#utf8State, chunk.bytes, start, end);
      }
      if (this.#utf8State === UTF8_REJECT || (isMessageEnd && this.#utf8State !== UTF8_ACCEPT)) {
        this.onFrameViolation('WS_ERR_INVALID_UTF8', 0);
        return;
      }
    }
    if (isMessageEnd && this.#message === null) {
      this.#deliverPiece(chunk, start, end);
      return;
    }
    this.#message ??= new ByteList(this.#natives);
    const headroom = this.#headroom(this.#messageBytes);
    if (this.#frames.isLent) this.#message.appendLent(chunk.bytes, start, end, this.#messageBytes, headroom);
    else this.#message.append(chunk.bytes, start, end);
    if (!isMessageEnd) return;
    if (this.#isReadAsText()) {
      this.#deliverText(this.#natives.readUtf8(this.#message.join()));
      return;
    }
    this.#deliver(this.#message.join(headroom), headroom);
  }

  #isReadAsText(): boolean {
    return this.#habits.readsText && this.#messageOpcode === Opcode.TEXT && !this.#isCompressed;
  }

  /** Delivers a message that came in one piece. */
  #deliverPiece(chunk: Chunk, start: number, end: number): void {
    if (this.#isReadAsText()) {
      this.#deliverText(this.#natives.readUtf8(chunk.bytes, start, end));
      return;
    }
    const headroom = this.#headroom(end - start);
    if (this.#frames.isLent) {
      this.#deliver(copyOf(this.#natives, chunk.bytes, start, end, headroom), headroom);
    } else if (headroom <= start) {
      // Behind a masked header, which is longer than the unmasked one, that much of the chunk is our own frame's.
      this.#deliver(chunk.slice(start - headroom, end), headroom);
    } else {
      this.#deliver(chunk.slice(start, end), 0);
    }
  }

  /**
   * What a server leaves free in front of a message so large that it is not copied when it is sent on. Of one that is
   * larger, a second piece to write is nothing, and programs look at its memory as a whole.
   */
  #headroom(byteLength: number): number {
    const isOfSize = byteLength > MAX_COPIED_BYTES && byteLength <= MAX_RELAYED_BYTES;
    const isRelayable = this.#options.role === 'server' && isOfSize;
    return isRelayable ? headerLength(byteLength, null) : 0;
  }

  #deliver(bytes: Uint8Array, headroom: number): void {
    const isBinary = this.#messageOpcode === Opcode.BINARY;
    const fragmentEnds = this.#fragmentEnds;
    this.#endMessage();
    this.handler!.onMessageData(bytes, headroom, isBinary, this.#isCompressed, fragmentEnds);
  }

  #deliverText(text: string): void {
    this.#endMessage();
    this.handler!.onTextData(text);
  }

  #endMessage(): void {
    this.#messageOpcode = Opcode.CONTINUATION;
    this.#messageBytes = 0;
    this.#fragments = 0;
    this.#message = null;
    this.#fragmentEnds = null;
  }
}
