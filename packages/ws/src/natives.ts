// The global one is asked for anew each time.
import { Buffer, isUtf8 } from 'node:buffer';
import { hash, randomFillSync } from 'node:crypto';
import { acceptInput, type Natives } from '@hawser/protocol/websocket';
import { createVectorMask, type MaskFunction } from './vector-mask.ts';

/** Masking keys drawn from the system's generator at a time. */
const MASK_POOL_SIZE = 32;

/**
 * What `Buffer` calls itself, once it has found out what it was given: a twentieth of what a small message costs
 * (`npm run bench -- --only socketio-echo-64-x32`).
 */
interface BufferMethods {
  utf8Write(text: string, offset: number): number;
  utf8Slice(start: number, end: number): string;
}

type BufferView = new (memory: ArrayBufferLike, byteOffset: number, byteLength: number) => Buffer;

/** What `Buffer` makes its own with: `Buffer.from` asks first what it is given, which takes longer than that. */
const FastBuffer = (Buffer as unknown as { [Symbol.species]: BufferView })[Symbol.species];

/** Returns a `Buffer` over `memory`; `subarray` of one asks first what it is given, too. */
export function viewOf(memory: ArrayBufferLike, byteOffset: number, byteLength: number): Buffer {
  return new FastBuffer(memory, byteOffset, byteLength);
}

/** Made once: it holds memory, which has no content between two calls. */
const vectorMask = createVectorMask();

/** As much as Node itself reads at a time. */
const READ_BYTES = 65_536;

/** Where sockets read into: what lies there is unmasked without a copy. */
export const readMemory: Buffer = asBuffer(vectorMask?.page ?? Buffer.allocUnsafeSlow(READ_BYTES));

/** What the protocol core needs of Node; all memory that it hands out is a `Buffer` of its own. */
export class NodeNatives implements Natives {
  readonly mask: MaskFunction | undefined = vectorMask?.mask;
  #masks: Int32Array | null = null;
  #nextMask = 0;

  allocate(size: number): Buffer {
    return Buffer.allocUnsafeSlow(size);
  }

  view(memory: ArrayBufferLike, byteOffset: number, byteLength: number): Buffer {
    return viewOf(memory, byteOffset, byteLength);
  }

  utf8Length(text: string): number {
    return Buffer.byteLength(text);
  }

  writeUtf8(target: Uint8Array, text: string, offset: number): number {
    return (target as Buffer & BufferMethods).utf8Write(text, offset);
  }

  readUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
    return (asBuffer(bytes) as Buffer & BufferMethods).utf8Slice(start, end);
  }

  writeLatin1(target: Uint8Array, text: string, offset: number): void {
    (target as Buffer).write(text, offset, 'latin1');
  }

  readLatin1(bytes: Uint8Array): string {
    return asBuffer(bytes).toString('latin1');
  }

  isUtf8(bytes: Uint8Array): boolean {
    return isUtf8(bytes);
  }

  randomMask(): number {
    if (this.#masks === null || this.#nextMask === MASK_POOL_SIZE) {
      this.#masks ??= new Int32Array(MASK_POOL_SIZE);
      randomFillSync(this.#masks);
      this.#nextMask = 0;
    }
    return this.#masks[this.#nextMask++]!;
  }
}

/** Returns the `Sec-WebSocket-Accept` that answers `key` (RFC 6455 section 4.2.2 item 5.4). */
export function acceptFor(key: string): string {
  return hash('sha1', acceptInput(key), 'base64');
}

/** Returns `bytes` as a `Buffer` over the same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
