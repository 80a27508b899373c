import type { Socket } from 'node:net';
import { ErrorEvent } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { CERTIFICATE } from './rig/certificate.ts';
import { failClient, makeClient, next, openClient, openToRaw, recordEvents } from './rig/clients.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, PING, PONG, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';
import { captureUncaught } from './rig/uncaught.ts';

describe('WHATWG messages', () => {
  test('client gets text as a string', async () => {
    const { client, peer } = await openToRaw();
    for (const text of ['', 'hello', 'grüß ☃ 😀', 'x'.repeat(200_000), '☃'.repeat(30_000)]) {
      peer.write(serverFrame(TEXT, text));
      const event = await next(client, 'message');
      expect(event).toBeInstanceOf(MessageEvent);
      expect(event.data === text).toBe(true);
    }
  });

  test('client gets a MessageEvent with the origin of the URL', async () => {
    const { client, peer, server } = await openToRaw();
    peer.write(serverFrame(TEXT, 'hello'));
    const { type, origin, lastEventId, source, ports } = await next(client, 'message');
    expect({ type, origin, lastEventId, source, ports }).toEqual({
      type: 'message',
      origin: `ws://127.0.0.1:${server.port}`,
      lastEventId: '',
      source: null,
      ports: [],
    });
  });

  test('client gets bytes as a Blob by default', async () => {
    const { client, peer } = await openToRaw();
    for (const size of [0, 3, 100_000]) {
      const bytes = Buffer.alloc(size, 'abc');
      peer.write(serverFrame(BINARY, bytes));
      const { data } = (await next(client, 'message')) as { data: Blob };
      expect(data).toBeInstanceOf(Blob);
      expect(data.type).toBe('');
      expect(Buffer.from(await data.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  test('client gets bytes as an ArrayBuffer of just them when told', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    for (const size of [0, 3, 5_000, 100_000]) {
      const bytes = Buffer.alloc(size, 'abc');
      // The header in a chunk of its own, so that the payload may be one by itself.
      const whole = serverFrame(BINARY, bytes);
      peer.write(whole.subarray(0, whole.length - size));
      await new Promise((resolve) => setImmediate(resolve));
      peer.write(whole.subarray(whole.length - size));
      const { data } = (await next(client, 'message')) as { data: ArrayBuffer };
      expect(data).toBeInstanceOf(ArrayBuffer);
      expect(data.byteLength).toBe(size);
      expect(Buffer.from(data).equals(bytes)).toBe(true);
    }
  });

  test('client keeps the messages of one chunk apart', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    const messages = new Queue<ArrayBuffer>();
    client.onmessage = ({ data }) => {
      messages.push(data);
      new Uint8Array(data).fill(255);
    };
    peer.write(serverFrame(BINARY, 'one'), serverFrame(BINARY, 'two'), serverFrame(BINARY, 'six'));
    const buffers = await messages.take(3);
    expect(new Set(buffers).size).toBe(3);
    expect(buffers.every(({ byteLength }) => byteLength === 3)).toBe(true);
  });

  test('client puts fragments together, and answers pings between them', async () => {
    const { client, peer } = await openToRaw();
    peer.write(
      serverFrame(TEXT, 'gr', false),
      serverFrame(0, Buffer.from([0xc3]), false),
      serverFrame(PING, 'between'),
      serverFrame(0, Buffer.from([0xbc, 0xc3]), false),
      serverFrame(0, Buffer.from([0x9f])),
    );
    expect((await next(client, 'message')).data).toBe('grüß');
    expect(await peer.frame()).toMatchObject({
      opcode: PONG,
      isMasked: true,
      payload: Buffer.from('between'),
    });
  });

  test('client loses no message that came with the 101 when it is listened to after open', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const opened = next(client, 'open');
    await server.open({}, Buffer.concat([serverFrame(TEXT, '1'), serverFrame(TEXT, '2')]));
    await opened;
    const messages = new Queue<unknown>();
    client.addEventListener('message', ({ data }) => messages.push(data));
    expect(await messages.take(2)).toEqual(['1', '2']);
  });

  test('client loses no close that came with the 101', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const opened = next(client, 'open');
    const peer = await server.open(
      {},
      Buffer.concat([serverFrame(TEXT, 'only'), serverFrame(CLOSE, closePayload(4000, 'enough'))]),
    );
    peer.stream.end();
    await opened;
    expect(client.readyState).toBe(1);
    expect((await next(client, 'message')).data).toBe('only');
    expect(await next(client, 'close')).toMatchObject({ code: 4000, reason: 'enough', wasClean: true });
  });

  test('client fires each message in a task of its own', async () => {
    const { client, peer } = await openToRaw();
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'), serverFrame(TEXT, '3'));
    // Whoever listens for one at a time gets them all, as in a browser.
    for (const text of ['1', '2', '3']) expect((await next(client, 'message')).data).toBe(text);
  }, 5_000);

  test.each([
    ['ws', undefined],
    ['wss', CERTIFICATE],
  ])('client delivers many messages, then the close, that all came at once over %s', async (_, tls) => {
    const server = await startRawServer(tls);
    const opening = openClient(server.url, [], { tls: { ca: CERTIFICATE.cert } });
    const peer = await server.open();
    const client = await opening;
    const log = new Queue<string>();
    client.addEventListener('message', ({ data }) => log.push(data));
    client.addEventListener('close', ({ code }) => log.push(`close ${code}`));
    const messages = Array.from({ length: 200 }, (_, i) => `message ${i}`);
    peer.stream.end(
      Buffer.concat([
        ...messages.map((message) => serverFrame(TEXT, message)),
        serverFrame(CLOSE, closePayload(3000)),
      ]),
    );
    expect(await log.take(201)).toEqual([...messages, 'close 3000']);
  });

  test('client delivers messages that a listener asks for in turn, with pings between them', async () => {
    const { client, peer } = await openToRaw();
    for (let i = 0; i < 5; i++) peer.write(serverFrame(TEXT, `${i}`), serverFrame(PING, `${i}`));
    for (let i = 0; i < 5; i++) {
      expect((await next(client, 'message')).data).toBe(`${i}`);
      await Promise.resolve();
    }
    for (let i = 0; i < 5; i++) expect((await peer.frame()).payload.toString()).toBe(`${i}`);
  });

  test('client delivers nothing behind a terminate in a listener', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.addEventListener('message', () => client.terminate());
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    await peer.closed;
    await vi.waitFor(() => expect(client.readyState).toBe(3));
    expect(events.drain()).toEqual(['message 1', 'close 3']);
  });

  test('client reads on when a listener throws', async () => {
    const uncaught = captureUncaught();
    const { client, peer } = await openToRaw();
    const messages = new Queue<unknown>();
    client.addEventListener('message', () => {
      throw new Error('in a listener');
    });
    client.addEventListener('message', ({ data }) => messages.push(data));
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    expect(await messages.take(2)).toEqual(['1', '2']);
    expect(await uncaught.next()).toMatchObject({ message: 'in a listener' });
    client.send('goes on');
    expect(await peer.text()).toBe('goes on');
  });
});

