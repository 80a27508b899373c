import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { acceptFor } from '../../ws/src/internal.ts';
import { deflate, OFFER, RSV1 } from '../../ws/test/rig/compressed.ts';
import { BINARY, CLOSE, closePayload, frame, TEXT } from '../../ws/test/rig/raw-frame.ts';
import { startRawServer } from '../../ws/test/rig/raw-server.ts';
import { MORE_THAN_THE_KERNEL } from '../../ws/test/rig/slow-peers.ts';
import { captureUncaught } from '../../ws/test/rig/uncaught.ts';
import type { WebSocket } from '../src/websocket.ts';
import {
  clientFrame,
  closeOf,
  connectPair,
  nextTexts,
  openClient,
  openRaw,
  readAll,
  startServer,
} from './rig.ts';

/** A file that has changed since. */
async function unreadableBlob(): Promise<Blob> {
  const directory = await mkdtemp(join(tmpdir(), 'unreadable-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, 'changed');
  await writeFile(file, 'as it was');
  const blob = await openAsBlob(file);
  await writeFile(file, 'changed');
  return blob;
}

/** At most 123 bytes of a text, as some cut it. */
const cutReason = Buffer.from(`${'x'.repeat(122)}é`).subarray(0, 123);

describe('closing', () => {
  it.each([
    ['a code and a reason', [1001, 'away'], 1001, 'away'],
    ['a code', [4000], 4000, ''],
    ['nothing', [], 1005, ''],
    ['a reason in bytes', [1000, Buffer.from('ü')], 1000, 'ü'],
    ['a reason that was cut within a character', [1011, cutReason], 1011, 'x'.repeat(122)],
    ['a reason in bytes that are no UTF-8', [1011, Buffer.of(0x61, 0xff)], 1011, 'a\ufffd'],
  ] as const)('client closes with %s, and the server repeats it', async (_, args, code, reason) => {
    const { client, peer } = await connectPair();
    client.close(...(args as [number, string]));
    expect(client.readyState).toBe(client.CLOSING);
    const closes = await Promise.all([once(peer, 'close'), once(client, 'close')]);
    for (const close of closes) expect([close[0], String(close[1])]).toEqual([code, reason]);
    expect(client.readyState).toBe(client.CLOSED);
    client.close();
    client.terminate();
  });

  it('server refuses codes and reasons that no frame can carry', async () => {
    const { peer } = await connectPair();
    expect(() => peer.close(1005)).toThrow(new TypeError('First argument must be a valid error code number'));
    const { peer: other } = await connectPair();
    const message = 'The message must not be greater than 123 bytes';
    expect(() => other.close(1000, 'ü'.repeat(62))).toThrow(new RangeError(message));
    expect(() => openClient('ws://127.0.0.1:1').ping('a'.repeat(126))).toThrow('readyState 0 (CONNECTING)');
    const { client } = await connectPair();
    const tooLong = new RangeError('The data size must not be greater than 125 bytes');
    expect(() => client.ping('a'.repeat(126))).toThrow(tooLong);
    expect(() => client.pong(Buffer.alloc(126))).toThrow(tooLong);
  });

  it('client ends its side when both close frames are exchanged, though the server waits for that', async () => {
    const http = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void http.close());
    http.on('upgrade', (request, socket) => {
      const lines = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptFor(request.headers['sec-websocket-key']!)}`,
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      socket.once('data', () => socket.write(Buffer.from([0x88, 2, 3, 232])));
      socket.on('end', () => socket.end());
    });
    await once(http, 'listening');
    const client = openClient(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    await once(client, 'open');
    client.close(1000);
    expect((await once(client, 'close'))[0]).toBe(1000);
  });

  it('server has forgotten who closed when that one reports it', async () => {
    const { server, client } = await connectPair();
    client.close();
    await once(client, 'close');
    expect(server.clients.size).toBe(0);
  });

  it('client that is cut off reports 1006 and no error', async () => {
    const { client, peer } = await connectPair();
    peer._socket!.destroy();
    const [code, reason] = await once(client, 'close');
    expect([code, String(reason)]).toEqual([1006, '']);
  });

  it('server cuts off who does not answer its close frame', async () => {
    const { server, url } = await startServer({ closeTimeout: 20 });
    server.on('connection', (peer) => peer.close(1000));
    const raw = openRaw(url);
    const [peer] = await once(server, 'connection');
    expect((await once(peer, 'close'))[0]).toBe(1006);
    await readAll(raw);
  });

  // A reset throws away what was not taken yet: there all comes in one piece.
  it.each([
    ['ends', 'reads on'],
    ['resets', 'reads on'],
    ['resets', 'pauses'],
  ])(
    'client gets a message that takes its time to inflate, though the server %s the connection behind it, and %s',
    async (how, then) => {
      const server = await startRawServer();
      const client = openClient(server.url);
      const seen: number[] = [];
      client.on('message', (data: Buffer) => {
        seen.push(data.length);
        if (then === 'pauses') client.pause();
      });
      const peer = await server.open(OFFER);
      await once(client, 'open');
      const large = frame(BINARY, deflate(Buffer.alloc(5_000_000)), { rsv: RSV1, mask: false });
      const behind = [
        frame(TEXT, 'behind', { mask: false }),
        large,
        frame(CLOSE, closePayload(4000), { mask: false }),
      ];
      const closed = once(client, 'close');
      client._socket!.once('pause', () => {
        if (how === 'resets') (peer.stream as Socket).resetAndDestroy();
        else peer.stream.end(Buffer.concat(behind));
      });
      peer.write(large, ...(how === 'resets' ? behind : []));
      expect((await closed)[0]).toBe(4000);
      expect(seen).toEqual([5_000_000, 6, 5_000_000]);
    },
  );

  it('server that pauses at a message, behind which its client ended, reports the close', async () => {
    const { server, url } = await startServer({ perMessageDeflate: true });
    const raw = openRaw(url, OFFER);
    const [[peer]] = await Promise.all([once(server, 'connection'), once(raw, 'data')]);
    const seen: number[] = [];
    peer.on('message', (data: Buffer) => {
      seen.push(data.length);
      peer.pause();
    });
    peer._socket.once('pause', () => raw.end());
    raw.write(frame(BINARY, deflate(Buffer.alloc(5_000_000)), { rsv: RSV1 }));
    expect(await closeOf(peer)).toEqual([1006, '']);
    expect(seen).toEqual([5_000_000]);
  });

  it('client that pauses again gets all that came before the server left', async () => {
    const server = await startRawServer();
    const client = openClient(server.url);
    const seen: string[] = [];
    client.on('message', (data: Buffer) => {
      seen.push(String(data));
      client.pause();
    });
    const peer = await server.open();
    await once(client, 'open');
    const closed = once(client, 'close');
    const texts = ['one', 'two', 'three'].map((text) => frame(TEXT, text, { mask: false }));
    peer.stream.end(Buffer.concat([...texts, frame(CLOSE, closePayload(4000), { mask: false })]));
    expect((await closed)[0]).toBe(4000);
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  it('client that is terminated while a message is inflated does not get it, nor what came behind it', async () => {
    const server = await startRawServer();
    const client = openClient(server.url);
    const seen: unknown[] = [];
    client.on('message', (data: Buffer) => seen.push(data));
    const peer = await server.open(OFFER);
    await once(client, 'open');
    const closed = once(client, 'close');
    client._socket!.once('pause', () => client.terminate());
    peer.write(
      frame(BINARY, deflate(Buffer.alloc(5_000_000)), { rsv: RSV1, mask: false }),
      frame(TEXT, 'behind', { mask: false }),
    );
    expect((await closed)[0]).toBe(1006);
    expect(seen).toEqual([]);
  });

  it('server reports the close though a callback of what was not sent throws', async () => {
    const uncaught = captureUncaught();
    const { client, server, peer } = await connectPair({ perMessageDeflate: true });
    const closed = once(peer, 'close');
    client.pause();
    const errors: unknown[] = [];
    const fail = (error?: Error | null) => {
      errors.push(error);
      throw new Error('oops');
    };
    const bytes = randomBytes(MORE_THAN_THE_KERNEL);
    for (let i = 0; i < 3; i++) peer.send(bytes, { compress: false }, fail);
    await new Promise(setImmediate);
    for (let i = 0; i < 3; i++) peer.send('waits to be compressed '.repeat(100), fail);
    peer.terminate();
    await closed;
    expect(errors).toHaveLength(6);
    expect(server.clients.size).toBe(0);
    for (let i = 0; i < 6; i++) expect(await uncaught.next()).toEqual(new Error('oops'));
  });

  it.each(['terminated', 'reset'])('server says why a message was not written: it was %s', async (how) => {
    const { client, peer } = await connectPair();
    const closed = once(peer, 'close');
    client.pause();
    peer.send(Buffer.alloc(MORE_THAN_THE_KERNEL));
    await new Promise(setImmediate);
    const errors: (NodeJS.ErrnoException | null | undefined)[] = [];
    peer._socket!.once('error', (error) => errors.push(error));
    peer.send('waits', (error) => errors.push(error));
    if (how === 'terminated') peer.terminate();
    else (client._socket as Socket).resetAndDestroy();
    await closed;
    // From Node 22 on, a write that is under way is told that it was cancelled.
    const cancelled = Number.parseInt(process.versions.node, 10) < 22 ? 'ERR_STREAM_DESTROYED' : 'ECANCELED';
    const codes = how === 'terminated' ? [cancelled] : ['ECONNRESET', 'ECONNRESET'];
    expect(errors.map((error) => error?.code)).toEqual(codes);
    expect(errors.at(-1)).toBeInstanceOf(Error);
  });

  it.each([
    ['plain', false, 4000, ['one', 'two'], null],
    ['compressed', { threshold: 0 }, 1006, [], 'The socket was closed while data was being compressed'],
  ] as const)(
    'client that opens sends %s messages to a server that has ended its side, or says that it does not',
    async (_, perMessageDeflate, code, texts, message) => {
      const { server, url } = await startServer({ perMessageDeflate });
      const seen: string[] = [];
      server.on('connection', (peer) => {
        peer.on('message', (data: Buffer) => seen.push(String(data)));
        peer._socket!.end();
      });
      const client = openClient(url, { perMessageDeflate });
      await once(client, 'open');
      const errors: unknown[] = [];
      for (const text of ['one', 'two']) client.send(text, (error) => errors.push(error?.message ?? null));
      client.close(4000);
      const [peer] = server.clients;
      expect((await once(peer!, 'close'))[0]).toBe(code);
      expect([seen, errors]).toEqual([texts, [message, message]]);
    },
  );

  it('client that opens sends what it compressed a turn later, in order', async () => {
    const perMessageDeflate = { threshold: 0 };
    const { server, url } = await startServer({ perMessageDeflate });
    const client = openClient(url, { perMessageDeflate });
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
      [WebSocket],
      unknown,
    ];
    client.send('compressed');
    client.send('plain', { compress: false });
    client.close(4000, 'bye');
    const texts = nextTexts(peer, 2);
    expect(await closeOf(peer)).toEqual([4000, 'bye']);
    expect(await texts).toEqual(['compressed', 'plain']);
  });

  it.each([
    ['no compression', false, [], /invalid opcode 5/],
    ['nothing before the blob', { threshold: 0 }, [], /blob could not be read/],
    ['a compressed message before the blob', { threshold: 0 }, ['first'], /invalid opcode 5/],
  ] as const)(
    'client that can neither read a blob nor what the server sends reports one error, with %s',
    async (_, perMessageDeflate, texts, message) => {
      const { server, url } = await startServer({ perMessageDeflate });
      const isCompressing = perMessageDeflate !== false;
      const empty = Buffer.from([0xc1, 1, 0]);
      server.on('connection', ({ _socket }) => {
        (_socket as Socket).write(Buffer.concat([...(isCompressing ? [empty] : []), Buffer.from([0x85, 0])]));
      });
      const blob = await unreadableBlob();
      const client = openClient(url, { perMessageDeflate });
      const events: string[] = [];
      client.on('error', (error: Error) => events.push(error.message));
      client.on('close', () => events.push('close'));
      const sent = new Promise<Error>((resolve) => {
        client.on('open', () => {
          for (const text of texts) client.send(text);
          client.send(blob, (error) => resolve(error!));
        });
      });
      await closeOf(client);
      expect((await sent).message).toMatch(/blob/);
      expect(events).toEqual([expect.stringMatching(message), 'close']);
    },
  );

  it('server reports a blob of others that throws when it is read', async () => {
    const { peer } = await connectPair();
    const arrayBuffer = (): never => {
      throw new Error('unreadable');
    };
    const failed = once(peer, 'error');
    const sent = new Promise((resolve) => {
      peer.send(Object.assign(new Blob(['x']), { arrayBuffer }), resolve);
    });
    expect(await Promise.all([sent, failed])).toEqual([new Error('unreadable'), [new Error('unreadable')]]);
    await closeOf(peer);
    expect(peer.bufferedAmount).toBe(0);
  });

  it.each([
    ['is never read', 1, () => new Promise<ArrayBuffer>(() => {})],
    [
      'is first of many',
      5,
      () => new Promise<ArrayBuffer>((resolve) => setTimeout(resolve, 50, new ArrayBuffer(1))),
    ],
  ])('server closes in time for a violation behind a blob that %s', async (_, count, arrayBuffer) => {
    const perMessageDeflate = { threshold: 0 };
    const { client, peer, server } = await connectPair(
      { perMessageDeflate, closeTimeout: 100 },
      { perMessageDeflate },
    );
    const events: unknown[] = [];
    const errors: unknown[] = [];
    let reads = 0;
    const read = () => {
      reads++;
      return arrayBuffer();
    };
    for (let i = 0; i < count; i++) {
      peer.send(Object.assign(new Blob(['x']), { arrayBuffer: read }), (error) => errors.push(error));
    }
    const uncaught = captureUncaught();
    peer.on('error', () => {
      events.push('error');
      throw new Error('oops');
    });
    peer.on('close', () => events.push('close'));
    (client._socket as Socket).write(clientFrame(3, Buffer.alloc(0)));
    await closeOf(peer);
    expect(await uncaught.next()).toEqual(new Error('oops'));
    expect([events, reads, server.clients.size]).toEqual([['error', 'close'], 1, 0]);
    expect(errors).toHaveLength(count === 1 ? 0 : count);
  });

  it('client gives up connecting', async () => {
    const { url } = await startServer({ noServer: false });
    const client = openClient(url);
    const failed = once(client, 'error');
    client.close();
    expect(client.readyState).toBe(client.CLOSING);
    const message = 'WebSocket was closed before the connection was established';
    expect((await failed)[0].message).toBe(message);
    expect(client.readyState).toBe(client.CLOSED);
  });

  it('server tells its listeners the close through the event target', async () => {
    const { client, peer } = await connectPair();
    const event = new Promise<{ code: number; reason: string; wasClean: boolean; target: unknown }>(
      (resolve) => {
        peer.onclose = resolve;
      },
    );
    client.close(1000, 'bye');
    expect(await event).toMatchObject({ code: 1000, reason: 'bye', wasClean: true, target: peer });
  });

  it('server ignores what follows a close frame', async () => {
    const { server, url } = await startServer();
    server.on('connection', (peer) => peer.on('message', (data: Buffer) => peer.send(data)));
    const raw = openRaw(url);
    await once(server, 'connection');
    raw.write(Buffer.concat([clientFrame(0x88, Buffer.from([3, 232])), clientFrame(0x81, Buffer.from('a'))]));
    const sent = (await readAll(raw)).toString('latin1').split('\r\n\r\n')[1];
    expect(Buffer.from(sent!, 'latin1')).toEqual(Buffer.from([0x88, 2, 3, 232]));
  });
});
