/** A message as an application sends and receives it. */
export type Message = string | Buffer;

// Ten digits: more than any run sends.
const SEQUENCE_DIGITS = 10;

/** The smallest message: its number and nothing else. */
export const MIN_MESSAGE_BYTES = SEQUENCE_DIGITS;

const FILLER = ' The quick brown fox jumps over the lazy dog.';

/** Makes messages of one size that carry a number, and finds the number in what comes back. */
export class Messages {
  readonly #size: number;
  readonly #isBinary: boolean;
  readonly #filler: string;
  readonly #template: Buffer;

  /**
   * @param size - bytes of each message, at least `MIN_MESSAGE_BYTES`
   * @param isBinary - bytes in place of text
   */
  constructor(size: number, isBinary: boolean) {
    this.#size = size;
    this.#isBinary = isBinary;
    this.#template = Buffer.alloc(size, FILLER);
    this.#filler = this.#template.toString('latin1', 0, size - SEQUENCE_DIGITS);
  }

  /** Makes the message with that number. */
  make(sequence: number): Message {
    const digits = String(sequence).padStart(SEQUENCE_DIGITS, '0');
    if (!this.#isBinary) return digits + this.#filler;
    const bytes = Buffer.from(this.#template);
    bytes.write(digits, 'latin1');
    return bytes;
  }

  /** Returns the number of a message of ours, or `undefined` for any other. */
  sequenceOf(data: unknown): number | undefined {
    const head = headOf(data, this.#size);
    return head !== undefined && /^\d{10}$/.test(head) ? Number(head) : undefined;
  }
}

function headOf(data: unknown, size: number): string | undefined {
  if (typeof data === 'string') return data.length === size ? data.slice(0, SEQUENCE_DIGITS) : undefined;
  const bytes = toBuffer(data);
  return bytes?.length === size ? bytes.toString('latin1', 0, SEQUENCE_DIGITS) : undefined;
}

/** Returns the size of a received value: of text and binary what they have, of anything else what its JSON has. */
export function sizeOf(data: unknown): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return toBuffer(data)?.length ?? Buffer.byteLength(JSON.stringify(data) ?? '');
}

function toBuffer(data: unknown): Buffer | undefined {
  if (Buffer.isBuffer(data)) return data;
  return data instanceof ArrayBuffer ? Buffer.from(data) : undefined;
}
