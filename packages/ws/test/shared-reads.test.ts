import { once } from 'node:events';
import { connect, createServer, type Server, Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
  TLSSocket,
} from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createReadSharing, pauseStream } from '../src/shared-reads.ts';
import { ownStream, type StreamOwner } from '../src/stream-owner.ts';
import { CERTIFICATE } from './rig/certificate.ts';
import { turn } from './rig/slow-peers.ts';

const shareReads = createReadSharing(() => false);

/** A copy of a few bytes lies in a slab of 4 KiB; what Node reads by itself never does. */
const isCopy = (chunk: Buffer): boolean => chunk.buffer.byteLength === 4096;

/** Returns both ends of a connection, the accepted one first. */
async function acceptOn(
  server: Server,
  event: 'connection' | 'secureConnection',
  dial: (port: number) => Socket,
): Promise<[Socket, Socket]> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, event);
  const far = dial((server.address() as { port: number }).port);
  const [near] = await accepted;
  for (const socket of [near, far]) socket.on('error', () => {});
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

const acceptTcp = () => acceptOn(createServer(), 'connection', (port) => connect(port, '127.0.0.1'));
const acceptTls = () =>
  acceptOn(createTlsServer(CERTIFICATE), 'secureConnection', (port) =>
    connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }),
  );

/** Returns both ends of TLS over a pair of streams in memory, which passes on at once what is written to it. */
async function acceptTlsOnPair(): Promise<[Socket, Socket]> {
  const [nearStream, farStream] = duplexPair();
  const near = new TLSSocket(nearStream, { isServer: true, secureContext: createSecureContext(CERTIFICATE) });
  const far = connectTls({ socket: farStream, host: 'localhost', ca: CERTIFICATE.cert });
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  await Promise.all([once(near, 'secure'), once(far, 'secureConnect')]);
  return [near, far];
}

function record(socket: Duplex): Buffer[] {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return chunks;
}

async function untilBytes(chunks: Buffer[], byteLength: number): Promise<Buffer> {
  while (chunks.reduce((sum, chunk) => sum + chunk.length, 0) < byteLength) await turn();
  return Buffer.concat(chunks);
}

describe('reads of a TCP socket into shared memory', () => {
  test('its chunks are copies that take no more than their bytes', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    const chunks = record(near);
    far.write('few');
    expect((await untilBytes(chunks, 3)).toString()).toBe('few');
    expect(isCopy(chunks[0]!)).toBe(true);
    chunks.length = 0;
    const many = Buffer.alloc(300_000, 'abcdefg');
    far.write(many);
    expect((await untilBytes(chunks, many.length)).equals(many)).toBe(true);
    for (const { buffer, length } of chunks)
      expect(buffer.byteLength).toBeLessThanOrEqual(Math.max(length, 4096));
  });

  test('who would give away the memory of a few bytes takes nobody else theirs', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    const chunks = record(near);
    far.write('ours');
    await untilBytes(chunks, 4);
    far.write('theirs');
    await untilBytes(chunks, 10);
    const [ours, theirs] = chunks as [Buffer, Buffer];
    const { port1 } = new MessageChannel();
    onTestFinished(() => port1.close());
    try {
      port1.postMessage(ours, [ours.buffer as ArrayBuffer]);
    } catch (error) {
      // Node 20 copies instead.
      expect(error).toMatchObject({ name: 'DataCloneError' });
    }
    expect([ours.toString(), theirs.toString()]).toEqual(['ours', 'theirs']);
  });

  test('what was read stays what it was, whatever is read next and by whom', async () => {
    const pairs = await Promise.all([acceptTcp(), acceptTcp()]);
    const recorded = pairs.map(([near]) => {
      shareReads(near);
      return record(near);
    });
    for (let round = 0; round < 20; round++) {
      for (const [index, [, far]] of pairs.entries()) far.write(`${index}:${round};`.repeat(500));
      await turn();
    }
    for (const [index, chunks] of recorded.entries()) {
      const expected = Array.from({ length: 20 }, (_, round) => `${index}:${round};`.repeat(500)).join('');
      expect((await untilBytes(chunks, expected.length)).toString()).toBe(expected);
    }
  });

  test('a paused one reads on until its buffer is full, then no more, and all of it is delivered later', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    const chunks = record(near);
    pauseStream(near);
    const sent = Buffer.alloc(20_000_000, 'x');
    far.write(sent);
    while (near.readableLength < near.readableHighWaterMark) await turn();
    for (let i = 0; i < 50; i++) await turn();
    expect(near.readableLength).toBeLessThan(1_000_000);
    expect(chunks).toHaveLength(0);
    near.resume();
    expect((await untilBytes(chunks, sent.length)).length).toBe(sent.length);
  });

  test('what waits in a paused one keeps no memory alive but its own', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    const chunks = record(near);
    pauseStream(near);
    far.write('few');
    while (near.readableLength < 3) await turn();
    near.resume();
    await untilBytes(chunks, 3);
    expect(chunks[0]!.buffer.byteLength).toBe(3);
  });

  test('the end comes behind the last byte', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    const chunks = record(near);
    far.end('last');
    await once(near, 'end');
    expect(Buffer.concat(chunks).toString()).toBe('last');
  });

  test('asking twice is the same as asking once', async () => {
    const [near, far] = await acceptTcp();
    shareReads(near);
    shareReads(near);
    const chunks = record(near);
    far.write('once');
    expect((await untilBytes(chunks, 4)).toString()).toBe('once');
  });
});

