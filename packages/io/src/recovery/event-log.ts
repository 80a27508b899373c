/** Whom an event is for: sockets in any of `rooms`, or all where there are none, unless they are in one of `except`. */
export interface Audience {
  readonly rooms: ReadonlySet<string>;
  readonly except?: ReadonlySet<string> | undefined;
}

/** An event as it is kept. */
export interface LogEntry<Event> {
  readonly event: Event;
  /** `null` for one that was for a single socket: nobody who is away is to get it. */
  readonly audience: Audience | null;
  readonly bytes: number;
  readonly atMs: number;
}

/** What an entry costs beside its event, in bytes: so their number is bounded too. */
const ENTRY_BYTES = 128;
/** So many places of entries that are gone, and as many as there are others, before those are moved up. */
const MAX_GAP = 1024;

/**
 * What was sent in a namespace, once, whoever received it. Events are numbered from 1 on, without gaps.
 *
 * The oldest go when they are too old, or when all together are over the bound.
 */
export class EventLog<Event> {
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  #entries: (LogEntry<Event> | undefined)[] = [];
  /** Where the first entry is that is still there. */
  #head = 0;
  #floor = 1;
  #bytes = 0;
  #overflowFloor = 1;

  constructor(maxBytes: number, maxAgeMs: number) {
    this.#maxBytes = maxBytes;
    this.#maxAgeMs = maxAgeMs;
  }

  /** The number of the first event that is kept; where there is none, of the next one. */
  get floor(): number {
    return this.#floor;
  }

  /** The number of the next event. */
  get next(): number {
    return this.#floor + this.size;
  }

  /** How many events are kept. */
  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** What they weigh. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Below this number, events went because of the bound in bytes, or were followed by such. */
  get overflowFloor(): number {
    return this.#overflowFloor;
  }

  /** Keeps an event of `bytes` bytes, and returns its number. One that is over the bound alone goes at once. */
  append(event: Event, bytes: number, audience: Audience | null, nowMs: number): number {
    this.expire(nowMs);
    const number = this.next;
    const entry = { event, audience, bytes: bytes + ENTRY_BYTES, atMs: nowMs };
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    while (this.#bytes > this.#maxBytes) {
      this.#shift();
      this.#overflowFloor = this.#floor;
    }
    return number;
  }

  /** Returns the entry of an event that is kept. */
  get(number: number): LogEntry<Event> | undefined {
    return number < this.#floor ? undefined : this.#entries[this.#head + number - this.#floor];
  }

  /** Lets go of what is too old. */
  expire(nowMs: number): void {
    while (this.size > 0 && this.#entries[this.#head]!.atMs + this.#maxAgeMs < nowMs) this.#shift();
  }

  #shift(): void {
    this.#bytes -= this.#entries[this.#head]!.bytes;
    this.#entries[this.#head++] = undefined;
    this.#floor++;
    if (this.#head < MAX_GAP || this.#head < this.size) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

/** Tells whether a socket in `rooms` belongs to the audience. */
export function isInAudience(rooms: readonly string[], audience: Audience): boolean {
  const { rooms: included, except } = audience;
  if (included.size > 0 && !rooms.some((room) => included.has(room))) return false;
  return except === undefined || except.size === 0 || !rooms.some((room) => except.has(room));
}
