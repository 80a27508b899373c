import type { Packet } from '@hawser/protocol/socketio';

/** What has packets of a client delivered to it. */
export interface Addressee {
  /** @param packet - `null` when the connection has ended, which comes after all that came in over it */
  deliver(packet: Packet | null): void;
}

/**
 * Packets on their way from the connections of one server to the program.
 *
 * The program's listeners run when the work on what came in is done, all of one turn one after another: what they
 * throw is theirs alone, and what they begin does not happen in the midst of a read.
 */
export class Inbox {
  #addressees: Addressee[] = [];
  #packets: (Packet | null)[] = [];

  get isEmpty(): boolean {
    return this.#addressees.length === 0;
  }

  push(addressee: Addressee, packet: Packet | null): void {
    this.#packets.push(packet);
    if (this.#addressees.push(addressee) === 1) process.nextTick(this.#deliver);
  }

  readonly #deliver = (): void => {
    let done = 0;
    try {
      while (done < this.#addressees.length) {
        const at = done++;
        this.#addressees[at]!.deliver(this.#packets[at]!);
      }
    } finally {
      this.#addressees.splice(0, done);
      this.#packets.splice(0, done);
      // A listener threw, and others wait.
      if (this.#addressees.length > 0) process.nextTick(this.#deliver);
    }
  };
}
