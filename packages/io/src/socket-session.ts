import { attempt } from '@hawser/engine/internal';
import { PacketType } from '@hawser/protocol/socketio';
import type {
  Adapter,
  AdapterPacket,
  BroadcastFlags,
  Encoded,
  Room,
  Session,
  SocketId,
} from './adapter/index.ts';
import { isKept } from './adapter/kept-events.ts';
import {
  type Counted,
  type CountingSocket,
  createPid,
  type KeptEvent,
  RecoveryAdapter,
} from './adapter/recovery-adapter.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { Fate } from './outgoing.ts';
import {
  Deliveries,
  type MissedEvent,
  type Position,
  type RecoveredSession,
  type RecoveryRefusal,
  type RefusedRecovery,
  type SessionState,
} from './recovery/index.ts';
import type { Runtime } from './runtime.ts';
import type { Anything } from './typed-events.ts';

/** What a socket goes on with. */
export interface Resumed {
  readonly sid: SocketId;
  readonly rooms: readonly Room[];
  readonly data: Anything;
}

/** What a session needs of its socket. */
export interface SessionSocket extends CountingSocket {
  readonly rooms: ReadonlySet<Room>;
  readonly data: unknown;
  readonly client: CountingSocket['client'] & { readonly isIdle: boolean; readonly isWritable: boolean };
  /** Sends an event that an earlier connection of the session missed. */
  replay(data: unknown[]): void;
  sendEncoded(encoded: Encoded): void;
}

/** The session of a socket that can outlive its connection. */
export interface SocketSession {
  readonly pid: string;
  readonly resumed: Resumed | null;
  /** Why the session that the client asked for cannot go on. */
  readonly refusal: RecoveryRefusal | undefined;
  /** Whether the client counts what it receives: one of Hawser. */
  readonly countsEvents: boolean;
  /** Whether all is there yet that was missed: else the socket cannot be let in. */
  readonly isWhole: boolean;
  /** What comes again is told by it; `null` where the client does not send retries under the same id. */
  readonly answers: AnswerMemory | null;
  /** The socket is let in: it joins the room of its own, and what was missed comes before all else that it is sent. */
  begin(socket: SessionSocket): void;
  /** Sends an event to the socket alone. */
  emit(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): Fate;
  /** The socket is gone: an event for it is for the one that goes on with the session, if there may be one. */
  emitToNext(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): void;
  /** An event is on its way. */
  count(event: Counted): void;
  /** The socket is gone, or was not let in. */
  close(socket: SessionSocket, isRecoverable: boolean): void;
}

/** More than the answer to CONNECT costs while it waits. */
const ANSWER_BYTES = 512;

/** What a session needs of the connection that asks for it. */
interface SessionClient {
  /** The client is Hawser's. */
  readonly countsEvents: boolean;
  /** How many bytes may wait for it. */
  readonly roomBytes: number;
}

/** Opens the session for a client that connects: the one that it asks for, or a new one. */
export function openSession(
  adapter: Adapter,
  auth: Record<string, Anything>,
  client: SessionClient,
  runtime: Runtime,
  takeOver: (pid: string) => void,
): SocketSession | Promise<SocketSession> {
  const { pid, offset, hawser } = auth;
  delete auth.hawser;
  if (!(adapter instanceof RecoveryAdapter)) return openForeign(adapter, pid, offset, runtime);
  const { countsEvents } = client;
  if (typeof pid !== 'string') return new CountedSession(adapter, runtime, countsEvents);
  takeOver(pid);
  const position: Position = countsEvents ? { received: hawser?.received } : { offset };
  const restored = adapter.restore(pid, position, client.roomBytes - ANSWER_BYTES);
  return new CountedSession(adapter, runtime, countsEvents, restored);
}

/** Kept by an adapter of others, as upstream has it. */
class ForeignSession implements SocketSession {
  readonly pid: string;
  readonly resumed: Resumed | null;
  readonly refusal = undefined;
  readonly countsEvents = false;
  readonly answers = null;
  readonly #adapter: Adapter;
  /** Until what was missed is taken. */
  #session: Session | null;
  #isKept = false;

