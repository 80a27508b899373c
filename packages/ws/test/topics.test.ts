import { ServerSocket, type WebSocketServer } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { BINARY, CLOSE, closePayload, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { openRaw, type RawPeer } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';

/** Opens `count` connections, and returns both ends of each. */
async function openPairs(
  count: number,
): Promise<{ server: WebSocketServer; pairs: { socket: ServerSocket; peer: RawPeer }[] }> {
  const sockets: ServerSocket[] = [];
  const { server, port } = await startServer({ open: (socket) => sockets.push(socket) });
  const pairs: { socket: ServerSocket; peer: RawPeer }[] = [];
  for (let i = 0; i < count; i++) {
    const peer = await openRaw(port);
    await vi.waitFor(() => expect(sockets).toHaveLength(i + 1));
    pairs.push({ socket: sockets[i]!, peer });
  }
  return { server, pairs };
}

/** Returns what came in before the answer to a ping that is sent now. */
async function textsSoFar(peer: RawPeer): Promise<string[]> {
  peer.sendFrame(PING, 'mark');
  const texts: string[] = [];
  for (;;) {
    const { opcode, payload } = await peer.frame();
    if (opcode === PONG) return texts;
    texts.push(payload.toString());
  }
}

describe('subscribe', () => {
  test('server says whether something changed, and lists the topics', async () => {
    const { pairs } = await openPairs(1);
    const { socket } = pairs[0]!;
    expect(socket.topics.size).toBe(0);
    expect(socket.unsubscribe('a')).toBe(false);
    expect(socket.subscribe('a')).toBe(true);
    expect(socket.subscribe('a')).toBe(false);
    expect(socket.subscribe('b')).toBe(true);
    expect([...socket.topics]).toEqual(['a', 'b']);
    expect(socket.unsubscribe('a')).toBe(true);
    expect(socket.unsubscribe('a')).toBe(false);
    expect([...socket.topics]).toEqual(['b']);
    expect(socket.unsubscribe('b')).toBe(true);
    expect(socket.topics.size).toBe(0);
  });

  test('server keeps the topics of two sockets apart', async () => {
    const { pairs } = await openPairs(2);
    pairs[0]!.socket.subscribe('a');
    expect(pairs[1]!.socket.topics.size).toBe(0);
    pairs[1]!.socket.subscribe('b');
    pairs[0]!.socket.unsubscribe('b');
    expect([...pairs[1]!.socket.topics]).toEqual(['b']);
  });

  test('server takes any string as a topic', async () => {
    const { server, pairs } = await openPairs(1);
    const names = ['', '__proto__', 'constructor', '☃', 'a'.repeat(10_000), '*', '#'];
    for (const name of names) expect(pairs[0]!.socket.subscribe(name)).toBe(true);
    for (const name of names) expect(server.publish(name, 'x')).toBe(1);
    expect(server.publish('toString', 'x')).toBe(0);
  });

  test('server ends every subscription when the connection begins to close', async () => {
    const { server, pairs } = await openPairs(3);
    for (const { socket } of pairs) socket.subscribe('a');
    expect(server.publish('a', '1')).toBe(3);
    pairs[0]!.socket.close();
    expect(pairs[0]!.socket.topics.size).toBe(0);
    expect(server.publish('a', '2')).toBe(2);
    pairs[1]!.peer.sendFrame(CLOSE, closePayload(1000));
    await vi.waitFor(() => expect(server.publish('a', '3')).toBe(1));
    pairs[2]!.peer.stream.destroy();
    await vi.waitFor(() => expect(server.publish('a', '4')).toBe(0));
  });
});

describe('publish', () => {
  test('server sends to subscribers only, and returns how many', async () => {
    const { server, pairs } = await openPairs(3);
    pairs[0]!.socket.subscribe('news');
    pairs[1]!.socket.subscribe('news');
    pairs[2]!.socket.subscribe('other');
    expect(server.publish('news', 'hello')).toBe(2);
    expect(server.publish('other', 'there')).toBe(1);
    expect(server.publish('nobody', 'hears')).toBe(0);
    expect(await textsSoFar(pairs[0]!.peer)).toEqual(['hello']);
    expect(await textsSoFar(pairs[1]!.peer)).toEqual(['hello']);
    expect(await textsSoFar(pairs[2]!.peer)).toEqual(['there']);
  });

  test('server leaves out the socket in except', async () => {
    const { server, pairs } = await openPairs(2);
    for (const { socket } of pairs) socket.subscribe('news');
    expect(server.publish('news', 'hello', { except: pairs[0]!.socket })).toBe(1);
    expect(await textsSoFar(pairs[0]!.peer)).toEqual([]);
    expect(await textsSoFar(pairs[1]!.peer)).toEqual(['hello']);
  });

  test('server leaves out nobody when except is not subscribed, or undefined', async () => {
    const { server, pairs } = await openPairs(2);
    pairs[0]!.socket.subscribe('news');
    expect(server.publish('news', '1', { except: pairs[1]!.socket })).toBe(1);
    expect(server.publish('news', '2', { except: undefined })).toBe(1);
    expect(await textsSoFar(pairs[0]!.peer)).toEqual(['1', '2']);
  });

  test.each<[string, string | Uint8Array | ArrayBuffer, { binary?: boolean }, number]>([
    ['a string as text', 'grüß', {}, TEXT],
    ['bytes as binary', Buffer.from('grüß'), {}, BINARY],
    ['an ArrayBuffer as binary', Uint8Array.from(Buffer.from('grüß')).buffer, {}, BINARY],
    ['bytes as text when told', Buffer.from('grüß'), { binary: false }, TEXT],
    ['a string as binary when told', 'grüß', { binary: true }, BINARY],
  ])('server publishes %s', async (_, data, options, opcode) => {
    const { server, pairs } = await openPairs(1);
    pairs[0]!.socket.subscribe('news');
    server.publish('news', data, options);
    expect(await pairs[0]!.peer.frame()).toMatchObject({ opcode, payload: Buffer.from('grüß') });
  });

  test.each([0, 125, 126, 4_096, 4_097, 65_536, 1_000_000])(
    'server publishes %i bytes to each of three',
    async (size) => {
      const { server, pairs } = await openPairs(3);
      for (const { socket } of pairs) socket.subscribe('news');
      const bytes = Buffer.alloc(size, 'abcdefg');
      server.publish('news', bytes);
      server.publish('news', bytes.toString());
      for (const { peer } of pairs) {
        for (const opcode of [BINARY, TEXT]) {
          const received = await peer.frame();
          expect(received.opcode).toBe(opcode);
          expect(received.payload.equals(bytes)).toBe(true);
        }
      }
    },
  );

  test('server throws when data is of another type', async () => {
    const { server, pairs } = await openPairs(1);
    pairs[0]!.socket.subscribe('news');
    expect(() => server.publish('news', 5 as unknown as string)).toThrow(TypeError);
    server.publish('news', 'fine');
    expect(await textsSoFar(pairs[0]!.peer)).toEqual(['fine']);
  });

  test('server keeps the order of published and direct messages, small and large', async () => {
    const { server, pairs } = await openPairs(2);
    for (const { socket } of pairs) socket.subscribe('news');
    const [first, second] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];
    const large = 'L'.repeat(10_000);
    for (let i = 0; i < 5; i++) {
      server.publish('news', `published ${i}`);
      first.socket.send(`direct ${i}`);
      server.publish('news', `${large}${i}`);
      second.socket.send(`direct ${i}`);
    }
    const numbers = [0, 1, 2, 3, 4];
    expect(await textsSoFar(first.peer)).toEqual(
      numbers.flatMap((i) => [`published ${i}`, `direct ${i}`, `${large}${i}`]),
    );
    expect(await textsSoFar(second.peer)).toEqual(
      numbers.flatMap((i) => [`published ${i}`, `${large}${i}`, `direct ${i}`]),
    );
  });

  test('server publishes a received message on, large or small, from its handler', async () => {
    const { server, port } = await startServer({
      open: (socket) => void socket.subscribe('room'),
      message: (socket, data, isBinary) => {
        server.publish('room', data, { binary: isBinary, except: socket });
        socket.send(data, { binary: !isBinary });
      },
    });
    const peers = [await openRaw(port), await openRaw(port), await openRaw(port)] as const;
    for (const size of [10, 5_000, 100_000]) {
      const bytes = Buffer.alloc(size, `${size} `);
      peers[0].sendFrame(TEXT, bytes);
      for (const peer of peers) {
        const { opcode, payload } = await peer.frame();
        expect(opcode).toBe(peer === peers[0] ? BINARY : TEXT);
        expect(payload.equals(bytes)).toBe(true);
      }
    }
  });

  test('a slow subscriber does not hold up the others', async () => {
    const { server, pairs } = await openPairs(3);
    for (const { socket } of pairs) socket.subscribe('news');
    const [slow, ...others] = pairs as [(typeof pairs)[0], ...typeof pairs];
    slow.peer.stream.pause();
    slow.socket.send(Buffer.alloc(16_000_000));
    for (let i = 0; i < 100; i++) {
      server.publish('news', `${i}`);
      for (const { peer } of others) expect(await peer.text()).toBe(`${i}`);
    }
    slow.peer.stream.resume();
    await slow.peer.frame();
    for (let i = 0; i < 100; i++) expect(await slow.peer.text()).toBe(`${i}`);
  });

  test('server publishes to thousands of topics and forgets them', async () => {
    const { server, pairs } = await openPairs(2);
    for (let i = 0; i < 5_000; i++) for (const { socket } of pairs) socket.subscribe(`topic ${i}`);
    expect(pairs[0]!.socket.topics.size).toBe(5_000);
    pairs[0]!.peer.stream.destroy();
    await vi.waitFor(() => expect(server.publish('topic 4999', 'x')).toBe(1));
    expect(pairs[0]!.socket.topics.size).toBe(0);
    for (const topic of pairs[1]!.socket.topics) pairs[1]!.socket.unsubscribe(topic);
    expect(server.publish('topic 0', 'x')).toBe(0);
  });

  test('a socket of another server can stand in except', async () => {
    const { server, pairs } = await openPairs(1);
    const other = await openPairs(1);
    pairs[0]!.socket.subscribe('news');
    expect(other.pairs[0]!.socket).toBeInstanceOf(ServerSocket);
    expect(server.publish('news', 'x', { except: other.pairs[0]!.socket })).toBe(1);
  });
});
