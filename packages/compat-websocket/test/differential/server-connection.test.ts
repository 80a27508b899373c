import { describe, expect, test } from 'vitest';
import type { connection as Connection } from 'websocket';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  frame,
  frameHeader,
  PING,
  PONG,
  TEXT,
} from '../../../ws/test/rig/raw-frame.ts';
import { LIBRARIES } from '../rig/libraries.ts';
import { playServer, type ServerScenario } from '../rig/scenarios.ts';

const BYE = frame(CLOSE, closePayload(1000));
const NOT_UTF8 = Buffer.from([0x61, 0xff]);
const LARGE_TEXT = 'ä'.repeat(20_000);
const LARGE_BYTES = Buffer.alloc(50_000, 'abcdefg');

const send = (...parts: Uint8Array[]): ServerScenario => ({ peer: (peer) => peer.write(...parts) });
const call = (connection: NonNullable<ServerScenario['connection']>): ServerScenario => ({ connection });
const say = (act: (connection: Connection) => void): ServerScenario => ({
  connection: (connection) => {
    act(connection);
    connection.close();
  },
});
const withFrames = (...parts: Uint8Array[]): ServerScenario => ({
  ...send(...parts),
  config: { assembleFragments: false },
});
const withLimits = (...parts: Uint8Array[]): ServerScenario => ({
  ...send(...parts),
  config: { maxReceivedFrameSize: 100, maxReceivedMessageSize: 150 },
});

const RECEIVED: Record<string, ServerScenario> = {
  'a text': send(frame(TEXT, 'grüße'), BYE),
  'an empty text': send(frame(TEXT), BYE),
  'an empty binary message': send(frame(BINARY), BYE),
  'a text of several kilobytes': send(frame(TEXT, 'x'.repeat(70_000 - 5_000)), BYE),
  'several messages in one chunk': send(frame(TEXT, 'a'), frame(BINARY, 'b'), frame(TEXT, 'c'), BYE),
  'a fragmented text with a ping inside': send(
    frame(TEXT, 'gr', { fin: false }),
    frame(PING, 'now'),
    frame(CONTINUATION, Buffer.from('ü').subarray(0, 1), { fin: false }),
    frame(CONTINUATION, Buffer.from('ü').subarray(1)),
    BYE,
  ),
  'fragmented bytes': send(frame(BINARY, 'ab', { fin: false }), frame(CONTINUATION, 'cd'), BYE),
  'a message that only its last empty fragment ends': send(
    frame(TEXT, 'whole', { fin: false }),
    frame(CONTINUATION),
    BYE,
  ),
  'a pong': send(frame(PONG, 'hm'), BYE),
  'a ping': send(frame(PING, 'hm'), BYE),
  'the largest frame that is allowed': withLimits(frame(BINARY, LARGE_BYTES.subarray(0, 100)), BYE),
  'frames that are not put together': withFrames(
    frame(TEXT, 'gr', { fin: false }),
    frame(PING, 'now'),
    frame(CONTINUATION, NOT_UTF8),
    frame(CONTINUATION, 'unexpected'),
    frame(CLOSE, closePayload(4000, 'done')),
  ),
};

const CLOSED: Record<string, ServerScenario> = {
  'with 1000': send(BYE),
  'with a code and a reason': send(frame(CLOSE, closePayload(4001, 'grüße'))),
  'with a reason of one byte': send(frame(CLOSE, closePayload(1001, '!'))),
  'with a code that has no description': send(frame(CLOSE, closePayload(3000))),
  'without a code': send(frame(CLOSE)),
  'with half a code': send(frame(CLOSE, 'x')),
  'with a code below 1000': send(frame(CLOSE, closePayload(999))),
  'with a code that is not for the wire': send(frame(CLOSE, closePayload(1006, 'gone'))),
  'with a reason that is not UTF-8': send(frame(CLOSE, Buffer.concat([closePayload(1000), NOT_UTF8]))),
  'and sends on': send(BYE, frame(TEXT, 'late')),
  'without a close frame': { peer: (peer) => void peer.stream.end() },
};

