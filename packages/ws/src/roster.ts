/** What can be in one {@link Roster} at a time. */
export interface RosterMember {
  /** Its place there, -1 in none. The roster's business. */
  rosterIndex: number;
}

/**
 * A set of what comes and goes, in no order.
 *
 * Of a `Set` V8 makes a new table every few changes, and the old one keeps what was in it, and the new one: once one
 * of them has grown old, all that came since is kept from the collector of young objects. Two of three connections that
 * come and go would be (decision 9).
 */
export class Roster<Member extends RosterMember> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    if (member.rosterIndex < 0) member.rosterIndex = this.#members.push(member) - 1;
  }

  /** Returns whether it was there. */
  delete(member: Member): boolean {
    const index = member.rosterIndex;
    if (index < 0) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[index] = last;
      last.rosterIndex = index;
    }
    member.rosterIndex = -1;
    return true;
  }

  /** Visits those that are there when it begins, unless they have left by their turn. */
  *[Symbol.iterator](): IterableIterator<Member> {
    for (const member of this.#members.slice()) if (member.rosterIndex >= 0) yield member;
  }
}
