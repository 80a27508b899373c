/**
 * What the machines need from the runtime: memory, UTF-8 and randomness. The shell passes it in, so that the
 * core names neither Node nor the DOM, and a test can make every one of them predictable.
 */
export interface Natives {
  /** Returns `size` bytes whose content is undefined. The caller owns them. */
  allocate(size: number): Uint8Array;
  /**
   * Returns `byteLength` bytes of `memory`, from `byteOffset` on: of the kind that {@link allocate} returns, not copied.
   * Optional: it saves asking each time where a `subarray` is to lie.
   */
  readonly view?:
    | ((memory: ArrayBufferLike, byteOffset: number, byteLength: number) => Uint8Array)
    | undefined;
  /** Returns how many bytes of UTF-8 `text` takes; a lone surrogate counts as U+FFFD, three bytes. */
  utf8Length(text: string): number;
  /**
   * Writes `text` as UTF-8 into `target` at `offset`, a lone surrogate as U+FFFD, and returns the bytes written.
   * The machines only call it where `target` has room for three bytes a UTF-16 unit, or `utf8Length(text)`.
   */
  writeUtf8(target: Uint8Array, text: string, offset: number): number;
  /** Returns the text of `bytes[start..end)`, of all of them by default, which are valid UTF-8. */
  readUtf8(bytes: Uint8Array, start?: number, end?: number): string;
  /** Writes the UTF-16 units of `text`, none above 255, to `target[offset..]`, a byte each. */
  writeLatin1(target: Uint8Array, text: string, offset: number): void;
  /** Returns the text whose UTF-16 units are `bytes`, one by one. */
  readLatin1(bytes: Uint8Array): string;
  /** Tells whether `bytes` are, as a whole, valid UTF-8 (RFC 3629). */
  isUtf8(bytes: Uint8Array): boolean;
  /** Returns 32 unpredictable bits as an integer, for one masking key (RFC 6455 section 5.3 and 10.3). */
  randomMask(): number;
  /**
   * Masks or unmasks `bytes[start..end)` in place, as `applyMask` does, with vector instructions. Optional: it is
   * used from 512 bytes on.
   */
  readonly mask?: ((bytes: Uint8Array, start: number, end: number, key: number) => boolean) | undefined;
}

/** Returns a copy of `bytes[start..end)`, behind `headroom` undefined bytes. */
export function copyOf(
  natives: Pick<Natives, 'allocate'>,
  bytes: Uint8Array,
  start: number,
  end: number,
  headroom = 0,
): Uint8Array {
  const copy = natives.allocate(headroom + end - start);
  copy.set(bytes.subarray(start, end), headroom);
  return copy;
}
