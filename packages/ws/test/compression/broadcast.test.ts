import type { ServerSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import { compressible, OFFER } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { openRaw } from '../rig/raw-peer.ts';
import { startServer } from '../rig/servers.ts';

/** Messages with much in common, each told from the others by its beginning. */
const NEWS = Array.from({ length: 40 }, (_, i) => compressible(`${i};${i * 7919};`, 1500));

/** Starts a server whose clients all listen, with the server's context taken over. */
async function startNews() {
  const sockets = new Queue<ServerSocket>();
  const { server, port, url } = await startServer({
    compression: { serverNoContextTakeover: false },
    open: (socket) => {
      socket.subscribe('news');
      sockets.push(socket);
    },
  });
  return { server, port, url, sockets, publish: (text: string) => server.publish('news', text) };
}

/** Opens a client of `ws`, which keeps the state of what it inflates, and collects what it is sent. */
async function openReader(url: string): Promise<Queue<string>> {
  const socket = new WsSocket(url);
  onTestFinished(() => socket.terminate());
  const texts = new Queue<string>();
  socket.on('message', (data) => texts.push(data.toString()));
  await new Promise((resolve) => socket.once('open', resolve));
  return texts;
}

describe('RFC 7692 7.2.3.2 broadcasts with context takeover', () => {
  test('server compresses once for all who were sent the same, and refers to it', async () => {
    const { port, publish } = await startNews();
    const peers = await Promise.all([1, 2, 3].map(() => openRaw(port, OFFER)));
    const sizes: number[] = [];
    for (const text of NEWS.slice(0, 3)) {
      publish(text);
      const frames = await Promise.all(peers.map((peer) => peer.frame()));
      for (const { payload } of frames) expect(payload.equals(frames[0]!.payload)).toBe(true);
      sizes.push(frames[0]!.payload.length);
    }
    expect(sizes[1]).toBeLessThan(sizes[0]!);
  });

  test('server compresses once also for who came later, as soon as both were sent enough of the same', async () => {
    const { port, publish } = await startNews();
    const first = await openRaw(port, OFFER);
    publish(compressible('only the first is sent this;', 1500));
    await first.frame();
    const second = await openRaw(port, OFFER);
    const areEqual: boolean[] = [];
    for (const text of NEWS.slice(0, 12)) {
      publish(text);
      const [one, other] = [await first.frame(), await second.frame()];
      areEqual.push(one.payload.equals(other.payload));
    }
    expect([areEqual[0], areEqual.at(-1)]).toEqual([false, true]);
  });

  test('every reader inflates what it is sent, however much the readers differ', async () => {
    const { url, sockets, publish } = await startNews();
    const readers: Queue<string>[] = [];
    const expected: string[][] = [];
    const opened: ServerSocket[] = [];
    for (const [i, text] of NEWS.entries()) {
      // Twenty readers, one after the other, each of whom is told something of its own now and then.
      if (i < 20) {
        readers.push(await openReader(url));
        opened.push(await sockets.next());
        expected.push([]);
      }
      publish(text);
      for (const texts of expected) texts.push(text);
      const lucky = (i * 7) % opened.length;
      const own = compressible(`only ${lucky} at ${i};`, 1200);
      opened[lucky]!.send(own);
      expected[lucky]!.push(own);
    }
    for (const [i, reader] of readers.entries()) {
      expect(await reader.take(expected[i]!.length)).toEqual(expected[i]);
    }
  });
});
