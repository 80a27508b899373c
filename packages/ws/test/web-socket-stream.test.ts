import { WebSocketError, WebSocketStream, type WebSocketStreamOptions } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { acceptance, startRawServer } from './rig/raw-server.ts';
import { startServer } from './rig/servers.ts';
import { openStream, openStreamToRaw } from './rig/streams.ts';
import { captureUncaught } from './rig/uncaught.ts';

const NOBODY = 'ws://127.0.0.1:1/';
const SYNTAX_ERROR = expect.objectContaining({ name: 'SyntaxError', constructor: DOMException });
const INVALID_STATE = expect.objectContaining({ name: 'InvalidStateError', constructor: DOMException });

describe('WebSocketStream, constructor', () => {
  test.each([
    [NOBODY, NOBODY],
    ['http://127.0.0.1:1/a?b', 'ws://127.0.0.1:1/a?b'],
    [new URL('wss://127.0.0.1:443/'), 'wss://127.0.0.1/'],
  ])('stream has the URL of %s', (url, href) => {
    const stream = new WebSocketStream(url);
    expect(stream.url).toBe(href);
    stream.close();
  });

  test.each(['', '/path', 'ftp://127.0.0.1/', `${NOBODY}#fragment`])(
    'stream throws a SyntaxError for %j',
    (url) => {
      expect(() => new WebSocketStream(url)).toThrow(SYNTAX_ERROR);
    },
  );

  test('stream throws a TypeError without a URL, and where protocols are no list', () => {
    expect(() => Reflect.construct(WebSocketStream, [])).toThrow(TypeError);
    expect(() => (WebSocketStream as unknown as (url: string) => void)(NOBODY)).toThrow(TypeError);
    for (const protocols of ['chat', 5, null, {}]) {
      const options = { protocols } as unknown as WebSocketStreamOptions;
      expect(() => new WebSocketStream(NOBODY, options)).toThrow(TypeError);
    }
  });

  test('stream throws a SyntaxError for protocols that are none, and WS_ERR_OPTION for a wrong bound', () => {
    for (const protocols of [['a b'], ['a', 'A'], ['']]) {
      expect(() => new WebSocketStream(NOBODY, { protocols })).toThrow(SYNTAX_ERROR);
    }
    const wrong = expect.objectContaining({ code: 'WS_ERR_OPTION' });
    expect(() => new WebSocketStream(NOBODY, { closeTimeoutMs: -1 })).toThrow(wrong);
  });

  test('stream has read-only, enumerable members', () => {
    for (const name of ['url', 'opened', 'closed', 'close']) {
      expect(Object.getOwnPropertyDescriptor(WebSocketStream.prototype, name)?.enumerable).toBe(true);
    }
    expect([WebSocketStream.length, WebSocketStream.prototype.close.length]).toEqual([1, 0]);
    const stream = new WebSocketStream(NOBODY);
    expect(stream.opened).toBe(stream.opened);
    expect(Reflect.set(stream, 'opened', 5)).toBe(false);
  });
});

