/** Most events that wait for a retry which will not come. */
const MAX_REMEMBERED = 1000;

/** What answers go out through. */
interface Answerer {
  sendAnswer(id: number, data: unknown[]): void;
}

/**
 * The events of one session that were answered, or are about to be: a client of Hawser sends what it has no answer to
 * again, under the same id, and what comes again is answered again and not dispatched twice.
 */
export class AnswerMemory {
  /** `null` while the program has not answered. */
  readonly #answers = new Map<number, unknown[] | null>();
  /** The socket that the session has now. */
  owner: Answerer;

  constructor(owner: Answerer) {
    this.owner = owner;
  }

  /** Takes in an event; returns `false` for one that was here before. */
  admit(id: number): boolean {
    const answer = this.#answers.get(id);
    if (answer !== undefined) {
      if (answer !== null) this.owner.sendAnswer(id, answer);
      return false;
    }
    if (this.#answers.size >= MAX_REMEMBERED) {
      const [oldest] = this.#answers.keys();
      this.#answers.delete(oldest!);
    }
    this.#answers.set(id, null);
    return true;
  }

  /** Sends the answer, and remembers it. */
  answer(id: number, data: unknown[]): void {
    if (this.#answers.has(id)) this.#answers.set(id, data);
    this.owner.sendAnswer(id, data);
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
