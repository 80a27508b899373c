import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ServerSocket, WebSocketServerOptions } from '@hawser/ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { canWriteDirectly } from '../src/direct-writes.ts';
import { recordCloses } from './rig/closes.ts';
import { Queue } from './rig/queue.ts';
import { connectRaw, handshakeRequest, type RawPeer } from './rig/raw-peer.ts';
import { makeServer, startHttp } from './rig/servers.ts';
import { turn } from './rig/slow-peers.ts';

/** Opens a connection of a server whose own end of the TCP connection is known. */
async function openKnown(options: WebSocketServerOptions<undefined> = {}): Promise<{
  peer: RawPeer;
  socket: ServerSocket;
  tcp: Socket;
  drains: Queue<number>;
  closes: Queue<{ code: number; reason: string }>;
}> {
  const { http, port } = await startHttp();
  const [accepted, opened, drains] = [new Queue<Socket>(), new Queue<ServerSocket>(), new Queue<number>()];
  const { closes, close } = recordCloses();
  http.on('connection', (tcp) => accepted.push(tcp));
  makeServer({
    maxBufferedBytes: 100_000_000,
    open: (socket) => opened.push(socket),
    drain: (socket) => drains.push(socket.bufferedBytes),
    close,
    ...options,
  }).attach(http);
  const peer = await connectRaw(port);
  peer.write(handshakeRequest());
  await peer.response();
  return { peer, socket: await opened.next(), tcp: await accepted.next(), drains, closes };
}

/** Has the socket record what its stream holds at each write: at least what is written, if that came through the stream. */
function recordHeld(tcp: Socket): number[] {
  const held: number[] = [];
  const { _write } = tcp;
  tcp._write = (chunk, encoding, callback) => {
    held.push(tcp.writableLength);
    _write.call(tcp, chunk, encoding, callback);
  };
  return held;
}

/** Sends 1 KiB in each turn until one has not left with it, and returns how many were sent. */
async function fillKernel(socket: ServerSocket, payload = 'x'.repeat(1_024)): Promise<number> {
  for (let count = 1; ; count++) {
    expect(socket.send(payload)).toBe('written');
    await turn();
    if (socket.bufferedBytes > 0) return count;
  }
}

