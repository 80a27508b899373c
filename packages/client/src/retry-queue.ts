import type { AnyArguments, AnyListener } from './events.ts';

/** An event that is sent until the server acknowledges it. */
export interface QueuedEvent {
  readonly args: AnyArguments;
  readonly flags: object;
  readonly callback: AnyListener | undefined;
  /** Under which the tries ask for their answer. */
  readonly ackIds: number[];
  /**
   * Losses count only where an answer has its time: without, each connection is waited for, as upstream. None where
   * the loss is that it cannot be sent.
   */
  maxRetries: number;
  tryCount: number;
  isPending: boolean;
}

/** Events with `retries`: one after the other, each until it is acknowledged or was tried too often. */
export class RetryQueue {
  readonly events: QueuedEvent[] = [];
  readonly #canSend: () => boolean;
  readonly #send: (event: QueuedEvent, onAnswer: AnyListener) => void;

  constructor(canSend: () => boolean, send: (event: QueuedEvent, onAnswer: AnyListener) => void) {
    this.#canSend = canSend;
    this.#send = send;
  }

  /** Returns under which id the answer to `id` is awaited: that of the last try, where it was an earlier one. */
  awaitedId(id: number): number {
    const ackIds = this.events[0]?.ackIds;
    return ackIds?.includes(id) ? ackIds.at(-1)! : id;
  }

  /** Sends the first event, unless it waits for its answer: at a disconnect it is told that there will be none. */
  drain(): void {
    const event = this.events[0];
    if (event === undefined || event.isPending || !this.#canSend()) return;
    event.isPending = true;
    const tryCount = ++event.tryCount;
    this.#send(event, (error: Error | null, ...answer: AnyArguments) => {
      // An answer to an earlier try settles the event; that one failed does not matter any more.
      if (event !== this.events[0] || (error !== null && tryCount !== event.tryCount)) return;
      if (error === null || event.tryCount > event.maxRetries) {
        this.events.shift();
        event.callback?.(error, ...answer);
      }
      event.isPending = false;
      this.drain();
    });
  }
}
