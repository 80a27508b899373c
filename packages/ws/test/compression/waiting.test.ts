import { randomBytes } from 'node:crypto';
import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient } from '../rig/clients.ts';
import { recordCloses } from '../rig/closes.ts';
import { compressible, inflate, OFFER, RSV1 } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { openRaw } from '../rig/raw-peer.ts';
import { startServer } from '../rig/servers.ts';
import { MORE_THAN_THE_KERNEL } from '../rig/slow-peers.ts';

describe('RFC 7692 6.1 messages that wait behind one that is compressed', () => {
  test('server takes the small broadcast that it was given, though its bytes are changed while it waits', async () => {
    const compression = { serverNoContextTakeover: false };
    const opened = new Queue<ServerSocket>();
    const { server, url } = await startServer({
      compression,
      open: (socket) => {
        socket.subscribe('news');
        opened.push(socket);
      },
    });
    const client = makeClient(url, [], { compression });
    const received = new Queue<string>();
    client.addEventListener('message', ({ data }) => received.push(data));
    const socket = await opened.next();
    // A second subscriber has nothing waiting: for it the broadcast is compressed at once.
    makeClient(url, [], { compression });
    await opened.next();
    const small = Buffer.from(compressible('small'));
    socket.send(compressible('large', 100_000));
    server.publish('news', small, { binary: false });
    small.fill('A');
    socket.send('A'.repeat(3000));
    const [, broadcast, behind] = await received.take(3);
    expect([broadcast, behind]).toEqual([compressible('small'), 'A'.repeat(3000)]);
  });

  test('server lets only so many messages wait, however small: then all go out as they are', async () => {
    const texts = [compressible('large', 100_000), ...Array.from({ length: 1000 }, (_, i) => `${i}`)];
    const results = new Queue<string>();
    const { port } = await startServer({
      compression: true,
      open: (socket) => {
        for (const text of texts) results.push(socket.send(text));
      },
      drain: (socket) => results.push(`drain ${socket.bufferedBytes}`),
    });
    const peer = await openRaw(port, OFFER);
    for (const text of texts) {
      const { rsv, payload } = await peer.frame();
      expect([rsv, payload.toString()]).toEqual([0, text]);
    }
    expect(await results.take(1001)).not.toContain('dropped');
    expect(await results.next()).toBe('drain 0');
  });

  test.each(['close', 'drop'] as const)(
    'server under the policy %s takes no client for slow because its own compression is',
    async (slowConsumer) => {
      const results = new Queue<string>();
      const { port } = await startServer({
        compression: true,
        maxBufferedBytes: 150_000,
        slowConsumer,
        open: (socket) => {
          for (let i = 0; i < 3; i++) results.push(socket.send(compressible(`${i}`, 100_000)));
        },
        drain: (socket) => results.push(`drain ${socket.bufferedBytes}`),
      });
      const peer = await openRaw(port, OFFER);
      for (let i = 0; i < 3; i++) {
        const { rsv, payload } = await peer.frame();
        expect(rsv === RSV1 ? inflate(payload) : payload.toString()).toBe(compressible(`${i}`, 100_000));
      }
      expect(await results.take(3)).not.toContain('dropped');
      expect(await results.next()).toBe('drain 0');
    },
  );

  test.each(['close', 'drop'] as const)(
    'server bounds what waits for a slow client to which it compresses by the policy %s',
    async (slowConsumer) => {
      const opened = new Queue<ServerSocket>();
      const { closes, close } = recordCloses();
      const { port } = await startServer({
        compression: true,
        maxBufferedBytes: 1_000_000,
        slowConsumer,
        open: (socket) => opened.push(socket),
        close,
      });
      const peer = await openRaw(port, OFFER);
      peer.stream.pause();
      const socket = await opened.next();
      const bytes = randomBytes(400_000);
      let sent = 0;
      while (socket.send(bytes) !== 'dropped') {
        sent += bytes.length;
        expect(socket.bufferedBytes).toBeLessThan(1_000_100);
        expect(sent).toBeLessThan(2 * MORE_THAN_THE_KERNEL);
      }
      expect(socket.isOpen).toBe(slowConsumer === 'drop');
      peer.stream.destroy();
      expect((await closes.next()).code).toBe(slowConsumer === 'drop' ? 1006 : 1008);
    },
  );
});
