import { describe, expect, it, test } from 'vitest';
import type { Connection } from '../../src/websocket/connection.ts';
import type { Role } from '../../src/websocket/endpoint.ts';
import { bytes, concat, EXAMPLE_KEY, encodeFrame, utf8 } from './frame-notation.ts';
import { openSession, type Session } from './recorder.ts';

const ROLES = ['server', 'client'] as const;

/** The frame as the peer of `role` sends it. */
function fromPeer(role: Role, firstByte: number, payload: string): Uint8Array {
  return encodeFrame(firstByte, bytes(payload), role === 'server' ? EXAMPLE_KEY : null);
}

/** What happened, what was sent, and how it ended. */
function outcome({ trace, sent, status }: Session): unknown {
  return { trace: [...trace], sent: sent(), status: status() };
}

/** Has the handler run `end`, once, while the connection is still open. */
function endWithin({ connection, recorder }: Session, end: (connection: Connection) => void): void {
  let isEnding = false;
  const onEnding = (): void => {
    if (isEnding) return;
    isEnding = true;
    end(connection);
  };
  Object.assign(recorder, { onEnding });
}

const usageError = (code: string) => expect.objectContaining({ name: 'WebSocketUsageError', code });

describe.each(ROLES)('RFC 6455 7.1.2 closing handshake begun here (%s)', (role) => {
  it(`${role} sends a close frame and awaits the peer's`, () => {
    const session = openSession(role);
    expect(session.connection.close(1000, 'bye')).toBe(true);
    expect(session.connection.isOpen).toBe(false);
    expect(outcome(session)).toEqual({ trace: ['closing'], sent: ['close 1000 bye'], status: '0 ""' });
  });

  it(`${role} sends an empty close frame without a code`, () => {
    const session = openSession(role);
    session.connection.close();
    expect(session.sent()).toEqual(['close']);
  });

  it(`${role} closes once`, () => {
    const session = openSession(role);
    session.connection.close(1000);
    expect(session.connection.close(1001)).toBe(false);
    expect(session.sent()).toEqual(['close 1000']);
  });

  it(`${role} throws at a bad close code or reason, and stays open`, () => {
    const { connection, sent } = openSession(role);
    expect(() => connection.close(1005)).toThrow(usageError('WS_ERR_CLOSE_CODE_ARGUMENT'));
    expect(() => connection.close(undefined, 'why')).toThrow(usageError('WS_ERR_CLOSE_CODE_ARGUMENT'));
    expect(() => connection.close(1000, 'x'.repeat(124))).toThrow(usageError('WS_ERR_CLOSE_REASON_ARGUMENT'));
    expect(connection.isOpen).toBe(true);
    expect(sent()).toEqual([]);
  });

  it(`${role} delivers what comes before the peer's close frame`, () => {
    const session = openSession(role);
    session.connection.close(1000);
    session.connection.receive(fromPeer(role, 0x81, '61'));
    session.connection.receive(fromPeer(role, 0x8a, ''));
    expect(session.trace).toEqual(['closing', 'text a', 'pong']);
  });

  it(`${role} answers a ping that comes before the peer's close frame`, () => {
    // 5.5.2: a pong MUST be sent "unless it already received a Close frame"; 5.5.1 forbids only data frames.
    const session = openSession(role);
    session.connection.close(1000);
    session.connection.receive(fromPeer(role, 0x89, '61'));
    expect(session.trace).toEqual(['closing', 'ping 61']);
    expect(session.sent()).toEqual(['close 1000', 'pong 61']);
  });

  it(`${role} fails without a second close frame when the peer breaks a rule`, () => {
    const session = openSession(role);
    session.connection.close(1000);
    session.connection.receive(fromPeer(role, 0x83, ''));
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1000'],
      status: '1002 "opcode is reserved"',
    });
  });

  it(`${role} reports 1006 when the input ends without a close frame`, () => {
    const session = openSession(role);
    session.connection.close(1000);
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1000'],
      status: '1006 ""',
    });
  });
});

describe('RFC 6455 7.1.1 end of the closing handshake', () => {
  it('server that began finishes at the close frame', () => {
    const session = openSession('server');
    session.connection.close(1001);
    session.connection.receive(fromPeer('server', 0x88, '03e9'));
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1001'],
      status: '1001 "" clean',
    });
  });

  it('client that began finishes at the end of input, as the server ends first', () => {
    const session = openSession('client');
    session.connection.close(1000);
    session.connection.receive(fromPeer('client', 0x88, '03e8'));
    expect(session.trace).toEqual(['closing']);
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1000'],
      status: '1000 "" clean',
    });
  });

  it('server answers a close frame and finishes', () => {
    const session = openSession('server');
    session.connection.receive(fromPeer('server', 0x88, '03e8 627965'));
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1000'],
      status: '1000 "bye" clean',
    });
  });

  it('client answers a close frame and finishes at the end of input', () => {
    const session = openSession('client');
    session.connection.receive(fromPeer('client', 0x88, '03e8 627965'));
    expect(session.trace).toEqual(['closing']);
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1000'],
      status: '1000 "bye" clean',
    });
  });
});

