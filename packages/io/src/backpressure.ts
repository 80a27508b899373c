import { throwLater } from '@hawser/engine/internal';
import { optionError } from './errors.ts';
import type { Outgoing } from './outgoing.ts';

/** What happens to an event for which there is no room. */
export type SlowConsumer =
  /** The connection is closed, and both ends are told why. */
  | 'close'
  /** Those that have waited longest are dropped until there is. */
  | 'drop-oldest'
  /** It is dropped. */
  | 'drop-newest'
  /** It takes the place of the one with the same key, also while there is room; then as `drop-oldest`. */
  | 'keep-latest';

/** How much may wait for a client that reads too slowly, and what happens then. */
export interface BackpressureOptions {
  /**
   * Most bytes that wait for one socket; each event costs 128 of its own.
   * @defaultValue 67 108 864, for the whole connection
   */
  maxBufferedBytes?: number | undefined;
  /** @defaultValue `close` */
  slowConsumer?: SlowConsumer | undefined;
  /**
   * Under `keep-latest`, tells which events stand for the same thing; `undefined` for one that stands for itself.
   * @defaultValue the name of the event
   */
  latestKey?: ((event: string, args: readonly unknown[]) => string | undefined) | undefined;
}

const SLOW_CONSUMERS: readonly unknown[] = ['close', 'drop-oldest', 'drop-newest', 'keep-latest'];

const DEFAULT_MAX_BYTES = 67_108_864;

/** What something that waits costs beside its messages, in bytes: so their number is bounded too. */
const ENTRY_BYTES = 128;

/** Something that waits for the connection to take it. */
export interface Waiting {
  readonly outgoing: Outgoing;
  /** `null` for what must not be dropped: an answer, a word of the protocol. */
  readonly owner: Backpressure | null;
  readonly key: string | undefined;
  readonly follower: Follower | null;
}

/** What hears of the fate of a packet, in the midst of the work on others: so the program is told only later. */
export interface Follower {
  /** It is on its way, or lost with the connection. */
  onSent?(): void;
  onDropped?(): void;
}

/** What of one socket waits, and the rule for it. */
export class Backpressure {
  maxBufferedBytes: number;
  slowConsumer: SlowConsumer;
  /** Bytes of its events that wait, without those that the engine has. */
  waitingBytes = 0;
  /** Its events that wait, the oldest first. Made when there is one. */
  waiting: Set<Waiting> | null = null;
  /** The events that wait by their keys, under `keep-latest`. */
  latest: Map<string, Waiting> | null;
  #latestKey: (event: string, args: readonly unknown[]) => string | undefined;

  /** @throws IO_ERR_OPTION when an option is not of its kind */
  constructor(options: BackpressureOptions) {
    const maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_MAX_BYTES;
    const slowConsumer = options.slowConsumer ?? 'close';
    const latestKey = options.latestKey ?? ((event) => event);
    const mayWait = typeof maxBufferedBytes === 'number' && maxBufferedBytes > 0;
    if (!mayWait) throw optionError('maxBufferedBytes', 'a number above 0', maxBufferedBytes);
    if (!SLOW_CONSUMERS.includes(slowConsumer)) {
      throw optionError('slowConsumer', `one of ${SLOW_CONSUMERS.join(', ')}`, slowConsumer);
    }
    if (typeof latestKey !== 'function') throw optionError('latestKey', 'a function', latestKey);
    this.maxBufferedBytes = maxBufferedBytes;
    this.slowConsumer = slowConsumer;
    this.latest = slowConsumer === 'keep-latest' ? new Map() : null;
    this.#latestKey = latestKey;
  }

  /** Has another rule, for what waits already too. */
  goBy(rule: Backpressure): void {
    this.maxBufferedBytes = rule.maxBufferedBytes;
    this.slowConsumer = rule.slowConsumer;
    // What waits was named by the rule before.
    this.latest = rule.latest;
    this.#latestKey = rule.#latestKey;
  }

