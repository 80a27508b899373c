import type { Socket as Conn } from '@hawser/engine';
import { attempt } from '@hawser/engine/internal';
import type { Packet } from '@hawser/protocol/socketio';
import type { Encoded } from './adapter/index.ts';
import type { AnyServer } from './aliases.ts';
import { type Backpressure, type Follower, type Waiting, WaitingLine } from './backpressure.ts';
import {
  byteLengthOf,
  COMPRESSIBLE,
  type Fate,
  INCOMPRESSIBLE,
  type Outgoing,
  type WriteOptions,
} from './outgoing.ts';
import type { Runtime } from './runtime.ts';

/** What is known of the event that an adapter is about to write, beside what it is written as. */
interface Announced {
  readonly owner: Backpressure | null;
  readonly key: string | undefined;
  readonly follower: Follower | null;
}

const NOTHING: Announced = Object.freeze({ owner: null, key: undefined, follower: null });
const NO_OPTIONS: WriteOptions = Object.freeze({});

/**
 * What goes out over one connection, in the order in which it was made: at once, or, where the client does not keep
 * up and the rule of a socket lets its events be dropped, from a line of its own.
 */
export abstract class ClientOutput {
  /** The connection below. */
  readonly conn: Conn;
  readonly server: AnyServer;
  /** @internal */
  protected readonly runtime: Runtime;
  /** @internal In the midst of a write, perhaps of a broadcast: the program hears of an end that it brings later. */
  protected isWriting = false;
  #line: WaitingLine | null = null;
  #announced: Announced | null = null;

  constructor(server: AnyServer, conn: Conn) {
    this.server = server;
    this.conn = conn;
    this.runtime = server.runtime;
  }

  /** @internal More would wait than may: both ends are told. */
  abstract failSlow(maxBufferedBytes: number): void;

  /** Whether something sent now would be on its way at once. */
  get isWritable(): boolean {
    const { transport, writeBuffer } = this.conn;
    return this.#line === null && transport.writable && !(writeBuffer?.length > 0);
  }

  /** Bytes that wait in the connection, those of no rule included. */
  get bufferedBytes(): number {
    return this.conn.bufferedBytes ?? 0;
  }

  /** @internal How many bytes may wait yet before the engine ends the connection; a foreign one has no bound. */
  get roomBytes(): number {
    return (this.runtime.engine?.opts?.maxBufferedBytes ?? Number.POSITIVE_INFINITY) - this.bufferedBytes;
  }

  /** @internal Nothing at all waits: what a volatile event asks for, as upstream has it. */
  get isIdle(): boolean {
    return this.isWritable && this.bufferedBytes === 0;
  }

  /** @internal What an adapter writes next is an event of `owner`, and `follower` hears of its fate. */
  announce(owner: Backpressure | null, data: unknown, follower: Follower | null): void {
    this.#announced = { owner, key: owner?.keyOf(data), follower };
  }

  /** @internal Sends one packet to this client alone; adapters may have encoded it. */
  _packet(
    packet: Packet,
    options: WriteOptions = NO_OPTIONS,
    owner: Backpressure | null = null,
    follower: Follower | null = null,
  ): Fate {
    if (options.preEncoded) {
      this.announce(owner, null, follower);
      return this.writeToEngine(packet as unknown as Encoded, options);
    }
    if (this.conn.readyState !== 'open' || (options.volatile && !this.isIdle)) {
      follower?.onDropped?.();
      return 'dropped';
    }
    const messages = this.encode(packet);
    const sendOptions = options.compress === false ? INCOMPRESSIBLE : COMPRESSIBLE;
    if (this.#takesAtOnce(owner)) {
      const fate = this.#write({ messages, options: sendOptions });
      follower?.onSent?.();
      return fate;
    }
    const outgoing = { messages, options: sendOptions, byteLength: byteLengthOf(messages) };
    return this.#wait({ outgoing, owner, key: owner?.keyOf(packet.data), follower });
  }

  /** @internal Writes a packet as it goes out to one client. */
  encode(packet: Packet): readonly (string | Buffer)[] {
    return this.runtime.encode(packet, this.server.encoder);
  }

