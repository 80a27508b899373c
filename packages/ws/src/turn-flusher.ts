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
  #marked: Flushable[] = [];

  /** Has `target` flushed at the end of this turn. The caller sees to it that it is marked once. */
  mark(target: Flushable): void {
    if (this.#marked.push(target) === 1) setImmediate(this.#onTurnEnd);
  }

  /** Flushes what is marked now: for a process that exits, and has no end of this turn. */
  flush(): void {
    const marked = this.#marked;
    this.#marked = [];
    let flushed = 0;
    try {
      while (flushed < marked.length) marked[flushed++]!.flush();
    } finally {
      // Where one throws, the others wait no longer than a turn.
      for (; flushed < marked.length; flushed++) this.mark(marked[flushed]!);
    }
  }

  readonly #onTurnEnd = (): void => this.flush();
}
