import { once } from 'node:events';
import { connect } from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from '../rig/closes.ts';
import { flood } from '../rig/flood.ts';
import { usedBytes } from '../rig/memory.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, CLOSE, frame, frameHeader, PING, TEXT } from '../rig/raw-frame.ts';
import { handshakeRequest, openRaw } from '../rig/raw-peer.ts';
import { startServer } from '../rig/servers.ts';

const MB = 1_000_000;
const MASK_KEY = Buffer.alloc(4);

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('garbage after the handshake', () => {
  test.each<[string, Buffer, number]>([
    ['text of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1002],
    ['zeroes', Buffer.alloc(1_000), 1002],
    ['ones', Buffer.alloc(1_000, 0xff), 1002],
    ['a length of 2^63', Buffer.from('82ff8000000000000000', 'hex'), 1002],
    ['a length of 2^63 - 1', Buffer.from('82ff7fffffffffffffff00000000', 'hex'), 1009],
    ['a length in more bytes than it needs', Buffer.from('82fe000500000000', 'hex'), 1002],
    ['the header of a message over the limit', frameHeader(0x82, 1_048_577, true), 1009],
    [
      'the header of a fragment that goes over the limit',
      Buffer.concat([
        frame(BINARY, Buffer.alloc(MB), { fin: false }),
        frameHeader(0x00, 50_000, true),
        MASK_KEY,
      ]),
      1009,
    ],
    [
      'a text that goes wrong in an unfinished fragment',
      frame(TEXT, Buffer.from([0xc0]), { fin: false }),
      1007,
    ],
  ])('server closes truthfully on %s', async (_, bytes, code) => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ close });
    const other = await openRaw(port);
    const peer = await openRaw(port);
    peer.write(bytes);
    if (bytes.length === 10) peer.write(MASK_KEY);
    const said = await peer.close();
    expect(said.code).toBe(code);
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual(said);
    other.sendFrame(PING, 'unaffected');
    expect((await other.frame()).payload.toString()).toBe('unaffected');
    expect(server.connectionCount).toBe(1);
  });

  test('server cuts a peer that goes on sending behind its violation', async () => {
    const { closes, close } = recordCloses();
    const { port } = await startServer({ closeTimeoutMs: 100, close });
    const peer = await openRaw(port);
    peer.write(Buffer.alloc(1_000, 0xff));
    const garbage = Buffer.alloc(65_536, 0xff);
    await flood(peer, garbage, () => closes.length > 0);
    expect(await closes.next()).toMatchObject({ code: 1002 });
  });
});

