import type { SendResult, ServerSocket } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from './rig/closes.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, TEXT } from './rig/raw-frame.ts';
import { openRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';
import { block, MORE_THAN_THE_KERNEL, openSlow, turn } from './rig/slow-peers.ts';

describe('send results', () => {
  test('server says written, and buffers nothing, when the peer keeps up', async () => {
    const { peer, socket } = await openSlow();
    peer.stream.resume();
    expect(socket.send('hello')).toBe('written');
    expect(socket.bufferedBytes).toBe(7);
    expect(socket.send(Buffer.alloc(200))).toBe('written');
    expect(socket.bufferedBytes).toBe(7 + 204);
    await turn();
    expect(socket.bufferedBytes).toBe(0);
    expect(await peer.text()).toBe('hello');
  });

  test('server says queued when the kernel is full, and drains once everything has left', async () => {
    const { peer, socket, drains } = await openSlow();
    await block(socket);
    const before = socket.bufferedBytes;
    expect(socket.send('text')).toBe('queued');
    expect(socket.ping('ping')).toBe('queued');
    expect(socket.send(Buffer.alloc(100_000))).toBe('queued');
    expect(socket.bufferedBytes).toBe(before + 6 + 6 + 100_010);
    expect(drains).toHaveLength(0);
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(await peer.text()).toBe('text');
    expect(await peer.text()).toBe('ping');
    expect((await peer.frame()).payload).toHaveLength(100_000);
    expect(await drains.next()).toBe(0);
    await turn();
    expect(drains).toHaveLength(0);
    expect(socket.send('again')).toBe('written');
    expect(await peer.text()).toBe('again');
  });

  test('server does not drain when nothing was queued', async () => {
    const { peer, socket, drains } = await openSlow();
    peer.stream.resume();
    for (let i = 0; i < 100; i++) expect(socket.send('x'.repeat(100))).toBe('written');
    for (let i = 0; i < 100; i++) await peer.frame();
    expect(drains).toHaveLength(0);
  });

  test('server tells within one turn that the peer does not keep up', async () => {
    const { peer, socket, drains } = await openSlow();
    const results = Array.from({ length: 300 }, () => socket.send(Buffer.alloc(65_536)));
    expect(results[0]).toBe('written');
    expect(results.at(-1)).toBe('queued');
    peer.stream.resume();
    expect(await drains.next()).toBe(0);
  });

  test.each([8_192, 12_000, 100_000])(
    'server drains after a message was dropped at a bound of %i bytes',
    async (maxBufferedBytes) => {
      const { peer, socket, drains } = await openSlow({ slowConsumer: 'drop', maxBufferedBytes });
      let result: SendResult;
      let count = 0;
      do {
        result = socket.send(Buffer.alloc(4_000));
        // One write at a time, so that the stream is what fills.
        if (++count % 2 === 0) await turn();
      } while (result !== 'dropped');
      peer.stream.resume();
      expect(await drains.next()).toBe(0);
    },
  );

  test('server keeps small and large, text and binary in order while they wait', async () => {
    const { peer, socket } = await openSlow();
    await block(socket);
    const payloads = Array.from({ length: 300 }, (_, i) => Buffer.alloc((i * 37) % 9_000, `${i} `));
    payloads.forEach((payload, i) => {
      socket.send(payload, { binary: i % 2 === 0 });
    });
    peer.stream.resume();
    await peer.frame();
    for (const [i, payload] of payloads.entries()) {
      const received = await peer.frame();
      expect(received.opcode).toBe(i % 2 === 0 ? BINARY : TEXT);
      expect(received.payload.equals(payload)).toBe(true);
    }
  });

  test('server tells in close how much could not be written', async () => {
    const left = new Queue<number>();
    const { peer, socket } = await openSlow({ close: (gone) => left.push(gone.bufferedBytes) });
    await block(socket);
    socket.send('waits');
    peer.stream.destroy();
    expect(await left.next()).toBeGreaterThan(0);
  });
});

describe('slow consumer, closed', () => {
  test('server closes with 1008 behind all that it accepted', async () => {
    const { peer, socket, closes } = await openSlow({ maxBufferedBytes: MORE_THAN_THE_KERNEL + 3_500_000 });
    await block(socket);
    let accepted = 0;
    let last: SendResult;
    do {
      last = socket.send(Buffer.alloc(1_000_000, accepted + 1));
      if (last === 'queued') accepted++;
    } while (last === 'queued');
    expect(last).toBe('dropped');
    // As many as the bound has room for: what the kernel took of the first no longer counts.
    expect(accepted).toBeGreaterThanOrEqual(3);
    expect(socket.isOpen).toBe(false);
    expect(socket.send('late')).toBe('closed');
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    for (let i = 1; i <= accepted; i++) {
      expect((await peer.frame()).payload.equals(Buffer.alloc(1_000_000, i))).toBe(true);
    }
    const close = await peer.close();
    expect(close.code).toBe(1008);
    expect(close.reason).toMatch(/slow consumer.*19500000 bytes/);
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual(close);
  });

  test('server closes with 1008 when many small messages wait', async () => {
    const { peer, socket } = await openSlow({ maxBufferedBytes: MORE_THAN_THE_KERNEL + 100 });
    await block(socket);
    let count = 0;
    while (socket.send('x'.repeat(1_000)) === 'queued') count++;
    expect(socket.bufferedBytes).toBeLessThan(MORE_THAN_THE_KERNEL + 1_000);
    peer.stream.resume();
    await peer.frame();
    for (let i = 0; i < count; i++) await peer.frame();
    expect((await peer.close()).code).toBe(1008);
  });

  test('server closes a subscriber with 1008 that is too slow for what is published', async () => {
    const { server, peer, socket, closes } = await openSlow({ maxBufferedBytes: MORE_THAN_THE_KERNEL + 100 });
    socket.subscribe('news');
    await block(socket);
    let count = 0;
    while (server.publish('news', Buffer.alloc(1_000_000)) === 1) count++;
    expect(socket.topics.size).toBe(0);
    expect(server.publish('news', 'late')).toBe(0);
    peer.stream.resume();
    for (let i = 0; i <= count; i++) await peer.frame();
    expect((await peer.close()).code).toBe(1008);
    peer.stream.end();
    expect(await closes.next()).toMatchObject({ code: 1008 });
  });

  test('server cuts a peer that does not even read the 1008', async () => {
    const { socket, closes } = await openSlow({
      maxBufferedBytes: MORE_THAN_THE_KERNEL + 100,
      closeTimeoutMs: 50,
    });
    await block(socket);
    while (socket.send(Buffer.alloc(1_000_000)) === 'queued');
    expect(await closes.next()).toMatchObject({ code: 1008 });
    expect(socket.readyState).toBe(3);
  });

  test('server takes everything below the bound within one turn', async () => {
    const { peer, socket } = await openSlow({ maxBufferedBytes: 1_000 });
    peer.stream.resume();
    for (let i = 0; i < 1_000; i++) expect(socket.send('x'.repeat(500))).toBe('written');
    for (let i = 0; i < 1_000; i++) await peer.frame();
  });
});

describe('slow consumer, dropped', () => {
  test('server drops what is too much, and drains when there is room again', async () => {
    const { peer, socket, drains, closes } = await openSlow({
      slowConsumer: 'drop',
      maxBufferedBytes: MORE_THAN_THE_KERNEL + 3_500_000,
    });
    await block(socket);
    const results = Array.from({ length: 30 }, (_, i) => socket.send(Buffer.alloc(1_000_000, i)));
    const accepted = results.lastIndexOf('queued') + 1;
    expect(accepted).toBeGreaterThanOrEqual(3);
    expect(new Set(results.slice(accepted))).toEqual(new Set(['dropped']));
    expect(socket.send('small')).toBe('queued');
    expect(socket.isOpen).toBe(true);
    peer.stream.resume();
    await peer.frame();
    for (let i = 0; i < accepted; i++) {
      expect((await peer.frame()).payload.equals(Buffer.alloc(1_000_000, i))).toBe(true);
    }
    expect(await peer.text()).toBe('small');
    expect(await drains.next()).toBe(0);
    expect(socket.send('again')).toBe('written');
    expect(await peer.text()).toBe('again');
    expect(closes).toHaveLength(0);
  });

  test('server does not count a subscriber that a message was dropped for', async () => {
    const { server, socket } = await openSlow({
      slowConsumer: 'drop',
      maxBufferedBytes: MORE_THAN_THE_KERNEL + 100,
    });
    socket.subscribe('news');
    await block(socket);
    expect(server.publish('news', 'small')).toBe(1);
    expect(server.publish('news', Buffer.alloc(MORE_THAN_THE_KERNEL))).toBe(0);
  });

  test('server closes in order although messages were dropped', async () => {
    const { peer, socket } = await openSlow({
      slowConsumer: 'drop',
      maxBufferedBytes: MORE_THAN_THE_KERNEL + 100,
    });
    await block(socket);
    expect(socket.send(Buffer.alloc(MORE_THAN_THE_KERNEL))).toBe('dropped');
    socket.close(4000, 'done');
    peer.stream.resume();
    await peer.frame();
    expect(await peer.close()).toEqual({ code: 4000, reason: 'done' });
  });
});

describe('slow consumer, waited for', () => {
  /** Has each message echoed, under the policy `wait`. */
  async function openEcho() {
    const results = new Map<SendResult, number>();
    const { closes, close } = recordCloses();
    let received = 0;
    const { server, port } = await startServer({
      slowConsumer: 'wait',
      maxBufferedBytes: 1_000_000,
      close,
      message: (socket, data) => {
        received++;
        const result = socket.send(data);
        results.set(result, (results.get(result) ?? 0) + 1);
      },
    });
    const peer = await openRaw(port);
    peer.stream.pause();
    return { server, peer, results, closes, received: () => received };
  }

  test('server stops reading while the peer does not read, then goes on, and loses nothing', async () => {
    const { server, peer, results, received } = await openEcho();
    const COUNT = 600;
    for (let i = 0; i < COUNT; i++) peer.write(frame(BINARY, Buffer.alloc(50_000, i)));
    const [socket] = [...server.connections] as [ServerSocket];
    await vi.waitFor(() => expect(socket.bufferedBytes).toBeGreaterThan(500_000), 10_000);
    for (let i = 0; i < 20; i++) await turn();
    const stoppedAt = received();
    expect(stoppedAt).toBeLessThan(COUNT);
    for (let i = 0; i < 20; i++) await turn();
    expect(received()).toBe(stoppedAt);
    expect(socket.bufferedBytes).toBeLessThan(1_000_000);
    peer.stream.resume();
    for (let i = 0; i < COUNT; i++) {
      const { payload } = await peer.frame();
      expect(payload.length === 50_000 && payload[0] === (i & 0xff) && payload[49_999] === (i & 0xff)).toBe(
        true,
      );
    }
    expect(received()).toBe(COUNT);
    expect(results.get('dropped')).toBeUndefined();
    expect(results.get('queued')).toBeGreaterThan(0);
  });

  test('server finds the close frame and the end behind what waited', async () => {
    const { server, peer, closes } = await openEcho();
    for (let i = 0; i < 600; i++) peer.write(frame(BINARY, Buffer.alloc(50_000)));
    peer.sendFrame(CLOSE, closePayload(4000, 'that was all'));
    peer.stream.end();
    const [socket] = [...server.connections] as [ServerSocket];
    await vi.waitFor(() => expect(socket.bufferedBytes).toBeGreaterThan(500_000), 10_000);
    peer.stream.resume();
    for (let i = 0; i < 600; i++) await peer.frame();
    expect(await peer.close()).toEqual({ code: 4000, reason: '' });
    expect(await closes.next()).toEqual({ code: 4000, reason: 'that was all' });
  });

  test('server drops beyond the bound what it sends by itself', async () => {
    const { peer, socket, drains } = await openSlow({
      slowConsumer: 'wait',
      maxBufferedBytes: MORE_THAN_THE_KERNEL + 100,
    });
    await block(socket);
    let last: SendResult;
    do last = socket.send(Buffer.alloc(1_000_000));
    while (last === 'queued');
    expect(last).toBe('dropped');
    expect(socket.isOpen).toBe(true);
    peer.stream.resume();
    expect(await drains.next()).toBe(0);
  });
});

describe('slow consumer, asking on', () => {
  test('server delivers no more requests of one chunk than it can answer', async () => {
    const closes: number[] = [];
    let delivered = 0;
    const { port } = await startServer({
      slowConsumer: 'wait',
      maxBufferedBytes: 1_048_576,
      message: (socket) => {
        delivered++;
        expect(socket.send(Buffer.alloc(60_000))).not.toBe('dropped');
      },
      close: (_socket, code) => closes.push(code),
    });
    const peer = await openRaw(port);
    peer.stream.pause();
    peer.write(Buffer.concat(Array.from({ length: 400 }, () => frame(TEXT, '?'))));
    await vi.waitFor(() => expect(delivered).toBeGreaterThan(10));
    await turn();
    expect(delivered).toBeLessThan(400);
    peer.stream.resume();
    for (let i = 0; i < 400; i++) expect((await peer.frame()).payload).toHaveLength(60_000);
    expect(delivered).toBe(400);
    expect(closes).toEqual([]);
  });

  test('server sends all that it accepted, and its close frame, to a peer that has ended its side', async () => {
    const { closes, close } = recordCloses();
    const sent = Array.from({ length: 100 }, (_, i) => Buffer.alloc(65_536, i));
    const { port } = await startServer({
      open: (socket) => sent.forEach((data) => void socket.send(data)),
      close,
    });
    const peer = await openRaw(port);
    peer.stream.pause();
    await turn();
    peer.sendFrame(CLOSE, closePayload(1000));
    peer.stream.end();
    await turn();
    peer.stream.resume();
    for (const data of sent) expect((await peer.frame()).payload.equals(data)).toBe(true);
    expect((await peer.close()).code).toBe(1000);
    expect(await closes.next()).toEqual({ code: 1000, reason: '' });
  });
});
