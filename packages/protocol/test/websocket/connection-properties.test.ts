import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Endpoint, type EndpointOptions, type Role } from '../../src/websocket/endpoint.ts';
import type { MessageHandler, MessageReader } from '../../src/websocket/message-reader.ts';
import { controlPayload, cuts, message, script, wireBytes } from './arbitraries.ts';
import { bytes, concat, cut, embed, encodeFrame, hex, isPaddingIntact, utf8 } from './frame-notation.ts';
import {
  endpointOptions,
  openSession,
  openSessionOn,
  type Session,
  TestNatives,
  traced,
} from './recorder.ts';

const ROLES = ['server', 'client'] as const;

/** An echo: what the machine hands over goes out again, so that a spoiled byte shows in what is sent. */
function openEcho(role: Role, options?: Partial<EndpointOptions>): Session {
  const session = openSession(role, options);
  session.recorder.react = (name, data, isBinary) => {
    if (name === 'text' || name === 'binary') session.connection.sendMessage(data, isBinary);
  };
  return session;
}

function outcome(session: Session): unknown {
  const { trace, recorder } = session;
  for (const { data, copy } of recorder.received) expect(hex(data)).toBe(hex(copy));
  return { trace, sent: session.sent(), status: session.status(), isOpen: session.connection.isOpen };
}

/** What any input and any calls must leave true. */
function expectInvariants({ trace, sent }: Session): void {
  const sentFrames = sent();
  const end = trace.findIndex((call) => call === 'finished' || call === 'timeout');
  const afterEnd = end < 0 ? [] : trace.slice(end + 1);
  expect(trace.filter((call) => call === 'closing').length).toBeLessThanOrEqual(1);
  expect(afterEnd.filter((call) => call !== 'finished' && call !== 'timeout')).toEqual([]);
  const close = sentFrames.findIndex((frame) => frame.startsWith('close'));
  const afterClose = close < 0 ? [] : sentFrames.slice(close + 1);
  expect(afterClose.filter((frame) => !frame.startsWith('pong'))).toEqual([]);
}

/** Has handlers pause a connection, in the midst of what `receive` reads, and it is resumed here and there. */
function expectSameWhenPaused(
  role: Role,
  wire: Uint8Array,
  pauses: Iterator<boolean>,
  receive: (session: Session, resumeMaybe: () => void) => void,
): void {
  const whole = openSession(role);
  whole.connection.receive(wire.slice());
  whole.connection.receiveEof();
  const session = openSession(role);
  session.recorder.react = (name) => {
    if (name !== 'finished' && pauses.next().value) session.connection.pause();
  };
  receive(session, () => {
    if (pauses.next().value) session.connection.resume();
  });
  session.connection.receiveEof();
  session.recorder.react = () => {};
  session.connection.resume();
  expect(outcome(session)).toEqual(outcome(whole));
}

