import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  type Audience,
  Deliveries,
  formatOffset,
  isInAudience,
  Recovery,
  type RecoveryRefusal,
} from '../../src/recovery/index.ts';

const MAX_AWAY_MS = 100;
const NOTICE_MS = 20;
const ROOMS = ['r1', 'r2'];
const NAMES = ['s1', 's2', 's3'];

/** A client, and the session of it that the server has. */
interface Peer {
  readonly sid: string;
  /** Whether it counts, or hands back offsets. */
  readonly counts: boolean;
  readonly rooms: Set<string>;
  /** What it is to have got by now, kept events only. */
  readonly due: number[];
  /** What it has. */
  readonly got: number[];
  /** All events it has, those that are not kept too. */
  received: number;
  offset: string | undefined;
  deliveries: Deliveries;
  /** What the server sent over the connection that is open, and the client has not read. */
  wire: { readonly event: number; readonly number: number }[];
  isAway: boolean;
}

const audience = fc.record({
  rooms: fc.subarray([...ROOMS, ...NAMES]),
  except: fc.subarray([...ROOMS, ...NAMES]),
});
const who = fc.nat(NAMES.length - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('broadcast' as const),
      audience,
      weight: fc.nat(60),
      meanwhile: fc.option(who),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('emit' as const), who, isKept: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), who, count: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('join' as const), who, room: fc.constantFrom(...ROOMS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('leave' as const), who, room: fc.constantFrom(...ROOMS) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const), who }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('restore' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A namespace whose sockets are the peers, played step by step. */
class World {
  readonly recovery: Recovery<number>;
  readonly peers: Peer[];
  readonly refusals: RecoveryRefusal[] = [];
  #nowMs = 0;
  #lastEvent = 0;

  constructor(counts: readonly boolean[], maxBytes: number) {
    this.recovery = new Recovery({ maxDisconnectionMs: MAX_AWAY_MS, noticeMs: NOTICE_MS, maxBytes });
    this.peers = NAMES.map((sid, i) => begin(sid, counts[i]!));
  }

  play(action: Step): void {
    if (action.do === 'wait') this.#nowMs += action.ms;
    else if (action.do === 'broadcast') this.#broadcast(action);
    else this.#act(this.peers[action.who]!, action);
  }

  /** Every client that is there reads all; nothing may be missing, or out of order, or there twice. */
  check(): void {
    for (const peer of this.peers) {
      if (peer.isAway) this.#restore(peer);
      read(peer, peer.wire.length);
      if (peer.got.join() !== peer.due.join()) {
        throw new Error(`${peer.sid} got ${peer.got}, and not ${peer.due}`);
      }
    }
  }

  /** @param action - `meanwhile` is who is sent another event before this one, which has its number already */
  #broadcast({ audience: given, weight, meanwhile }: Step & { do: 'broadcast' }): void {
    const event = ++this.#lastEvent;
    const audience: Audience = { rooms: new Set(given.rooms), except: new Set(given.except) };
    const number = this.recovery.keep(event, weight, audience, this.#nowMs);
    const other = meanwhile === null ? undefined : this.peers[meanwhile];
    if (other?.isAway === false) this.#emit(other);
    for (const peer of this.peers) {
      if (!isInAudience([...peer.rooms], audience)) continue;
      peer.due.push(event);
      if (peer.isAway) continue;
      peer.deliveries.add(number, this.recovery.floor);
      peer.wire.push({ event, number });
    }
  }

  #act(peer: Peer, action: Exclude<Step, { do: 'wait' | 'broadcast' }>): void {
    if (action.do === 'restore') {
      if (peer.isAway) this.#restore(peer);
    } else if (!peer.isAway) {
      this.#actPresent(peer, action);
    }
  }

  #actPresent(peer: Peer, action: Exclude<Step, { do: 'wait' | 'broadcast' | 'restore' }>): void {
    switch (action.do) {
      case 'emit':
        if (action.isKept) this.#emit(peer);
        else if (peer.counts) this.#emitUnkept(peer);
        break;
      case 'read':
        read(peer, action.count);
        break;
      case 'join':
        peer.rooms.add(action.room);
        break;
      case 'leave':
        peer.rooms.delete(action.room);
        break;
      case 'lose':
        peer.isAway = true;
        peer.wire = [];
        this.recovery.lose(
          { sid: peer.sid, pid: peer.sid, rooms: [...peer.rooms], data: null },
          peer.deliveries,
          this.#nowMs,
        );
    }
  }

  #emit(peer: Peer): void {
    const event = ++this.#lastEvent;
    const number = this.recovery.keep(event, 1, null, this.#nowMs);
    peer.due.push(event);
    peer.deliveries.add(number, this.recovery.floor);
    peer.wire.push({ event, number });
  }

  #emitUnkept(peer: Peer): void {
    peer.deliveries.pass();
    peer.wire.push({ event: 0, number: 0 });
  }

  #restore(peer: Peer): void {
    const position = peer.counts ? { received: peer.received } : { offset: peer.offset };
    const restored = this.recovery.restore(peer.sid, position, this.#nowMs);
    peer.isAway = false;
    if (restored.refused !== undefined) {
      // It is told so, and begins anew.
      this.refusals.push(restored.refused);
      Object.assign(peer, begin(peer.sid, peer.counts));
      return;
    }
    peer.deliveries = restored.deliveries;
    peer.wire = restored.missed.map(({ event, number }) => ({ event, number }));
  }
}

function begin(sid: string, counts: boolean): Peer {
  return {
    sid,
    counts,
    rooms: new Set([sid]),
    due: [],
    got: [],
    received: 0,
    offset: undefined,
    deliveries: new Deliveries(),
    wire: [],
    isAway: false,
  };
}

function read(peer: Peer, count: number): void {
  for (const { event, number } of peer.wire.splice(0, count)) {
    peer.received++;
    if (event === 0) continue;
    peer.got.push(event);
    peer.offset = formatOffset(number);
  }
}

const counts = fc.array(fc.boolean(), { minLength: NAMES.length, maxLength: NAMES.length });
const history = fc.array(step, { maxLength: 80 });

describe('Recovery, whatever happens in whatever order', () => {
  it('gives each client what it is to have, once and in order, or refuses', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(500, 2000, 1_000_000), history, (counting, maxBytes, steps) => {
        const world = new World(counting, maxBytes);
        for (const action of steps) world.play(action);
        world.check();
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses nobody within the bounds', () => {
    fc.assert(
      fc.property(counts, history, (counting, steps) => {
        const world = new World(counting, 1_000_000);
        for (const action of steps) if (action.do !== 'wait') world.play(action);
        world.check();
        if (world.refusals.length > 0) throw new Error(`refused: ${world.refusals}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses for no reason but the bounds that are crossed', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(500, 2000), history, (counting, maxBytes, steps) => {
        const world = new World(counting, maxBytes);
        for (const action of steps) world.play(action);
        const reasons = world.refusals.filter((reason) => reason !== 'overflow' && reason !== 'expired');
        if (reasons.length > 0) throw new Error(`refused: ${reasons}`);
      }),
      { numRuns: 2000 },
    );
  });
});
