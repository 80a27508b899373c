/** Stands where a run of events has no numbers, because none of them was kept. */
const UNKEPT = 0;

/** At most so many runs are remembered; of more, the older half is forgotten. */
const MAX_RUNS = 4096;
const MIN_RUNS_TO_TRIM = 32;

/**
 * What one session was sent: the log's numbers of its events, in the order in which they went out, without the events.
 * That is not always the order of the numbers: an event gets its own before it goes to each of its recipients, and what
 * goes to one of them may have the program emit another.
 *
 * Numbers that follow each other are one run, so a socket that gets all that is sent keeps two numbers. What the
 * log has let go of is forgotten here too: a client that lacks it cannot be helped.
 */
export class Deliveries {
  /** Pairs: the number of the first event of a run, and how many there are. */
  readonly #runs: number[] = [];
  #total: number;
  #forgotten: number;
  #lastForgotten: number;
  readonly #confirmed: number;
  #isCut = false;
  #trimAt = MIN_RUNS_TO_TRIM;

  /**
   * @param received - how many events the client has from before: of a session that is recovered
   * @param last - the number of the last of them, where that is known
   */
  constructor(received = 0, last = 0) {
    this.#total = received;
    this.#forgotten = received;
    this.#confirmed = received;
    this.#lastForgotten = last;
  }

  /** How many events the session was sent since it began. */
  get total(): number {
    return this.#total;
  }

  /** How many of them are forgotten: a client that has fewer cannot be recovered. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The number of the last one that is forgotten, or 0. */
  get lastForgotten(): number {
    return this.#lastForgotten;
  }

  /** How many of them the client is known to have: it had them when its session was recovered. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Whether some are forgotten because they were too many to remember. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Counts an event that the log keeps under `number`; below `floor`, the log has let go of all. */
  add(number: number, floor: number): void {
    const runs = this.#runs;
    const last = runs.length - 2;
    const first = last < 0 ? UNKEPT : runs[last]!;
    this.#total++;
    if (first !== UNKEPT && first + runs[last + 1]! === number) {
      runs[last + 1]!++;
      return;
    }
    if (runs.length >= this.#trimAt * 2) this.#trim(floor);
    runs.push(number, 1);
  }

  /** Counts an event that is not kept. */
  pass(): void {
    const runs = this.#runs;
    const last = runs.length - 2;
    this.#total++;
    if (last >= 0 && runs[last] === UNKEPT) runs[last + 1]!++;
    else runs.push(UNKEPT, 1);
  }

  /** Forgets what the log has let go of: the numbers below `floor`, and what came before the last of them. */
  forget(floor: number): void {
    let end = 0;
    let count = 0;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const first = this.#runs[i]!;
      const length = this.#runs[i + 1]!;
      if (first !== UNKEPT && first < floor) end = count + Math.min(length, floor - first);
      count += length;
    }
    this.#forget(end);
  }

  /** Returns how many events there were up to the one of `number`, or `null` where it is not among them. */
  countUpTo(number: number): number | null {
    if (number === this.#lastForgotten) return this.#forgotten;
    let count = this.#forgotten;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const first = this.#runs[i]!;
      const length = this.#runs[i + 1]!;
      if (first !== UNKEPT && number >= first && number < first + length) return count + number - first + 1;
      count += length;
    }
    return null;
  }

  /** Returns the last number below `floor` of those behind the first `received`: of what the log has let go of. */
  lastBelow(floor: number, received: number): number | undefined {
    let last: number | undefined;
    let skip = received - this.#forgotten;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const first = this.#runs[i]!;
      const length = this.#runs[i + 1]!;
      const end = Math.min(first + length, floor);
      if (first !== UNKEPT && first + Math.max(skip, 0) < end) last = end - 1;
      skip -= length;
    }
    return last;
  }

  /** Returns the numbers of the events behind the first `received`, those that were kept. */
  after(received: number): number[] {
    const numbers: number[] = [];
    let skip = received - this.#forgotten;
    for (let i = 0; i < this.#runs.length; i += 2) {
      const first = this.#runs[i]!;
      const length = this.#runs[i + 1]!;
      if (first !== UNKEPT) for (let at = Math.max(skip, 0); at < length; at++) numbers.push(first + at);
      skip -= length;
    }
    return numbers;
  }

  #trim(floor: number): void {
    this.forget(floor);
    if (this.#runs.length >= MAX_RUNS * 2) {
      let count = 0;
      for (let i = 1; i < MAX_RUNS; i += 2) count += this.#runs[i]!;
      this.#forget(count);
      this.#isCut = true;
    }
    this.#trimAt = Math.min(Math.max(this.#runs.length, MIN_RUNS_TO_TRIM), MAX_RUNS);
  }

  /** Forgets the first `count` events. */
  #forget(count: number): void {
    const runs = this.#runs;
    let end = 0;
    for (let left = count; left > 0; ) {
      const first = runs[end]!;
      const taken = Math.min(left, runs[end + 1]!);
      if (first !== UNKEPT) this.#lastForgotten = first + taken - 1;
      left -= taken;
      this.#forgotten += taken;
      if (taken === runs[end + 1]) {
        end += 2;
      } else {
        if (first !== UNKEPT) runs[end] = first + taken;
        runs[end + 1]! -= taken;
      }
    }
    if (end > 0) runs.splice(0, end);
  }
}
