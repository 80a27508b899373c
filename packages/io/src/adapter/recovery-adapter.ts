import { randomBytes } from 'node:crypto';
import { copyOf, type Fate } from '../outgoing.ts';
import {
  type Deliveries,
  formatOffset,
  type Position,
  type RecoveredSession,
  type Recovery,
  type RefusedRecovery,
  type SessionState,
} from '../recovery/index.ts';
import { Adapter, askEachSocket, type Eventually, encode, takeAckId, toWriteOptions } from './adapter.ts';
import {
  type AckCallback,
  type AdapterNamespace,
  type AdapterPacket,
  type AdapterSocket,
  type BroadcastFlags,
  type BroadcastOptions,
  type Encoded,
  type Room,
  type SocketId,
  tellingOfAll,
  type WriteOptions,
} from './contract.ts';
import { isKept, KeptEvents, nowMs, weigh } from './kept-events.ts';
import { forEachSocket } from './recipients.ts';

/** What the `pid`s of this process begin with. */
const PID_PREFIX = `${randomBytes(6).toString('base64url')}.`;

/** Returns the id of a new session, which nobody can guess. */
export function createPid(): string {
  return PID_PREFIX + randomBytes(15).toString('base64url');
}

/** An event as it is kept: encoded and copied, so that it is replayed as it was, whatever became of its arguments. */
export interface KeptEvent {
  /** Without an offset. */
  readonly encoded: Encoded;
  /**
   * What an offset has to be added to, where a parser of the user's own encodes it, for a client that does not count: as
   * it is by then. `null` otherwise.
   */
  readonly data: readonly unknown[] | null;
}

/** An event as a session counts it. */
export interface Counted {
  /** Under which the log keeps it, or 0 where it does not. */
  readonly number: number;
  /** Below this number the log has let go of all: for {@link Deliveries.add}. */
  readonly floor: number;
}

/** What the log does not keep. */
export const UNKEPT: Counted = Object.freeze({ number: 0, floor: 0 });

/** An event on its way to a socket. */
export interface OutgoingEvent extends Counted {
  /** The same array for all sockets that get the same. */
  readonly encoded: Encoded;
}

/** What this adapter needs of a socket: that it counts what it sends. */
export interface CountingSocket extends AdapterSocket {
  /** Whether the client counts what it receives; to others, an event that is kept is sent with its offset. */
  readonly countsEvents: boolean;
  /** Sends an event, and adds it to the socket's deliveries when, and only if, it goes out. */
  sendEvent(packet: AdapterPacket, event: OutgoingEvent, options: WriteOptions): Fate;
}

/**
 * The adapter of a server of Hawser with connection state recovery: it keeps what is sent. Sockets count what they
 * send, so nothing is added to the events of clients that count too.
 */
export class RecoveryAdapter extends Adapter {
  readonly #kept: KeptEvents<KeptEvent>;
  /** Whether the usual parser is in use, of which it is known how to add an argument to what it made. */
  readonly #isTextKnown: boolean;
  /** How many broadcasts are being sent, one within another. */
  #running = 0;
  /** Those whose connection was lost meanwhile, by a listener: where they were, and what they were sent. */
  readonly #lostMeanwhile = new Map<SocketId, { rooms: readonly Room[]; deliveries: Deliveries }>();

  constructor(nsp: AdapterNamespace) {
    super(nsp);
    this.#kept = new KeptEvents(nsp, PID_PREFIX);
    this.#isTextKnown = (nsp.server.opts as { parser?: unknown } | undefined)?.parser === undefined;
  }

  /** What is kept. */
  get recovery(): Recovery<KeptEvent> {
    return this.#kept.recovery;
  }

