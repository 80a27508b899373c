import { EventEmitter } from 'node:events';
import {
  type Attachment,
  Decoder as CoreDecoder,
  type Packet as CorePacket,
  type DecoderHandler,
  type Reviver,
  type ViolationCode,
} from '@hawser/protocol/socketio';
import { isBinary } from './binary.ts';
import { ParserError } from './errors.ts';
import type { Packet } from './packet.ts';

/** Options of a {@link Decoder}. */
export interface DecoderOptions {
  /** Goes to `JSON.parse`. */
  reviver?: Reviver | undefined;
  /** Most attachments of one packet. @defaultValue 10 */
  maxAttachments?: number | undefined;
}

/** The transport bounds each message; what is held here at most is a text and its attachments. */
const maxPacketLength = Number.POSITIVE_INFINITY;

/**
 * Reads packets, under the name and shape of `socket.io-parser`: emits `decoded` with each.
 *
 * What comes after an error is read as by a new decoder. Attachments are kept as they are given.
 */
export class Decoder extends EventEmitter<{ decoded: [packet: Packet] }> {
  readonly #options: DecoderOptions;
  readonly #handler: DecoderHandler;
  #core: CoreDecoder;
  #violation: ViolationCode | null = null;

  /** @param options - or, as older versions had it, the reviver alone */
  constructor(options: DecoderOptions | Reviver = {}) {
    super();
    this.#options = typeof options === 'function' ? { reviver: options } : options;
    this.#handler = {
      onPacket: (packet) => this.emit('decoded', toPacket(packet)),
      onViolation: (code) => {
        this.#violation = code;
      },
    };
    this.#core = this.#begin();
  }

  /**
   * Takes in a message: a string, or bytes as a Buffer, any other view, an ArrayBuffer, or a Blob.
   *
   * @throws {ParserError} when the peer broke the rules: end the connection
   */
  add(chunk: unknown): void {
    if (typeof chunk === 'string') this.#core.receiveText(chunk);
    else if (isBytes(chunk)) this.#core.receiveAttachment(chunk);
    else throw new TypeError(`Unknown type: ${describe(chunk)}`);
    if (this.#violation === null) return;
    const error = new ParserError(this.#violation, detail(this.#violation, chunk));
    this.destroy();
    throw error;
  }

  /** Lets go of a packet that is not complete. The decoder can be used again. */
  destroy(): void {
    this.#core.stop();
    this.#violation = null;
    this.#core = this.#begin();
  }

  #begin(): CoreDecoder {
    const { reviver, maxAttachments = 10 } = this.#options;
    return new CoreDecoder(this.#handler, { reviver, maxAttachments, maxPacketLength });
  }
}

function isBytes(chunk: unknown): chunk is Attachment {
  return typeof chunk === 'object' && chunk !== null && isBinary(chunk);
}

/** Users compare packets: what one does not have must not be there as `undefined`. */
function toPacket({ type, nsp, data, id }: CorePacket): Packet {
  const packet: Packet = { type, nsp };
  if (data !== undefined) packet.data = data;
  if (id !== undefined) packet.id = id;
  return packet;
}

function detail(code: ViolationCode, chunk: unknown): string {
  return code === 'SIO_ERR_UNKNOWN_PACKET_TYPE' ? ` ${Number(String(chunk).charAt(0))}` : '';
}

function describe(chunk: unknown): string {
  return typeof chunk === 'object' ? Object.prototype.toString.call(chunk) : String(chunk).slice(0, 75);
}
