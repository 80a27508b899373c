import { inOwnContext } from './async-context.ts';
import { setImmediate } from './event-loop.ts';

/** Something that collects output and writes it when told. */
export interface Flushable {
  flush(): void;
}

/**
 * Flushes everything that was marked during one turn of the event loop, once, at its end.
 *
 * The write to the kernel is what costs: 16 broadcasts of one turn become one write for each recipient
 * (`npm run bench -- --only fan-out-burst`).
 */
export class TurnFlusher {
  #makers: Flushable[] = [];
  #marked: Flushable[] = [];
  #isDue = false;

  /** Has `target` flushed at the end of this turn. The caller sees to it that it is marked once. */
  mark(target: Flushable): void {
    this.#marked.push(target);
    this.#becomeDue();
  }

  /**
   * As {@link mark}, before any other: it takes its time to make what others then write, close together
   * (`npm run bench -- --only deflate-echo`).
   */
  markMaker(target: Flushable): void {
    this.#makers.push(target);
    this.#becomeDue();
  }

  /** Flushes what is marked now: for a process that exits, and has no end of this turn. */
  flush(): void {
    this.#isDue = false;
    const makers = this.#makers;
    this.#makers = [];
    try {
      flushAll(makers, (target) => this.markMaker(target));
    } finally {
      const marked = this.#marked;
      this.#marked = [];
      flushAll(marked, (target) => this.mark(target));
    }
  }

  #becomeDue(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#onTurnEnd);
  }

  readonly #flush = (): void => this.flush();

  readonly #onTurnEnd = (): void => inOwnContext(this.#flush);
}

function flushAll(targets: readonly Flushable[], mark: (target: Flushable) => void): void {
  let flushed = 0;
  try {
    while (flushed < targets.length) targets[flushed++]!.flush();
  } finally {
    // Where one throws, the others wait no longer than a turn.
    for (; flushed < targets.length; flushed++) mark(targets[flushed]!);
  }
}
