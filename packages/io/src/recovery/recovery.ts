import { Deliveries } from './deliveries.ts';
import { type Audience, EventLog, isInAudience } from './event-log.ts';
import { parseOffset } from './offset.ts';
import type { RecoveryRefusal } from './refusal.ts';

/** What bounds a {@link Recovery}. */
export interface RecoveryOptions {
  /** For how long a session may be away, in milliseconds. */
  readonly maxDisconnectionMs: number;
  /** How long it can take the server to see that a client is gone, in milliseconds. */
  readonly noticeMs: number;
  /** Most bytes of the events that are kept, and of the answers of sessions that are away. @defaultValue 16 777 216 */
  readonly maxBytes?: number | undefined;
  /** Most sessions that are away; with more, the one that is away the longest goes. @defaultValue 50 000 */
  readonly maxSessions?: number | undefined;
  /** What the `pid`s that this process makes begin with. @defaultValue none: all are taken for its own */
  readonly pidPrefix?: string | undefined;
}

/** A session of a client, as it is kept while the client is away. */
export interface SessionState {
  readonly sid: string;
  readonly pid: string;
  readonly rooms: readonly string[];
  readonly data: unknown;
  /** What may be asked for again; those of sessions that are away the longest go where all are too many. */
  readonly answers?: KeptAnswers | null;
}

/** The answers that a session was given. */
export interface KeptAnswers {
  readonly bytes: number;
  forgetAll(): void;
}

/**
 * What a client says that it has: as the client of Hawser does, how many events it received; as a stock client does,
 * the offset of the last one, or none where it has received nothing. Both come from the peer, and are not trusted.
 */
export type Position = { readonly received: unknown } | { readonly offset: unknown };

/** An event that a client missed. */
export interface MissedEvent<Event> {
  readonly number: number;
  readonly event: Event;
}

/** A session that can go on. */
export interface RecoveredSession<Event> extends SessionState {
  readonly refused: undefined;
  /** What to send, in order, before anything else. */
  readonly missed: readonly MissedEvent<Event>[];
  /** What the session has been sent, with `missed` in it already. */
  readonly deliveries: Deliveries;
  /** When it was lost. */
  readonly awaySinceMs: number;
}

/** A session that cannot. */
export interface RefusedRecovery {
  readonly refused: RecoveryRefusal;
}

interface AwaySession {
  readonly state: SessionState;
  /** `null` where it is not known what the session was sent: then what the client says that it has is believed. */
  readonly deliveries: Deliveries | null;
  /** The number of the first event that was sent without it. */
  readonly lostAt: number;
  readonly sinceMs: number;
}

/** Where a client is: `last` is the number of its last event, `received` how many it has. */
interface Place {
  readonly received: number;
  readonly last: number;
}

const DEFAULT_MAX_BYTES = 16_777_216;
const DEFAULT_MAX_SESSIONS = 50_000;

/** More than an offset adds to an event. */
const OFFSET_BYTES = 32;

/**
 * What a namespace keeps so that sessions survive the loss of their connections: the events, once, and the sessions
 * that are away. What a session was sent is kept by its socket, as {@link Deliveries}.
 *
 * A session is away, or has a socket, or is gone:
 *
 * | state   | event                        | next    |
 * | ------- | ---------------------------- | ------- |
 * | present | `lose`                       | away    |
 * | present | `end`                        | ended   |
 * | away    | `restore`, accepted          | present |
 * | away    | `restore`, refused           | gone    |
 * | away    | its time, or too many others | gone    |
 * | ended   | its time, or too many others | gone    |
 *
 * It does no I/O and has no clock: times are arguments, in milliseconds of a clock that never goes back.
 */
export class Recovery<Event> {
  readonly #options: RecoveryOptions;
  readonly #maxBytes: number;
  readonly #maxSessions: number;
  readonly #log: EventLog<Event>;
  /** By `pid`, and in the order in which they were lost. */
  readonly #away = new Map<string, AwaySession>();
  /** What the answers of those weigh that have any, by `pid`. */
  readonly #answerBytes = new Map<string, number>();
  #allAnswerBytes = 0;
  /** When sessions were ended on purpose, by `pid`. */
  readonly #ended = new Map<string, number>();

  constructor(options: RecoveryOptions) {
    const { maxBytes = DEFAULT_MAX_BYTES, maxSessions = DEFAULT_MAX_SESSIONS } = options;
    this.#options = options;
    this.#maxBytes = maxBytes;
    this.#maxSessions = maxSessions;
    this.#log = new EventLog(maxBytes, options.maxDisconnectionMs + options.noticeMs);
  }

