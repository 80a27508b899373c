import { ByteList } from './byte-list.ts';
import type { RunSink } from './frame-writer.ts';
import type { Slab } from './slab.ts';

/**
 * What waits to be written to one connection, in order, in as few pieces as it comes to.
 *
 * A run that continues the one before it in the same memory is joined to it for nothing, which is how 32
 * replies, or 16 broadcasts, become one write. The shell takes everything once for each chunk that it received
 * and once for each turn of the event loop. A reader that is too slow for that has its output on hold.
 */
export class Outbox implements RunSink {
  /** Bytes that wait here. */
  byteLength = 0;
  readonly #slab: Slab;
  /** The open run is `#bytes[#start..#end)`; runs closed before it are in `#closed`. */
  #bytes: Uint8Array | null = null;
  #start = 0;
  #end = 0;
  #closed: Uint8Array[] | null = null;
  #held: ByteList | null = null;

  constructor(slab: Slab) {
    this.#slab = slab;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    this.byteLength += end - start;
    if (this.#held !== null) {
      this.#held.append(bytes, start, end);
    } else if (this.#bytes === bytes && this.#end === start) {
      this.#end = end;
    } else {
      this.#closeRun();
      this.#bytes = bytes;
      this.#start = start;
      this.#end = end;
    }
  }

  /** Appends a short text that is no frame, the head of a response, as Latin-1: frames that follow continue its run. */
  appendLatin1(text: string): void {
    const slab = this.#slab;
    slab.reserve(text.length);
    const { bytes, used } = slab;
    const end = used + text.length;
    slab.natives.writeLatin1(bytes, text, used);
    slab.take(end);
    this.append(bytes, used, end);
  }

  /**
   * Moves what waits, and what will be appended until the next `take`, into memory of its own: for a reader so
   * slow that a few waiting bytes of a slab would keep all of it alive.
   */
  hold(): void {
    if (this.#held !== null) return;
    const parts = this.take();
    this.#held = new ByteList(this.#slab.natives);
    for (const part of parts) this.append(part, 0, part.length);
  }

  /** Returns all that waits in one piece, or `null` where there is none or more than one: then `take` it. */
  takeSingle(): Uint8Array | null {
    if (this.#bytes === null || this.#closed !== null) return null;
    const view = this.#slab.view(this.#bytes, this.#start, this.#end);
    this.#bytes = null;
    this.byteLength = 0;
    return view;
  }

  /** Returns what waits, in order: all of it, or the first `maxBytes`. */
  take(maxBytes = Number.POSITIVE_INFINITY): readonly Uint8Array[] {
    this.#closeRun();
    const waiting = this.#held?.parts() ?? this.#closed ?? [];
    this.#held = null;
    this.#closed = null;
    if (this.byteLength <= maxBytes) {
      this.byteLength = 0;
      return waiting;
    }
    this.byteLength -= maxBytes;
    const taken: Uint8Array[] = [];
    let index = 0;
    for (; waiting[index]!.length <= maxBytes; index++) {
      taken.push(waiting[index]!);
      maxBytes -= waiting[index]!.length;
    }
    const cut = waiting[index]!;
    if (maxBytes > 0) taken.push(cut.subarray(0, maxBytes));
    this.#closed = [cut.subarray(maxBytes), ...waiting.slice(index + 1)];
    return taken;
  }

  #closeRun(): void {
    if (this.#bytes === null) return;
    this.#closed ??= [];
    this.#closed.push(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = null;
  }
}
