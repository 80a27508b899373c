import { type AckCallback, type Forget, LOST, WHEN_ENDED } from './adapter/contract.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { ackTimeoutError, serverLostError } from './errors.ts';

/** What {@link BroadcastAck} tells, once: an error where not all have answered, and the answers. */
export type BroadcastAckCallback = (error: Error | null, responses: unknown[]) => void;

/** How often servers are counted, while an event for many waits without a limit. */
const RECOUNT_MS = 5000;

/** How long the answers may take that are still to come when a server was lost. */
const GRACE_MS = 30_000;

/** Collects the answers to an event for many, on one server or several. */
export class BroadcastAck {
  readonly #responses: unknown[] = [];
  readonly #deadlines: Deadlines;
  #done: BroadcastAckCallback | null;
  #deadline: Deadline | null = null;
  #awaitedServers = -1;
  #knownServers = 0;
  #awaitedClients = 0;
  #lostClients = 0;
  #firstLoss: Error | null = null;
  #forgets: Forget[] = [];

  /** @param timeoutMs - `undefined` to wait until each has answered or left */
  constructor(deadlines: Deadlines, timeoutMs: number | undefined, done: BroadcastAckCallback) {
    this.#deadlines = deadlines;
    this.#done = done;
    if (timeoutMs !== undefined) {
      this.#deadline = deadlines.begin(timeoutMs, () => this.#end(ackTimeoutError()));
    }
  }

  /** What each recipient's answer is given to. */
  readonly onResponse: AckCallback = Object.assign(
    (response?: unknown): void => {
      if (this.#done === null) return;
      this.#responses.push(response);
      this.#check();
    },
    {
      [LOST]: (error: Error): void => {
        this.#lostClients++;
        this.#firstLoss ??= error;
        this.#check();
      },
      [WHEN_ENDED]: (forget: Forget): void => {
        this.#forgets.push(forget);
      },
    },
  );

  /**
   * Takes in how many servers have to tell how many clients they have.
   * @param recount - asks how many there still are: one that crashed says nothing, and its clients never will
   */
  awaitServers(count: number, recount: () => Promise<number>): void {
    this.#awaitedServers = count;
    this.#check();
    if (count > 1) this.#watch(count, recount);
  }

  /** Takes in how many clients of one server have to answer. */
  awaitClients(count: number): void {
    this.#awaitedClients += count;
    this.#knownServers++;
    this.#check();
  }

  fail(error: Error): void {
    this.#end(error);
  }

  /** Counts the servers again and again: `count` is what there was of them last. */
  #watch(count: number, recount: () => Promise<number>): void {
    if (this.#done === null || this.#deadline !== null) return;
    this.#deadline = this.#deadlines.begin(RECOUNT_MS, async () => {
      this.#deadline = null;
      const now = await this.#countAgain(count, recount);
      if (now >= count) this.#watch(now, recount);
      // Whose clients are missing nobody can say. The others go on answering.
      else if (this.#done !== null)
        this.#deadline = this.#deadlines.begin(GRACE_MS, () => this.#end(serverLostError()));
    });
  }

  /** Returns how many servers there are, or `count` where nobody can say: then they are asked again. */
  async #countAgain(count: number, recount: () => Promise<number>): Promise<number> {
    try {
      return await recount();
    } catch {
      return count;
    }
  }

  #check(): void {
    const { length } = this.#responses;
    if (this.#awaitedServers !== this.#knownServers) return;
    if (length + this.#lostClients < this.#awaitedClients) return;
    this.#end(this.#firstLoss);
  }

  #end(error: Error | null): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    if (this.#deadline !== null) this.#deadlines.callOff(this.#deadline);
    for (const forget of this.#forgets.splice(0)) forget(error);
    done(error, this.#responses);
  }
}
