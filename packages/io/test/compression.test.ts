import { connect, type Socket as NetSocket } from 'node:net';
import { Server, type Socket } from '@hawser/io';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startServer } from './rig/servers.ts';

/** Opens a WebSocket that agrees to compression, and tells of each frame whether it came compressed. */
function openCompressing(port: number): { socket: NetSocket; next(): Promise<boolean> } {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  let received = Buffer.alloc(0);
  let isOpen = false;
  const frames: boolean[] = [];
  const waiting: ((isCompressed: boolean) => void)[] = [];
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (!isOpen) {
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      expect(received.subarray(0, end).toString()).toContain('permessage-deflate');
      received = received.subarray(end + 4);
      isOpen = true;
    }
    // RFC 6455 5.2: no frame here is longer than two bytes of length can tell.
    while (received.length >= 4) {
      const short = received[1]! & 0x7f;
      const end = short < 126 ? 2 + short : 4 + received.readUInt16BE(2);
      if (received.length < end) break;
      const isCompressed = (received[0]! & 0x40) !== 0;
      received = received.subarray(end);
      const waits = waiting.shift();
      if (waits === undefined) frames.push(isCompressed);
      else waits(isCompressed);
    }
  });
  socket.write(
    [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Extensions: permessage-deflate',
      '\r\n',
    ].join('\r\n'),
  );
  const next = (): Promise<boolean> =>
    frames.length > 0 ? Promise.resolve(frames.shift()!) : new Promise((resolve) => waiting.push(resolve));
  return { socket, next };
}

describe('compression over WebSocket', () => {
  test('threshold and compress() count, for one socket and for many', async () => {
    const { io, port, sockets } = await startServer({ perMessageDeflate: { threshold: 100 } });
    const { socket: raw, next } = openCompressing(port);
    await next();
    raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]));
    const socket: Socket = await sockets.next();
    await next();
    const long = 'x'.repeat(1000);
    const sent: [() => unknown, boolean][] = [
      [() => socket.emit('n', 'short'), false],
      [() => socket.emit('n', long), true],
      [() => socket.compress(false).emit('n', long), false],
      [() => socket.compress(true).emit('n', long), true],
      [() => io.emit('n', 'short'), false],
      [() => io.emit('n', long), true],
      [() => io.compress(false).emit('n', long), false],
      [() => io.to(socket.id).compress(true).emit('n', long), true],
    ];
    for (const [send] of sent) send();
    const seen: boolean[] = [];
    for (const _ of sent) seen.push(await next());
    expect(seen).toEqual(sent.map(([, isCompressed]) => isCompressed));
  });
});

test('a server without an engine can be asked and closed', async () => {
  const io = new Server({ path: '/x/', connectTimeout: 5 });
  expect([io.path(), io.connectTimeout(), io.serveClient(), io.engine, io.httpServer]).toEqual([
    '/x',
    5,
    true,
    undefined,
    undefined,
  ]);
  expect(await io.fetchSockets()).toEqual([]);
  let isCalled = false;
  await io.close(() => {
    isCalled = true;
  });
  expect(isCalled).toBe(true);
});
