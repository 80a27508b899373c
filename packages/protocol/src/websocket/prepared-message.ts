import { firstByteOf, type RunSink, writeFrame, writeTextFrame } from './frame-writer.ts';
import { Opcode } from './opcode.ts';
import type { Slab } from './slab.ts';

/**
 * A message that a server encoded once to send it to many connections: the runs of bytes of its one frame.
 * Never masked, so that only the server role can send it (RFC 6455 section 5.1).
 */
export class PreparedMessage implements RunSink {
  byteLength = 0;
  /** The first run is `#bytes[#start..#end)`, which is all of a small frame; the others are in `#further`. */
  #bytes: Uint8Array | null = null;
  #start = 0;
  #end = 0;
  #further: Uint8Array[] | null = null;

  append(bytes: Uint8Array, start: number, end: number): void {
    this.byteLength += end - start;
    if (this.#bytes === null) {
      this.#bytes = bytes;
      this.#start = start;
      this.#end = end;
    } else {
      this.#further ??= [];
      this.#further.push(bytes.subarray(start, end));
    }
  }

  /** Appends the frame to `sink`, by reference. */
  appendTo(sink: RunSink): void {
    if (this.#bytes !== null) sink.append(this.#bytes, this.#start, this.#end);
    if (this.#further !== null) for (const run of this.#further) sink.append(run, 0, run.length);
  }

  /** The memory at whose {@link end} the payload lies; `null` where that was too large to be copied. */
  get copied(): Uint8Array | null {
    return this.#further === null ? this.#bytes : null;
  }

  /** Where in {@link copied} the payload ends. */
  get end(): number {
    return this.#end;
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
