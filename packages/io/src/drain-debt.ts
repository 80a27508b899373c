import { setImmediate } from '@hawser/engine/internal';
import type { Deadlines } from './deadlines.ts';

/** How often it is looked whether all has left, where nothing else tells. */
const CHECK_MS = 50;

/** The connection that something waits in. */
interface Line {
  readonly isWritable: boolean;
  readonly bufferedBytes: number;
}

/** That a socket said `false` to `emit`, and owes a `drain` for when there is room again. */
export class DrainDebt {
  readonly #line: Line;
  readonly #deadlines: Deadlines;
  readonly #onRoom: () => void;
  #isOwed = false;

  /** @param onRoom - called where the connection itself does not tell that there is room */
  constructor(line: Line, deadlines: Deadlines, onRoom: () => void) {
    this.#line = line;
    this.#deadlines = deadlines;
    this.#onRoom = onRoom;
  }

  /** @param isOpen - it can be paid; else {@link watch} is called when it can */
  owe(isOpen: boolean): void {
    if (this.#isOwed) return;
    this.#isOwed = true;
    if (isOpen) this.watch();
  }

  watch(): void {
    // The connection tells only when it had to stop: what this turn writes may leave without that.
    if (this.#isOwed && this.#line.isWritable) setImmediate(() => this.#check());
  }

  /** Tells whether it was owed, which it is no more. */
  pay(): boolean {
    const wasOwed = this.#isOwed;
    this.#isOwed = false;
    return wasOwed;
  }

  #check(): void {
    if (!this.#isOwed || !this.#line.isWritable) return;
    if (this.#line.bufferedBytes === 0) this.#onRoom();
    // The kernel has stopped taking what was accepted, or it is being compressed.
    else this.#deadlines.begin(CHECK_MS, () => this.#check());
  }
}
