import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeClient, next, openToRaw } from './rig/clients.ts';
import { compressible, inflate, RSV1 } from './rig/compressed.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';
import { captureUncaught } from './rig/uncaught.ts';

/** More than the kernel takes on both ends of a loopback connection. */
const MORE_THAN_THE_KERNEL = 16_000_000;

type Sendable = Parameters<WebSocket['send']>[0];

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('WHATWG send', () => {
  const BYTES = Uint8Array.of(1, 2, 3);

  test.each<[string, unknown, number, Buffer]>([
    ['a string', 'grüß ☃ 😀', TEXT, Buffer.from('grüß ☃ 😀')],
    ['an empty string', '', TEXT, Buffer.alloc(0)],
    ['a lone surrogate', 'a\udc00b', TEXT, Buffer.from('a\ufffdb')],
    ['an ArrayBuffer', BYTES.slice().buffer, BINARY, Buffer.from(BYTES)],
    ['a Uint8Array', BYTES, BINARY, Buffer.from(BYTES)],
    ['a view of part of a buffer', BYTES.subarray(1), BINARY, Buffer.from([2, 3])],
    ['a DataView', new DataView(BYTES.slice().buffer, 1, 1), BINARY, Buffer.from([2])],
    ['a view of other elements', Float64Array.of(1), BINARY, Buffer.from(Float64Array.of(1).buffer)],
    ['a Buffer', Buffer.from(BYTES), BINARY, Buffer.from(BYTES)],
    ['a Blob', new Blob(['grüß'], { type: 'text/plain' }), BINARY, Buffer.from('grüß')],
    ['an empty Blob', new Blob([]), BINARY, Buffer.alloc(0)],
    ['a number', 5, TEXT, Buffer.from('5')],
    ['null', null, TEXT, Buffer.from('null')],
    ['undefined', undefined, TEXT, Buffer.from('undefined')],
    ['an object', { toString: () => 'converted' }, TEXT, Buffer.from('converted')],
    ['a list', [1, 2], TEXT, Buffer.from('1,2')],
  ])('client sends %s in one masked frame', async (_, data, opcode, payload) => {
    const { client, peer } = await openToRaw();
    expect(client.send(data as Sendable)).toBeUndefined();
    expect(await peer.frame()).toEqual({ opcode, payload, fin: true, rsv: 0, isMasked: true });
  });

  test('client throws a TypeError when it is given nothing to send', async () => {
    const { client } = await openToRaw();
    expect(() => Reflect.apply(client.send, client, [])).toThrow(TypeError);
  });

  test('client throws a TypeError when it is to send a symbol, and goes on', async () => {
    const { client, peer } = await openToRaw();
    expect(() => client.send(Symbol('x') as unknown as string)).toThrow(TypeError);
    client.send('fine');
    expect(await peer.text()).toBe('fine');
  });

  test.each([125, 126, 4_096, 4_097, 65_535, 65_536, 3_000_000])(
    'client sends %i bytes as text and as binary',
    async (size) => {
      const { client, peer } = await openToRaw();
      const bytes = Buffer.alloc(size, 'abcdefg');
      client.send(bytes);
      client.send(bytes.toString());
      for (const opcode of [BINARY, TEXT]) {
        const received = await peer.frame();
        expect(received.opcode).toBe(opcode);
        expect(received.payload.equals(bytes)).toBe(true);
      }
    },
  );

  test('client masks each frame with a key of its own', async () => {
    const { client, peer } = await openToRaw();
    const keys = new Set<string>();
    for (let i = 0; i < 100; i++) client.send('x');
    for (let i = 0; i < 100; i++) keys.add((await peer.read(7)).subarray(2, 6).toString('hex'));
    expect(keys.size).toBeGreaterThan(98);
  });

  test.each([10, 5_000, 100_000])('client leaves %i bytes of the caller as they were', async (size) => {
    const { client, peer } = await openToRaw();
    const bytes = Buffer.alloc(size, 'abc');
    client.send(bytes);
    expect(bytes.equals(Buffer.alloc(size, 'abc'))).toBe(true);
    // They are the caller's again: what is done to them is not sent.
    bytes.fill(0);
    expect((await peer.frame()).payload.equals(Buffer.alloc(size, 'abc'))).toBe(true);
  });

  test('client throws an InvalidStateError while it is connecting', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    for (const data of ['text', new Uint8Array(1), new Blob(['a'])]) {
      expect(() => client.send(data)).toThrow(
        expect.objectContaining({ name: 'InvalidStateError', constructor: DOMException }),
      );
    }
    expect(client.bufferedAmount).toBe(0);
    const peer = await server.open();
    await next(client, 'open');
    client.send('now');
    expect(await peer.text()).toBe('now');
  });

  test('client sends what its open listener sends', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    client.onopen = () => {
      client.send('1');
      client.send('2');
    };
    const peer = await server.open();
    expect([await peer.text(), await peer.text()]).toEqual(['1', '2']);
  });
});

