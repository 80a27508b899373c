import { describe, expect, test } from 'vitest';
import { makeClient, next, openClient, openToRaw, recordEvents } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { CLOSE, closePayload, serverFrame, TEXT } from '../rig/raw-frame.ts';
import type { RawPeer } from '../rig/raw-peer.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { startServer } from '../rig/servers.ts';

const INVALID_ACCESS = expect.objectContaining({ name: 'InvalidAccessError', constructor: DOMException });
const SYNTAX_ERROR = expect.objectContaining({ name: 'SyntaxError', constructor: DOMException });

/** Answers the close frame as a server does, and ends the connection. */
async function answerClose(peer: RawPeer, payload?: Buffer) {
  const said = await peer.close();
  const echo = said.code === 1005 ? Buffer.alloc(0) : closePayload(said.code, said.reason);
  peer.write(serverFrame(CLOSE, payload ?? echo));
  peer.stream.end();
  return said;
}

describe('WHATWG close(), the code', () => {
  test.each<[string, unknown]>([
    ['0', 0],
    ['500', 500],
    ['999', 999],
    ['1001', 1001],
    ['1005', 1005],
    ['1006', 1006],
    ['1015', 1015],
    ['2999', 2999],
    ['5000', 5000],
    ['65535', 65_535],
    ['null', null],
    ['NaN', Number.NaN],
    ['a string that is no number', 'only a reason'],
    ['true', true],
    ['an object', {}],
    ['infinity, clamped', Number.POSITIVE_INFINITY],
    ['one that is right modulo 65536', 65_536 + 1000],
  ])('client throws an InvalidAccessError when it is %s', async (_, code) => {
    const { client, peer } = await openToRaw();
    expect(() => client.close(code as number)).toThrow(INVALID_ACCESS);
    expect(client.readyState).toBe(1);
    client.send('still open');
    expect(await peer.text()).toBe('still open');
  });

  test.each<[unknown, number]>([
    [1000, 1000],
    [3000, 3000],
    [4999, 4999],
    ['1000', 1000],
    [' 3001 ', 3001],
    [[3002], 3002],
    [{ valueOf: () => 3003 }, 3003],
    [999.5, 1000],
    [1000.5, 1000],
    [4998.500_001, 4999],
  ])('client closes with %j as %i, and hears it back', async (code, sent) => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    expect(client.close(code as number)).toBeUndefined();
    expect(await answerClose(peer)).toEqual({ code: sent, reason: '' });
    expect(await closed).toMatchObject({ code: sent, reason: '', wasClean: true });
  });

  test.each([[Symbol('x')], [1000n]])('client throws a TypeError when it is %s', async (code) => {
    const { client } = await openToRaw();
    expect(() => client.close(code as unknown as number)).toThrow(TypeError);
    expect(client.readyState).toBe(1);
  });

  test.each([
    ['nothing', []],
    ['undefined', [undefined]],
    ['undefined twice', [undefined, undefined]],
  ])('client sends an empty close frame for %s, and reports 1005', async (_, args) => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    client.close(...(args as []));
    expect(await answerClose(peer)).toEqual({ code: 1005, reason: '' });
    expect(await closed).toMatchObject({ code: 1005, reason: '', wasClean: true });
  });
});

