import { BinaryExtraction } from './binary-extraction.ts';
import { BINARY_TYPE_OFFSET, carriesArguments, MAIN_NAMESPACE, type Packet } from './packet.ts';
import { writePlainList } from './plain-list.ts';

/** How values become JSON and attachments. */
export interface EncoderOptions {
  /**
   * Tells whether `value` travels as an attachment: `isBufferOrView`, and what else the transport can send. It is
   * not asked about plain objects and arrays.
   */
  readonly isBinary: (value: object) => boolean;
  /** Goes to `JSON.stringify`, which then sees placeholders where attachments were. */
  readonly replacer?: ((this: unknown, key: string, value: unknown) => unknown) | undefined;
}

/** A packet as it goes out: one text, then the attachments, each a message of its own. */
export interface EncodedPacket {
  readonly text: string;
  /** The caller's own values, not copied. */
  readonly attachments: readonly object[];
}

/** Types as they are written, each at its own place. */
const DIGITS = ['0', '1', '2', '3', '4'] as const;

const NO_ATTACHMENTS: readonly object[] = /* @__PURE__ */ Object.freeze([]);

/**
 * Writes packets as `<type>[<attachments>-][<namespace>,][<id>][JSON]`. It keeps no state.
 * @see https://socket.io/docs/v4/socket-io-protocol/
 */
export class Encoder {
  readonly #options: EncoderOptions;

  constructor(options: EncoderOptions) {
    this.#options = options;
  }

  /**
   * Returns a packet as it goes out. Nothing of `packet` is changed.
   *
   * @throws SIO_ERR_CIRCULAR_ARGUMENT when an argument of an EVENT or an ACK contains itself
   * @throws TypeError as `JSON.stringify` does: for a BigInt
   */
  encode(packet: Packet): EncodedPacket {
    const { type, data } = packet;
    if (carriesArguments(type) && Array.isArray(data)) {
      const head = headOf(DIGITS[type], packet);
      const text = this.#options.replacer === undefined ? writePlainList(head, data) : null;
      if (text !== null) return { text, attachments: NO_ATTACHMENTS };
      const extraction = new BinaryExtraction(this.#options.isBinary);
      const rest = extraction.extractArray(data);
      const { attachments } = extraction;
      if (attachments.length > 0) {
        const start = `${type + BINARY_TYPE_OFFSET}${attachments.length}-`;
        return { text: this.#write(start, packet, rest), attachments };
      }
    }
    return { text: this.#write(DIGITS[type], packet, data), attachments: NO_ATTACHMENTS };
  }

  #write(start: string, packet: Packet, data: unknown): string {
    const head = headOf(start, packet);
    return data === undefined || data === null ? head : head + JSON.stringify(data, this.#options.replacer);
  }
}

function headOf(start: string, { nsp, id }: Packet): string {
  if (nsp !== MAIN_NAMESPACE) start += `${nsp},`;
  return id === undefined ? start : start + id;
}

/** Tells whether `value` is bytes: an ArrayBuffer, or any view of one, of this realm or another. */
export function isBufferOrView(value: object): boolean {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}
