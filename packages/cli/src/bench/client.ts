import type { Tally } from './tally.ts';
import type { Connection, ConnectionHandler, Target } from './target.ts';

/** Is told what the run has to react to. */
export interface ClientOwner {
  /** It has opened, or could not. */
  settled(client: Client): void;
  /** A message was answered, or given up: there is room for the next. */
  hasRoom(client: Client): void;
  /** It was open and is over, closed by us or not. */
  ended(client: Client): void;
}

/** One connection of the load, with the messages that it waits for. */
export class Client implements ConnectionHandler {
  readonly #owner: ClientOwner;
  readonly #tally: Tally;
  readonly #connection: Connection;
  readonly #startedAtMs = performance.now();
  readonly #timeout: NodeJS.Timeout;
  /** When each unanswered message was due, by its number, the oldest first. */
  readonly #pending = new Map<number, number>();
  #state: 'connecting' | 'open' | 'closing' | 'ended' = 'connecting';

  /**
   * Begin to connect.
   *
   * @param timeoutMs - how long that may take
   */
  constructor(target: Target, tally: Tally, owner: ClientOwner, timeoutMs: number) {
    this.#tally = tally;
    this.#owner = owner;
    this.#connection = target.connect(this);
    this.#timeout = setTimeout(
      () => this.ended(`not open after ${timeoutMs / 1000} s (--timeout)`),
      timeoutMs,
    );
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Send a message.
   *
   * @param sequence - its number, unique in the run
   * @param dueMs - the time from which its latency counts
   */
  send(sequence: number, size: number, dueMs: number): void {
    this.#pending.set(sequence, dueMs);
    this.#tally.pending++;
    this.#tally.sent++;
    this.#tally.sentBytes += size;
    this.#connection.send(sequence);
  }

  /** Give up messages that were due before `timeMs`. */
  expire(timeMs: number): void {
    for (const [sequence, dueMs] of this.#pending) {
      if (dueMs > timeMs) return;
      this.#pending.delete(sequence);
      this.#countUnanswered(1, 'no answer in time');
      this.#owner.hasRoom(this);
    }
  }

  /** Close the connection; whoever owns it is told when that is done. */
  close(): void {
    clearTimeout(this.#timeout);
    this.#state = this.#state === 'open' ? 'closing' : 'ended';
    this.#connection.close();
  }

  opened(): void {
    if (this.#state !== 'connecting') return;
    clearTimeout(this.#timeout);
    this.#state = 'open';
    this.#tally.opened++;
    this.#tally.connectTimes.record(performance.now() - this.#startedAtMs);
    this.#owner.settled(this);
  }

  answered(sequence: number, bytes: number): void {
    const dueMs = this.#pending.get(sequence);
    if (dueMs === undefined) {
      this.received(bytes);
      return;
    }
    const tally = this.#tally;
    this.#pending.delete(sequence);
    tally.pending--;
    tally.answered++;
    tally.received++;
    tally.receivedBytes += bytes;
    tally.latencies.record(performance.now() - dueMs);
    this.#owner.hasRoom(this);
  }

  received(bytes: number): void {
    this.#tally.received++;
    this.#tally.receivedBytes += bytes;
    this.#tally.unexpected++;
  }

  ended(reason: string): void {
    const state = this.#state;
    if (state === 'ended') return;
    clearTimeout(this.#timeout);
    this.#state = 'ended';
    if (state === 'connecting') {
      // What did not open in time, or was refused above the transport, is still there below.
      this.#connection.close();
      this.#tally.failed++;
      this.#tally.addError(`connect: ${reason}`);
      this.#owner.settled(this);
      return;
    }
    if (state === 'open') {
      this.#tally.lost++;
      this.#tally.addError(`lost: ${reason}`);
      this.abandon('connection lost');
    }
    this.#owner.ended(this);
  }

  /** Count every message that still waits as unanswered. */
  abandon(reason: string): void {
    this.#countUnanswered(this.#pending.size, reason);
    this.#pending.clear();
  }

  #countUnanswered(count: number, reason: string): void {
    this.#tally.pending -= count;
    this.#tally.unanswered += count;
    this.#tally.addError(`unanswered: ${reason}`, count);
  }
}
