import type { IoError } from '../errors.ts';
import { type AckCallback, LOST } from './contract.ts';

/** An event for many, and who wants to know of the answers that come from other servers. */
interface PendingAcks {
  readonly onCount: (clientCount: number) => void;
  readonly onAck: AckCallback;
  readonly timer: NodeJS.Timeout;
}

/** For as long answers are taken where nobody says how long. */
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The events of one adapter whose answers come from other servers. It cannot be known when all have come. */
export class ClusterAcks {
  readonly #pending = new Map<string, PendingAcks>();

  begin(
    id: string,
    timeoutMs: number | undefined,
    onCount: PendingAcks['onCount'],
    onAck: AckCallback,
  ): void {
    const time = Math.min(timeoutMs ?? DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS);
    const timer = setTimeout(() => this.#pending.delete(id), time).unref();
    this.#pending.set(id, { onCount, onAck, timer });
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
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }
}
