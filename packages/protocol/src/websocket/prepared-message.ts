import { firstByteOf, type RunSink, writeFrame, writeTextFrame } from './frame-writer.ts';
import { Opcode } from './opcode.ts';
import type { Slab } from './slab.ts';

/**
 * A message that a server encoded once to send it to many connections: the runs of bytes of its one frame.
 * Never masked, so that only the server role can send it (RFC 6455 section 5.1).
 */
export class PreparedMessage implements RunSink {
  byteLength = 0;
  readonly #bytes: Uint8Array[] = [];
  readonly #bounds: number[] = [];

  append(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes.push(bytes);
    this.#bounds.push(start, end);
    this.byteLength += end - start;
  }

  /** Appends the frame to `sink`, by reference. */
  appendTo(sink: RunSink): void {
    for (let i = 0; i < this.#bytes.length; i++) {
      sink.append(this.#bytes[i]!, this.#bounds[2 * i]!, this.#bounds[2 * i + 1]!);
    }
  }
}

/**
 * Encodes `data` as one unmasked frame, in `slab` where it is small.
 *
 * @param data - a string is encoded as UTF-8; bytes above 4 KiB are borrowed until the last recipient has them
 * @param isBinary - the opcode: binary or text; text given as bytes must be valid UTF-8
 * @param rsv1 - `data` is what permessage-deflate made of the message (RFC 7692 section 6.1)
 * @see RFC 6455 section 5.6
 */
export function prepareMessage(
  slab: Slab,
  data: string | Uint8Array,
  isBinary: boolean,
  rsv1 = false,
): PreparedMessage {
  const prepared = new PreparedMessage();
  const firstByte = firstByteOf(isBinary ? Opcode.BINARY : Opcode.TEXT, true, rsv1);
  if (typeof data === 'string') writeTextFrame(prepared, slab, firstByte, data, null);
  else writeFrame(prepared, slab, firstByte, data, null);
  return prepared;
}
