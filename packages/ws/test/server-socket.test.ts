import { type SendData, ServerSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { openPair } from './rig/pairs.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, frame, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { openRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';

describe('RFC 6455 5.6 data frames', () => {
  const BYTES = Uint8Array.of(1, 2, 3);
  test.each<[string, SendData, number, Buffer]>([
    ['a string', 'grüß ☃ 😀', TEXT, Buffer.from('grüß ☃ 😀')],
    ['an empty string', '', TEXT, Buffer.alloc(0)],
    ['a lone surrogate', 'a\ud800b', TEXT, Buffer.from('a\ufffdb')],
    ['a Buffer', Buffer.from(BYTES), BINARY, Buffer.from(BYTES)],
    ['a Uint8Array', BYTES, BINARY, Buffer.from(BYTES)],
    ['no bytes', new Uint8Array(0), BINARY, Buffer.alloc(0)],
    ['an ArrayBuffer', BYTES.slice().buffer, BINARY, Buffer.from(BYTES)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), BINARY, Buffer.alloc(2)],
    ['a DataView', new DataView(BYTES.slice().buffer, 1), BINARY, Buffer.from([2, 3])],
    ['a view of other elements', Uint16Array.of(0x0102), BINARY, Buffer.from(Uint16Array.of(0x0102).buffer)],
    ['a view of part of a buffer', BYTES.subarray(1), BINARY, Buffer.from([2, 3])],
  ])('server sends %s in one unmasked frame', async (_, data, opcode, payload) => {
    const { socket, peer } = await openPair();
    expect(socket.send(data)).toBe('written');
    expect(await peer.frame()).toEqual({ opcode, payload, fin: true, rsv: 0, isMasked: false });
  });

  test.each([125, 126, 4_096, 4_097, 65_535, 65_536, 1_000_000])(
    'server sends %i bytes as text and as binary',
    async (size) => {
      const { socket, peer } = await openPair();
      const bytes = Buffer.alloc(size, 'abcdefg');
      socket.send(bytes);
      socket.send(bytes.toString());
      for (const opcode of [BINARY, TEXT]) {
        const received = await peer.frame();
        expect(received.opcode).toBe(opcode);
        expect(received.payload.equals(bytes)).toBe(true);
      }
    },
  );

  test.each([1, 2, 3, 4])('server sends 20 000 characters of %i bytes of UTF-8 each', async (width) => {
    const { socket, peer } = await openPair();
    const text = ['a', 'ä', '☃', '😀'][width - 1]!.repeat(20_000);
    for (const part of [text, text.slice(0, 1_000), text.slice(0, 60)]) {
      socket.send(part);
      expect((await peer.frame()).payload.equals(Buffer.from(part))).toBe(true);
    }
  });

  test('server gives its handlers instances of the exported class', async () => {
    expect((await openPair()).socket).toBeInstanceOf(ServerSocket);
  });

  test('server sends bytes as text and a string as binary when it is told', async () => {
    const { socket, peer } = await openPair();
    socket.send(Buffer.from('grüß'), { binary: false });
    socket.send('grüß', { binary: true });
    socket.send('grüß', {});
    expect(await peer.frame()).toMatchObject({ opcode: TEXT, payload: Buffer.from('grüß') });
    expect(await peer.frame()).toMatchObject({ opcode: BINARY, payload: Buffer.from('grüß') });
    expect(await peer.frame()).toMatchObject({ opcode: TEXT, payload: Buffer.from('grüß') });
  });

  test('server throws when data is of another type, and the connection goes on', async () => {
    const { socket, peer } = await openPair();
    for (const data of [undefined, null, 5, {}, ['a'], new Blob(['a'])]) {
      expect(() => socket.send(data as unknown as string)).toThrow(TypeError);
    }
    socket.send('fine');
    expect(await peer.text()).toBe('fine');
  });

  test('server keeps the order of small and large, text and binary', async () => {
    const { socket, peer } = await openPair();
    const payloads = [3, 9_000, 1, 70_000, 126, 4_096, 5].map((size, i) => Buffer.alloc(size, 48 + i));
    payloads.forEach((payload, i) => {
      socket.send(i % 2 === 0 ? payload.toString() : payload);
    });
    for (const payload of payloads) expect((await peer.frame()).payload.equals(payload)).toBe(true);
  });

  test('server echoes messages of any size in place, one and many times, changed and unchanged', async () => {
    const { port } = await startServer({
      message: (socket, data, isBinary) => {
        socket.send(data, { binary: isBinary });
        socket.send(data, { binary: !isBinary });
        socket.send(data, { binary: isBinary });
        socket.send(data.subarray(1));
        setImmediate(() => socket.send(data));
      },
    });
    const peer = await openRaw(port);
    for (const size of [10, 4_097, 16_384, 65_536, 300_000]) {
      const bytes = Buffer.alloc(size, `${size}-`);
      // Two fragments of a chunk each, then one frame; what follows in the same chunk stays as it is.
      peer.write(frame(TEXT, bytes), frame(PING, 'behind'));
      const received = [await peer.frame(), await peer.frame(), await peer.frame(), await peer.frame()];
      expect(received.map(({ opcode }) => opcode)).toEqual([TEXT, BINARY, TEXT, BINARY]);
      for (const { payload } of received.slice(0, 3)) expect(payload.equals(bytes)).toBe(true);
      expect(received[3]!.payload.equals(bytes.subarray(1))).toBe(true);
      const last = [await peer.frame(), await peer.frame()];
      const pong = last.find(({ opcode }) => opcode === PONG);
      expect(pong?.payload.toString()).toBe('behind');
      expect(last.find(({ opcode }) => opcode === BINARY)?.payload.equals(bytes)).toBe(true);
    }
  });
});

