/** Holds received chunks as they came and joins them only when a frame is complete. */
export class ByteQueue {
  #chunks = [];
  #length = 0;

  /** Bytes held. */
  get length() {
    return this.#length;
  }

  /** Append a chunk; it is kept, not copied. */
  push(chunk) {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Show up to `count` bytes from the front without taking them. */
  peek(count) {
    const first = this.#chunks[0];
    if (first === undefined) return Buffer.alloc(0);
    if (first.length >= count || this.#chunks.length === 1) return first.subarray(0, count);
    const parts = [];
    let gathered = 0;
    for (const chunk of this.#chunks) {
      parts.push(chunk);
      gathered += chunk.length;
      if (gathered >= count) break;
    }
    return Buffer.concat(parts).subarray(0, count);
  }

  /** Take exactly `count` bytes, of which the queue must hold enough. */
  take(count) {
    if (count === 0) return Buffer.alloc(0);
    const parts = [];
    let missing = count;
    let used = 0;
    while (missing > 0) {
      const chunk = this.#chunks[used];
      const part = chunk.length > missing ? chunk.subarray(0, missing) : chunk;
      parts.push(part);
      missing -= part.length;
      if (part.length === chunk.length) used += 1;
      else this.#chunks[used] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    this.#length -= count;
    return parts.length === 1 ? parts[0] : Buffer.concat(parts, count);
  }
}
