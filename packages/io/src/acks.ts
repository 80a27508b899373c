import { attempt, setImmediate } from '@hawser/engine/internal';
import { type AckCallback, LOST } from './adapter/contract.ts';
import type { Deadlines } from './deadlines.ts';
import { ackTimeoutError, disconnectedError, droppedError, IoError } from './errors.ts';

/** Most events of one socket that wait for an answer. */
const MAX_PENDING = 65_536;

/** The events of one socket that wait for an answer, by their ids. Adapters add to it, as they do upstream. */
export class PendingAcks extends Map<number, AckCallback> {
  override set(id: number, ack: AckCallback): this {
    if (this.size >= MAX_PENDING) this.#loseOldest();
    return super.set(id, ack);
  }

  /**
   * Waits for the answer to an event of `socket`, which `ack` is called on.
   * @param timeoutMs - with it no longer than that, and `ack` gets an error first
   */
  await(
    id: number,
    socket: object,
    ack: AckCallback,
    timeoutMs: number | undefined,
    deadlines: Deadlines,
  ): void {
    if (timeoutMs === undefined) {
      this.set(id, ack);
      return;
    }
    let isSettled = false;
    const settle = (...args: unknown[]): void => {
      // That it was lost is told later, and the time may be up before.
      if (isSettled) return;
      isSettled = true;
      deadlines.callOff(deadline);
      ack.apply(socket, args);
    };
    const deadline = deadlines.begin(timeoutMs, () => {
      this.delete(id);
      settle(ackTimeoutError());
    });
    const timed: AckCallback = (...args) => settle(null, ...args);
    timed[LOST] = settle;
    this.set(id, timed);
  }

  /** Takes the callback for an id out, if there is one. */
  take(id: number): AckCallback | undefined {
    const ack = this.get(id);
    this.delete(id);
    return ack;
  }

  /** Tells whoever waits for the answer that there will be none. What that throws stops nothing that goes on here. */
  lose(id: number, error: IoError): void {
    attempt(() => this.take(id)?.[LOST]?.(error));
  }

  /** The event was dropped: there will be no answer. */
  drop(id: number): void {
    this.#loseLater(id, droppedError());
  }

  /** Tells all that there will be no answer, and forgets them. */
  loseAll(error: IoError): void {
    const ids = [...this.keys()];
    for (const id of ids) this.lose(id, error);
  }

  #loseOldest(): void {
    const [id] = this.keys();
    const error = new IoError('IO_ERR_TOO_MANY_ACKS', `over ${MAX_PENDING} events wait for an answer`);
    this.#loseLater(id!, error);
  }

  #loseLater(id: number, error: IoError): void {
    const lost = this.take(id)?.[LOST];
    if (lost !== undefined) tellLater(lost, error);
  }
}

/**
 * Returns the callback that settles a promise for an answer.
 * @param expectsError - it gets an error, or none, before the answer
 */
export function settleAck(
  resolve: (answer: never) => void,
  reject: (error: unknown) => void,
  expectsError: boolean,
): AckCallback {
  const settle: AckCallback = expectsError
    ? (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer as never))
    : (answer: unknown) => resolve(answer as never);
  settle[LOST] = reject;
  return settle;
}

/** Tells who asks for the answer of a client that is gone that there will be none. */
export function refuseAck(socket: object, ack: AckCallback, timeoutMs: number | undefined): void {
  const error = disconnectedError();
  const lost = ack[LOST] ?? (timeoutMs === undefined ? undefined : ack.bind(socket));
  if (lost !== undefined) tellLater(lost, error);
}

/**
 * Tells the program that there will be no answer when what came in has had its turn: it may well emit the same again,
 * to be told the same again.
 */
function tellLater(lost: (error: IoError) => void, error: IoError): void {
  setImmediate(lost, error);
}
