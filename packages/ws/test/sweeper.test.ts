import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { recordCloses } from './rig/closes.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, frame, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, type RawPeer } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';

describe('heartbeat', () => {
  test('server pings a silent peer, then gives it up with 1006', async () => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ pingIntervalMs: 40, pingTimeoutMs: 40, close });
    const peer = await openRaw(port);
    expect(await peer.frame()).toMatchObject({ opcode: PING, payload: Buffer.alloc(0) });
    await peer.closed;
    expect(peer.unreadBytes).toBe(0);
    expect(await closes.next()).toEqual({ code: 1006, reason: 'no answer to a ping' });
    expect(server.connectionCount).toBe(0);
  });

  /** Answers each ping in some way, `count` times. */
  async function survive(answer: (peer: RawPeer, ping: Buffer) => void, count: number): Promise<void> {
    const { closes, close } = recordCloses();
    const { port } = await startServer({ pingIntervalMs: 30, pingTimeoutMs: 2_000, close });
    const peer = await openRaw(port);
    for (let i = 0; i < count; i++) {
      const { opcode, payload } = await peer.frame();
      expect(opcode).toBe(PING);
      answer(peer, payload);
    }
    expect(closes).toHaveLength(0);
  }

  test('server goes on with a peer that answers', async () => {
    await survive((peer, ping) => peer.sendFrame(PONG, ping), 4);
  });

  test('server takes any message as life', async () => {
    await survive((peer) => peer.sendFrame(TEXT, 'alive'), 4);
  });

  test('server takes a part of a frame as life', async () => {
    const bytes = frame(TEXT, 'a whole message, byte by byte');
    let at = 0;
    await survive((peer) => peer.write(bytes.subarray(at, ++at)), 4);
  });

  test('server sends no ping while the peer is heard', async () => {
    const pings = new Queue<true>();
    const { port } = await startServer({
      pingIntervalMs: 1_000,
      pingTimeoutMs: 1_000,
      message: (socket, data) => void socket.send(data),
    });
    const peer = await openRaw(port);
    const until = Date.now() + 1_300;
    while (Date.now() < until) {
      peer.sendFrame(BINARY, 'alive');
      const { opcode } = await peer.frame();
      if (opcode === PING) pings.push(true);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(pings).toHaveLength(0);
  });

  test('server sends no ping when the interval is 0', async () => {
    const { port } = await startServer({ pingIntervalMs: 0, pingTimeoutMs: 10, closeTimeoutMs: 10 });
    const peer = await openRaw(port);
    await new Promise((resolve) => setTimeout(resolve, 100));
    peer.sendFrame(PING, 'x');
    expect((await peer.frame()).opcode).toBe(PONG);
  });

  test('server gives up a vanished peer although much waits to be sent to it', async () => {
    const { closes, close } = recordCloses();
    const { port } = await startServer({
      pingIntervalMs: 40,
      pingTimeoutMs: 40,
      open: (socket) => void socket.send(Buffer.alloc(16_000_000)),
      close,
    });
    const peer = await connectRaw(port);
    peer.stream.pause();
    peer.write(handshakeRequest());
    expect(await closes.next()).toEqual({ code: 1006, reason: 'no answer to a ping' });
  });

  test('server goes on with a slow peer that takes in what waits, bit by bit', async () => {
    const { closes, close } = recordCloses();
    const opened = new Queue<ServerSocket>();
    const { port } = await startServer({
      pingIntervalMs: 200,
      pingTimeoutMs: 200,
      maxBufferedBytes: 64_000_000,
      open: (socket) => opened.push(socket),
      close,
    });
    const peer = await openRaw(port);
    const socket = await opened.next();
    peer.stream.pause();
    socket.send(Buffer.alloc(40_000_000));
    // It reads on without a break, but takes longer for all than the two bounds of the heartbeat together.
    let taken = 0;
    while (taken < 40_000_000 && closes.length === 0) {
      const before = peer.chunkSizes.length;
      peer.stream.resume();
      await new Promise((resolve) => setTimeout(resolve, 1));
      peer.stream.pause();
      taken += peer.chunkSizes.slice(before).reduce((sum, size) => sum + size, 0);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(closes.drain()).toEqual([]);
  });
});
