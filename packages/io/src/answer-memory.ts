import type { Encoded } from './adapter/index.ts';
import { byteLengthOf } from './outgoing.ts';

/** Most events that wait for a retry which will not come, and most bytes of the answers to them. */
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_BYTES = 1_048_576;

/** What answers go out through. */
interface Answerer {
  sendAnswer(id: number, data: unknown[]): void;
  encodeAnswer(id: number, data: unknown[]): Encoded;
  sendEncoded(answer: Encoded): void;
}

/**
 * The events of one session that were answered, or are about to be: a client of Hawser sends what it has no answer to
 * again, under the same id, and what comes again is answered again, as it was, and not dispatched twice.
 */
export class AnswerMemory {
  /** `null` while the program has not answered. */
  readonly #answers = new Map<number, Encoded | null>();
  #bytes = 0;
  /** The socket that the session has now. */
  owner: Answerer;

  constructor(owner: Answerer) {
    this.owner = owner;
  }

  /** Takes in an event; returns `false` for one that was here before. */
  admit(id: number): boolean {
    const answer = this.#answers.get(id);
    if (answer !== undefined) {
      if (answer !== null) this.owner.sendEncoded(answer);
      return false;
    }
    if (this.#answers.size >= MAX_REMEMBERED) {
      const [oldest] = this.#answers.keys();
      this.#forget(oldest!);
    }
    this.#answers.set(id, null);
    return true;
  }

  /** Sends the answer, and remembers it. */
  answer(id: number, data: unknown[]): void {
    const answer = this.owner.encodeAnswer(id, data);
    if (this.#answers.has(id)) this.#remember(id, answer);
    this.owner.sendEncoded(answer);
  }

  #remember(id: number, answer: Encoded): void {
    this.#bytes += byteLengthOf(answer) - byteLengthOf(this.#answers.get(id) ?? []);
    this.#answers.set(id, answer);
    for (const [other, known] of this.#answers) {
      if (this.#bytes <= MAX_REMEMBERED_BYTES) break;
      // The last one stays, whatever it weighs: it is the one that is most likely asked for again.
      if (known !== null && other !== id) this.#forget(other);
    }
  }

  #forget(id: number): void {
    this.#bytes -= byteLengthOf(this.#answers.get(id) ?? []);
    this.#answers.delete(id);
  }
}

/** Returns what a listener answers with; once. */
export function createAnswer(id: number, through: AnswerMemory | Answerer): (...args: unknown[]) => void {
  let isAnswered = false;
  return (...data) => {
    if (isAnswered) return;
    isAnswered = true;
    if (through instanceof AnswerMemory) through.answer(id, data);
    else through.sendAnswer(id, data);
  };
}
