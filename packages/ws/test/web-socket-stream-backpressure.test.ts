import { describe, expect, test } from 'vitest';
import { usedBytes } from './rig/memory.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startServer } from './rig/servers.ts';
import { MORE_THAN_THE_KERNEL, turn } from './rig/slow-peers.ts';
import { openStream, openStreamToRaw } from './rig/streams.ts';

const SIZE = 65_536;
const COUNT = 1_000;

/** Time for what could happen to happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

describe('WebSocketStream, backpressure on the way in', () => {
  test('stream reads no more than one message ahead', async () => {
    const { peer, readable } = await openStreamToRaw();
    const large = serverFrame(BINARY, Buffer.alloc(MORE_THAN_THE_KERNEL));
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    await settle();
    peer.stream.write(large);
    await settle();
    // It is the kernel that holds what fits in there, and the server the rest.
    expect(peer.stream.writableLength).toBeGreaterThan(0);
    const reader = readable.getReader();
    expect((await reader.read()).value).toBe('1');
    expect((await reader.read()).value).toBe('2');
    expect((await reader.read()).value).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(peer.stream.writableLength).toBe(0);
  });

  test('stream keeps little in memory while nobody reads, and the server waits', async () => {
    let sent = 0;
    const block = Buffer.alloc(SIZE);
    const pump = (socket: { send(data: Buffer): string; close(): boolean }): void => {
      while (sent < COUNT) {
        const result = socket.send(block);
        if (result === 'dropped' || result === 'closed') return;
        sent++;
        if (result === 'queued') return;
      }
      socket.close();
    };
    const { url } = await startServer({
      maxBufferedBytes: 4 * SIZE,
      slowConsumer: 'drop',
      open: pump,
      drain: pump,
    });
    const { readable } = await openStream(url).opened;
    const before = await usedBytes();
    for (let i = 0; i < 5; i++) await settle();
    expect((await usedBytes()) - before).toBeLessThan(8_000_000);
    expect(sent).toBeLessThan(COUNT);
    let received = 0;
    for await (const data of readable) received += data.length;
    expect(received).toBe(SIZE * COUNT);
  });
});

describe('WebSocketStream, backpressure on the way out', () => {
  test('stream is done with a write at once while the server keeps up', async () => {
    const { peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    for (let i = 0; i < 100; i++) {
      await writer.ready;
      await writer.write(Buffer.alloc(1_000));
      await peer.frame();
    }
    expect(writer.desiredSize).toBe(1);
  });

  test('stream is done with a write only when the server has taken it', async () => {
    const { peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.stream.pause();
    let written = 0;
    const first = writer.write(Buffer.alloc(MORE_THAN_THE_KERNEL)).then(() => written++);
    const second = writer.write('behind').then(() => written++);
    await settle();
    expect([written, writer.desiredSize]).toEqual([0, -1]);
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(await peer.text()).toBe('behind');
    await Promise.all([first, second]);
    await writer.ready;
    expect(writer.desiredSize).toBe(1);
  });

  test('whoever awaits its writes keeps little in memory', async () => {
    const { peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.stream.pause();
    let written = 0;
    const pumping = (async () => {
      for (; written < COUNT; written++) await writer.write(Buffer.alloc(SIZE));
    })();
    const before = await usedBytes();
    for (let i = 0; i < 5; i++) await settle();
    expect((await usedBytes()) - before).toBeLessThan(8_000_000);
    expect(written).toBeLessThan(COUNT);
    peer.stream.resume();
    for (let i = 0; i < COUNT; i++) expect((await peer.frame()).payload).toHaveLength(SIZE);
    await pumping;
  });

  test.each(['abort', 'close'])('stream that waits for the server can be left by %s', async (how) => {
    const { stream, peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.stream.pause();
    const writing = writer.write(Buffer.alloc(MORE_THAN_THE_KERNEL));
    writing.catch(() => {});
    await settle();
    if (how === 'abort') {
      const cause = { closeCode: 3000, reason: 'enough' };
      const aborting = writer.abort(cause);
      await expect(writing).rejects.toBe(cause);
      await aborting;
    } else {
      stream.close({ closeCode: 3000, reason: 'enough' });
    }
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    // What was on its way goes out before the close frame.
    expect(await peer.close()).toEqual({ code: 3000, reason: 'enough' });
    peer.stream.end(serverFrame(CLOSE, closePayload(3000)));
    expect(await stream.closed).toEqual({ closeCode: 3000, reason: '' });
    if (how === 'close') await writing;
  });

  test('stream rejects the write that waits when the server vanishes', async () => {
    const { stream, peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.stream.pause();
    const writing = writer.write(Buffer.alloc(MORE_THAN_THE_KERNEL));
    writing.catch(() => {});
    await settle();
    peer.stream.destroy();
    await expect(writing).rejects.toMatchObject({ code: 'WS_ERR_CONNECTION_FAILED' });
    await expect(stream.closed).rejects.toMatchObject({ closeCode: 1006 });
  });

  test('stream rejects the write that waits when the server closes without taking it', async () => {
    const { stream, peer, writable } = await openStreamToRaw({ closeTimeoutMs: 100 });
    const writer = writable.getWriter();
    peer.stream.pause();
    const writing = writer.write(Buffer.alloc(MORE_THAN_THE_KERNEL));
    writing.catch(() => {});
    await settle();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    await expect(writing).rejects.toMatchObject({ name: 'InvalidStateError' });
    expect(await stream.closed).toEqual({ closeCode: 1000, reason: '' });
  });
});
