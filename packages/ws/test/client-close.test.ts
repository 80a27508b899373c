import { CloseEvent } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { failClient, makeClient, next, openToRaw, recordEvents } from './rig/clients.ts';
import { CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { acceptance, startRawServer } from './rig/raw-server.ts';

describe('WHATWG close, arguments', () => {
  test.each([0, 999, 1001, 1002, 1005, 1006, 1011, 1015, 2999, 5000, 65_535, -1, 70_000, Number.NaN])(
    'client throws an InvalidAccessError when the code is %d',
    async (code) => {
      const { client } = await openToRaw();
      expect(() => client.close(code)).toThrow(
        expect.objectContaining({ name: 'InvalidAccessError', constructor: DOMException }),
      );
      expect(client.readyState).toBe(1);
    },
  );

  test.each<[unknown, number]>([
    [1000, 1000],
    [3000, 3000],
    [4999, 4999],
    ['3000', 3000],
    [3000.4, 3000],
    [2999.5, 3000],
    [3000.5, 3000],
    [3001.5, 3002],
  ])('client converts the code %j to %i', async (code, sent) => {
    const { client, peer } = await openToRaw();
    client.close(code as number);
    expect(await peer.close()).toEqual({ code: sent, reason: '' });
  });

  test.each(['x'.repeat(124), '☃'.repeat(42), '😀'.repeat(31)])(
    'client throws a SyntaxError when the reason has over 123 bytes',
    async (reason) => {
      const { client } = await openToRaw();
      expect(() => client.close(1000, reason)).toThrow(
        expect.objectContaining({ name: 'SyntaxError', constructor: DOMException }),
      );
      expect(client.readyState).toBe(1);
    },
  );

  test.each(['x'.repeat(123), '☃'.repeat(41)])('client sends a reason of 123 bytes', async (reason) => {
    const { client, peer } = await openToRaw();
    client.close(3000, reason);
    expect(await peer.close()).toEqual({ code: 3000, reason });
  });

  test('client sends an empty close frame when nothing is given', async () => {
    const { client, peer } = await openToRaw();
    client.close();
    expect(await peer.close()).toEqual({ code: 1005, reason: '' });
  });

  test('client sends 1000 with a reason alone', async () => {
    const { client, peer } = await openToRaw();
    client.close(undefined, 'why');
    expect(await peer.close()).toEqual({ code: 1000, reason: 'why' });
  });

  test('client sends a lone surrogate in a reason as U+FFFD', async () => {
    const { client, peer } = await openToRaw();
    client.close(1000, 'a\ud800');
    expect((await peer.close()).reason).toBe('a\ufffd');
  });

  test('client throws for bad arguments in every state', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const bad = expect.objectContaining({ name: 'InvalidAccessError' });
    expect(() => client.close(1001)).toThrow(bad);
    expect(client.readyState).toBe(0);
    await server.open();
    await next(client, 'open');
    client.close();
    expect(() => client.close(1001)).toThrow(bad);
    client.terminate();
    await next(client, 'close');
    expect(() => client.close(1001)).toThrow(bad);
    expect(() => client.close(1000, 'x'.repeat(124))).toThrow(
      expect.objectContaining({ name: 'SyntaxError' }),
    );
  });
});

describe('WHATWG close, states', () => {
  test('client breaks off connecting: error, then close 1006', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const peer = await server.accept();
    const events = recordEvents(client);
    const failed = failClient(client);
    client.close(3000, 'never mind');
    expect(client.readyState).toBe(2);
    expect(events).toHaveLength(0);
    const { error, close } = await failed;
    expect(error.error).toMatchObject({ code: 'WS_ERR_CLOSED_BEFORE_OPEN' });
    expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(events.drain()).toEqual(['error 3', 'close 3']);
    await peer.closed;
  });

  test('client breaks off connecting right behind its constructor', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    client.close();
    expect(await events.take(2)).toEqual(['error 3', 'close 3']);
  });

  test('client does not open when the 101 comes after close', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    const peer = await server.accept();
    const head = await peer.head();
    client.close();
    peer.write(acceptance(head), serverFrame(TEXT, 'late'));
    expect(await events.take(2)).toEqual(['error 3', 'close 3']);
    await peer.closed;
    expect(events).toHaveLength(0);
  });

  test('client breaks off connecting when it is terminated', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const peer = await server.accept();
    const failed = failClient(client);
    client.terminate();
    expect((await failed).close.code).toBe(1006);
    await peer.closed;
  });

  test('client closes from its open listener', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    client.onopen = () => client.close(3000);
    const peer = await server.open({}, serverFrame(TEXT, 'not delivered any more'));
    expect(await peer.close()).toEqual({ code: 3000, reason: '' });
    peer.write(serverFrame(CLOSE, closePayload(3000)));
    peer.stream.end();
    expect(await events.take(2)).toEqual(['open 1', 'close 3']);
  });

  test('client delivers nothing any more once it is closing', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.close();
    peer.write(serverFrame(TEXT, 'crossed'));
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
    expect(events).toHaveLength(0);
  });

  test('client ignores a second close, and a close after the end', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.close(3000, 'first');
    client.close(3001, 'second');
    expect(await peer.close()).toEqual({ code: 3000, reason: 'first' });
    peer.write(serverFrame(CLOSE, closePayload(3000)));
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
    client.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toHaveLength(0);
    expect(peer.unreadBytes).toBe(0);
  });

  test('client waits for the server to end the TCP connection', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.close(1000);
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    let hasEnded = false;
    void peer.ended.then(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([hasEnded, client.readyState, events.length]).toEqual([false, 2, 0]);
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
  });

  test('client does not wait for ever for the server to end the TCP connection', async () => {
    const { client, peer } = await openToRaw({ closeTimeoutMs: 50 });
    const closed = next(client, 'close');
    client.close(3000, 'x');
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(3000, 'y')));
    expect(await closed).toMatchObject({ code: 3000, reason: 'y', wasClean: true });
  });

  test('client gives up with 1006 when its close frame is not answered', async () => {
    const { client } = await openToRaw({ closeTimeoutMs: 50 });
    const closed = next(client, 'close');
    client.close(3000);
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });
});

describe('WHATWG close event', () => {
  test.each<[string, Buffer, number, string]>([
    ['1000', closePayload(1000), 1000, ''],
    ['1001 with a reason', closePayload(1001, 'moved on'), 1001, 'moved on'],
    ['1011', closePayload(1011, 'broken: ☃'), 1011, 'broken: ☃'],
    ['4999', closePayload(4999), 4999, ''],
    ['no code', Buffer.alloc(0), 1005, ''],
  ])('client reports that the server closed with %s', async (_, payload, code, reason) => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, payload));
    await peer.close();
    peer.stream.end();
    const event = await closed;
    expect(event).toBeInstanceOf(CloseEvent);
    expect(event).toMatchObject({ type: 'close', code, reason, wasClean: true });
    expect(events.drain()).toEqual(['close 3']);
  });

  test('client reports the code and reason of the server when both closed at once', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, closePayload(4001, 'theirs')));
    client.close(4000, 'ours');
    expect((await peer.close()).code).toBe(4000);
    peer.stream.end();
    expect(await closed).toMatchObject({ code: 4001, reason: 'theirs', wasClean: true });
  });

  test('client reports each close once', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    peer.write(serverFrame(CLOSE, closePayload(1000)), serverFrame(CLOSE, closePayload(1001)));
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
    await peer.closed;
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toHaveLength(0);
  });
});
