/** So many are remembered: who comes back does so soon, and each takes some 100 bytes. */
const MAX_REMEMBERED = 1000;

/**
 * The sessions that ended last, by their ids, and why, where the server ended them: a client without a poll at that
 * moment, or without its connection, learns of it when it asks for the session again.
 */
export class EndedSessions {
  readonly #reasons = new Map<string, string | undefined>();

  remember(id: string, reason: string | undefined): void {
    this.#reasons.set(id, reason);
    if (this.#reasons.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#reasons.keys()) {
      this.#reasons.delete(oldest);
      return;
    }
  }

  /** Tells whether a session is remembered. */
  has(id: string): boolean {
    return this.#reasons.has(id);
  }

  /** Returns why a session was ended, if that is remembered. */
  reasonOf(id: string): string | undefined {
    return this.#reasons.get(id);
  }
}
