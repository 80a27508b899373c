import { Deliveries, formatOffset, type MissedEvent, type RecoveredSession } from '../recovery/index.ts';
import { Adapter, deliver, type Eventually, encode, toWriteOptions } from './adapter.ts';
import type {
  AdapterNamespace,
  AdapterPacket,
  BroadcastOptions,
  PrivateSessionId,
  Room,
  Session,
  SessionToPersist,
  SocketId,
} from './contract.ts';
import { isKept, KeptEvents, nowMs, weigh } from './kept-events.ts';
import { forEachSocket } from './recipients.ts';

/**
 * An adapter from which sessions go on after a lost connection, for any server that calls it as `socket.io` does.
 *
 * Every event that is kept gets an offset as its last argument, and clients hand back the last one that they have.
 * The arguments are kept as they are, not copied: what a program changes in them later is replayed as changed.
 * What is kept is bounded by the server's option `connectionStateRecovery`: `maxBytes` for a namespace, by default
 * 16 MiB, and `maxSessions`, by default 50 000.
 */
export class SessionAwareAdapter extends Adapter {
  readonly #kept: KeptEvents<unknown[]>;
  readonly #deliveries = new Map<SocketId, Deliveries>();

  constructor(nsp: AdapterNamespace) {
    super(nsp);
    this.#kept = new KeptEvents(nsp);
  }

  override close(): Eventually {
    this.#kept.close();
  }

  override addAll(id: SocketId, rooms: Set<Room>): Eventually {
    if (!this.#deliveries.has(id)) this.#deliveries.set(id, new Deliveries());
    return super.addAll(id, rooms);
  }

  override delAll(id: SocketId): void {
    this.#deliveries.delete(id);
    super.delAll(id);
  }

  /** @param packet - its `nsp` is set, and the offset is added to its `data` */
  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): Eventually {
    if (!isKept(packet, opts.flags)) return super.broadcast(packet, opts);
    const { recovery } = this.#kept;
    const data = packet.data as unknown[];
    data.push(formatOffset(recovery.next));
    const encoded = encode(this.nsp, packet);
    const number = recovery.keep(data, weigh(encoded), opts, nowMs());
    const { floor } = recovery;
    const options = toWriteOptions(opts.flags);
    forEachSocket(this, opts, (socket) => {
      this.#deliveries.get(socket.id)?.add(number, floor);
      deliver(socket, packet, encoded, options);
    });
    this.#kept.watch();
  }

  override persistSession(session: SessionToPersist): void {
    this.#kept.recovery.lose(session, this.#deliveries.get(session.sid) ?? null, nowMs());
    this.#kept.watch();
  }

  /**
   * Returns a session that goes on, or `null`. It is its new socket's from now on: nobody else is given it.
   *
   * Let the socket join the rooms, then read `missedPackets`, before anything else is sent to it.
   *
   * @param offset - the last one that the client has; `undefined` where it has received nothing
   */
  override restoreSession(pid: PrivateSessionId, offset: string | undefined): Promise<Session | null> {
    const restored = this.#kept.recovery.restore(pid, { offset }, nowMs());
    return Promise.resolve(restored.refused === undefined ? this.#resume(restored) : null);
  }

  /** The socket joins its rooms only later, so what it missed is put together when it is asked for. */
  #resume({ sid, pid, rooms, data, missed, deliveries }: RecoveredSession<unknown[]>): Session {
    const { recovery } = this.#kept;
    const { next } = recovery;
    let all: readonly MissedEvent<unknown[]>[] | null = null;
    let wasWhole: boolean | null = null;
    const isWhole = (): boolean => wasWhole ?? recovery.floor <= next;
    const complete = (): readonly MissedEvent<unknown[]>[] => {
      wasWhole = isWhole();
      // What is gone counts as sent, and not received.
      if (!wasWhole) deliveries.add(recovery.floor - 1, recovery.floor);
      const since = recovery.missedSince(rooms, next);
      for (const { number } of since) deliveries.add(number, recovery.floor);
      if (this.#deliveries.has(sid)) this.#deliveries.set(sid, deliveries);
      return [...missed, ...since];
    };
    return {
      sid,
      pid,
      rooms: [...rooms],
      data,
      get isWhole() {
        return isWhole();
      },
      get missedPackets() {
        return (all ??= complete()).map(({ event }) => event);
      },
    };
  }
}