  constructor(adapter: Adapter, session: Session | null, pid: string) {
    this.#adapter = adapter;
    this.#session = session;
    this.resumed = session;
    this.pid = session?.pid ?? pid;
  }

  get isWhole(): boolean {
    return this.#session?.isWhole !== false;
  }

  begin(socket: SessionSocket): void {
    // Adapters may put together what was missed only for a socket that is there.
    attempt(() => socket.join(socket.id));
    for (const data of this.#takeMissed()) socket.replay(data);
  }

  emit(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): Fate {
    const { client } = socket;
    // The adapter does not tell.
    const isDropped = flags.volatile === true && !client.isIdle;
    broadcastTo(socket, this.#adapter, packet, flags);
    if (isDropped) return 'dropped';
    return client.isWritable ? 'sent' : 'waits';
  }

  emitToNext(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): void {
    if (this.#isKept) broadcastTo(socket, this.#adapter, packet, flags);
  }

  count(): void {}

  close({ id, rooms, data }: SessionSocket, isRecoverable: boolean): void {
    this.#isKept = isRecoverable;
    // Also where nobody was sent it: adapters may put it together, and count it, when they are asked.
    this.#takeMissed();
    if (isRecoverable) this.#adapter.persistSession({ sid: id, pid: this.pid, rooms: [...rooms], data });
  }

  #takeMissed(): readonly unknown[][] {
    const missed = this.#session?.missedPackets ?? [];
    this.#session = null;
    return missed;
  }
}

async function openForeign(
  adapter: Adapter,
  pid: unknown,
  offset: unknown,
  runtime: Runtime,
): Promise<SocketSession> {
  let session: Session | null = null;
  if (typeof pid === 'string' && typeof offset === 'string') {
    try {
      session = (await adapter.restoreSession(pid, offset)) ?? null;
    } catch {
      // What cannot be restored begins anew, as upstream.
    }
  }
  return new ForeignSession(adapter, session, runtime.ids.next());
}

/** Sends an event to the room of a socket's own. */
function broadcastTo(
  { id }: SessionSocket,
  adapter: Adapter,
  packet: AdapterPacket,
  flags: BroadcastFlags,
): void {
  adapter.broadcast(packet, { rooms: new Set([id]), except: new Set(), flags });
}

/** Where a session is, if it is one yet, or still: one object for all the sockets that it has, one after another. */
interface Presence {
  state: 'none' | 'present' | 'away';
}

/** What goes along with the state of a session that is away. */
interface KeptState extends SessionState {
  readonly answers: AnswerMemory | null;
  readonly presence: Presence;
}

/** Both ends count the events, or the client hands back offsets. */
class CountedSession implements SocketSession {
  readonly pid: string;
  readonly resumed: Resumed | null = null;
  readonly refusal: RecoveryRefusal | undefined;
  readonly countsEvents: boolean;
  answers: AnswerMemory | null = null;
  readonly #adapter: RecoveryAdapter;
  readonly #runtime: Runtime;
  #presence: Presence = { state: 'none' };
  #deliveries = new Deliveries();
  #missed: readonly MissedEvent<KeptEvent>[] = [];
  /** The number of the first event since the session was restored; 0 when it has its socket. */
  #since = 0;
  /** What its socket was sent before it was let in, and is not kept. */
  #held: (() => void)[] | null = null;
  /** When it was lost, while it has no socket again. */
  #awaySinceMs: number | undefined;
  /** The number of the first event since it was lost. */
  #lostAt = Number.POSITIVE_INFINITY;

  constructor(
    adapter: RecoveryAdapter,
    runtime: Runtime,
    countsEvents: boolean,
    restored: RecoveredSession<KeptEvent> | RefusedRecovery | null = null,
  ) {
    this.#adapter = adapter;
    this.#runtime = runtime;
    this.countsEvents = countsEvents;
    if (restored === null || restored.refused !== undefined) {
      this.refusal = restored?.refused;
      this.pid = createPid();
      return;
    }
    this.pid = restored.pid;
    this.resumed = restored;
    const { answers, presence } = restored as unknown as KeptState;
    this.answers = answers;
    this.#presence = presence;
    presence.state = 'present';
    this.#deliveries = restored.deliveries;
    this.#missed = restored.missed;
    this.#since = adapter.recovery.next;
    this.#awaySinceMs = restored.awaySinceMs;
  }

  get isWhole(): boolean {
    return this.#since === 0 || this.#adapter.recovery.floor <= this.#since;
  }

  begin(socket: SessionSocket): void {
    this.#presence.state = 'present';
    this.#awaySinceMs = undefined;
    this.answers = this.countsEvents ? (this.answers ?? this.#createAnswers()) : null;
    this.answers?.passTo(socket);
    this.#sendMissed(socket);
    for (const send of this.#held ?? []) attempt(send);
    this.#held = null;
    // A listener for joined rooms may send to it, and is to find it behind what it missed.
    attempt(() => socket.join(socket.id));
  }

  emit(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): Fate {
    if (this.#since === 0) return this.#adapter.sendTo(socket, packet, flags);
    // What it missed comes first; what is kept, in its place among that.
    if (isKept(packet, flags)) broadcastTo(socket, this.#adapter, packet, flags);
    else (this.#held ??= []).push(() => this.#adapter.sendTo(socket, packet, flags));
    return 'waits';
  }

  emitToNext(socket: SessionSocket, packet: AdapterPacket, flags: BroadcastFlags): void {
    const { state } = this.#presence;
    if (state === 'none' || (state === 'away' && !this.#adapter.isAway(this.pid))) return;
    broadcastTo(socket, this.#adapter, packet, flags);
  }

  count({ number, floor }: Counted): void {
    // As the log has it for whoever comes back.
    if (number >= this.#lostAt) return;
    if (number === 0) this.#deliveries.pass();
    else this.#deliveries.add(number, floor);
  }

  close({ id, rooms, data }: SessionSocket, isRecoverable: boolean): void {
    this.#presence.state = isRecoverable ? 'away' : 'none';
    this.answers?.release(() => this.#adapter.weighAnswers(this.pid));
    if (!isRecoverable) {
      this.#adapter.end(this.pid);
      return;
    }
    const names = this.#since > 0 ? this.resumed!.rooms : [...rooms];
    this.#takeMissed();
    const state: KeptState = {
      sid: id,
      pid: this.pid,
      rooms: names,
      data,
      answers: this.answers,
      presence: this.#presence,
    };
    this.#lostAt = this.#adapter.recovery.next;
    this.#adapter.lose(state, this.#deliveries, this.#awaySinceMs);
  }

  #createAnswers(): AnswerMemory {
    const { nsp } = this.#adapter;
    const runtime = this.#runtime;
    return new AnswerMemory((id, data) =>
      runtime.encode({ type: PacketType.ACK, nsp: nsp.name, data, id }, nsp.server.encoder),
    );
  }

  #sendMissed(socket: SessionSocket): void {
    for (const { number, event } of this.#takeMissed()) {
      // What a parser of the program is to encode again may have become what it cannot.
      attempt(() =>
        socket.sendEncoded(this.countsEvents ? event.encoded : this.#adapter.encodeWithOffset(event, number)),
      );
    }
  }

  /** Returns what was missed up to now, and counts it: from here on its socket is sent everything. */
  #takeMissed(): readonly MissedEvent<KeptEvent>[] {
    if (this.#since === 0) return [];
    const { recovery } = this.#adapter;
    // Who asks for the session next is told that some are gone: as if they had been sent, and not received.
    if (!this.isWhole) this.#deliveries.add(recovery.floor - 1, recovery.floor);
    const since = recovery.missedSince(this.resumed!.rooms, this.#since);
    for (const { number } of since) this.#deliveries.add(number, recovery.floor);
    const all = [...this.#missed, ...since];
    this.#missed = [];
    this.#since = 0;
    return all;
  }
}