describe('writes past the stream', () => {
  test('what is small does not pass through the stream', async () => {
    const { peer, socket, tcp } = await openKnown();
    const held = recordHeld(tcp);
    socket.send('a'.repeat(16_379));
    expect(await peer.text()).toHaveLength(16_379);
    expect(held).toEqual([0]);
  });

  test('what is larger does', async () => {
    const { peer, socket, tcp } = await openKnown();
    const held = recordHeld(tcp);
    socket.send('a'.repeat(16_380));
    expect(await peer.text()).toHaveLength(16_380);
    expect(held).toEqual([16_384]);
  });

  test('what is over TLS, or of a class of somebody else, passes through its stream', () => {
    class OwnSocket extends Socket {}
    expect(canWriteDirectly(new Socket(), 1)).toBe(true);
    expect(canWriteDirectly(new OwnSocket(), 1)).toBe(false);
    expect(canWriteDirectly(new TLSSocket(new Socket()), 1)).toBe(false);
  });

  test('bytesWritten of the socket counts it', async () => {
    const { peer, socket, tcp } = await openKnown();
    const before = tcp.bytesWritten;
    socket.send('hello');
    expect(await peer.text()).toBe('hello');
    expect(tcp.bytesWritten - before).toBe(7);
  });

  test('who put itself in the place of write of a socket sees it', async () => {
    const { peer, socket, tcp } = await openKnown();
    const write = vi.spyOn(tcp, 'write');
    socket.send('hello');
    expect(await peer.text()).toBe('hello');
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('who put itself there for all sockets sees it, too', async () => {
    const { peer, socket } = await openKnown();
    const write = vi.spyOn(Socket.prototype, 'write');
    onTestFinished(() => write.mockRestore());
    socket.send('hello');
    expect(await peer.text()).toBe('hello');
    expect(write).toHaveBeenCalledTimes(1);
  });

  test('what waits in a corked stream goes first', async () => {
    const { peer, socket, tcp } = await openKnown();
    tcp.cork();
    tcp.write(Buffer.from('\x81\x01a', 'latin1'));
    socket.send('b');
    await turn();
    socket.send('c');
    await turn();
    expect(socket.bufferedBytes).toBe(9);
    tcp.uncork();
    expect([await peer.text(), await peer.text(), await peer.text()]).toEqual(['a', 'b', 'c']);
  });

  test.each([4_096, 16_384])('what the kernel does not take counts against a bound of %i', async (bound) => {
    const { peer, socket } = await openKnown({ maxBufferedBytes: bound, slowConsumer: 'drop' });
    peer.stream.pause();
    const payload = 'x'.repeat(bound - 100);
    let most = 0;
    for (let droppedCount = 0; droppedCount < 10; ) {
      if (socket.send(payload) === 'dropped') droppedCount++;
      await turn();
      most = Math.max(most, socket.bufferedBytes);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(bound);
  });

  test('no drain is told of a connection that is cut while one waits', async () => {
    const { peer, socket, drains, closes } = await openKnown({
      maxBufferedBytes: 4_096,
      slowConsumer: 'drop',
    });
    peer.stream.pause();
    await fillKernel(socket);
    expect(socket.send('x'.repeat(4_096))).toBe('dropped');
    await turn();
    socket.terminate();
    expect(await closes.next()).toMatchObject({ code: 1006 });
    await turn();
    expect(drains).toHaveLength(0);
  });

  test('what the kernel does not take counts, and leaves before all that comes behind it', async () => {
    const { peer, socket, tcp, drains } = await openKnown();
    peer.stream.pause();
    const held = recordHeld(tcp);
    const first = await fillKernel(socket);
    expect(tcp.writableLength).toBe(0);
    expect(socket.bufferedBytes).toBe(1_028);
    let count = first;
    while (socket.send(`${count}`.padEnd(1_024)) === 'written') {
      count++;
      await turn();
    }
    // From the one that waited on, all went over the stream.
    expect(held.slice(0, first).every((bytes) => bytes === 0)).toBe(true);
    expect(held.slice(first).every((bytes) => bytes > 0)).toBe(true);
    peer.stream.resume();
    for (let i = 0; i < first; i++) await peer.text();
    for (let i = first; i <= count; i++) expect((await peer.text()).trimEnd()).toBe(`${i}`);
    expect(await drains.next()).toBe(0);
    socket.send('again');
    expect(await peer.text()).toBe('again');
    expect(held.at(-1)).toBe(0);
  });

  test('a close behind it waits for it', async () => {
    const { peer, socket, closes } = await openKnown();
    peer.stream.pause();
    const count = await fillKernel(socket);
    socket.close(4001, 'bye');
    peer.stream.resume();
    for (let i = 0; i < count; i++) await peer.text();
    expect(await peer.close()).toEqual({ code: 4001, reason: 'bye' });
    peer.stream.destroy();
    await closes.next();
  });

  test('a connection that is cut keeps the count of what has not left', async () => {
    const { peer, socket, closes } = await openKnown();
    peer.stream.pause();
    await fillKernel(socket);
    socket.terminate();
    await closes.next();
    expect(socket.bufferedBytes).toBe(1_028);
    await turn();
    expect(socket.bufferedBytes).toBe(1_028);
  });

  test('a write that fails ends the connection', async () => {
    const { socket, tcp, closes } = await openKnown();
    const errors = new Queue<Error>();
    tcp.on('error', (error) => errors.push(error));
    const uncaught = vi.fn();
    process.on('uncaughtException', uncaught);
    onTestFinished(() => void process.off('uncaughtException', uncaught));
    tcp._write = (_chunk, _encoding, callback) => callback(new Error('broken'));
    socket.send('hello');
    expect((await errors.next()).message).toBe('broken');
    expect((await closes.next()).code).toBe(1006);
    expect(uncaught).not.toHaveBeenCalled();
  });
});
