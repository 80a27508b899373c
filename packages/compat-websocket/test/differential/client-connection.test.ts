import { describe, expect, test } from 'vitest';
import type { connection as Connection } from 'websocket';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  PING,
  serverFrame,
  TEXT,
} from '../../../ws/test/rig/raw-frame.ts';
import { LIBRARIES } from '../rig/libraries.ts';
import { type ClientScenario, playClient } from '../rig/scenarios.ts';

const BYE = serverFrame(CLOSE, closePayload(1000));

const send = (...parts: Uint8Array[]): ClientScenario => ({ peer: (peer) => peer.write(...parts) });
const say = (act: (connection: Connection) => void): ClientScenario => ({
  connection: (connection) => {
    act(connection);
    connection.close();
  },
});

const SCENARIOS: Record<string, ClientScenario> = {
  'is sent messages': send(serverFrame(TEXT, 'grüße'), serverFrame(BINARY, 'bytes'), serverFrame(TEXT), BYE),
  'is sent fragments': send(
    serverFrame(TEXT, 'a', false),
    serverFrame(PING, 'now'),
    serverFrame(CONTINUATION, 'b'),
    BYE,
  ),
  'is sent a message above the limit': {
    ...send(serverFrame(TEXT, 'aa', false), serverFrame(CONTINUATION, 'aa')),
    config: { maxReceivedMessageSize: 3 },
  },
  'is sent a frame above the limit': {
    ...send(serverFrame(TEXT, 'aaaa')),
    config: { maxReceivedFrameSize: 3 },
  },
  'is sent frames that are not put together': {
    ...send(serverFrame(TEXT, 'a', false), serverFrame(CONTINUATION, 'b'), BYE),
    config: { assembleFragments: false },
  },
  'is closed with a reason': send(serverFrame(CLOSE, closePayload(4000, 'enough'))),
  'is closed without a code': send(serverFrame(CLOSE)),
  'is cut off': { peer: (peer) => void peer.stream.end() },
  'sends messages': say((connection) => {
    connection.send('text');
    connection.sendUTF('');
    connection.sendBytes(Buffer.from('bytes'));
    connection.sendBytes(Buffer.alloc(40_000, 'x'));
    connection.ping('ping');
    connection.pong(Buffer.from('pong'));
  }),
  'closes with a reason': { connection: (connection) => connection.close(4321, 'grüße') },
  'drops the connection': { connection: (connection) => connection.drop(4002, 'out') },
};

describe('client', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (_name, scenario) => {
    const expected = await playClient(LIBRARIES.upstream, scenario);
    expect(await playClient(LIBRARIES.ours, scenario)).toEqual(expected);
  });
});
