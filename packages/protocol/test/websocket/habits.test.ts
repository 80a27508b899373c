import { describe, expect, it } from 'vitest';
import { DEFAULT_HABITS, type Habits } from '../../src/websocket/habits.ts';
import { bytes, concat, encodeFrame, pattern, utf8 } from './frame-notation.ts';
import { openSession, type Session } from './recorder.ts';

function receive(habits: Partial<Habits>, ...frames: readonly Uint8Array[]): Session {
  const session = openSession('server', { habits });
  session.connection.receive(concat(frames));
  return session;
}

describe('habits of other implementations', () => {
  it('server keeps to its own habits by default', () => {
    const { sent } = receive({}, encodeFrame(0x89, utf8('p'), 7), encodeFrame(0x88, bytes('03e8627965'), 7));
    expect(sent()).toEqual(['pong 70', 'close 1000']);
    expect(Object.isFrozen(DEFAULT_HABITS)).toBe(true);
  });

  it('server leaves the answer to a ping to its handler', () => {
    const { trace, sent } = receive({ answersPings: false }, encodeFrame(0x89, utf8('p'), 7));
    expect(trace).toEqual(['ping 70']);
    expect(sent()).toEqual([]);
  });

  it('server repeats the reason of a close frame', () => {
    const { sent } = receive({ echoesCloseReason: true }, encodeFrame(0x88, bytes('03e8627965'), 7));
    expect(sent()).toEqual(['close 1000 bye']);
  });

  it('server takes a reason that is not text as its bytes', () => {
    const { status, sent } = receive(
      { validatesText: false, echoesCloseReason: true },
      encodeFrame(0x88, bytes('03e8ff61'), 7),
    );
    expect(status()).toBe('1000 "\u00ffa" clean');
    expect(sent()).toHaveLength(1);
  });

  it.each([
    [true, [[2, 2], null, null]],
    [false, [null, null, null]],
  ])('server that records fragments (%s) tells where they end, each message anew', (isRecorded, ends) => {
    const frames = [
      encodeFrame(0x02, utf8('ab'), 7),
      encodeFrame(0x00, utf8(''), 7),
      encodeFrame(0x80, utf8('c'), 7),
      encodeFrame(0x82, utf8('d'), 7),
      encodeFrame(0x82, new Uint8Array(5000), 7),
    ];
    expect(receive({ recordsFragments: isRecorded }, ...frames).recorder.fragmentEnds).toEqual(ends);
  });

  it('server that reads text gets it as text, whole or in pieces, and compressed', () => {
    const session = openSession('server', { habits: { readsText: true }, allowsRsv1: true });
    const { connection, recorder, trace } = session;
    recorder.inflate = () => utf8('infl\u00e4ted');
    const frames = [
      encodeFrame(0x81, utf8('\u00e4'), 7),
      encodeFrame(0x01, utf8('a'), 7),
      encodeFrame(0x80, utf8('b'), 7),
      encodeFrame(0x82, utf8('c'), 7),
      encodeFrame(0xc1, utf8('x'), 7),
      encodeFrame(0xc2, utf8('y'), 7),
      encodeFrame(0x81, utf8(''), 7),
    ];
    connection.receive(concat(frames));
    expect(recorder.texts).toEqual(['\u00e4', 'ab', 'infl\u00e4ted', '']);
    expect(trace.filter((line) => line.startsWith('binary'))).toHaveLength(2);
  });

  it.each([
    [false, false],
    [true, true],
  ])('client ends the transport with the closing handshake (%s)', (endsWithHandshake, isFinished) => {
    const { connection, trace } = openSession('client', { habits: { endsWithHandshake } });
    connection.close(1000);
    connection.receive(encodeFrame(0x88, bytes('03e8'), null));
    expect(trace.includes('finished')).toBe(isFinished);
    connection.receiveEof();
    expect(trace.filter((call) => call === 'finished')).toHaveLength(1);
  });

  it('server fails without saying why', () => {
    const { sent, status } = receive({ explainsFailures: false }, encodeFrame(0x83, utf8('a'), 7));
    expect(sent()).toEqual(['close 1002']);
    expect(status()).toBe('1002 "opcode is reserved"');
  });

  it.each([
    ['16 bits for 1 byte', '82fe00010000000041'],
    ['64 bits for 1 byte', '82ff00000000000000010000000041'],
  ])('server lets a length of %s pass', (_, frame) => {
    const { trace, sent } = receive({ allowsLongLengths: true }, bytes(frame));
    expect(trace).toEqual(['binary 41']);
    expect(sent()).toEqual([]);
  });

  it('server takes a length of more than 63 bits for too large a message', () => {
    const { connection } = receive({ allowsLongLengths: true }, bytes('82ff80000000000000010000000041'));
    expect(connection.violation).toEqual({ code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', value: 2 ** 63 });
  });

  it('server answers only the latest ping above so many pongs that wait', () => {
    const pings = ['a', 'b', 'c', 'd'].map((text) => encodeFrame(0x89, utf8(text), 7));
    const { connection, sent } = receive({ maxWaitingPongs: 2 }, ...pings);
    expect(sent()).toEqual(['pong 61', 'pong 62']);
    connection.outboxWritten();
    expect(sent()).toEqual(['pong 64']);
  });

  it('server is told of pings above so many pongs that wait, and answers none of them', () => {
    const pings = ['a', 'b', 'c', 'd'].map((text) => encodeFrame(0x89, utf8(text), 7));
    const { connection, trace, sent } = receive({ maxWaitingPongs: 2, reportsPingFloods: true }, ...pings);
    expect(trace).toEqual(['ping 61', 'ping 62', 'flood', 'ping 63', 'flood', 'ping 64']);
    connection.outboxWritten();
    expect(sent()).toEqual(['pong 61', 'pong 62']);
    connection.receive(encodeFrame(0x89, utf8('e'), 7));
    expect(sent()).toEqual(['pong 65']);
  });

  it.each([
    ['a payload', encodeFrame(0x82, pattern(8), 7), 6, 3, 10],
    ['a header', encodeFrame(0x82, new Uint8Array(70_000), 7).subarray(0, 14), 0, 2, 3],
    [
      'a payload behind other frames',
      concat([encodeFrame(0x82, utf8('a'), 7), encodeFrame(0x82, pattern(8), 7)]),
      9,
      2,
      11,
    ],
  ])('server bounds the chunks that %s comes in', (_, frame, firstBytes, maxBufferedChunks, endAt) => {
    const { connection, trace } = receive({ maxBufferedChunks }, frame.subarray(0, firstBytes));
    let at = firstBytes;
    for (; connection.isOpen; at++) connection.receive(frame.slice(at, at + 1));
    expect(connection.violation?.code).toBe('WS_ERR_TOO_MANY_BUFFERED_CHUNKS');
    expect(at).toBe(endAt);
    expect(trace.filter((line) => line.startsWith('binary')).length).toBeLessThan(2);
  });

  it('server takes any number of frames that come in as many chunks each as it takes', () => {
    const frame = encodeFrame(0x82, utf8('ab'), 7);
    const { connection, trace } = receive({ maxBufferedChunks: 2 });
    for (let i = 0; i < 5; i++) {
      for (const end of [7, 8]) connection.receive(frame.slice(end === 7 ? 0 : 7, end));
    }
    expect(trace).toEqual(Array.from({ length: 5 }, () => 'binary 6162'));
  });

  it('server bounds the frames of a message, each message anew', () => {
    const first = encodeFrame(0x01, utf8('a'), 7);
    const last = encodeFrame(0x80, utf8('b'), 7);
    const { trace } = receive({ maxFragments: 2 }, first, last, first, last);
    expect(trace).toEqual(['text ab', 'text ab']);
    const { sent, connection } = receive({ maxFragments: 2 }, first, encodeFrame(0x00, utf8('b'), 7), last);
    expect(sent()).toEqual(['close 1008 message has too many fragments']);
    expect(connection.violation).toEqual({ code: 'WS_ERR_TOO_MANY_BUFFERED_PARTS', value: 0 });
  });
});

describe('RFC 6455 7.1.7 what a violation is about', () => {
  it.each([
    ['a reserved opcode', encodeFrame(0x83, utf8('a'), 7), 'WS_ERR_INVALID_OPCODE', 3],
    ['a continuation of nothing', encodeFrame(0x80, utf8('a'), 7), 'WS_ERR_UNEXPECTED_CONTINUATION', 0],
    ['a badly encoded length', bytes('82fe00010000000041'), 'WS_ERR_INVALID_PAYLOAD_LENGTH', 1],
    ['a long ping', encodeFrame(0x89, new Uint8Array(126), 7), 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 126],
    ['half a close code', encodeFrame(0x88, bytes('03'), 7), 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH', 1],
    ['a bad close code', encodeFrame(0x88, bytes('03ed'), 7), 'WS_ERR_INVALID_CLOSE_CODE', 1005],
    ['text that is not UTF-8', encodeFrame(0x81, bytes('ff'), 7), 'WS_ERR_INVALID_UTF8', 0],
  ])('server tells the value of %s', (_, frame, code, value) => {
    expect(receive({}, frame).connection.violation).toEqual({ code, value });
  });

  it('server that was closed by the peer has none', () => {
    expect(receive({}, encodeFrame(0x88, bytes('03e8'), 7)).connection.violation).toBeNull();
  });
});