const REFUSED: Record<string, ServerScenario> = {
  RSV1: send(frame(TEXT, 'x', { rsv: 4 })),
  RSV2: send(frame(TEXT, 'x', { rsv: 2 })),
  RSV3: send(frame(TEXT, 'x', { rsv: 1 })),
  'a reserved data opcode': send(frame(3, 'x')),
  'a reserved control opcode': send(frame(0xb, 'x')),
  'a fragmented ping': send(frame(PING, 'x', { fin: false })),
  'a ping above 125 bytes': send(frame(PING, 'x'.repeat(126))),
  'a continuation of nothing': send(frame(CONTINUATION, 'x')),
  'a message inside a message': send(frame(TEXT, 'x', { fin: false }), frame(BINARY, 'y')),
  'a text that is not UTF-8': send(frame(TEXT, NOT_UTF8)),
  'a fragmented text that is not UTF-8': send(
    frame(TEXT, 'x', { fin: false }),
    frame(CONTINUATION, NOT_UTF8),
  ),
  'a frame above the limit': withLimits(frame(BINARY, LARGE_BYTES.subarray(0, 101))),
  'a message above the limit': withLimits(
    frame(BINARY, LARGE_BYTES.subarray(0, 100), { fin: false }),
    frame(CONTINUATION, LARGE_BYTES.subarray(0, 51)),
  ),
  'a frame above 4 GiB': send(frameHeader(0x82, 2 ** 33, true), Buffer.alloc(4)),
  'a good message, then a bad one': send(frame(TEXT, 'good'), frame(TEXT, NOT_UTF8), frame(TEXT, 'never')),
};

const SENT: Record<string, ServerScenario> = {
  'texts, bytes, numbers': say((connection) => {
    connection.send('text');
    connection.send(Buffer.from('bytes'));
    connection.send(12_345);
    connection.send('');
    connection.send(Buffer.alloc(0));
  }),
  'a text above the fragmentation threshold': say((connection) => connection.sendUTF(LARGE_TEXT)),
  'bytes above the fragmentation threshold': say((connection) => connection.sendBytes(LARGE_BYTES)),
  'bytes of just the fragmentation threshold': say((connection) =>
    connection.sendBytes(LARGE_BYTES.subarray(0, 16_384)),
  ),
  'small fragments': {
    ...say((connection) => {
      connection.sendUTF('grüße');
      connection.sendBytes(Buffer.from('123456'));
    }),
    config: { fragmentationThreshold: 3 },
  },
  'a large message unfragmented': {
    ...say((connection) => connection.sendBytes(Buffer.alloc(70_000, 'z'))),
    config: { fragmentOutgoingMessages: false },
  },
  'a buffer that is changed afterwards': say((connection) => {
    const bytes = Buffer.alloc(10_000, 'a');
    connection.sendBytes(bytes);
    bytes.fill('b');
    connection.sendBytes(bytes);
  }),
  'pings and pongs': say((connection) => {
    connection.ping('ping');
    connection.ping(Buffer.from('bytes'));
    connection.ping('');
    connection.ping('x'.repeat(200));
    connection.pong(Buffer.from('pong'));
    connection.pong(Buffer.alloc(126, 'y'));
  }),
};

const ENDED: Record<string, ServerScenario> = {
  'close()': say(() => {}),
  'close() with a code': call((connection) => connection.close(4000)),
  'close() with a code and a reason': call((connection) => connection.close(1001, 'restart')),
  'close() twice': call((connection) => {
    connection.close(4000, 'first');
    connection.close(4001, 'second');
  }),
  'close() with a code that cannot be sent': call((connection, journal) => {
    for (const code of [0, 999, 1004, 1005, 1006, 1016, 2999, 5000, Number.NaN]) {
      journal.attempt(`close ${code}`, () => connection.close(code));
    }
    connection.close();
  }),
  'drop()': call((connection) => connection.drop()),
  'drop() with a code': call((connection) => connection.drop(1008)),
  'drop() with a reason': call((connection) => connection.drop(4005, 'out')),
  'drop() without a close frame': call((connection) => connection.drop(1006, 'out', true)),
  'drop() in a message': {
    connection: (connection) => connection.on('message', () => connection.drop(1011, 'broken')),
    peer: (peer) => peer.write(frame(TEXT, 'one'), frame(TEXT, 'two')),
  },
  'close() in a message': {
    connection: (connection) => connection.on('message', () => connection.close()),
    peer: (peer) => peer.write(frame(TEXT, 'one'), frame(TEXT, 'two')),
  },
  'sendCloseFrame()': call((connection) => connection.sendCloseFrame(4010, 'by hand')),
  'sending after close()': call((connection, journal) => {
    connection.close();
    connection.sendUTF('late', (error) => journal.note('sent', error?.message));
  }),
};

describe.each([
  ['server is sent', RECEIVED],
  ['server sees the peer close', CLOSED],
  ['server refuses', REFUSED],
  ['server sends', SENT],
  ['server ends with', ENDED],
])('%s', (_, scenarios) => {
  test.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    const expected = await playServer(LIBRARIES.upstream, scenario);
    expect(await playServer(LIBRARIES.ours, scenario)).toEqual(expected);
  });
});