  keyOf(data: unknown): string | undefined {
    if (this.latest === null || !Array.isArray(data)) return undefined;
    try {
      return this.#latestKey(String(data[0]), data.slice(1));
    } catch (error) {
      // One socket's rule does not keep an event from the others.
      throwLater(error);
      return undefined;
    }
  }
}

/** What becomes of something that is added to a {@link WaitingLine}; `overflow`: the connection has to end. */
export type Standing = 'waits' | 'dropped' | 'overflow';

/**
 * What waits for one connection, in order, where some of it may be dropped. It exists only while the transport takes
 * nothing; what has to be delivered in any case waits here too, behind what came before it.
 */
export class WaitingLine {
  readonly #line = new Set<Waiting>();
  /** Most bytes of what must not be dropped, with those in the engine. */
  readonly maxBufferedBytes: number;
  #ownerlessBytes = 0;

  constructor(maxBufferedBytes: number = DEFAULT_MAX_BYTES) {
    this.maxBufferedBytes = maxBufferedBytes;
  }

  get isEmpty(): boolean {
    return this.#line.size === 0;
  }

  /**
   * Adds something, by the rule of its owner; without one it is never dropped while the connection lasts.
   * @param bufferedBytes - bytes that wait in the engine
   */
  add(waiting: Waiting, bufferedBytes: number): Standing {
    const { owner } = waiting;
    const standing =
      owner === null
        ? this.#judgeOwnerless(waiting, bufferedBytes)
        : this.#judge(waiting, owner, owner.maxBufferedBytes - bufferedBytes - weightOf(waiting));
    if (standing === 'waits') this.#put(waiting);
    else if (standing === 'dropped') waiting.follower?.onDropped?.();
    return standing;
  }

  /** Takes the first off the line. */
  take(): Waiting | null {
    const [first] = this.#line;
    if (first === undefined) return null;
    this.#remove(first);
    return first;
  }

  #judgeOwnerless(waiting: Waiting, bufferedBytes: number): Standing {
    const bytes = this.#ownerlessBytes + weightOf(waiting);
    if (bufferedBytes + bytes > this.maxBufferedBytes) return 'overflow';
    this.#ownerlessBytes = bytes;
    return 'waits';
  }

  #judge(waiting: Waiting, owner: Backpressure, room: number): Standing {
    const { key } = waiting;
    const { slowConsumer } = owner;
    if (slowConsumer === 'close' && owner.waitingBytes > room) return 'overflow';
    if (slowConsumer === 'drop-newest' && owner.waitingBytes > room) return 'dropped';
    // What alone is too large must not cost what is there.
    if (room < 0) return 'dropped';
    const previous = key === undefined ? undefined : owner.latest?.get(key);
    if (previous !== undefined) this.#drop(previous);
    this.#makeRoom(owner, room);
    if (key !== undefined) owner.latest?.set(key, waiting);
    owner.waitingBytes += weightOf(waiting);
    return 'waits';
  }

  /** Drops what has waited longest, until no more than `room` bytes of `owner` wait. */
  #makeRoom(owner: Backpressure, room: number): void {
    for (const waiting of owner.waiting ?? []) {
      if (owner.waitingBytes <= room) break;
      this.#drop(waiting);
    }
  }

  #put(waiting: Waiting): void {
    const { owner } = waiting;
    this.#line.add(waiting);
    if (owner !== null) (owner.waiting ??= new Set()).add(waiting);
  }

  #drop(waiting: Waiting): void {
    this.#remove(waiting);
    waiting.follower?.onDropped?.();
  }

  #remove(waiting: Waiting): void {
    const { owner, key } = waiting;
    this.#line.delete(waiting);
    if (owner === null) {
      this.#ownerlessBytes -= weightOf(waiting);
      return;
    }
    owner.waitingBytes -= weightOf(waiting);
    owner.waiting?.delete(waiting);
    if (owner.waiting?.size === 0) owner.waiting = null;
    if (key !== undefined && owner.latest?.get(key) === waiting) owner.latest.delete(key);
  }
}

/** Returns how many bytes of memory something takes while it waits. */
function weightOf({ outgoing }: Waiting): number {
  return ENTRY_BYTES + outgoing.byteLength;
}