describe('WHATWG close(), the reason', () => {
  test.each([
    ['empty', ''],
    ['of 123 bytes', 'x'.repeat(123)],
    ['of 123 bytes in 41 characters', '☃'.repeat(41)],
    ['with a pair of surrogates', '😀'],
    ['with NUL', 'a\0b'],
  ])('client sends one %s', async (_, reason) => {
    const { client, peer } = await openToRaw();
    client.close(1000, reason);
    expect(await peer.close()).toEqual({ code: 1000, reason });
  });

  test.each<[string, unknown, string]>([
    ['a lone high surrogate', 'a\ud800b', 'a\ufffdb'],
    ['a lone low surrogate', '\udc00', '\ufffd'],
    ['surrogates in the wrong order', '\udc00\ud800', '\ufffd\ufffd'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['undefined', undefined, ''],
  ])('client converts %s', async (_, reason, sent) => {
    const { client, peer } = await openToRaw();
    client.close(3000, reason as string);
    expect(await peer.close()).toEqual({ code: 3000, reason: sent });
  });

  test.each(['x'.repeat(124), '☃'.repeat(42), `${'x'.repeat(121)}\ud800`])(
    'client throws a SyntaxError over 123 bytes',
    async (reason) => {
      const { client } = await openToRaw();
      expect(() => client.close(1000, reason)).toThrow(SYNTAX_ERROR);
      expect(() => client.close(undefined, reason)).toThrow(SYNTAX_ERROR);
      expect(client.readyState).toBe(1);
    },
  );

  test('client looks at the code before the reason, and converts both before', async () => {
    const { client } = await openToRaw();
    expect(() => client.close(1001, 'x'.repeat(124))).toThrow(INVALID_ACCESS);
    expect(() => client.close(1001, Symbol('x') as unknown as string)).toThrow(TypeError);
    expect(client.readyState).toBe(1);
  });
});

describe('WHATWG close(), states and events', () => {
  test('client is closing at once, and fires nothing before the end', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.close();
    expect([client.readyState, events.length]).toEqual([2, 0]);
    await answerClose(peer);
    expect(await events.next()).toBe('close 3');
  });

  test('client that is closed while connecting fails later, not at once', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    client.close(3000, 'unheard');
    expect([client.readyState, events.length]).toEqual([2, 0]);
    client.close(3001);
    const closed = next(client, 'close');
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(events.drain()).toEqual(['error 3', 'close 3']);
  });

  test('client that is closed again, also by its close listener, stays as it is', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.addEventListener('close', () => client.close(3002, 'nested'));
    client.close(3000, 'first');
    client.close(3001, 'second');
    client.close();
    expect(await answerClose(peer)).toEqual({ code: 3000, reason: 'first' });
    expect(await events.next()).toBe('close 3');
    client.close(3003);
    await peer.closed;
    expect([events.length, client.readyState, peer.unreadBytes]).toEqual([0, 3, 0]);
  });

  test('client that is closed by its message listener hears nothing more', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.addEventListener('message', () => client.close(1000));
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    await answerClose(peer);
    expect(await events.take(2)).toEqual(['message 1', 'close 3']);
  });

  test('client takes a replaced close method for its own, and its close frame for closed', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.close = () => calls.push('replaced');
    client.close();
    expect([calls.drain(), client.readyState]).toEqual([['replaced'], 1]);
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    expect(await closed).toMatchObject({ code: 1000 });
  });

  test('client sends what was sent before, then its close frame', async () => {
    const { client, peer } = await openToRaw();
    for (let i = 0; i < 100; i++) client.send(`${i}`);
    client.close(1000);
    for (let i = 0; i < 100; i++) expect(await peer.text()).toBe(`${i}`);
    expect((await peer.close()).code).toBe(1000);
  });
});

describe('WHATWG close event', () => {
  test.each<[string, Buffer, object]>([
    ['1000', closePayload(1000), { code: 1000, reason: '', wasClean: true }],
    ['1001', closePayload(1001, 'away'), { code: 1001, reason: 'away', wasClean: true }],
    ['1011', closePayload(1011), { code: 1011, reason: '', wasClean: true }],
    ['3000', closePayload(3000, 'x'.repeat(123)), { code: 3000, reason: 'x'.repeat(123), wasClean: true }],
    ['nothing', Buffer.alloc(0), { code: 1005, reason: '', wasClean: true }],
  ])('client reports that the server said %s', async (_, payload, expected) => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, payload));
    // RFC 6455 5.5.1: the answer carries the code that came.
    expect((await peer.close()).code).toBe((expected as { code: number }).code);
    peer.stream.end();
    expect(await closed).toMatchObject(expected);
  });

  test('client reports what the server answers, not what it said itself', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    client.close(3000, 'ours');
    await answerClose(peer, closePayload(4000, 'theirs'));
    expect(await closed).toMatchObject({ code: 4000, reason: 'theirs', wasClean: true });
  });

  test.each([
    ['no close frame', Buffer.alloc(0)],
    ['half of a frame', serverFrame(TEXT, 'hello').subarray(0, 3)],
    ['half of a close frame', serverFrame(CLOSE, closePayload(1000)).subarray(0, 2)],
  ])('client reports 1006 when the connection ends with %s', async (_, bytes) => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    peer.stream.end(bytes);
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });

  test('client reports 1006 when the connection ends before its close frame is answered', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    client.close(3000);
    await peer.close();
    peer.stream.end();
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
  });

  test.each([
    ['of one byte', Buffer.from([3])],
    ['with code 999', closePayload(999)],
    ['with code 1004', closePayload(1004)],
    ['with code 1005', closePayload(1005)],
    ['with code 1006', closePayload(1006)],
    ['with code 1015', closePayload(1015)],
    ['with code 5000', closePayload(5000)],
    ['with a reason that is no UTF-8', Buffer.from('03e8ff', 'hex')],
  ])('client fails on a close frame %s', async (_, payload) => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, payload));
    await peer.close();
    peer.stream.end();
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(events.drain()).toEqual(['error 3', 'close 3']);
  });

  test('client and our own server close in either direction', async () => {
    const { url } = await startServer({ message: (socket) => void socket.close(4000, 'asked for') });
    const [active, passive] = await Promise.all([openClient(url), openClient(url)]);
    const closes = [next(active, 'close'), next(passive, 'close')];
    active.close(3000, 'done');
    passive.send('close me');
    const [byClient, byServer] = await Promise.all(closes);
    // The server's answer repeats the code only.
    expect(byClient).toMatchObject({ code: 3000, reason: '', wasClean: true });
    expect(byServer).toMatchObject({ code: 4000, reason: 'asked for', wasClean: true });
  });
});