describe('readers that never read', () => {
  test('server bounds what it keeps for one, and serves the others', async () => {
    const maxBufferedBytes = 4 * MB;
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({
      maxBufferedBytes,
      slowConsumer: 'close',
      closeTimeoutMs: 300,
      open: (socket) => void socket.subscribe('news'),
      close,
    });
    const dead = await openRaw(port);
    dead.stream.pause();
    const reader = await openRaw(port);
    const before = await usedBytes();
    let most = 0;
    for (let published = 0; closes.length === 0; published++) {
      server.publish('news', Buffer.alloc(250_000, published));
      const received = await reader.frame();
      expect(received.payload[249_999]).toBe(published & 0xff);
      for (const socket of server.connections) most = Math.max(most, socket.bufferedBytes);
    }
    expect(most).toBeGreaterThan(maxBufferedBytes / 2);
    expect(most).toBeLessThanOrEqual(maxBufferedBytes + 200);
    expect(await closes.next()).toMatchObject({ code: 1008, reason: expect.stringMatching(/slow consumer/) });
    expect((await usedBytes()) - before).toBeLessThan(2 * MB);
    expect(server.connectionCount).toBe(1);
    expect(server.publish('news', 'still here')).toBe(1);
    expect(await reader.text()).toBe('still here');
  });

  test('server bounds what it keeps for twenty of them that are sent tiny messages', async () => {
    const { server, port } = await startServer({
      maxBufferedBytes: 200_000,
      slowConsumer: 'drop',
      open: (socket) => void socket.subscribe('news'),
    });
    const dead = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)));
    for (const peer of dead) peer.stream.pause();
    // First fill the kernel, then what is kept here.
    const filling = Buffer.alloc(100_000);
    while (server.publish('news', filling) > 0) await turn();
    const before = await usedBytes();
    for (let i = 0; i < 20_000; i++) {
      server.publish('news', `tiny message ${i}`);
      if (i % 100 === 0) await turn();
    }
    expect((await usedBytes()) - before).toBeLessThan(20 * 200_000 * 1.5 + MB);
  });

  test('server bounds its answers to a ping flood', async () => {
    let count = 0;
    const { server, port } = await startServer({ ping: () => void ++count });
    const peer = await openRaw(port);
    peer.stream.pause();
    const [socket] = [...server.connections] as [ServerSocket];
    // Until its answers fill the kernel: then what is kept here must stop growing.
    const chunk = Buffer.concat(Array.from({ length: 500 }, () => frame(PING, Buffer.alloc(125))));
    await flood(peer, chunk, () => socket.bufferedBytes > 0);
    const countBefore = count;
    const before = await usedBytes();
    await flood(peer, chunk, () => count > countBefore + 100_000);
    // At most 128 answers wait, beside what the stream takes before it asks for a break: one write too many.
    expect(socket.bufferedBytes).toBeLessThanOrEqual(getDefaultHighWaterMark(false) + 2 * 129 * 127);
    expect((await usedBytes()) - before).toBeLessThan(3 * MB);
    expect(socket.isOpen).toBe(true);
    // RFC 6455 5.5.3: once it reads, at least the most recent ping is answered.
    peer.sendFrame(PING, 'the last one');
    peer.stream.resume();
    let last = '';
    while (last !== 'the last one') last = await peer.text();
  });

  test('server bounds what a flood of its own answers takes, under each policy', async () => {
    for (const slowConsumer of ['close', 'drop', 'wait'] as const) {
      const maxBufferedBytes = 2 * MB;
      let most = 0;
      let isOver = false;
      const { server, port } = await startServer({
        maxBufferedBytes,
        slowConsumer,
        closeTimeoutMs: 100,
        message: (socket, data) => {
          if (socket.send(data) === 'dropped') isOver = true;
          most = Math.max(most, socket.bufferedBytes);
        },
      });
      const peer = await openRaw(port);
      peer.stream.pause();
      const chunk = Buffer.concat(Array.from({ length: 16 }, () => frame(BINARY, Buffer.alloc(16_000))));
      const before = await usedBytes();
      await flood(peer, chunk, () => isOver || (slowConsumer === 'wait' && most * 2 > maxBufferedBytes));
      for (let i = 0; i < 50; i++) await turn();
      expect(most).toBeLessThanOrEqual(maxBufferedBytes + 200);
      // The client of this test keeps up to 4 MB of what it could not send.
      expect((await usedBytes()) - before).toBeLessThan(maxBufferedBytes + 8 * MB);
      peer.stream.destroy();
      await vi.waitFor(() => expect(server.connectionCount).toBe(0));
    }
  });
});

