import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { TurnFlusher } from '../src/turn-flusher.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, frame, PING, PONG, TEXT } from './rig/raw-frame.ts';
import { handshakeRequest, RawPeer } from './rig/raw-peer.ts';
import { makeServer } from './rig/servers.ts';

/** Opens `count` connections over streams that tell how often they were written to. */
async function openCounted(count: number, message?: (socket: ServerSocket, data: Buffer) => void) {
  const sockets = new Queue<ServerSocket>();
  const server = makeServer({
    open: (socket) => sockets.push(socket),
    ...(message !== undefined && { message }),
  });
  const http = createServer();
  server.attach(http);
  const peers: { peer: RawPeer; writes: number[] }[] = [];
  for (let i = 0; i < count; i++) {
    const [near, far] = duplexPair();
    const writes: number[] = [];
    const write = far._write.bind(far);
    far._write = (chunk: Buffer, encoding, done) => {
      writes.push(chunk.length);
      write(chunk, encoding, done);
    };
    http.emit('connection', far);
    const peer = new RawPeer(near);
    peer.write(handshakeRequest());
    await peer.response();
    writes.length = 0;
    peers.push({ peer, writes });
  }
  return { server, sockets: await sockets.take(count), peers };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('one write for each turn', () => {
  test('server writes 16 publishes of one turn once to each recipient', async () => {
    const { server, sockets, peers } = await openCounted(3);
    for (const socket of sockets) socket.subscribe('news');
    for (let i = 0; i < 16; i++) server.publish('news', `message ${i}`);
    for (const { writes } of peers) expect(writes).toEqual([]);
    for (const { peer, writes } of peers) {
      for (let i = 0; i < 16; i++) expect(await peer.text()).toBe(`message ${i}`);
      expect(writes).toHaveLength(1);
    }
  });

  test('server writes what a turn publishes and sends and pings once', async () => {
    const { server, sockets, peers } = await openCounted(2);
    for (const socket of sockets) socket.subscribe('news');
    server.publish('news', 'published');
    for (const socket of sockets) socket.send('sent');
    for (const socket of sockets) socket.ping('ping');
    server.publish('news', 'again');
    await turn();
    for (const { peer, writes } of peers) {
      expect([await peer.text(), await peer.text()]).toEqual(['published', 'sent']);
      expect((await peer.frame()).opcode).toBe(PING);
      expect(await peer.text()).toBe('again');
      // What differs between the recipients cannot lie in one piece of memory, but leaves at once.
      expect(writes.length).toBeLessThanOrEqual(4);
    }
  });

  test('server writes the next turn anew', async () => {
    const { sockets, peers } = await openCounted(1);
    for (let i = 0; i < 3; i++) {
      sockets[0]!.send(`${i}`);
      await turn();
    }
    expect(peers[0]!.writes).toEqual([3, 3, 3]);
  });

  test('server writes the answers to all messages of one chunk once', async () => {
    const { peers } = await openCounted(1, (socket, data) => void socket.send(data, { binary: false }));
    const [{ peer, writes }] = peers as [(typeof peers)[0]];
    peer.write(...Array.from({ length: 32 }, (_, i) => frame(TEXT, `request ${i}`)), frame(PING, 'x'));
    for (let i = 0; i < 32; i++) expect(await peer.text()).toBe(`request ${i}`);
    expect((await peer.frame()).opcode).toBe(PONG);
    expect(writes).toHaveLength(1);
  });

  test('server echoes a large message in one write', async () => {
    const { peers } = await openCounted(1, (socket, data) => void socket.send(data));
    const [{ peer, writes }] = peers as [(typeof peers)[0]];
    peer.sendFrame(BINARY, Buffer.alloc(50_000));
    await peer.frame();
    expect(writes).toEqual([50_004]);
  });

  test('server writes in a later turn what is sent from timers and promises', async () => {
    const { sockets, peers } = await openCounted(1);
    await Promise.resolve();
    sockets[0]!.send('promise');
    await new Promise((resolve) => setTimeout(resolve, 1));
    sockets[0]!.send('timer');
    expect([await peers[0]!.peer.text(), await peers[0]!.peer.text()]).toEqual(['promise', 'timer']);
  });

  test('server writes what an immediate sends', async () => {
    const { sockets, peers } = await openCounted(1);
    setImmediate(() => {
      sockets[0]!.send('1');
      setImmediate(() => sockets[0]!.send('2'));
    });
    expect([await peers[0]!.peer.text(), await peers[0]!.peer.text()]).toEqual(['1', '2']);
  });
});

describe('a flush before the turn ends', () => {
  test('flushes what is marked once, and what is marked afterwards when the turn ends', async () => {
    const flusher = new TurnFlusher();
    const flushed: string[] = [];
    const mark = (name: string): void => flusher.mark({ flush: () => flushed.push(name) });
    mark('a');
    flusher.flush();
    expect(flushed).toEqual(['a']);
    mark('b');
    await turn();
    expect(flushed).toEqual(['a', 'b']);
  });
});
