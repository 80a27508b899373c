import type { Encoded } from './adapter/index.ts';
import { byteLengthOf, copyOf } from './outgoing.ts';

/** Most events that wait for a retry which will not come, and most bytes of the answers to them. */
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_BYTES = 1_048_576;

/** What each costs beside its answer, in bytes, once the session is away. */
const ENTRY_BYTES = 128;

/** A program that has not answered by then, over the connection that the event came on, is asked again. */
const MIN_PATIENCE_MS = 20;

/** What answers go out through that nobody remembers. */
interface Answerer {
  sendAnswer(id: number, data: unknown[]): void;
}

/** The socket that a session has. */
interface Owner {
  sendEncoded(answer: Encoded): void;
}

/**
 * The events of one session that were answered, or are about to be: a client of Hawser sends what it has no answer to
 * again, and says under which id it was sent first.
 *
 * | what comes again was                               | then                                       |
 * | -------------------------------------------------- | ------------------------------------------ |
 * | answered                                           | it is answered again, as it was            |
 * | not, and came over a connection that was lost      | it waits for the answer, as before         |
 * | not, over this connection, and there was no time   | it waits for the answer                    |
 * | not, over this connection, though there was time   | it is dispatched again: it may have failed |
 */
export class AnswerMemory {
  /** The answer, or since when, as a time of `performance.now`, the program has owed it. */
  readonly #answers = new Map<number, Encoded | number>();
  readonly #encode: (id: number, data: unknown[]) => Encoded;
  #bytes = 0;
  #owner: Owner | null = null;
  #ownedSinceMs = 0;
  #onGrown: (() => void) | null = null;

  /** @param encode - writes an answer; kept for as long as somebody may answer, so it must not keep a connection */
  constructor(encode: (id: number, data: unknown[]) => Encoded) {
    this.#encode = encode;
  }

  /** What is remembered, in bytes. */
  get bytes(): number {
    return this.#bytes + this.#answers.size * ENTRY_BYTES;
  }

  /** The session has a socket, or another one. */
  passTo(owner: Owner): void {
    this.#owner = owner;
    this.#ownedSinceMs = performance.now();
    this.#onGrown = null;
  }

  /**
   * The socket is gone.
   * @param onGrown - called when an answer is given, until there is another
   */
  release(onGrown: () => void): void {
    this.#owner = null;
    this.#onGrown = onGrown;
  }

  forgetAll(): void {
    this.#answers.clear();
    this.#bytes = 0;
  }

  /** Takes in an event; returns whether it is to be dispatched. */
  admit(id: number): boolean {
    const known = this.#answers.get(id);
    if (typeof known === 'object') {
      this.#owner?.sendEncoded(known);
      return false;
    }
    const nowMs = performance.now();
    const isOfThisOwner = known === undefined || known >= this.#ownedSinceMs;
    if (known !== undefined && isOfThisOwner && nowMs < known + MIN_PATIENCE_MS) return false;
    if (known === undefined && this.#answers.size >= MAX_REMEMBERED) {
      const [oldest] = this.#answers.keys();
      this.#forget(oldest!);
    }
    this.#answers.set(id, nowMs);
    return isOfThisOwner;
  }

  /** Sends the answer, and remembers it. */
  answer(id: number, data: unknown[]): void {
    const answer = this.#encode(id, data);
    if (this.#answers.has(id)) this.#remember(id, copyOf(answer));
    this.#owner?.sendEncoded(answer);
  }

  #remember(id: number, answer: Encoded): void {
    this.#bytes += byteLengthOf(answer) - this.#bytesOf(id);
    this.#answers.set(id, answer);
    for (const [other, known] of this.#answers) {
      if (this.#bytes <= MAX_REMEMBERED_BYTES) break;
      // The last one stays, whatever it weighs: it is the one that is most likely asked for again.
      if (typeof known === 'object' && other !== id) this.#forget(other);
    }
    this.#onGrown?.();
  }

  #forget(id: number): void {
    this.#bytes -= this.#bytesOf(id);
    this.#answers.delete(id);
  }

  #bytesOf(id: number): number {
    const known = this.#answers.get(id);
    return typeof known === 'object' ? byteLengthOf(known) : 0;
  }
}

/** Returns what a listener answers with; once. */
export function createAnswer(id: number, through: AnswerMemory | Answerer): (...args: unknown[]) => void {
  let isAnswered = false;
  return (...data) => {
    if (isAnswered) return;
    if (through instanceof AnswerMemory) through.answer(id, data);
    else through.sendAnswer(id, data);
    // Not where it threw, because the answer cannot be written: the program may answer with what went wrong.
    isAnswered = true;
  };
}