describe('WebSocketStream, opened', () => {
  test('stream tells protocol and extensions, and gives two streams', async () => {
    const server = await startRawServer();
    const stream = openStream(server.url, { protocols: ['a', 'b'], headers: { 'X-Extra': 'yes' } });
    const peer = await server.accept();
    const head = await peer.head();
    expect(head.headers['sec-websocket-protocol']).toEqual(['a, b']);
    expect(head.headers['x-extra']).toEqual(['yes']);
    peer.write(acceptance(head, { 'Sec-WebSocket-Protocol': 'b' }));
    const { readable, writable, ...rest } = await stream.opened;
    expect(rest).toEqual({ protocol: 'b', extensions: '' });
    expect(readable).toBeInstanceOf(ReadableStream);
    expect(writable).toBeInstanceOf(WritableStream);
  });

  test('stream rejects both promises when it cannot connect, and nothing is unhandled', async () => {
    const uncaught = captureUncaught();
    const stream = new WebSocketStream(NOBODY);
    const error = await stream.opened.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED', closeCode: null, reason: '' });
    await expect(stream.closed).rejects.toBe(error);
    new WebSocketStream(NOBODY);
    await new WebSocketStream(NOBODY).closed.catch(() => {});
    expect(uncaught.drain()).toEqual([]);
  });

  test('stream that is refused tells the status', async () => {
    const { url } = await startServer({ upgrade: () => ({ status: 403 }) });
    const stream = new WebSocketStream(url);
    await expect(stream.opened).rejects.toMatchObject({ code: 'WS_ERR_UNEXPECTED_STATUS', status: 403 });
  });

  test('stream that is closed before it opens rejects both promises', async () => {
    const server = await startRawServer();
    const stream = openStream(server.url);
    const peer = await server.accept();
    stream.close({ closeCode: 3000 });
    const expected = { name: 'WebSocketError', code: 'WS_ERR_CLOSED_BEFORE_OPEN', closeCode: null };
    await expect(stream.opened).rejects.toMatchObject(expected);
    await expect(stream.closed).rejects.toMatchObject(expected);
    await peer.closed;
  });
});

describe('WebSocketStream, signal', () => {
  test('stream that is aborted before it begins does not connect', async () => {
    const server = await startRawServer();
    const stream = new WebSocketStream(server.url, { signal: AbortSignal.abort() });
    await expect(stream.opened).rejects.toMatchObject({ name: 'AbortError' });
    await expect(stream.closed).rejects.toMatchObject({ name: 'AbortError' });
    stream.close();
    // The first connection that comes is another's.
    const other = openStream(server.url, { headers: { 'X-Other': 'yes' } });
    expect((await (await server.accept()).head()).headers['x-other']).toEqual(['yes']);
    other.close();
  });

  test('stream that is aborted while it connects rejects with the reason', async () => {
    const server = await startRawServer();
    const controller = new AbortController();
    const stream = openStream(server.url, { signal: controller.signal });
    const peer = await server.accept();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(stream.opened).rejects.toBe(reason);
    await expect(stream.closed).rejects.toBe(reason);
    await peer.closed;
  });

  test('stream is not touched by the signal once it is open', async () => {
    const controller = new AbortController();
    const { peer, writable, stream } = await openStreamToRaw({ signal: controller.signal });
    controller.abort();
    const writer = writable.getWriter();
    await writer.write('still open');
    expect(await peer.text()).toBe('still open');
    stream.close();
    expect(await peer.close()).toEqual({ code: 1005, reason: '' });
  });
});

