import { MAX_TIMEOUT_MS } from '../deadlines.ts';
import type { IoError } from '../errors.ts';
import { type AckCallback, LOST, WHEN_ENDED } from './contract.ts';

/** An event for many, and who wants to know of the answers that come from other servers. */
interface PendingAcks {
  readonly onCount: (clientCount: number) => void;
  readonly onAck: AckCallback;
  /** `null` where it says itself when it waits no more. */
  readonly timer: NodeJS.Timeout | null;
}

/** For as long answers are taken where nobody says how long, as a server that is not Hawser's may not. */
const DEFAULT_TIMEOUT_MS = 60_000;

/** The events of one adapter whose answers come from other servers. Only who asked knows when all have come. */
export class ClusterAcks {
  readonly #pending = new Map<string, PendingAcks>();

  begin(
    id: string,
    timeoutMs: number | undefined,
    onCount: PendingAcks['onCount'],
    onAck: AckCallback,
  ): void {
    const whenEnded = onAck[WHEN_ENDED];
    const timer = whenEnded === undefined ? this.#endLater(id, timeoutMs ?? DEFAULT_TIMEOUT_MS) : null;
    this.#pending.set(id, { onCount, onAck, timer });
    whenEnded?.(() => this.#pending.delete(id));
  }

  count(id: string, clientCount: number): void {
    this.#pending.get(id)?.onCount(clientCount);
  }

  answer(id: string, answer: unknown): void {
    this.#pending.get(id)?.onAck(answer);
  }

  lose(id: string, error: IoError): void {
    this.#pending.get(id)?.onAck[LOST]?.(error);
  }

  close(): void {
    for (const { timer } of this.#pending.values()) if (timer !== null) clearTimeout(timer);
    this.#pending.clear();
  }

  #endLater(id: string, timeoutMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#pending.delete(id), Math.min(timeoutMs, MAX_TIMEOUT_MS)).unref();
  }
}