  /** @internal Has what `send` sends leave at once, apart from what is sent next. */
  writeAtOnce(send: () => void): void {
    const { transport } = this.conn;
    // A foreign engine's does not collect.
    if (transport.writeAtOnce === undefined) send();
    else transport.writeAtOnce(send);
  }

  /**
   * Sends a packet that an adapter has encoded: the same array for each recipient, which is what has it made ready
   * for the wire once.
   */
  writeToEngine(encoded: readonly (string | Buffer)[], options: WriteOptions = NO_OPTIONS): Fate {
    const { owner, key, follower } = this.#announced ?? NOTHING;
    this.#announced = null;
    if (options.volatile && !this.isIdle) {
      follower?.onDropped?.();
      return 'dropped';
    }
    if (this.conn.readyState !== 'open') {
      // Too late: it counts as lost with the connection.
      follower?.onSent?.();
      return 'waits';
    }
    const outgoing = this.runtime.lastBroadcast.prepare(encoded, options, this.runtime.engine);
    if (!this.#takesAtOnce(owner)) return this.#wait({ outgoing, owner, key, follower });
    const fate = this.#write(outgoing);
    follower?.onSent?.();
    return fate;
  }

  /**
   * @internal Gives the connection what waits, as far as it takes it.
   * @returns whether there is room for more
   */
  protected flushLine(): boolean {
    const line = this.#line;
    if (line !== null) {
      while (this.conn.readyState === 'open' && this.conn.transport.writable) {
        const waiting = line.take();
        if (waiting === null) break;
        // First: what waits behind it counts as lost in the midst of a write that ends the connection.
        waiting.follower?.onSent?.();
        this.#writeWaiting(waiting);
      }
      if (!line.isEmpty) return false;
      if (this.#line === line) this.#line = null;
    }
    return this.conn.transport.writable;
  }

  /** @internal Gives the connection all that waits, as it is about to close. */
  protected writeLine(): void {
    this.#takeLine((waiting) => this.#writeWaiting(waiting));
  }

  /** @internal The connection is gone, and with it all that waits. */
  protected loseLine(): void {
    this.#takeLine(() => {});
  }

  #write({ messages, options }: Pick<Outgoing, 'messages' | 'options'>): Fate {
    const wasWritable = this.conn.transport.writable;
    const wasWriting = this.isWriting;
    this.isWriting = true;
    try {
      for (const message of messages) this.conn.write(message, options);
    } finally {
      this.isWriting = wasWriting;
    }
    return wasWritable && this.conn.transport.writable ? 'sent' : 'waits';
  }

  /** What may not be dropped waits in the engine, unless something that may is before it. */
  #takesAtOnce(owner: Backpressure | null): boolean {
    return this.#line === null && (owner === null || this.conn.transport.writable);
  }

  #wait(waiting: Waiting): Fate {
    const before = this.#line;
    const line = (this.#line ??= new WaitingLine(this.runtime.maxBufferedBytes));
    const standing = line.add(waiting, this.bufferedBytes);
    // One that was there may be in the midst of being written.
    if (before === null && line.isEmpty) this.#line = null;
    if (standing !== 'overflow') return standing;
    const wasWriting = this.isWriting;
    this.isWriting = true;
    this.failSlow((waiting.owner ?? line).maxBufferedBytes);
    this.isWriting = wasWriting;
    // It counts as lost with the connection, behind what waited before it.
    waiting.follower?.onSent?.();
    return 'dropped';
  }

  /** What listeners to packets throw keeps nothing from those that wait behind. */
  #writeWaiting({ outgoing }: Waiting): void {
    attempt(() => this.#write(outgoing));
  }

  /** What is sent meanwhile comes behind it. */
  #takeLine(visit: (waiting: Waiting) => void): void {
    const line = this.#line;
    for (let waiting = line?.take(); waiting; waiting = line?.take()) {
      // First, as in `flushLine`.
      waiting.follower?.onSent?.();
      visit(waiting);
    }
    if (this.#line === line) this.#line = null;
  }
}