describe('WebSocketStream, messages', () => {
  test('stream reads text as strings and bytes as bytes of their own', async () => {
    const { peer, readable } = await openStreamToRaw();
    const reader = readable.getReader();
    for (const size of [0, 5, 5_000, 100_000]) {
      const bytes = Buffer.alloc(size, 'abc');
      peer.write(serverFrame(BINARY, bytes), serverFrame(TEXT, bytes));
      const { value: binary } = await reader.read();
      expect(Object.prototype.toString.call(binary)).toBe('[object Uint8Array]');
      expect(Buffer.isBuffer(binary)).toBe(false);
      expect((binary as Uint8Array).buffer.byteLength).toBe(size);
      expect(Buffer.from(binary as Uint8Array).equals(bytes)).toBe(true);
      expect((await reader.read()).value).toBe(bytes.toString());
    }
  });

  test.each<[string, unknown, number, string]>([
    ['a string', 'grüß ☃', TEXT, 'grüß ☃'],
    ['an ArrayBuffer', Uint8Array.of(97, 98).buffer, BINARY, 'ab'],
    ['a view', Uint8Array.of(97, 98, 99).subarray(1), BINARY, 'bc'],
    ['a DataView', new DataView(Uint8Array.of(97, 98).buffer, 1), BINARY, 'b'],
    ['a number', 5, TEXT, '5'],
    ['null', null, TEXT, 'null'],
    ['a lone surrogate', '\ud800', TEXT, '\ufffd'],
  ])('stream writes %s', async (_, chunk, opcode, text) => {
    const { peer, writable } = await openStreamToRaw();
    await writable.getWriter().write(chunk as string);
    const frame = await peer.frame();
    expect([frame.opcode, frame.payload.toString(), frame.isMasked]).toEqual([opcode, text, true]);
  });

  test('stream that is to write what converts to no string errors its writable, and reads on', async () => {
    const { peer, readable, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    await expect(writer.write(Symbol('x') as unknown as string)).rejects.toThrow(TypeError);
    await expect(writer.closed).rejects.toThrow(TypeError);
    peer.write(serverFrame(TEXT, 'hello'));
    expect((await readable.getReader().read()).value).toBe('hello');
  });

  test('stream writes all of one turn at once', async () => {
    const { peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    await Promise.all(Array.from({ length: 20 }, (_, i) => writer.write(`${i}`)));
    for (let i = 0; i < 20; i++) expect(await peer.text()).toBe(`${i}`);
    expect(peer.chunkSizes.length).toBeLessThan(5);
  });

  test('stream can be piped through, and iterated', async () => {
    const { url } = await startServer({ message: (socket, data) => void socket.send(`<${data}>`) });
    const { readable, writable } = await openStream(url).opened;
    const piped = ReadableStream.from(['a', 'b', 'c']).pipeTo(writable as WritableStream<string>);
    const all: unknown[] = [];
    for await (const data of readable) all.push(data);
    await piped;
    expect(all).toEqual(['<a>', '<b>', '<c>']);
  });

  test('stream has what came with the 101', async () => {
    const server = await startRawServer();
    const stream = openStream(server.url);
    const behind = [serverFrame(TEXT, '1'), serverFrame(TEXT, '2'), serverFrame(CLOSE, closePayload(1000))];
    const peer = await server.open({}, Buffer.concat(behind));
    peer.stream.end();
    const all: unknown[] = [];
    for await (const data of (await stream.opened).readable) all.push(data);
    expect(all).toEqual(['1', '2']);
  });
});

describe('WebSocketStream, failures', () => {
  test.each([
    ['ends without a close frame', Buffer.alloc(0)],
    ['breaks the protocol', serverFrame(3, '')],
  ])('stream delivers what came, then fails everywhere, when the server %s', async (_, bytes) => {
    const { peer, stream, readable, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.stream.end(Buffer.concat([serverFrame(TEXT, '1'), serverFrame(TEXT, '2'), bytes]));
    const reader = readable.getReader();
    expect([(await reader.read()).value, (await reader.read()).value]).toEqual(['1', '2']);
    const error = await reader.read().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WebSocketError);
    expect(error).toMatchObject({ code: 'WS_ERR_CONNECTION_FAILED', closeCode: 1006, reason: '' });
    await expect(stream.closed).rejects.toBe(error);
    await expect(writer.closed).rejects.toBe(error);
    await expect(writer.write('late')).rejects.toBe(error);
  });

  test('stream rejects a close of its writable when the server vanishes instead of answering', async () => {
    const { peer, stream, writable } = await openStreamToRaw();
    const closing = writable.close();
    await peer.close();
    peer.stream.end();
    await expect(closing).rejects.toMatchObject({ code: 'WS_ERR_CONNECTION_FAILED' });
    await expect(stream.closed).rejects.toMatchObject({ closeCode: 1006 });
  });

  test('stream cannot be written to once the server has closed', async () => {
    const { peer, stream, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    await peer.close();
    await expect(writer.write('late')).rejects.toEqual(INVALID_STATE);
    peer.stream.end();
    await stream.closed;
    await expect(writer.closed).rejects.toEqual(INVALID_STATE);
  });
});
