import { DEFAULT_HABITS, type Habits } from './habits.ts';
import { type MessageHandler, MessageReader } from './message-reader.ts';
import type { Natives } from './natives.ts';
import { Slab } from './slab.ts';

/** Which side of a connection a machine plays: who masks, and who ends the transport first. */
export type Role = 'server' | 'client';

/** The limits of all connections of one endpoint. */
export interface EndpointOptions {
  readonly role: Role;
  /** Most payload bytes of one message, over all its fragments; more fails with 1009. */
  readonly maxMessageBytes: number;
  /** Time for the closing handshake, and again for the transport's end after it. */
  readonly closeTimeoutMs: number;
  /** Silence after which a ping goes out; 0 for no heartbeat. */
  readonly pingIntervalMs: number;
  /** Silence after that ping after which the peer is given up. */
  readonly pingTimeoutMs: number;
  /** @defaultValue {@link DEFAULT_HABITS} */
  readonly habits?: Partial<Habits>;
}

/** No more readers at rest are kept than read at once, which is nearly always one. */
const MAX_IDLE_READERS = 4;

/**
 * What the connections of one server, or one client, share: limits, memory for output, and readers.
 *
 * A connection has a reader only while a frame or a message is incomplete. At rest, as an idle connection is, it
 * has none, which saves 230 bytes each (`npm run bench -- --only idle`).
 */
export class Endpoint {
  readonly options: EndpointOptions;
  readonly habits: Habits;
  readonly natives: Natives;
  readonly slab: Slab;
  readonly #idleReaders: MessageReader[] = [];

  constructor(options: EndpointOptions, natives: Natives) {
    this.options = options;
    this.habits = Object.freeze({ ...DEFAULT_HABITS, ...options.habits });
    this.natives = natives;
    this.slab = new Slab(natives);
  }

  /** Returns a reader at rest that reports to `handler`. */
  takeReader(handler: MessageHandler): MessageReader {
    const reader = this.#idleReaders.pop() ?? new MessageReader(this.natives, this.options, this.habits);
    reader.handler = handler;
    return reader;
  }

  /** Takes back a reader that is at rest. */
  giveReader(reader: MessageReader): void {
    reader.handler = null;
    if (this.#idleReaders.length < MAX_IDLE_READERS) this.#idleReaders.push(reader);
  }
}
