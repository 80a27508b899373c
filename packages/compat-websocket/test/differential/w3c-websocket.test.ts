import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { w3cwebsocket as W3CWebSocket } from 'websocket';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import type { RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { Journal } from '../rig/journal.ts';
import { LIBRARIES, type Library } from '../rig/libraries.ts';

const TYPES = ['open', 'message', 'error', 'close'] as const;

type Target = W3CWebSocket & { addEventListener(type: string, listener: (event: never) => void): void };

interface Scenario {
  readonly open?: (socket: W3CWebSocket, journal: Journal) => void;
  readonly peer?: (peer: RawPeer) => void;
  readonly answer?: Record<string, string>;
}

async function play(library: Library, { open, peer: act, answer }: Scenario): Promise<unknown> {
  const journal = new Journal();
  const server = await startRawServer();
  const socket = new library.w3cwebsocket(server.url, ['chat']) as Target;
  journal.note(
    'made',
    socket.readyState,
    socket.protocol,
    socket.extensions,
    socket.bufferedAmount,
    socket.binaryType,
  );
  const over = new Promise<void>((resolve) => {
    for (const type of TYPES) {
      const note =
        (way: string) =>
        (event: {
          data?: unknown;
          code?: number;
          reason?: string;
          wasClean?: boolean;
          type: string;
          target: unknown;
        }) => {
          const data = event.data instanceof ArrayBuffer ? Buffer.from(event.data) : event.data;
          journal.note(
            way,
            event.type,
            data,
            event.code,
            event.reason,
            event.wasClean,
            event.target === socket,
          );
          journal.note('state', socket.readyState, socket.protocol, socket.extensions);
          if (type === 'open' && way === 'attribute') open?.(socket, journal);
          if (type === 'close' && way === 'listener') resolve();
        };
      socket.addEventListener(type, note('listener'));
      socket[`on${type}`] = note('attribute') as never;
    }
  });
  const peer = await server.open({ 'Sec-WebSocket-Protocol': 'chat', ...answer });
  act?.(peer);
  const frames: unknown[] = [];
  await peer.ended;
  while (peer.unreadBytes > 0) frames.push(await peer.frame());
  peer.stream.end();
  await over;
  return { frames, journal: journal.entries };
}

const SCENARIOS: Record<string, Scenario> = {
  'is sent messages': {
    peer: (peer) =>
      peer.write(
        serverFrame(TEXT, 'grüße'),
        serverFrame(BINARY, 'bytes'),
        serverFrame(BINARY),
        serverFrame(CLOSE, closePayload(1000)),
      ),
  },
  'is closed with a code': { peer: (peer) => peer.write(serverFrame(CLOSE, closePayload(4000, 'enough'))) },
  'is cut off': { peer: (peer) => void peer.stream.end() },
  closes: { open: (socket) => socket.close() },
  'closes with a code': { open: (socket) => socket.close(4000, 'mine') },
  'closes twice': {
    open: (socket) => {
      socket.close(4000);
      socket.close(4001);
    },
  },
  sends: {
    open: (socket, journal) => {
      socket.send('text');
      socket.send(new String('object'));
      socket.send(Buffer.from('buffer'));
      socket.send(new Uint8Array([1, 2, 3]).subarray(1));
      socket.send(new Uint16Array([1]).buffer);
      socket.send(new SharedArrayBuffer(2));
      socket.send(runInNewContext('new ArrayBuffer(2)'));
      journal.attempt('send a number', () => socket.send(5));
      journal.attempt('binaryType', () => {
        (socket as { binaryType: string }).binaryType = 'blob';
      });
      socket.binaryType = 'arraybuffer';
      socket.close();
      journal.attempt('send late', () => socket.send('late'));
    },
  },
  fails: { answer: { 'Sec-WebSocket-Accept': 'wrong' } },
};

describe('W3C client', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (_name, scenario) => {
    const cut = (text: unknown) =>
      JSON.parse(JSON.stringify(text).replace(/(unknown binary data:)[^"]*/, '$1'));
    const expected = await play(LIBRARIES.upstream, scenario);
    expect(cut(await play(LIBRARIES.ours, scenario))).toEqual(cut(expected));
  });

  test('has the constants on class and instance', async () => {
    for (const { w3cwebsocket } of Object.values(LIBRARIES)) {
      const { CONNECTING, OPEN, CLOSING, CLOSED } = w3cwebsocket;
      expect([CONNECTING, OPEN, CLOSING, CLOSED]).toEqual([0, 1, 2, 3]);
      expect(w3cwebsocket.prototype.CLOSED).toBe(3);
    }
  });

  test('fails at once when it is closed while connecting, and closes what connects after all', async () => {
    const [theirs, mine] = await Promise.all(
      [LIBRARIES.upstream, LIBRARIES.ours].map(async (library) => {
        const journal = new Journal();
        const server = await startRawServer();
        const socket = new library.w3cwebsocket(server.url);
        socket.onerror = () => journal.note('error', socket.readyState);
        socket.onclose = ({ code, reason }) => journal.note('close', code, reason, socket.readyState);
        socket.close(4000, 'no');
        journal.note('closed', socket.readyState);
        const peer = await server.open();
        const close = await peer.close();
        peer.stream.end();
        return [journal.entries, close];
      }),
    );
    expect(mine).toEqual(theirs);
  });
});
