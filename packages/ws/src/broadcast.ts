import { type Connection, type PreparedMessage, prepareMessage, type Slab } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { CancelJob } from './compression/job-queue.ts';
import { MessageHistory } from './compression/message-history.ts';
import { copyOfSmall, type Outgoing } from './outgoing.ts';
import type { StreamWriter } from './stream-writer.ts';

/** With so many histories it is compressed; whoever has yet another gets it compressed without any. */
const MAX_VARIANTS = 8;

/** A message compressed with one history. */
interface Variant {
  readonly history: MessageHistory;
  /** `null` while it is being compressed; the plain frame where that is not worth it. */
  frame: PreparedMessage | null;
  /** What the recipient was sent after it, where it went out compressed. */
  after: MessageHistory | null;
  readonly waiting: Set<() => void>;
}

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
  /** What it is compressed, by what the recipient was sent before: many were sent the same. */
  readonly #variants = new Map<MessageHistory, Variant>();
  /** What it is compressed without, by the sender's window. */
  readonly #alone = new Map<number, Variant>();

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
    const known = this.#variantFor(deflation.history);
    if (known !== undefined) return known.frame !== null;
    if (!deflation.isWorthwhile(this.#payload().length)) return true;
    const history = this.#nextHistory(deflation.history);
    const deflated = deflation.deflate(this.#payload(), history);
    if (deflated === null) return false;
    this.#complete(this.#addVariant(history), deflated);
    return true;
  }

  compressLater(deflation: Deflation, done: () => void): CancelJob {
    const known = this.#variantFor(deflation.history);
    const variant = known ?? this.#addVariant(this.#nextHistory(deflation.history));
    variant.waiting.add(done);
    if (known === undefined) {
      const complete = (deflated: Uint8Array | null) => this.#complete(variant, deflated);
      deflation.deflateLater(this.#payload(), complete, variant.history);
    }
    // The others still wait for the frame.
    return () => variant.waiting.delete(done);
  }

  sendTo(machine: Connection, _writer: StreamWriter, deflation: Deflation | null): void {
    const variant = deflation === null ? undefined : this.#variantFor(deflation.history);
    machine.sendPrepared(variant?.frame ?? this.#plain);
    if (variant === undefined || variant.after === null) return;
    if (variant.history === deflation!.history) deflation!.history = variant.after;
    else deflation!.sent(this.#payload());
  }

  #variantFor(history: MessageHistory): Variant | undefined {
    const own = this.#variants.get(history);
    const isAlone = own === undefined && this.#variants.size >= MAX_VARIANTS;
    return isAlone ? this.#alone.get(history.windowBits) : own;
  }

  /** Returns with what history it is to be compressed for who has `history`. */
  #nextHistory(history: MessageHistory): MessageHistory {
    return this.#variants.size < MAX_VARIANTS ? history : new MessageHistory(history.windowBits, 0);
  }

  #addVariant(history: MessageHistory): Variant {
    const variant: Variant = { history, frame: null, after: null, waiting: new Set() };
    if (this.#variants.size < MAX_VARIANTS) this.#variants.set(history, variant);
    else this.#alone.set(history.windowBits, variant);
    return variant;
  }

  #complete(variant: Variant, deflated: Uint8Array | null): void {
    if (deflated !== null && deflated.length < this.#payload().length) {
      variant.frame = prepareMessage(this.#slab, deflated, this.#isBinary, true);
      variant.after = this.#after(variant.history);
    } else {
      variant.frame = this.#plain;
    }
    for (const done of variant.waiting) done();
  }

  /** Returns the history after this message: the same one for histories that have become alike by it. */
  #after(history: MessageHistory): MessageHistory {
    const after = history.after(this.#payload());
    for (const variant of this.#variants.values()) if (variant.after?.equals(after)) return variant.after;
    return after;
  }

  #payload(): Uint8Array {
    this.#bytes ??= typeof this.#data === 'string' ? Buffer.from(this.#data) : this.#data;
    return this.#bytes;
  }
}