describe('WHATWG send of Blobs', () => {
  test('client keeps the order of Blobs, texts and bytes', async () => {
    const { client, peer } = await openToRaw();
    const large = 'x'.repeat(500_000);
    client.send('first');
    client.send(new Blob([large]));
    client.send('second');
    client.send(new Uint8Array(Buffer.from('third')));
    client.send(new Blob(['fourth']));
    client.send('fifth');
    const received: string[] = [];
    for (let i = 0; i < 6; i++) received.push(await peer.text());
    expect(received.map((text) => (text === large ? 'large' : text))).toEqual([
      'first',
      'large',
      'second',
      'third',
      'fourth',
      'fifth',
    ]);
  });

  test('client takes the bytes behind a Blob as they were when they were sent', async () => {
    const { client, peer } = await openToRaw();
    const bytes = Buffer.from('before');
    client.send(new Blob(['blob']));
    client.send(bytes);
    bytes.fill('!');
    expect([await peer.text(), await peer.text()]).toEqual(['blob', 'before']);
  });

  test('client sends a Blob and what follows it before its close frame', async () => {
    const { client, peer } = await openToRaw();
    client.send(new Blob(['blob']));
    client.send('text');
    client.close(3000, 'done');
    expect(client.readyState).toBe(2);
    client.send('late');
    expect(client.bufferedAmount).toBeGreaterThanOrEqual(4);
    expect([await peer.text(), await peer.text()]).toEqual(['blob', 'text']);
    expect(await peer.close()).toEqual({ code: 3000, reason: 'done' });
  });

  test('client sends no Blob of which the connection did not wait', async () => {
    const { client, peer } = await openToRaw();
    client.send(new Blob(['x'.repeat(1_000)]));
    client.terminate();
    await next(client, 'close');
    await peer.closed;
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(1_000));
  });

  test('client fails, or goes on, when a Blob cannot be read, and rejects nothing', async () => {
    const uncaught = captureUncaught();
    const folder = mkdtempSync(join(tmpdir(), 'hawser-blob-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'file');
    writeFileSync(path, 'first content');
    const blob = await openAsBlob(path);
    writeFileSync(path, 'other content, of another length');
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close').then(() => 'closed');
    client.send(blob);
    client.send('behind');
    const outcome = await Promise.race([closed, peer.text()]);
    // Either end it with a reason, or go on behind it.
    expect(outcome).toMatch(/closed|behind|a Blob could not be read/);
    expect(uncaught.drain()).toEqual([]);
  }, 5_000);
});

describe('WHATWG bufferedAmount', () => {
  test('client counts payload bytes at once, and none once they have left', async () => {
    const { client, peer } = await openToRaw();
    expect(client.bufferedAmount).toBe(0);
    client.send('grüß');
    expect(client.bufferedAmount).toBe(6);
    client.send(new Uint8Array(10));
    expect(client.bufferedAmount).toBe(16);
    await turn();
    expect(client.bufferedAmount).toBe(0);
    await peer.frame();
  });

  test('client counts the same within one task, whatever happens', async () => {
    const { client } = await openToRaw();
    client.send('12345');
    await Promise.resolve();
    expect(client.bufferedAmount).toBe(5);
  });

  test('client counts a Blob at once', async () => {
    const { client, peer } = await openToRaw();
    client.send(new Blob(['x'.repeat(1_000)]));
    client.send('12345');
    expect(client.bufferedAmount).toBe(1_005);
    await peer.frame();
    await peer.frame();
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(0));
  });

  test('client counts what a slow server has not taken, back down to 0', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.pause();
    client.send(new Uint8Array(MORE_THAN_THE_KERNEL));
    expect(client.bufferedAmount).toBe(MORE_THAN_THE_KERNEL);
    await turn();
    expect(client.bufferedAmount).toBeGreaterThan(0);
    client.send('behind');
    expect(client.bufferedAmount).toBeGreaterThan(6);
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(await peer.text()).toBe('behind');
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(0));
  });

  test('client counts what is sent too late, for ever', async () => {
    const { client, peer } = await openToRaw();
    client.close();
    client.send('12345');
    client.send(new Uint8Array(10));
    expect(client.bufferedAmount).toBe(15);
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    expect(client.bufferedAmount).toBe(15);
    client.send('☃');
    expect(client.bufferedAmount).toBe(18);
    client.send(new Blob(['abc']));
    expect(client.bufferedAmount).toBe(21);
    await turn();
    expect(client.bufferedAmount).toBe(21);
    expect(peer.unreadBytes).toBe(0);
  });

  test('client counts what is sent after a failed handshake', async () => {
    const client = makeClient('ws://127.0.0.1:1/');
    await next(client, 'close');
    client.send('12345');
    expect(client.bufferedAmount).toBe(5);
  });

  test('client does not reset it when the connection breaks with bytes unsent', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.pause();
    client.send(new Uint8Array(MORE_THAN_THE_KERNEL));
    await turn();
    const before = client.bufferedAmount;
    expect(before).toBeGreaterThan(0);
    client.terminate();
    await next(client, 'close');
    expect(client.bufferedAmount).toBe(before);
  });
});

test.each([
  ['a string', (text: string) => text],
  ['bytes', (text: string) => Buffer.from(text)],
  ['a Blob', (text: string) => new Blob([text])],
])('client compresses %s, but not with compress: false', async (_, make) => {
  const server = await startRawServer();
  const client = makeClient(server.url);
  const opened = next(client, 'open');
  const peer = await server.open({
    'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  });
  await opened;
  const text = compressible('text');
  client.send(make(text), { compress: false });
  client.send(make(text), { compress: true });
  client.send(make(text));
  const plain = await peer.frame();
  expect([plain.rsv, plain.payload.toString()]).toEqual([0, text]);
  for (let i = 0; i < 2; i++) {
    const { rsv, payload } = await peer.frame();
    expect([rsv, inflate(payload)]).toEqual([RSV1, text]);
  }
});

test.each(['before', 'after'])(
  'client lets the process end when unref is called %s it is open',
  async (when) => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    if (when === 'before') client.unref();
    const opened = next(client, 'open');
    await server.open();
    await opened;
    client.unref();
    const countWithout = countSockets();
    client.ref();
    expect(countSockets()).toBe(countWithout + 1);
    client.unref();
    expect(countSockets()).toBe(countWithout);
  },
);

/** Counts the TCP connections that keep this process alive. */
function countSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
