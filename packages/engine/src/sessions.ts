import { Roster, SlotMap } from '@hawser/ws/internal';
import type { Socket } from './session.ts';

/** The open sessions of a server. */
export class Sessions {
  readonly #all = new Roster<Socket>();
  readonly #byId = new SlotMap<Socket>();
  /**
   * The same for programs, once one has asked: properties that come and go are a hundredth of what connecting costs
   * (`npm run bench -- --only socketio-connect`).
   */
  #record: Record<string, Socket> | null = null;

  get size(): number {
    return this.#all.size;
  }

  add(session: Socket): void {
    const id = keyOf(session);
    this.#all.add(session);
    this.#byId.set(id, session);
    if (this.#record !== null) this.#record[id] = session;
  }

  /** Returns whether it was there. */
  delete(session: Socket): boolean {
    if (!this.#all.delete(session)) return false;
    // A user's own ids may be given twice.
    const id = keyOf(session);
    if (this.#byId.get(id) === session) {
      this.#byId.delete(id);
      if (this.#record !== null) delete this.#record[id];
    }
    return true;
  }

  /** Returns the session of that id; of two, the one that came last. */
  find(id: string): Socket | undefined {
    return this.#byId.get(id);
  }

  /** Returns an object that has the sessions by their ids, the same at every call, now and later. */
  asRecord(): Record<string, Socket> {
    this.#record ??= Object.fromEntries(this.#byId);
    return this.#record;
  }

  /** Visits those that are there when it begins, unless they have left by their turn. */
  [Symbol.iterator](): IterableIterator<Socket> {
    return this.#all[Symbol.iterator]();
  }
}

/** Returns the id as a request has it: one of the user may be a number. */
export function keyOf({ id }: Socket): string {
  return String(id);
}
