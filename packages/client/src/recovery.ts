import type { AnyArguments, AnyValue } from './events.ts';

/** Why a session did not go on: as a server that is Hawser's says, or as the client found, which is `overflow`. */
export type RecoveryRefusal =
  | 'restarted'
  | 'expired'
  | 'overflow'
  | 'unknown-offset'
  | 'ended'
  | (string & {});

/** What CONNECT answered. */
interface Connected {
  readonly pid?: string;
  readonly hawser?: { readonly refused?: RecoveryRefusal };
}

/**
 * What a socket keeps to get back, after a loss, what it missed: between two ends of Hawser a number, with
 * `socket.io` the last string of an event's arguments.
 */
export class Recovery {
  declare pid: string | undefined;
  declare offset: string | undefined;
  declare refusal: RecoveryRefusal | undefined;
  #isGivenUp = false;
  /** EVENTs of the session; negative where nobody knows. */
  #received = 0;
  /** Those since the last CONNECT went out, which may be of a new session. */
  #receivedSince = 0;

  /** Returns what CONNECT says: `auth`, and which session is to go on. */
  request(auth: object | undefined, isHawser: boolean): object | undefined {
    this.#receivedSince = 0;
    const { pid, offset } = this;
    const received = this.#received;
    if (!pid || (isHawser && received < 0)) return auth;
    return { pid, ...(isHawser ? { hawser: { received } } : { offset }), ...auth };
  }

  /** Takes in the answer, and tells whether the session goes on. */
  connected({ pid, hawser }: Connected): boolean {
    const isRecovered = pid !== undefined && pid === this.pid;
    this.pid = pid;
    this.refusal = this.#isGivenUp ? 'overflow' : hawser?.refused;
    this.#isGivenUp = false;
    this.#received = this.#receivedSince + (isRecovered ? this.#received : 0);
    this.#receivedSince = 0;
    return isRecovered;
  }

  /** Has the next session be a new one: what this one missed is more than may be kept, and would come again. */
  giveUp(): void {
    this.#isGivenUp ||= this.pid !== undefined;
    this.pid = undefined;
  }

  /**
   * Takes in that an EVENT came.
   * @param hasLeft - another session was left on this connection: before the answer, it may be of that one
   */
  count(isConnected: boolean, hasLeft: boolean): void {
    if (isConnected) this.#received++;
    else this.#receivedSince += hasLeft ? Number.NEGATIVE_INFINITY : 1;
  }

  /** Takes in an event that was dispatched. */
  note(args: AnyArguments, isHawser: boolean): void {
    const last: AnyValue = args.at(-1);
    if (this.pid && !isHawser && typeof last === 'string') this.offset = last;
  }
}