describe('RFC 6455 5.5 control frames', () => {
  test('server pings, and hears the pong', async () => {
    const pongs = new Queue<string>();
    const { port } = await startServer({
      open: (socket) => {
        expect(socket.ping('data')).toBe('written');
        expect(socket.ping()).toBe('written');
        expect(socket.ping(Buffer.alloc(125))).toBe('written');
      },
      pong: (_socket, data) => pongs.push(data.toString()),
    });
    const peer = await openRaw(port);
    expect(await peer.frame()).toMatchObject({ opcode: PING, payload: Buffer.from('data') });
    expect(await peer.frame()).toMatchObject({ opcode: PING, payload: Buffer.alloc(0) });
    expect((await peer.frame()).payload).toHaveLength(125);
    peer.sendFrame(PONG, 'data');
    expect(await pongs.next()).toBe('data');
  });

  test('server throws when a ping has over 125 bytes', async () => {
    const pair = await openPair();
    const expected = expect.objectContaining({ code: 'WS_ERR_CONTROL_PAYLOAD_ARGUMENT' });
    expect(() => pair.socket.ping('x'.repeat(126))).toThrow(expected);
    expect(() => pair.socket.ping('☃'.repeat(42))).toThrow(expected);
    pair.socket.send('goes on');
    expect(await pair.peer.text()).toBe('goes on');
  });

  test('server answers pings in order, also between the fragments of a message', async () => {
    const messages = new Queue<string>();
    const { port } = await startServer({ message: (_socket, data) => messages.push(data.toString()) });
    const peer = await openRaw(port);
    peer.write(
      frame(TEXT, 'one ', { fin: false }),
      frame(PING, 'a'),
      frame(0, 'message', { fin: false }),
      frame(PING, 'b'),
      frame(0, ''),
    );
    expect((await peer.frame()).payload.toString()).toBe('a');
    expect((await peer.frame()).payload.toString()).toBe('b');
    expect(await messages.next()).toBe('one message');
  });
});