describe('WHATWG failures', () => {
  test.each<[string, Buffer, number]>([
    ['a masked frame', Buffer.from('818461626364', 'hex'), 1002],
    ['a reserved bit', Buffer.from('c100', 'hex'), 1002],
    ['a reserved opcode', serverFrame(3, 'a'), 1002],
    ['a lone continuation', serverFrame(0, 'a'), 1002],
    ['text that is no UTF-8', serverFrame(TEXT, Buffer.from([0xff])), 1007],
    ['a bad close code', serverFrame(CLOSE, closePayload(1005)), 1002],
  ])('client fails with error, then close 1006, on %s', async (_, bytes, code) => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    const failed = failClient(client);
    peer.write(bytes);
    const said = await peer.close();
    expect(said.code).toBe(code);
    peer.stream.end();
    const { error, close } = await failed;
    expect(error).toBeInstanceOf(ErrorEvent);
    expect(error.error).toMatchObject({ name: 'WebSocketError', code: 'WS_ERR_CONNECTION_FAILED' });
    expect(error.message).toBe(error.error.message);
    expect(error.message).toBe(said.reason);
    expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(events.drain()).toEqual(['error 3', 'close 3']);
  });

  test('client fails with 1009 on the header of a message over its limit', async () => {
    const { client, peer } = await openToRaw({ maxMessageBytes: 1_000 });
    const failed = failClient(client);
    peer.write(serverFrame(BINARY, Buffer.alloc(1_000)), serverFrame(BINARY, Buffer.alloc(1_001)));
    expect((await peer.close()).code).toBe(1009);
    peer.stream.end();
    expect((await failed).close.code).toBe(1006);
  });

  test.each(['ends', 'resets'])('client fails when the server %s without a close frame', async (how) => {
    const { client, peer } = await openToRaw();
    const failed = failClient(client);
    if (how === 'ends') peer.stream.end();
    else (peer.stream as Socket).resetAndDestroy();
    const { error, close } = await failed;
    expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECTION_FAILED' });
    expect(error.message).not.toBe('');
    expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });

  test('client delivers what came before the failure', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    peer.write(serverFrame(TEXT, 'before'), serverFrame(3, ''), serverFrame(TEXT, 'behind'));
    await peer.close();
    peer.stream.end();
    expect(await events.take(3)).toEqual(['message 1', 'error 3', 'close 3']);
  });

  test('client terminates without an error event', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.terminate();
    await peer.closed;
    expect(peer.unreadBytes).toBe(0);
    expect(await events.next()).toBe('close 3');
    expect(() => client.terminate()).not.toThrow();
  });

  test('client gives up a silent server when it is told to', async () => {
    const { client, peer } = await openToRaw({ pingIntervalMs: 40, pingTimeoutMs: 40 });
    const failed = failClient(client);
    expect(await peer.frame()).toMatchObject({ opcode: PING, isMasked: true });
    expect((await failed).error.message).toMatch(/ping/);
  });
});