describe('fragments', () => {
  test('server keeps a million tiny fragments in little more than their bytes', async () => {
    const messages = new Queue<number>();
    const { server, port } = await startServer({ message: (_socket, data) => messages.push(data.length) });
    const peer = await openRaw(port);
    const [socket] = [...server.connections] as [ServerSocket];
    const before = await usedBytes();
    peer.write(frame(BINARY, 'x', { fin: false }));
    const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0, 'x', { fin: false })));
    for (let i = 0; i < 100; i++) {
      peer.stream.write(chunk);
      await turn();
    }
    peer.sendFrame(PING, 'all read');
    expect((await peer.frame()).payload.toString()).toBe('all read');
    expect(socket.isOpen).toBe(true);
    expect((await usedBytes()) - before).toBeLessThan(4 * MB);
    peer.write(frame(0, 'x'));
    expect(await messages.next()).toBe(1_000_002);
  });

  test('server takes a million empty fragments for nothing', async () => {
    const messages = new Queue<string>();
    const { port } = await startServer({ message: (_socket, data) => messages.push(data.toString()) });
    const peer = await openRaw(port);
    const before = await usedBytes();
    peer.write(frame(TEXT, 'begin ', { fin: false }));
    const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => frame(0, '', { fin: false })));
    for (let i = 0; i < 100; i++) {
      peer.stream.write(chunk);
      await turn();
    }
    peer.sendFrame(PING, 'all read');
    await peer.frame();
    expect((await usedBytes()) - before).toBeLessThan(2 * MB);
    peer.write(frame(0, 'end'));
    expect(await messages.next()).toBe('begin end');
  });

  test('server keeps the unfinished messages of many within their bytes', async () => {
    const { server, port } = await startServer();
    const peers = await Promise.all(Array.from({ length: 50 }, () => openRaw(port)));
    const before = await usedBytes();
    // Each byte comes in a chunk of its own, which must not be kept alive by it.
    for (let i = 0; i < 20; i++) {
      for (const peer of peers) peer.write(frame(i === 0 ? BINARY : 0, Buffer.alloc(100), { fin: false }));
      await turn();
    }
    for (const peer of peers) peer.sendFrame(PING, 'all read');
    for (const peer of peers) await peer.frame();
    expect((await usedBytes()) - before).toBeLessThan(2 * MB);
    expect(server.connectionCount).toBe(50);
  });

  test('server fails fragments over the limit with 1009, and lets go of them', async () => {
    const { port } = await startServer({ maxMessageBytes: 100_000 });
    const peer = await openRaw(port);
    peer.write(frame(BINARY, Buffer.alloc(60_000), { fin: false }));
    peer.write(frame(0, Buffer.alloc(60_000), { fin: false }));
    expect((await peer.close()).code).toBe(1009);
  });
});

describe('comings and goings', () => {
  /** In rounds, so that the ports of the loopback last. */
  async function inRounds(count: number, each: (i: number) => Promise<void>): Promise<void> {
    for (let i = 0; i < count; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, k) => each(i + k)));
    }
  }

  function countHandles(): number {
    return process.getActiveResourcesInfo().filter((name) => /TCPSocket/.test(name)).length;
  }

  test('server forgets 2 000 clients that connect and abort at every stage', async () => {
    let balance = 0;
    const { server, port } = await startServer({
      upgrade: ({ url }) =>
        url === '/slow' ? new Promise<undefined>((resolve) => setTimeout(resolve, 5, undefined)) : undefined,
      open: (socket) => {
        balance++;
        socket.subscribe('news');
      },
      close: () => void balance--,
    });
    // A socket of no helper class, of which nothing is kept.
    const abort = async (i: number) => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const stage = i % 6;
      if (stage === 1) socket.write('GET / HT');
      if (stage === 3) socket.write(handshakeRequest({}, '/slow'));
      if (stage === 2 || stage >= 4) socket.write(handshakeRequest());
      if (stage >= 4) await once(socket, 'data');
      if (stage === 5) socket.write(frame(TEXT, 'half a frame').subarray(0, 9));
      if (i % 4 < 2) socket.resetAndDestroy();
      else socket.destroy();
    };
    await inRounds(300, abort);
    await vi.waitFor(() => expect(server.connectionCount + countHandles()).toBe(0), 5_000);
    const before = await usedBytes();
    await inRounds(2_000, abort);
    await vi.waitFor(() => expect(server.connectionCount + countHandles()).toBe(0), 5_000);
    expect(balance).toBe(0);
    expect(server.publish('news', 'nobody')).toBe(0);
    expect((await usedBytes()) - before).toBeLessThan(4 * MB);
    const peer = await openRaw(port);
    peer.sendFrame(CLOSE);
    expect(await peer.close()).toEqual({ code: 1005, reason: '' });
    await server.close();
  }, 60_000);
});