describe.each(ROLES)('RFC 6455 5.5.1 close frame received (%s)', (role) => {
  it(`${role} answers an empty close frame with an empty one and reports 1005`, () => {
    const session = openSession(role);
    session.connection.receive(fromPeer(role, 0x88, ''));
    expect(session.sent()).toEqual(['close']);
    expect(session.status()).toBe('1005 "" clean');
  });

  it(`${role} takes nothing that follows the close frame`, () => {
    const session = openSession(role);
    const frames = [fromPeer(role, 0x88, '03e8'), fromPeer(role, 0x81, '61'), fromPeer(role, 0x83, '')];
    session.connection.receive(concat(frames));
    session.connection.receive(fromPeer(role, 0x89, '61'));
    expect(session.trace.filter((call) => call !== 'finished')).toEqual(['closing']);
    expect(session.sent()).toEqual(['close 1000']);
    expect(session.status()).toBe('1000 "" clean');
  });

  it(`${role} drops the message that a close frame cuts short`, () => {
    const session = openSession(role);
    session.connection.receive(fromPeer(role, 0x01, '61'));
    session.connection.receive(fromPeer(role, 0x88, '03e8'));
    expect(session.trace).not.toContain('text a');
    expect(session.status()).toBe('1000 "" clean');
  });

  it.each([
    ['one byte', '03', '1002 "control payload is not in its bounds"'],
    ['a code that is not allowed', '03ed', '1002 "close code is not allowed"'],
    ['a reason that is not UTF-8', '03e8 ff', '1007 "text is not UTF-8"'],
  ])(`${role} fails at a close frame with %s`, (_, payload, status) => {
    const session = openSession(role);
    session.connection.receive(fromPeer(role, 0x88, payload));
    expect(session.trace).toEqual(['closing', 'finished']);
    expect(session.status()).toBe(status);
    expect(session.sent()).toEqual([`close ${status.replaceAll('"', '')}`]);
  });
});

describe.each(ROLES)('RFC 6455 7.1.7 failing the connection (%s)', (role) => {
  it(`${role} fails at a violation, after what came before it`, () => {
    const session = openSession(role);
    const frames = [fromPeer(role, 0x81, '61'), fromPeer(role, 0x91, ''), fromPeer(role, 0x81, '62')];
    session.connection.receive(concat(frames));
    session.connection.receive(fromPeer(role, 0x81, '63'));
    expect(outcome(session)).toEqual({
      trace: ['text a', 'closing', 'finished'],
      sent: ['close 1002 RSV2 or RSV3 is set'],
      status: '1002 "RSV2 or RSV3 is set"',
    });
  });

  it(`${role} fails with the code of its caller`, () => {
    const session = openSession(role);
    session.connection.fail(1008, 'slow consumer');
    session.connection.fail(1011, 'again');
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['close 1008 slow consumer'],
      status: '1008 "slow consumer"',
    });
  });

  it(`${role} throws when it is to fail with a code that cannot be sent`, () => {
    const { connection } = openSession(role);
    expect(() => connection.fail(1006, '')).toThrow(usageError('WS_ERR_CLOSE_CODE_ARGUMENT'));
    expect(connection.isOpen).toBe(true);
  });

  it(`${role} that fails in a handler reads no further`, () => {
    const session = openSession(role);
    session.recorder.react = (name) => {
      if (name === 'text') session.connection.fail(1008, 'enough');
    };
    session.connection.receive(concat([fromPeer(role, 0x81, '61'), fromPeer(role, 0x81, '62')]));
    expect(session.trace).toEqual(['text a', 'closing', 'finished']);
  });

  it(`${role} reports 1006 when the input ends`, () => {
    const session = openSession(role);
    session.connection.receive(fromPeer(role, 0x01, '61'));
    session.connection.receiveEof();
    session.connection.receiveEof();
    expect(outcome(session)).toEqual({ trace: ['closing', 'finished'], sent: [], status: '1006 ""' });
  });

  it(`${role} reports 1006 and the reason when the transport breaks`, () => {
    const session = openSession(role);
    session.connection.sendMessage('last', false);
    session.connection.abort('ECONNRESET');
    session.connection.abort('again');
    expect(outcome(session)).toEqual({
      trace: ['closing', 'finished'],
      sent: ['text last'],
      status: '1006 "ECONNRESET"',
    });
  });

  it(`${role} keeps a clean end when the transport breaks after it`, () => {
    const session = openSession(role);
    session.connection.receive(fromPeer(role, 0x88, '03e8'));
    session.connection.abort('ECONNRESET');
    expect(session.status()).toBe('1000 "" clean');
  });

  it(`${role} that is finished closes no more`, () => {
    const session = openSession(role);
    session.connection.abort('');
    expect(session.connection.close(1000)).toBe(false);
    expect(session.connection.sendMessage(utf8('a'), true)).toBe(false);
    expect(session.sent()).toEqual([]);
  });

  it(`${role} finishes once when a handler fails the connection while it closes`, () => {
    const session = openSession(role);
    session.recorder.react = (name) => {
      if (name === 'closing') session.connection.fail(1011, 'broken');
    };
    session.connection.close(1000);
    expect(session.trace).toEqual(['closing', 'finished']);
    expect(session.sent()).toEqual(['close 1000']);
  });
});

