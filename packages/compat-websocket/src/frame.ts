import {
  ByteList,
  type Chunk,
  type FrameHandler,
  type FrameHeader,
  FrameReader,
  firstByteOf,
  Opcode,
  Outbox,
  type ViolationCode,
  writeFrame,
} from '@hawser/protocol/websocket';
import type { ConnectionConfig } from './options.ts';
import { natives, slab } from './shared-memory.ts';
import { describeViolation, isTooLarge, judgeFrameSize } from './violations.ts';

/** The bytes that {@link WebSocketFrame.addData} reads from. */
export interface IBufferList {
  readonly length: number;
  /** Returns the first `count` bytes, and leaves them there. */
  take(count: number): Buffer;
  /** Drops the first `count` bytes. */
  advance(count: number): unknown;
}

/**
 * One frame, received or to be sent (RFC 6455 section 5.2). A connection hands them out where messages are not put
 * together, and sends those that a program wrote by itself.
 */
export class WebSocketFrame {
  readonly maskBytes: Buffer;
  readonly frameHeader: Buffer;
  readonly config: ConnectionConfig;
  maxReceivedFrameSize: number | undefined;
  fin = false;
  rsv1 = false;
  rsv2 = false;
  rsv3 = false;
  mask: boolean | number = false;
  opcode = 0;
  /** Of the payload; a frame to be sent learns it from {@link toBuffer}. */
  length = 0;
  /** For a close frame, without the close code. */
  declare binaryPayload: Buffer;
  /** A close frame's code; -1 without one. */
  closeStatus = -1;
  protocolError = false;
  frameTooLarge = false;
  invalidCloseFrameLength = false;
  declare dropReason: string;
  #parser: FrameParser | null = null;

  /**
   * @param maskBytes - kept for programs that look at it, not used
   * @param frameHeader - likewise
   */
  constructor(maskBytes: Buffer, frameHeader: Buffer, config: ConnectionConfig) {
    this.maskBytes = maskBytes;
    this.frameHeader = frameHeader;
    this.config = config;
    this.maxReceivedFrameSize = config.maxReceivedFrameSize;
  }

  /**
   * Reads on, and takes what belongs to this frame off `bufferList`.
   * @returns `true` when the frame is complete, or `protocolError` or `frameTooLarge` says that it never will be
   */
  addData(bufferList: IBufferList): boolean {
    if (this.#parser === null) {
      if (bufferList.length < 2) return false;
      const isMasked = (bufferList.take(2)[1]! & 0x80) !== 0;
      this.#parser = new FrameParser(this, isMasked);
    }
    bufferList.advance(this.#parser.read(bufferList.take(bufferList.length)));
    return this.#parser.isDone;
  }

  /** Skips a payload that was refused, once all of it is there. */
  throwAwayPayload(bufferList: IBufferList): boolean {
    if (bufferList.length < this.length) return false;
    bufferList.advance(this.length);
    return true;
  }

  /**
   * Takes in a payload as received, unmasked: a close frame's code is split off.
   * @see RFC 6455 section 5.5.1
   */
  setPayload(payload: Buffer): void {
    const isClose = this.opcode === Opcode.CLOSE;
    if (isClose && payload.length >= 2) this.closeStatus = payload.readUInt16BE(0);
    this.invalidCloseFrameLength = isClose && payload.length === 1;
    this.binaryPayload = isClose ? payload.subarray(2) : payload;
  }

  /**
   * Returns the frame as it goes over the wire.
   * @param nullMask - mask with zeroes, so that the payload can be read in the result
   */
  toBuffer(nullMask = false): Buffer {
    const payload = this.#wirePayload();
    this.length = payload.length;
    const firstByte =
      firstByteOf(this.opcode & 0x0f, this.fin, this.rsv1) | (this.rsv2 ? 0x20 : 0) | (this.rsv3 ? 0x10 : 0);
    const outbox = new Outbox(slab);
    writeFrame(outbox, slab, firstByte, payload, this.mask ? (nullMask ? 0 : natives.randomMask()) : null);
    return Buffer.concat(outbox.take());
  }

  toString(): string {
    const hasPayload = Boolean(this.binaryPayload);
    return `Opcode: ${this.opcode}, fin: ${this.fin}, length: ${this.length}, hasPayload: ${hasPayload}, masked: ${this.mask}`;
  }

  #wirePayload(): Buffer {
    const payload = (this.binaryPayload as Buffer | undefined) ?? Buffer.alloc(0);
    if (this.opcode !== Opcode.CLOSE) return payload;
    const status = Buffer.alloc(2);
    status.writeUInt16BE(this.closeStatus);
    return Buffer.concat([status, payload]);
  }
}

/** Reads the one frame that `addData` is about. */
class FrameParser implements FrameHandler {
  isDone = false;
  readonly #frame: WebSocketFrame;
  readonly #reader: FrameReader;
  readonly #payload = new ByteList(natives);

  constructor(frame: WebSocketFrame, isMasked: boolean) {
    this.#frame = frame;
    this.#frame.mask = isMasked;
    this.#reader = new FrameReader(this, natives, isMasked);
  }

  read(bytes: Buffer): number {
    return this.isDone ? 0 : this.#reader.read(bytes, 0);
  }

  onFrameStart(): null {
    return null;
  }

  onFrameHeader(header: FrameHeader): ViolationCode | null {
    this.#copyHeader(header);
    return judgeFrameSize(header, this.#frame.maxReceivedFrameSize);
  }

  onFramePayload({ bytes }: Chunk, start: number, end: number, _isAscii: boolean, isFrameEnd: boolean): void {
    this.#payload.append(bytes, start, end);
    if (!isFrameEnd) return;
    this.#frame.setPayload(this.#payload.join() as Buffer);
    this.#reader.stop();
    this.isDone = true;
  }

  onFrameViolation(code: ViolationCode): void {
    const { maxReceivedFrameSize } = this.#frame;
    this.#copyHeader(this.#reader);
    this.#frame.frameTooLarge =
      code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && isTooLarge(this.#reader, maxReceivedFrameSize);
    this.#frame.protocolError = !this.#frame.frameTooLarge;
    this.#frame.dropReason = describeViolation(code, this.#reader, maxReceivedFrameSize);
    this.isDone = true;
  }

  #copyHeader(header: FrameHeader): void {
    this.#frame.fin = header.fin;
    this.#frame.rsv1 = header.rsv1;
    this.#frame.opcode = header.opcode;
    this.#frame.length = header.payloadBytes;
  }
}
