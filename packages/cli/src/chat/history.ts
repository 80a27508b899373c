import { CHAT_LIMITS } from './limits.ts';
import type { HistoryEntry } from './messages.ts';

/** Bounds of a history. */
export interface HistoryLimits {
  /** Entries that one room keeps. */
  readonly historyLength: number;
  /** Bytes that all rooms together keep, as counted by the history. */
  readonly historyBytes: number;
}

interface Kept {
  readonly entry: HistoryEntry;
  readonly bytes: number;
}

// What an entry costs beyond its text: the object, its ids, its place in the arrays.
const ENTRY_OVERHEAD_BYTES = 256;

/**
 * Remembers the latest messages of every room, within two bounds: entries per room, and bytes over all
 * rooms. Over the bound the oldest entry goes first, whichever room it is in.
 */
export class History {
  readonly #rooms = new Map<string, Kept[]>();
  readonly #limits: HistoryLimits;
  #bytes = 0;

  constructor(limits: HistoryLimits = CHAT_LIMITS) {
    this.#limits = limits;
  }

  /** The bytes that are held, as counted against the bound. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Remember an entry under its room. */
  add(entry: HistoryEntry): void {
    const kept = this.#rooms.get(entry.room) ?? [];
    this.#rooms.set(entry.room, kept);
    const bytes = ENTRY_OVERHEAD_BYTES + 2 * (entry.type === 'said' ? entry.text.length : entry.name.length);
    kept.push({ entry, bytes });
    this.#bytes += bytes;
    if (kept.length > this.#limits.historyLength) this.#dropOldest(kept);
    while (this.#bytes > this.#limits.historyBytes) this.#dropOldest(this.#roomWithOldestEntry());
  }

  /** The entries of a room, oldest first. */
  of(room: string): readonly HistoryEntry[] {
    return (this.#rooms.get(room) ?? []).map((kept) => kept.entry);
  }

  /** Find the entry that a client named, so that a repeated message is not said twice. */
  find(room: string, id: string): HistoryEntry | undefined {
    return this.#rooms.get(room)?.find((kept) => kept.entry.id === id)?.entry;
  }

  /** Forget a room. */
  forget(room: string): void {
    for (const kept of this.#rooms.get(room) ?? []) this.#bytes -= kept.bytes;
    this.#rooms.delete(room);
  }

  #dropOldest(kept: Kept[]): void {
    this.#bytes -= kept.shift()?.bytes ?? 0;
  }

  // At most `CHAT_LIMITS.rooms` rooms: a scan is cheaper than keeping them ordered.
  #roomWithOldestEntry(): Kept[] {
    let oldest: Kept[] = [];
    for (const kept of this.#rooms.values()) {
      const at = kept[0]?.entry.at;
      if (at !== undefined && at < (oldest[0]?.entry.at ?? Number.POSITIVE_INFINITY)) oldest = kept;
    }
    return oldest;
  }
}
