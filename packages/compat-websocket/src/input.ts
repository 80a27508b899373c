import {
  ByteList,
  type Chunk,
  type FrameHandler,
  type FrameHeader,
  FrameReader,
  isControlOpcode,
  Opcode,
  VIOLATIONS,
  type ViolationCode,
} from '@hawser/protocol/websocket';
import type { ConnectionConfig } from './options.ts';
import { natives } from './shared-memory.ts';
import { describeViolation, judgeFrameSize } from './violations.ts';

/** What an {@link Input} reports. */
export interface InputHandler {
  /** A frame is complete; only where the configuration has no messages put together. */
  onFrame(header: FrameHeader, payload: Buffer): void;
  /** A message is complete; text is UTF-8. */
  onMessage(data: Buffer, isBinary: boolean): void;
  onControlFrame(opcode: number, payload: Buffer): void;
  onViolation(closeCode: number, description: string): void;
}

/**
 * Reads frames, and puts messages together, under the two limits of the configuration: one for a frame, and one for
 * a message that comes in several.
 */
export class Input implements FrameHandler {
  readonly #handler: InputHandler;
  readonly #config: ConnectionConfig;
  readonly #frames: FrameReader;
  /** Of the open message; `CONTINUATION` when there is none. */
  #messageOpcode: number = Opcode.CONTINUATION;
  #messageBytes = 0;
  #message: ByteList | null = null;
  /** Of a frame that is reported alone: a control frame, or any where messages are not put together. */
  #frame: ByteList | null = null;

  /** @param expectsMask - the peer is a client, which must mask (RFC 6455 section 5.1) */
  constructor(handler: InputHandler, config: ConnectionConfig, expectsMask: boolean) {
    this.#handler = handler;
    this.#config = config;
    this.#frames = new FrameReader(this, natives, expectsMask);
  }

  /** @see FrameReader.read */
  read(chunk: Uint8Array, start: number): number {
    this.#frames.resume();
    return this.#frames.read(chunk, start);
  }

  /** @see FrameReader.stop */
  stop(): void {
    this.#frames.stop();
  }

  onFrameStart(): null {
    return null;
  }

  onFrameHeader(header: FrameHeader): ViolationCode | null {
    if (header.rsv1) return 'WS_ERR_UNEXPECTED_RSV_1';
    const { maxReceivedFrameSize, maxReceivedMessageSize } = this.#config;
    const violation = judgeFrameSize(header, maxReceivedFrameSize);
    if (violation !== null || this.#isReportedAlone(header.opcode)) return violation;
    const isInMessage = this.#messageOpcode !== Opcode.CONTINUATION;
    if (header.opcode !== Opcode.CONTINUATION) {
      if (isInMessage) return 'WS_ERR_EXPECTED_CONTINUATION';
      this.#messageOpcode = header.opcode;
      this.#messageBytes = header.payloadBytes;
      return null;
    }
    if (!isInMessage) return 'WS_ERR_UNEXPECTED_CONTINUATION';
    this.#messageBytes += header.payloadBytes;
    const isOver = maxReceivedMessageSize !== undefined && this.#messageBytes > maxReceivedMessageSize;
    return isOver ? 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' : null;
  }

  onFramePayload({ bytes }: Chunk, start: number, end: number, isAscii: boolean, isFrameEnd: boolean): void {
    const { opcode, fin } = this.#frames;
    if (this.#isReportedAlone(opcode)) {
      if (!isFrameEnd) {
        this.#frame = append(this.#frame, bytes, start, end);
        return;
      }
      const payload = join(this.#frame, bytes, start, end);
      this.#frame = null;
      this.#reportFrame(opcode, payload);
    } else if (!isFrameEnd || !fin) {
      this.#message = append(this.#message, bytes, start, end);
    } else {
      const isAllAscii = isAscii && this.#message === null;
      const data = join(this.#message, bytes, start, end);
      const isBinary = this.#messageOpcode === Opcode.BINARY;
      this.#message = null;
      this.#messageOpcode = Opcode.CONTINUATION;
      if (isBinary || isAllAscii || natives.isUtf8(data)) this.#handler.onMessage(data, isBinary);
      else this.onFrameViolation('WS_ERR_INVALID_UTF8');
    }
  }

  onFrameViolation(code: ViolationCode): void {
    this.#frames.fail();
    this.#message = null;
    this.#frame = null;
    const description = describeViolation(code, this.#frames, this.#config.maxReceivedFrameSize);
    this.#handler.onViolation(VIOLATIONS[code].closeCode, description);
  }

  #isReportedAlone(opcode: number): boolean {
    return isControlOpcode(opcode) || !this.#config.assembleFragments;
  }

  #reportFrame(opcode: number, payload: Buffer): void {
    if (!this.#config.assembleFragments) this.#handler.onFrame(this.#frames, payload);
    if (isControlOpcode(opcode)) this.#handler.onControlFrame(opcode, payload);
  }
}

function append(kept: ByteList | null, chunk: Uint8Array, start: number, end: number): ByteList {
  kept ??= new ByteList(natives);
  kept.append(chunk, start, end);
  return kept;
}

/** Memory of {@link natives} and chunks of a socket are all Buffers, and so are their views. */
function join(kept: ByteList | null, chunk: Uint8Array, start: number, end: number): Buffer {
  kept?.append(chunk, start, end);
  return (kept?.join() ?? chunk.subarray(start, end)) as Buffer;
}