test('a paused socket that reads into shared memory learns that its peer has gone', async () => {
  const [near, far] = await acceptTcp();
  shareReads(near);
  record(near);
  pauseStream(near);
  const error = new Promise<Error>((resolve) => near.once('error', resolve));
  far.resetAndDestroy();
  expect(await error).toMatchObject({ code: 'ECONNRESET' });
});

describe('reads that are lent', () => {
  /** Lends what is read to a list, of copies, as long as `isTaken` says so. */
  function lendTo(isTaken: () => boolean = () => true): { lent: string[]; share: (stream: Duplex) => void } {
    const lent: string[] = [];
    const share = createReadSharing((_socket, chunk) => {
      if (isTaken()) lent.push(chunk.toString());
      return isTaken();
    });
    return { lent, share };
  }
  const MUCH = 'much '.repeat(1000);

  test('much at once is lent, and few bytes are not', async () => {
    const [near, far] = await acceptTcp();
    const { lent, share } = lendTo();
    share(near);
    const chunks = record(near);
    far.write(MUCH);
    while (lent.length === 0) await turn();
    far.write('few');
    expect((await untilBytes(chunks, 3)).toString()).toBe('few');
    expect(lent).toEqual([MUCH]);
  });

  test('nothing is lent while another listens to the socket too', async () => {
    const [near, far] = await acceptTcp();
    const { lent, share } = lendTo();
    share(near);
    const recorded = [record(near), record(near)];
    far.write(MUCH);
    for (const chunks of recorded) expect((await untilBytes(chunks, MUCH.length)).toString()).toBe(MUCH);
    expect(lent).toEqual([]);
  });

  test.each(['', 'before '])(
    'nothing is lent while the socket is paused, and what waits (%j) comes first',
    async (before) => {
      const [near, far] = await acceptTcp();
      const { lent, share } = lendTo();
      share(near);
      const chunks = record(near);
      pauseStream(near);
      if (before !== '') near.unshift(before);
      far.write(MUCH);
      while (near.bytesRead < MUCH.length) await turn();
      near.resume();
      const whole = `${before}${MUCH}`;
      expect((await untilBytes(chunks, whole.length)).toString()).toBe(whole);
      expect(lent).toEqual([]);
    },
  );

  test('what is lent stays what it is while TLS is read, from within a write of the borrower', async () => {
    const [near, far] = await acceptTcp();
    const [tlsNear, tlsFar] = await acceptTlsOnPair();
    const chunks = record(tlsNear);
    const borrowed: string[] = [];
    const share = createReadSharing((_socket, chunk) => {
      tlsFar.write('other '.repeat(1000));
      borrowed.push(chunk.toString());
      return true;
    });
    share(near);
    share(tlsNear);
    record(near);
    far.write(MUCH);
    while (borrowed.length === 0) await turn();
    expect(borrowed).toEqual([MUCH]);
    await untilBytes(chunks, 6000);
  });

  test('a program that took a socket over gets what is read from it', async () => {
    const [near, far] = await acceptTcp();
    const owned: Buffer[] = [];
    const keep = (chunk: Buffer) => owned.push(chunk);
    const ignore = () => {};
    const owner: StreamOwner = {
      onData: keep,
      onLentData: keep,
      onEnd: ignore,
      onDrain: ignore,
      onError: ignore,
      onClose: ignore,
    };
    ownStream(near, owner);
    near.removeAllListeners('data');
    const chunks = record(near);
    far.write(MUCH);
    expect((await untilBytes(chunks, MUCH.length)).toString()).toBe(MUCH);
    expect(owned).toEqual([]);
  });

  test('what nobody takes is emitted', async () => {
    const [near, far] = await acceptTcp();
    const { lent, share } = lendTo(() => false);
    share(near);
    const chunks = record(near);
    far.write(MUCH);
    expect((await untilBytes(chunks, MUCH.length)).toString()).toBe(MUCH);
    expect(lent).toEqual([]);
  });
});

describe('streams that read by themselves', () => {
  test('a socket with an onread of its own keeps it', async () => {
    const [near] = await acceptTcp();
    const memory = Buffer.alloc(100);
    const texts: string[] = [];
    const callback = (byteLength: number) => texts.push(memory.toString('latin1', 0, byteLength)) > 0;
    const server = createServer((socket) => socket.write('mine'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const own = connect({ port, host: '127.0.0.1', onread: { buffer: memory, callback } });
    onTestFinished(() => {
      own.destroy();
      server.close();
    });
    await once(own, 'connect');
    shareReads(own);
    while (texts.length === 0) await turn();
    expect([texts, near.destroyed]).toEqual([['mine'], false]);
  });

  test('a TLS socket is read as Node does', async () => {
    const [near, far] = await acceptTls();
    shareReads(near);
    const chunks = record(near);
    far.write('few');
    expect((await untilBytes(chunks, 3)).toString()).toBe('few');
    expect(isCopy(chunks[0]!)).toBe(false);
  });

  test('a socket that is not connected yet, or not any more, and a stream that is no socket are left alone', async () => {
    const [near, far] = await acceptTcp();
    near.destroy();
    const idle = new Socket();
    const stream = new Duplex({ read() {}, write() {} });
    for (const each of [near, idle, stream]) shareReads(each);
    const chunks = record(stream);
    stream.push('a');
    expect((await untilBytes(chunks, 1)).toString()).toBe('a');
    pauseStream(stream);
    expect(stream.isPaused()).toBe(true);
    far.destroy();
    idle.destroy();
  });
});
