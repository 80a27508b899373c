import { type Connection, type PreparedMessage, prepareMessage, type Slab } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import { deflateStates } from './compression/deflate-states.ts';
import type { CancelJob } from './compression/job-queue.ts';
import type { MessageHistory } from './compression/message-history.ts';
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
  /** When this was made: that of a view may change with its memory. */
  readonly #dataLength: number;
  #bytes: Uint8Array | null = null;
  #isKept = false;
  /** What it is compressed, once somebody takes it compressed. */
  #variants: Variants | null = null;

  constructor(slab: Slab, data: string | Uint8Array, isBinary: boolean) {
    this.#plain = prepareMessage(slab, data, isBinary);
    this.byteLength = this.#plain.byteLength;
    this.#slab = slab;
    this.#data = data;
    this.#isBinary = isBinary;
    this.#dataLength = data.length;
  }

  keep(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    // Others may have had theirs from the borrowed bytes by now, within the same call.
    this.#bytes = copyOfSmall(this.#data) ?? this.#bytes;
  }

  /**
   * Tells whether this is a message of `data`, which may have been changed since this was made: small bytes were copied
   * then, and larger ones are borrowed in any case.
   */
  isOf(data: Uint8Array): boolean {
    if (data.length !== this.#dataLength) return false;
    const { copied, end } = this.#plain;
    return copied === null || (copied as Buffer).compare(data, 0, data.length, end - data.length, end) === 0;
  }

  compress(deflation: Deflation): boolean {
    const known = this.#variants?.find(deflation.history);
    if (known !== undefined) return known.frame !== null;
    if (!deflation.isWorthwhile(this.#payload().length)) return true;
    this.#variants ??= new Variants();
    const history = this.#variants.nextHistory(deflation);
    const deflated = deflation.deflate(this.#payload(), history);
    if (deflated === null) return false;
    this.#complete(this.#variants.add(history), deflated);
    return true;
  }

  compressLater(deflation: Deflation, done: () => void): CancelJob {
    this.#variants ??= new Variants();
    const known = this.#variants.find(deflation.history);
    const variant = known ?? this.#variants.add(this.#variants.nextHistory(deflation));
    variant.waiting.add(done);
    if (known === undefined) {
      const complete = (deflated: Uint8Array | null) => this.#complete(variant, deflated);
      deflation.deflateLater(this.#payload(), complete, variant.history);
    }
    // The others still wait for the frame.
    return () => variant.waiting.delete(done);
  }

  sendTo(machine: Connection, _writer: StreamWriter, deflation: Deflation | null): void {
    const variant = deflation === null ? undefined : this.#variants?.find(deflation.history);
    machine.sendPrepared(variant?.frame ?? this.#plain);
    if (variant === undefined || variant.after === null) return;
    if (variant.history === deflation!.history) deflation!.history = variant.after;
    else deflation!.sent(this.#payload(), null);
  }

  #complete(variant: Variant, deflated: Uint8Array | null): void {
    if (deflated !== null && deflated.length < this.#payload().length) {
      variant.frame = prepareMessage(this.#slab, deflated, this.#isBinary, true);
      variant.after = this.#variants!.unify(variant.history.after(this.#payload()));
      deflateStates.advance(variant.history, deflated, variant.after);
    } else {
      variant.frame = this.#plain;
    }
    for (const done of variant.waiting) done();
  }

  #payload(): Uint8Array {
    this.#bytes ??= typeof this.#data === 'string' ? Buffer.from(this.#data) : this.#data;
    return this.#bytes;
  }
}

/** One message, compressed by what its recipients were sent before: many were sent the same. */
class Variants {
  readonly #byHistory = new Map<MessageHistory, Variant>();
  /** Without any history, by the sender's window. */
  readonly #alone = new Map<number, Variant>();

  find(history: MessageHistory): Variant | undefined {
    const own = this.#byHistory.get(history);
    const isAlone = own === undefined && this.#byHistory.size >= MAX_VARIANTS;
    return isAlone ? this.#alone.get(history.windowBits) : own;
  }

  /** Returns with what history the message is to be compressed for another recipient. */
  nextHistory({ history, noHistory }: Deflation): MessageHistory {
    return this.#byHistory.size < MAX_VARIANTS ? history : noHistory;
  }

  add(history: MessageHistory): Variant {
    const variant: Variant = { history, frame: null, after: null, waiting: new Set() };
    if (this.#byHistory.size < MAX_VARIANTS) this.#byHistory.set(history, variant);
    else this.#alone.set(history.windowBits, variant);
    return variant;
  }

  /** Returns a history like `after` that is here already, or `after`: histories become alike by this message. */
  unify(after: MessageHistory): MessageHistory {
    for (const variant of this.#byHistory.values()) if (variant.after?.equals(after)) return variant.after;
    return after;
  }
}
