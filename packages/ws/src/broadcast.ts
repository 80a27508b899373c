import { type Connection, type PreparedMessage, prepareMessage, type Slab } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { CancelJob } from './compression/job-queue.ts';
import { copyOfSmall, type Outgoing } from './outgoing.ts';
import type { StreamWriter } from './stream-writer.ts';

/** A message to many, framed once, and compressed once for all recipients with equal parameters. */
export class Broadcast implements Outgoing {
  readonly byteLength: number;
  /** The frame for who takes no compression. */
  readonly #plain: PreparedMessage;
  readonly #slab: Slab;
  readonly #data: string | Uint8Array;
  readonly #isBinary: boolean;
  #bytes: Uint8Array | null = null;
  #isKept = false;
  /** The compressed frame by the sender's window, the one parameter that matters. */
  readonly #frames = new Map<number, PreparedMessage>();
  /** Who waits for a frame that is being compressed. */
  readonly #waiting = new Map<number, Set<() => void>>();

  constructor(slab: Slab, data: string | Uint8Array, isBinary: boolean) {
    this.#plain = prepareMessage(slab, data, isBinary);
    this.byteLength = this.#plain.byteLength;
    this.#slab = slab;
    this.#data = data;
    this.#isBinary = isBinary;
  }

  keep(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    // Others may have had theirs from the borrowed bytes by now, within the same call.
    this.#bytes = copyOfSmall(this.#data) ?? this.#bytes;
  }

  compress(deflation: Deflation): boolean {
    if (this.#frames.has(deflation.windowBits) || !deflation.isWorthwhile(this.#payload().length))
      return true;
    if (this.#waiting.has(deflation.windowBits)) return false;
    const deflated = deflation.deflate(this.#payload(), true);
    if (deflated !== null) this.#frame(deflation.windowBits, deflated);
    return deflated !== null;
  }

  compressLater(deflation: Deflation, done: () => void): CancelJob {
    const { windowBits } = deflation;
    const waiting = this.#waiting.get(windowBits) ?? new Set();
    waiting.add(done);
    if (!this.#waiting.has(windowBits)) {
      this.#waiting.set(windowBits, waiting);
      deflation.deflateLater(this.#payload(), true, (deflated) => {
        this.#frame(windowBits, deflated);
        for (const callback of waiting) callback();
      });
    }
    // The others still wait for the frame.
    return () => waiting.delete(done);
  }

  sendTo(machine: Connection, _writer: StreamWriter, deflation: Deflation | null): void {
    const deflated = deflation === null ? undefined : this.#frames.get(deflation.windowBits);
    machine.sendPrepared(deflated ?? this.#plain);
    if (deflated !== undefined && deflated !== this.#plain) deflation!.sent(this.#payload());
  }

  #frame(windowBits: number, deflated: Uint8Array | null): void {
    const isSmaller = deflated !== null && deflated.length < this.#payload().length;
    const frame = isSmaller ? prepareMessage(this.#slab, deflated, this.#isBinary, true) : this.#plain;
    this.#frames.set(windowBits, frame);
  }

  #payload(): Uint8Array {
    this.#bytes ??= typeof this.#data === 'string' ? Buffer.from(this.#data) : this.#data;
    return this.#bytes;
  }
}