describe.each(ROLES)('any chunking (%s)', (role) => {
  it(`${role} does the same whatever the bytes were cut into`, () => {
    fc.assert(
      fc.property(script, cuts, (moves, places) => {
        const wire = wireBytes(role, moves);
        const whole = openEcho(role);
        whole.connection.receive(wire.slice());
        const session = openEcho(role);
        const pieces = cut(wire, places(wire.length));
        for (const piece of pieces) session.connection.receive(piece);
        expect(outcome(session)).toEqual(outcome(whole));
        expect(pieces.every(isPaddingIntact)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it(`${role} that reads text does the same`, () => {
    fc.assert(
      fc.property(script, cuts, fc.boolean(), (moves, places, isLent) => {
        const wire = wireBytes(role, moves);
        const whole = openEcho(role);
        whole.connection.receive(wire.slice());
        const session = openEcho(role, { habits: { readsText: true } });
        for (const piece of cut(wire, places(wire.length))) session.connection.receive(piece, isLent);
        expect(outcome(session)).toEqual(outcome(whole));
        expect(session.recorder.texts.length).toBe(
          session.trace.filter((call) => call.startsWith('text')).length,
        );
      }),
      { numRuns: 60 },
    );
  });

  it(`${role} does the same when bytes come one by one`, () => {
    fc.assert(
      fc.property(script, (moves) => {
        const wire = wireBytes(role, moves).slice(0, 2000);
        const whole = openEcho(role);
        whole.connection.receive(wire.slice());
        const session = openEcho(role);
        for (let i = 0; i < wire.length; i++) session.connection.receive(embed(wire.subarray(i, i + 1), i));
        expect(outcome(session)).toEqual(outcome(whole));
      }),
      { numRuns: 20 },
    );
  });

  it(`${role} does the same when handlers pause it and it is resumed later`, () => {
    fc.assert(
      fc.property(script, cuts, fc.infiniteStream(fc.boolean()), (moves, places, pauses) => {
        const wire = wireBytes(role, moves);
        expectSameWhenPaused(role, wire, pauses, (session, resumeMaybe) => {
          for (const piece of cut(wire, places(wire.length))) {
            session.connection.receive(piece);
            resumeMaybe();
          }
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(ROLES)('chunks that are only lent (%s)', (role) => {
  const LENT_BYTES = 16_384;
  /** Where to cut, so that large frames come in few pieces. */
  const seldom = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 });

  /** Reads `wire` as a transport does that reads into one memory over and over. */
  function lend(
    session: Session,
    wire: Uint8Array,
    places: readonly number[],
    between: () => void = () => {},
  ): void {
    const memory = new Uint8Array(LENT_BYTES);
    const ends = places.map((at) => Math.floor(at * wire.length));
    for (const piece of cut(wire, ends)) {
      for (let at = 0; at < piece.length; at += LENT_BYTES) {
        const part = piece.subarray(at, at + LENT_BYTES);
        memory.set(part);
        session.connection.receive(memory.subarray(0, part.length), true);
        memory.fill(0xee);
        between();
      }
    }
  }

  it(`${role} does the same as with chunks that are its own, and keeps nothing of theirs`, () => {
    fc.assert(
      fc.property(script, seldom, (moves, places) => {
        const wire = wireBytes(role, moves);
        const whole = openEcho(role);
        whole.connection.receive(wire.slice());
        const session = openEcho(role);
        lend(session, wire, places);
        expect(outcome(session)).toEqual(outcome(whole));
      }),
      { numRuns: 150 },
    );
  });

  it(`${role} does the same when handlers pause it in the midst of one`, () => {
    fc.assert(
      fc.property(script, seldom, fc.infiniteStream(fc.boolean()), (moves, places, pauses) => {
        const wire = wireBytes(role, moves);
        expectSameWhenPaused(role, wire, pauses, (session, resumeMaybe) =>
          lend(session, wire, places, resumeMaybe),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(ROLES)('round trip (from %s)', (role) => {
  const peerRole = role === 'server' ? 'client' : 'server';
  const move = fc.oneof(
    { weight: 4, arbitrary: message.map((data) => ({ name: 'message', data })) },
    controlPayload.map((data) => ({ name: 'ping', data })),
    controlPayload.map((data) => ({ name: 'pong', data })),
  );
  const ending = fc.option(
    fc.record({ code: fc.constantFrom(1000, 1001, 1013, 3000, 4999), reason: fc.string({ maxLength: 30 }) }),
  );

  /** Sends one move and returns how its arrival will be written down. */
  function send({ connection }: Session, name: string, data: string | Uint8Array): string {
    if (typeof data === 'string') {
      connection.sendMessage(data, false);
      return traced('text', utf8(data));
    }
    if (name === 'ping') connection.ping(data);
    else if (name === 'pong') connection.pong(data);
    else connection.sendMessage(data, true);
    return traced(name === 'message' ? 'binary' : name, data);
  }

  it(`${peerRole} receives what the ${role} sent`, () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 8 }), ending, cuts, (moves, close, places) => {
        const sender = openSession(role);
        const receiver = openSession(peerRole);
        const expected = moves.map(({ name, data }) => send(sender, name, data));
        if (close !== null) sender.connection.close(close.code, close.reason);
        const wire = concat(sender.connection.outbox.take());
        for (const piece of cut(wire, places(wire.length))) receiver.connection.receive(piece);
        expect(receiver.trace.filter((call) => call !== 'closing' && call !== 'finished')).toEqual(expected);
        expect(receiver.status()).toBe(close === null ? '0 ""' : `${close.code} "${close.reason}" clean`);
      }),
      { numRuns: 50 },
    );
  });

  it(`${role} and ${peerRole} close in full, whoever else closes at the same time`, () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), (isFirst, isBoth) => {
        const pair = [openSession(role), openSession(peerRole)] as const;
        const [one, other] = isFirst ? pair : [pair[1], pair[0]];
        one.connection.close(1000, 'done');
        if (isBoth) other.connection.close(4000, 'mine');
        for (const [from, to] of [pair, [pair[1], pair[0]], pair] as const) {
          to.connection.receive(concat(from.connection.outbox.take()));
        }
        for (const { connection } of pair) connection.receiveEof();
        expect(pair.map(({ trace }) => trace)).toEqual([
          ['closing', 'finished'],
          ['closing', 'finished'],
        ]);
        expect(other.status()).toBe('1000 "done" clean');
        expect(one.status()).toBe(isBoth ? '4000 "mine" clean' : '1000 "" clean');
      }),
      { numRuns: 8 },
    );
  });
});

describe.each(ROLES)('hostile input (%s)', (role) => {
  const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255) });

  function mutate(wire: Uint8Array, changes: readonly { at: number; value: number }[]): Uint8Array {
    for (const { at, value } of changes) wire[Math.floor(at * wire.length)] = value;
    return wire;
  }

  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(script, fc.array(mutation, { maxLength: 6 }))
      .map(([moves, changes]) => mutate(wireBytes(role, moves), changes)),
  );

  it(`${role} throws at no bytes, and reports nothing after the end`, () => {
    fc.assert(
      fc.property(garbage, cuts, (wire, places) => {
        const session = openEcho(role, { maxMessageBytes: 10_000 });
        for (const piece of cut(wire, places(wire.length))) session.connection.receive(piece);
        session.connection.receiveEof();
        expectInvariants(session);
      }),
      { numRuns: 150 },
    );
  });

  it(`${role} keeps to its states whatever is called in whatever order`, () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: garbage },
      { weight: 3, arbitrary: script.map((moves) => wireBytes(role, moves)) },
      fc.constantFrom('eof', 'pause', 'resume', 'send', 'ping', 'close', 'fail', 'abort', 'written', 'tick'),
    );
    const options = { pingIntervalMs: 10, pingTimeoutMs: 10, closeTimeoutMs: 10, allowsRsv1: true };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const session = openEcho(role, options);
        const { connection } = session;
        const calls: Record<string, (i: number) => void> = {
          eof: () => connection.receiveEof(),
          pause: () => connection.pause(),
          resume: () => connection.resume(),
          send: () => connection.sendMessage('a', false),
          ping: () => connection.ping(),
          close: () => connection.close(1000),
          fail: () => connection.fail(1011, 'told to'),
          abort: () => connection.abort('told to'),
          written: () => connection.outboxWritten(),
          tick: (i) => connection.tick(i * 10),
        };
        for (const [i, action] of steps.entries()) {
          if (typeof action === 'string') calls[action]!(i);
          else connection.receive(action.slice());
          expect(typeof connection.nextDeadline()).toBe('number');
        }
        expectInvariants(session);
      }),
      { numRuns: 150 },
    );
  });
});

describe.each(ROLES)('bounded memory (%s)', (role) => {
  const key = role === 'server' ? 0x0badf00d : null;

  /** Sends `count` fragments of one byte, many to a chunk. */
  function receiveFragments(session: Session, firstByte: number, count: number): void {
    const fragment = encodeFrame(0x00, bytes('61'), key);
    const chunk = concat(Array.from({ length: 5000 }, () => fragment));
    session.connection.receive(encodeFrame(firstByte, bytes('61'), key));
    for (let i = 0; i < count; i += 5000) session.connection.receive(chunk.slice());
  }

  it(`${role} takes a million fragments of one byte for at most four times their payload`, () => {
    const session = openSession(role);
    const before = session.natives.allocatedBytes;
    receiveFragments(session, 0x01, 1_000_000);
    expect(session.natives.allocatedBytes - before).toBeLessThan(4_000_000);
    session.connection.receive(encodeFrame(0x80, bytes(''), key));
    expect(session.trace).toEqual([traced('text', new Uint8Array(1_000_001).fill(0x61))]);
  });

  it(`${role} allocates for an endless message no more than a few times the limit`, () => {
    const session = openSession(role, { maxMessageBytes: 100_000 });
    receiveFragments(session, 0x02, 1_000_000);
    expect(session.status()).toBe('1009 "message is over the limit of 100000 bytes"');
    expect(session.natives.allocatedBytes).toBeLessThan(400_000);
  });

  it(`${role} allocates nothing for a payload that is only announced`, () => {
    const session = openSession(role);
    const before = session.natives.allocatedBytes;
    session.connection.receive(encodeFrame(0x82, new Uint8Array(1_000_000), key).slice(0, 14));
    expect(session.natives.allocatedBytes - before).toBeLessThan(1000);
    expect(session.connection.isOpen).toBe(true);
  });

  it(`${role} keeps no more than a few pongs for a flood of pings`, () => {
    const session = openSession(role);
    const flood = concat(Array.from({ length: 10_000 }, () => encodeFrame(0x89, new Uint8Array(125), key)));
    session.recorder.onPing = () => {};
    for (let i = 0; i < 10; i++) session.connection.receive(flood.slice());
    expect(session.connection.outbox.byteLength).toBeLessThan(20_000);
  });

  it(`${role} keeps a reader only inside a frame or a message`, () => {
    const taken = new Set<MessageReader>();
    class CountingEndpoint extends Endpoint {
      override takeReader(handler: MessageHandler): MessageReader {
        const reader = super.takeReader(handler);
        taken.add(reader);
        return reader;
      }

      override giveReader(reader: MessageReader): void {
        super.giveReader(reader);
        taken.delete(reader);
      }
    }
    const natives = new TestNatives();
    const session = openSessionOn(new CountingEndpoint(endpointOptions({ role }), natives), natives);
    const frames = [
      encodeFrame(0x02, bytes('01'), key),
      encodeFrame(0x89, bytes(''), key),
      encodeFrame(0x80, bytes('02'), key),
    ];
    const counts = cut(concat(frames), [1, frames[0]!.length, frames[0]!.length + frames[1]!.length]).map(
      (piece) => {
        session.connection.receive(piece);
        return taken.size;
      },
    );
    expect(counts).toEqual([1, 1, 1, 0]);
  });
});