  override close(): Eventually {
    this.#kept.close();
  }

  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): Eventually {
    const { send, counted } = this.#prepare(packet, opts, opts.flags);
    this.#running++;
    try {
      forEachSocket<CountingSocket>(this, opts, send, (id) => {
        const lost = counted === UNKEPT ? undefined : this.#lostMeanwhile.get(id);
        // It would have been sent it, unless it had left before.
        const wasThere = opts.rooms.size === 0 || lost?.rooms.some((room) => opts.rooms.has(room));
        if (wasThere) lost?.deliveries.add(counted.number, counted.floor);
      });
    } finally {
      if (--this.#running === 0) this.#lostMeanwhile.clear();
    }
  }

  /** Sends an event to one socket. */
  sendTo(socket: CountingSocket, packet: AdapterPacket, flags: BroadcastFlags | undefined): Fate {
    return this.#prepare(packet, null, flags).send(socket);
  }

  override broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
  ): void {
    const id = takeAckId(this.nsp, packet);
    const { send } = this.#prepare(packet, opts, opts.flags);
    clientCountCallback(askEachSocket(this, opts, id, ack, send));
  }

  /**
   * Keeps a session whose connection is lost. What the socket had not sent yet has to be in `deliveries` too.
   * @param sinceMs - see {@link Recovery.lose}
   */
  lose(state: SessionState, deliveries: Deliveries, sinceMs?: number): void {
    if (this.#running > 0) this.#lostMeanwhile.set(state.sid, { rooms: state.rooms, deliveries });
    this.#kept.recovery.lose(state, deliveries, nowMs(), sinceMs);
    this.#kept.watch();
  }

  /** A session, which may be away, was given answers. */
  weighAnswers(pid: string): void {
    this.#kept.recovery.weighAnswers(pid);
  }

  /** Tells whether a session is away, and can go on. */
  isAway(pid: string): boolean {
    return this.#kept.recovery.isAway(pid, nowMs());
  }

  /** Remembers that a session was ended on purpose. */
  end(pid: string): void {
    this.#kept.recovery.end(pid, nowMs());
    this.#kept.watch();
  }

  /** Lets a session go on; see {@link Recovery.restore}. */
  restore(pid: string, position: Position, roomBytes: number): RecoveredSession<KeptEvent> | RefusedRecovery {
    return this.#kept.recovery.restore(pid, position, nowMs(), roomBytes);
  }

  /** Returns an event that is kept as a client gets it that does not count. */
  encodeWithOffset({ encoded, data }: KeptEvent, number: number): Encoded {
    const offset = formatOffset(number);
    if (data !== null) return encode(this.nsp, { type: 2, data: [...data, offset] });
    const [text, ...attachments] = encoded as [string, ...Buffer[]];
    // An event's text ends with the bracket of its arguments, of which there is one at least.
    return [`${text.slice(0, -1)},"${offset}"]`, ...attachments];
  }

  /** Encodes an event, keeps it if it is to be kept, and returns what sends it, and as what it is counted. */
  #prepare(
    packet: AdapterPacket,
    audience: BroadcastOptions | null,
    flags: BroadcastFlags | undefined,
  ): { readonly send: (socket: CountingSocket) => Fate; readonly counted: Counted } {
    const encoded = encode(this.nsp, packet);
    const options = toWriteOptions(flags);
    if (!isKept(packet, flags)) {
      const event: OutgoingEvent = { ...UNKEPT, encoded };
      return { send: (socket) => socket.sendEvent(packet, event, options), counted: UNKEPT };
    }
    const data = this.#isTextKnown ? null : (packet.data as unknown[]);
    const kept: KeptEvent = { encoded: copyOf(encoded), data };
    const number = this.recovery.keep(kept, weigh(kept.encoded), audience, nowMs());
    this.#kept.watch();
    const counted: OutgoingEvent = { encoded, number, floor: this.recovery.floor };
    let offset: OutgoingEvent | null = null;
    const send = (socket: CountingSocket): Fate => {
      if (socket.countsEvents) return socket.sendEvent(packet, counted, options);
      offset ??= { ...counted, encoded: this.encodeWithOffset(kept, number) };
      return socket.sendEvent(packet, offset, options);
    };
    return { send, counted };
  }
}

tellingOfAll.add(RecoveryAdapter.prototype.broadcastWithAck);