describe.each(ROLES)('RFC 6455 5.5.1 the last message (%s)', (role) => {
  test.each<[string, (session: Session) => void, string[]]>([
    ['closes', ({ connection }) => connection.close(1000), ['text late', 'close 1000']],
    ['fails', ({ connection }) => connection.fail(1011, 'broken'), ['text late', 'close 1011 broken']],
    ['is closed', ({ connection }) => connection.receive(fromPeer(role, 0x88, '')), ['text late', 'close']],
    ['is left', ({ connection }) => connection.receiveEof(), ['text late']],
  ])(`${role} that %s sends before what its handler had held back, once`, (_, end, sent) => {
    const session = openSession(role);
    const { connection, recorder } = session;
    Object.assign(recorder, { onEnding: () => connection.sendMessage('late', false) });
    end(session);
    connection.abort('');
    expect(session.sent()).toEqual(sent);
  });

  test.each<[string, (session: Session) => void]>([
    ['closes', ({ connection }) => connection.close(1000)],
    ['fails', ({ connection }) => connection.fail(1011, 'broken')],
    ['is closed', ({ connection }) => connection.receive(fromPeer(role, 0x88, ''))],
  ])(`${role} that %s sends one close frame where its handler had held back another`, (_, end) => {
    const session = openSession(role);
    const { connection, recorder } = session;
    let isHeld = true;
    const onEnding = (): void => {
      if (!isHeld) return;
      isHeld = false;
      connection.close(4000, 'held');
    };
    Object.assign(recorder, { onEnding });
    end(session);
    expect(session.sent()).toEqual(['close 4000 held']);
    expect(session.trace.filter((event) => event === 'closing')).toHaveLength(1);
  });

  test(`${role} that closes stays finished where its handler aborts`, () => {
    const session = openSession(role);
    const { connection } = session;
    endWithin(session, () => connection.abort(''));
    connection.close(1000);
    connection.abort('');
    expect(session.sent()).toEqual([]);
    expect(session.trace).toEqual(['closing', 'finished']);
  });

  test.each<[string, (connection: Connection) => void]>([
    ['aborts', (connection) => connection.abort('gone')],
    [
      'closes and aborts',
      (connection) => {
        connection.close(1001);
        connection.abort('gone');
      },
    ],
  ])(`${role} whose handler %s ends once, and as the peer's close frame says`, (_, end) => {
    const session = openSession(role);
    endWithin(session, end);
    session.connection.receive(fromPeer(role, 0x88, '0fa0 627965'));
    session.connection.receiveEof();
    session.connection.receiveEof();
    expect(session.trace).toEqual(['closing', 'finished']);
    expect(session.status()).toBe('4000 "bye" clean');
  });

  test(`${role} ends once where its handler aborts at the end of the stream, or fails`, () => {
    for (const [end, status] of [
      [(connection: Connection) => connection.abort('gone'), '1006 "gone"'],
      [(connection: Connection) => connection.fail(1011, 'broken'), '1011 "broken"'],
    ] as const) {
      const session = openSession(role);
      endWithin(session, end);
      session.connection.receiveEof();
      expect(session.trace).toEqual(['closing', 'finished']);
      expect(session.status()).toBe(status);
    }
  });

  test(`${role} whose peer is silent ends once where its handler aborts`, () => {
    const session = openSession(role, { pingIntervalMs: 10, pingTimeoutMs: 10 });
    endWithin(session, (connection) => connection.abort('gone'));
    for (let nowMs = 0; nowMs < 100; nowMs += 5) session.connection.tick(nowMs);
    expect(session.trace.filter((entry) => entry !== 'timeout')).toEqual(['closing', 'finished']);
    expect(session.status()).toBe('1006 "gone"');
  });

  test(`${role} that fails ends once where its handler aborts`, () => {
    const session = openSession(role);
    endWithin(session, (connection) => connection.abort('gone'));
    session.connection.fail(1011, 'broken');
    expect(outcome(session)).toEqual({ trace: ['closing', 'finished'], sent: [], status: '1006 "gone"' });
  });
});
