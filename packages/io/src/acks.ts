import { type AckCallback, LOST } from './adapter/contract.ts';
import { IoError } from './errors.ts';

/** Most events of one socket that wait for an answer. */
const MAX_PENDING = 65_536;

/** The events of one socket that wait for an answer, by their ids. Adapters add to it, as they do upstream. */
export class PendingAcks extends Map<number, AckCallback> {
  override set(id: number, ack: AckCallback): this {
    if (this.size >= MAX_PENDING) this.#loseOldest();
    return super.set(id, ack);
  }

  /** Takes the callback for an id out, if there is one. */
  take(id: number): AckCallback | undefined {
    const ack = this.get(id);
    this.delete(id);
    return ack;
  }

  /** Tells all that there will be no answer, and forgets them. */
  loseAll(error: IoError): void {
    const acks = [...this.values()];
    this.clear();
    for (const ack of acks) ack[LOST]?.(error);
  }

  #loseOldest(): void {
    const [id] = this.keys();
    const error = new IoError('IO_ERR_TOO_MANY_ACKS', `over ${MAX_PENDING} events wait for an answer`);
    this.take(id!)?.[LOST]?.(error);
  }
}
