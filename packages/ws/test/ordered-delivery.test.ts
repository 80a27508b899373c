import { createHash } from 'node:crypto';
import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { CERTIFICATE } from './rig/certificate.ts';
import { openClient } from './rig/clients.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CONTINUATION, frame, TEXT } from './rig/raw-frame.ts';
import { openRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';
import { turn } from './rig/slow-peers.ts';

const SEEDS = [1, 2, 3, 4];

/** Returns a generator of numbers from 0 up to its argument, the same ones for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 3_266_489_909) >>> 0;
    return state % below;
  };
}

/** Mostly small messages, some around the bounds between the ways in which they are sent, some large. */
function randomSize(random: (below: number) => number): number {
  const kind = random(10);
  if (kind < 5) return random(300);
  if (kind < 8) return 4_000 + random(200);
  return random(400_000);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex');
}

/** Cuts a message into frames of random length. */
function fragment(opcode: number, payload: Buffer, random: (below: number) => number): Buffer[] {
  const end = Math.min(payload.length, 1 + random(payload.length + 1));
  const fin = end === payload.length;
  const first = frame(opcode, payload.subarray(0, end), { fin });
  return fin ? [first] : [first, ...fragment(CONTINUATION, payload.subarray(end), random)];
}

describe('delivery in order, nothing lost, nothing changed', () => {
  test.each(SEEDS)('server to a reader that comes and goes, seed %i', async (seed) => {
    const random = randomOf(seed);
    const opened = new Queue<ServerSocket>();
    const { server, port } = await startServer({
      maxBufferedBytes: 1_000_000_000,
      open: (socket) => opened.push(socket),
    });
    const peer = await openRaw(port);
    const socket = await opened.next();
    socket.subscribe('all');
    const sent: string[] = [];
    const received: string[] = [];
    const sending = (async () => {
      for (let i = 0; i < 400; i++) {
        const bytes = Buffer.alloc(randomSize(random), `${i} `);
        sent.push(`${digest(bytes)} ${i % 2}`);
        const binary = i % 2 === 0;
        if (random(2) === 0) expect(server.publish('all', bytes, { binary })).toBe(1);
        else expect(['written', 'queued']).toContain(socket.send(bytes, { binary }));
        if (random(4) === 0) await turn();
        if (random(10) === 0) peer.stream.pause();
        if (random(3) === 0) peer.stream.resume();
      }
      peer.stream.resume();
    })();
    while (received.length < 400) {
      const { opcode, payload } = await peer.frame();
      received.push(`${digest(payload)} ${opcode === BINARY ? 0 : 1}`);
    }
    await sending;
    expect(received).toEqual(sent);
    await vi.waitFor(() => expect(socket.bufferedBytes).toBe(0));
  });

  test.each(SEEDS)('client to an echo that waits for its peer, seed %i', async (seed) => {
    const random = randomOf(seed);
    const { url } = await startServer(
      {
        slowConsumer: 'wait',
        maxBufferedBytes: 2_000_000,
        message: (socket, data, isBinary) => {
          expect(socket.send(data, { binary: isBinary })).not.toBe('dropped');
        },
      },
      seed % 2 === 0 ? { tls: CERTIFICATE } : {},
    );
    const client = await openClient(url, [], { tls: { ca: CERTIFICATE.cert } });
    client.binaryType = 'arraybuffer';
    const received = new Queue<string>();
    client.onmessage = ({ data }) => {
      received.push(typeof data === 'string' ? data.slice(0, 12) : digest(new Uint8Array(data)));
    };
    const sent: string[] = [];
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.alloc(randomSize(random), `${i} `);
      if (random(3) === 0) {
        client.send(`text ${i} ${bytes}`);
        sent.push(`text ${i} ${bytes}`.slice(0, 12));
      } else {
        client.send(random(10) === 0 ? new Blob([bytes]) : bytes);
        sent.push(digest(bytes));
      }
      if (random(4) === 0) await turn();
    }
    expect(await received.take(300)).toEqual(sent);
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(0));
  });

  test.each(SEEDS)('raw fragments in random chunks to the server, seed %i', async (seed) => {
    const random = randomOf(seed);
    const received = new Queue<string>();
    const { port } = await startServer({
      message: (_socket, data, isBinary) => received.push(`${digest(data)} ${isBinary}`),
    });
    const peer = await openRaw(port);
    const sent: string[] = [];
    const parts: Buffer[] = [];
    for (let i = 0; i < 100; i++) {
      const bytes = Buffer.alloc(randomSize(random), `${i} ☃ `);
      const isBinary = random(2) === 0;
      // The last character of the text may have been cut.
      const payload = isBinary ? bytes : Buffer.from(bytes.toString().replaceAll('\ufffd', ''));
      sent.push(`${digest(payload)} ${isBinary}`);
      parts.push(...fragment(isBinary ? BINARY : TEXT, payload, random));
    }
    const stream = Buffer.concat(parts);
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + random(random(5) === 0 ? 20 : 200_000);
      peer.write(stream.subarray(at, end));
      at = end;
      if (random(2) === 0) await turn();
    }
    expect(await received.take(100)).toEqual(sent);
  });
});