  /** The first number that is kept: for {@link Deliveries.add}. */
  get floor(): number {
    return this.#log.floor;
  }

  /** The number of the event that is kept next. */
  get next(): number {
    return this.#log.next;
  }

  /** The bytes of the events that are kept. */
  get bytes(): number {
    return this.#log.bytes;
  }

  /** Whether nothing is kept, so that no time has to be told to it. */
  get isEmpty(): boolean {
    return this.#log.size === 0 && this.#away.size === 0 && this.#ended.size === 0;
  }

  /**
   * Keeps an event and returns its number, to be added to the deliveries of each socket that is sent it.
   *
   * @param bytes - what it weighs
   * @param audience - borrowed, and not to be changed afterwards; `null` for an event for one socket
   */
  keep(event: Event, bytes: number, audience: Audience | null, nowMs: number): number {
    return this.#log.append(event, bytes, audience, nowMs);
  }

  /**
   * A session's connection is lost, and its client may come back.
   * @param sinceMs - when it was lost; earlier than now where it was restored, and its new socket was not let in
   */
  lose(state: SessionState, deliveries: Deliveries | null, nowMs: number, sinceMs = nowMs): void {
    const { pid } = state;
    this.expire(nowMs);
    this.#remove(pid);
    if (this.#away.size >= this.#maxSessions) this.#remove(firstOf(this.#away));
    if (this.#maxSessions > 0) {
      this.#away.set(pid, { state, deliveries, lostAt: this.#log.next, sinceMs });
    }
    this.weighAnswers(pid);
  }

  /** A session, which may be away, was given answers. */
  weighAnswers(pid: string): void {
    this.#noteAnswers(pid, this.#away.get(pid)?.state.answers?.bytes ?? 0);
    while (this.#allAnswerBytes > this.#maxBytes) {
      const oldest = firstOf(this.#answerBytes)!;
      this.#away.get(oldest)!.state.answers!.forgetAll();
      this.#noteAnswers(oldest, 0);
    }
  }

  /** Tells whether a session is away, and its client may come back. */
  isAway(pid: string, nowMs: number): boolean {
    return this.#find(pid, nowMs) !== undefined;
  }

  /** A session was ended on purpose: its client is told so, should it come back. */
  end(pid: string, nowMs: number): void {
    this.expire(nowMs);
    this.#remove(pid);
    this.#ended.delete(pid);
    if (this.#ended.size >= this.#maxSessions) this.#ended.delete(firstOf(this.#ended)!);
    if (this.#maxSessions > 0) this.#ended.set(pid, nowMs);
  }

  /**
   * Lets a session go on from `position`. It is not away any more: should its new connection be lost, `lose` it
   * again. A session that is refused is gone.
   *
   * Let the new socket join the rooms, and send it `missed`, before anything else is sent: what is kept in between
   * has to be asked for with {@link missedSince}.
   *
   * @param pid - as the client has it
   * @param roomBytes - most bytes that may wait to be sent to the client: what would cross that would end its new
   * connection, and the next, again and again
   */
  restore(
    pid: string,
    position: Position,
    nowMs: number,
    roomBytes = Number.POSITIVE_INFINITY,
  ): RecoveredSession<Event> | RefusedRecovery {
    const session = this.#find(pid, nowMs);
    if (session === undefined) return { refused: this.#whyUnknown(pid) };
    this.#remove(pid);
    const { state, deliveries, lostAt, sinceMs } = session;
    const place = deliveries === null ? this.#believe(position, lostAt) : this.#locate(position, deliveries);
    if (typeof place === 'string') return { refused: place };
    if (this.#log.floor > lostAt) return { refused: this.#whyForgotten(lostAt) };
    // Looked for before they are listed: of a session that is old they may be all that it was ever sent.
    const lost = deliveries?.lastBelow(this.#log.floor, place.received);
    if (lost !== undefined) return { refused: this.#whyForgotten(lost) };
    const unreceived = deliveries?.after(place.received) ?? [];
    const missed = [
      ...unreceived.map((number) => this.#missed(number)),
      ...this.missedSince(state.rooms, deliveries === null ? place.last + 1 : lostAt),
    ];
    if (missed.length > 0 && this.#weigh(missed) > roomBytes) return { refused: 'overflow' };
    const resumed = new Deliveries(place.received, place.last);
    for (const { number } of missed) resumed.add(number, this.#log.floor);
    return { ...state, refused: undefined, missed, deliveries: resumed, awaySinceMs: sinceMs };
  }

  /** Returns the events, from `number` on, that were for a socket in `rooms`, as far as they are kept. */
  missedSince(rooms: readonly string[], number: number): MissedEvent<Event>[] {
    const missed: MissedEvent<Event>[] = [];
    for (let at = Math.max(number, this.#log.floor); at < this.#log.next; at++) {
      const { audience } = this.#log.get(at)!;
      if (audience !== null && isInAudience(rooms, audience)) missed.push(this.#missed(at));
    }
    return missed;
  }

  /** Lets go of all that is too old. */
  expire(nowMs: number): void {
    this.#log.expire(nowMs);
    const { maxDisconnectionMs } = this.#options;
    for (const [pid, { sinceMs }] of this.#away) {
      // Behind it may be one that was lost earlier, as its new socket was not let in: it is not found any more.
      if (sinceMs + maxDisconnectionMs >= nowMs) break;
      this.#remove(pid);
    }
    for (const [pid, sinceMs] of this.#ended) {
      if (sinceMs + maxDisconnectionMs >= nowMs) break;
      this.#ended.delete(pid);
    }
  }

  #find(pid: string, nowMs: number): AwaySession | undefined {
    this.expire(nowMs);
    const session = this.#away.get(pid);
    const isOver = session !== undefined && session.sinceMs + this.#options.maxDisconnectionMs < nowMs;
    return isOver ? undefined : session;
  }

  #remove(pid: string | undefined): void {
    if (pid === undefined || !this.#away.delete(pid)) return;
    this.#noteAnswers(pid, 0);
  }

  #noteAnswers(pid: string, bytes: number): void {
    this.#allAnswerBytes += bytes - (this.#answerBytes.get(pid) ?? 0);
    if (bytes > 0) this.#answerBytes.set(pid, bytes);
    else this.#answerBytes.delete(pid);
  }

  #whyUnknown(pid: string): RecoveryRefusal {
    if (this.#ended.has(pid)) return 'ended';
    return pid.startsWith(this.#options.pidPrefix ?? '') ? 'expired' : 'restarted';
  }

  /** Events from `number` on are gone, some of them at least. */
  #whyForgotten(number: number): RecoveryRefusal {
    return number < this.#log.overflowFloor ? 'overflow' : 'expired';
  }

  #locate(position: Position, deliveries: Deliveries): Place | RecoveryRefusal {
    const { total, forgotten, confirmed } = deliveries;
    if ('received' in position) {
      const { received } = position;
      if (!Number.isSafeInteger(received)) return 'unknown-offset';
      const count = received as number;
      if (count < confirmed || count > total) return 'unknown-offset';
      return count < forgotten ? this.#whyLost(deliveries) : { received: count, last: 0 };
    }
    if (position.offset === undefined) {
      if (confirmed > 0) return 'unknown-offset';
      return forgotten > 0 ? this.#whyLost(deliveries) : { received: 0, last: 0 };
    }
    const number = parseOffset(position.offset);
    if (number === null) return 'unknown-offset';
    const count = deliveries.countUpTo(number);
    if (count !== null) return { received: count, last: number };
    return number < deliveries.lastForgotten ? this.#whyLost(deliveries) : 'unknown-offset';
  }

  #whyLost({ isCut, lastForgotten }: Deliveries): RecoveryRefusal {
    return isCut ? 'overflow' : this.#whyForgotten(lastForgotten);
  }

  #believe(position: Position, lostAt: number): Place | RecoveryRefusal {
    if ('received' in position) return 'unknown-offset';
    if (position.offset === undefined) return { received: 0, last: lostAt - 1 };
    const number = parseOffset(position.offset);
    if (number === null || number >= this.#log.next) return 'unknown-offset';
    if (number + 1 < this.#log.floor) return this.#whyForgotten(number + 1);
    return { received: 0, last: number };
  }

  /** Returns how many bytes events take while they wait to be sent. */
  #weigh(missed: readonly MissedEvent<Event>[]): number {
    let bytes = missed.length * OFFSET_BYTES;
    for (const { number } of missed) bytes += this.#log.get(number)!.bytes;
    return bytes;
  }

  #missed(number: number): MissedEvent<Event> {
    return { number, event: this.#log.get(number)!.event };
  }
}

function firstOf(map: ReadonlyMap<string, unknown>): string | undefined {
  const [first] = map.keys();
  return first;
}
