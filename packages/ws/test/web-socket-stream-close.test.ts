import { WebSocketError } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import type { RawPeer } from './rig/raw-peer.ts';
import { MORE_THAN_THE_KERNEL, turn } from './rig/slow-peers.ts';
import { openStreamToRaw } from './rig/streams.ts';

const INVALID_STATE = expect.objectContaining({ name: 'InvalidStateError', constructor: DOMException });

/** Answers the close frame with the same, and ends. */
async function echoClose(peer: RawPeer) {
  const said = await peer.close();
  peer.stream.end(
    serverFrame(CLOSE, said.code === 1005 ? Buffer.alloc(0) : closePayload(said.code, said.reason)),
  );
  return said;
}

describe('WebSocketStream, close()', () => {
  test.each<[string, object | undefined | null, number, string]>([
    ['code and reason', { closeCode: 3456, reason: 'pizza' }, 3456, 'pizza'],
    ['a code alone', { closeCode: 3000 }, 3000, ''],
    ['a reason alone', { reason: 'why' }, 1000, 'why'],
    ['an empty reason', { reason: '' }, 1005, ''],
    ['an empty object', {}, 1005, ''],
    ['nothing', undefined, 1005, ''],
    ['null', null, 1005, ''],
    ['what converts', { closeCode: '3000.9', reason: 5 }, 3000, '5'],
  ])('stream sends %s, and hears it back', async (_, info, closeCode, reason) => {
    const { stream, peer } = await openStreamToRaw();
    stream.close(info as object);
    expect(await echoClose(peer)).toEqual({ code: closeCode, reason });
    expect(await stream.closed).toEqual({ closeCode, reason });
  });

  test.each<[string, unknown, unknown]>([
    ['true', true, TypeError],
    ['a string', '1000', TypeError],
    ['a code below 0', { closeCode: -1 }, TypeError],
    ['a code over 65535', { closeCode: 65_536 }, TypeError],
    ['NaN', { closeCode: Number.NaN }, TypeError],
    ['null as a code', { closeCode: null }, 'InvalidAccessError'],
    ['999', { closeCode: 999 }, 'InvalidAccessError'],
    ['1001', { closeCode: 1001 }, 'InvalidAccessError'],
    ['2999', { closeCode: 2999 }, 'InvalidAccessError'],
    ['5000', { closeCode: 5000 }, 'InvalidAccessError'],
    ['a reason of 124 bytes', { reason: 'x'.repeat(124) }, 'SyntaxError'],
    ['a symbol', { reason: Symbol('x') }, TypeError],
  ])('stream throws at %s, and stays open', async (_, info, error) => {
    const { stream, peer, writable } = await openStreamToRaw();
    const expected = typeof error === 'string' ? expect.objectContaining({ name: error }) : TypeError;
    expect(() => stream.close(info as object)).toThrow(expected as never);
    await writable.getWriter().write('open');
    expect(await peer.text()).toBe('open');
  });

  test('stream ignores a second close, and a close after the end', async () => {
    const { stream, peer } = await openStreamToRaw();
    stream.close({ closeCode: 3000 });
    stream.close({ closeCode: 3001 });
    expect((await echoClose(peer)).code).toBe(3000);
    expect(await stream.closed).toEqual({ closeCode: 3000, reason: '' });
    stream.close();
  });

  test('stream ends both sides: done for the reader, InvalidStateError for the writer', async () => {
    const { stream, peer, readable, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    stream.close();
    await expect(writer.write('late')).rejects.toEqual(INVALID_STATE);
    await echoClose(peer);
    expect(await readable.getReader().read()).toEqual({ value: undefined, done: true });
  });

  test('stream lets a read finish that waits, and drops what was not read', async () => {
    const { stream, peer, readable } = await openStreamToRaw();
    peer.write(...['1', '2', '3', '4'].map((text) => serverFrame(TEXT, text)));
    const reader = readable.getReader();
    expect((await reader.read()).value).toBe('1');
    for (let i = 0; i < 5; i++) await turn();
    stream.close();
    await peer.close();
    // Unread messages do not hold up the server's close frame.
    peer.stream.write(serverFrame(TEXT, 'x'.repeat(MORE_THAN_THE_KERNEL)));
    peer.stream.end(serverFrame(CLOSE, closePayload(4000, 'bye')));
    expect(await stream.closed).toEqual({ closeCode: 4000, reason: 'bye' });
    expect((await reader.read()).value).toBe('2');
    expect((await reader.read()).done).toBe(true);
  });
});

describe('WebSocketStream, the server closes', () => {
  test.each([
    [closePayload(1001, 'away'), 1001, 'away'],
    [Buffer.alloc(0), 1005, ''],
    [closePayload(3000), 3000, ''],
  ])('stream reads to the end, and tells code and reason', async (payload, closeCode, reason) => {
    const { stream, peer, readable } = await openStreamToRaw();
    peer.stream.end(
      Buffer.concat([serverFrame(TEXT, '1'), serverFrame(TEXT, '2'), serverFrame(CLOSE, payload)]),
    );
    const all: unknown[] = [];
    for await (const data of readable) all.push(data);
    expect(all).toEqual(['1', '2']);
    expect(await stream.closed).toEqual({ closeCode, reason });
    expect((await peer.close()).code).toBe(closeCode);
  });
});

describe('WebSocketStream, the writable is closed', () => {
  test('stream begins the closing handshake, and close() waits for its end', async () => {
    const { stream, peer, writable } = await openStreamToRaw();
    const writer = writable.getWriter();
    void writer.write('before');
    let isDone = false;
    const closing = writer.close().then(() => {
      isDone = true;
    });
    expect(await peer.text()).toBe('before');
    expect(await peer.close()).toEqual({ code: 1005, reason: '' });
    for (let i = 0; i < 5; i++) await turn();
    expect(isDone).toBe(false);
    peer.stream.end(serverFrame(CLOSE, closePayload(1000)));
    await closing;
    expect(await stream.closed).toEqual({ closeCode: 1000, reason: '' });
  });

  test('stream still reads, at the pace of its reader, until the server closes', async () => {
    const { peer, readable, writable } = await openStreamToRaw();
    const closing = writable.close();
    await peer.close();
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`);
    peer.stream.end(
      Buffer.concat([
        ...texts.map((text) => serverFrame(TEXT, text)),
        serverFrame(CLOSE, closePayload(1000)),
      ]),
    );
    const all: unknown[] = [];
    for await (const data of readable) {
      all.push(data);
      await turn();
    }
    expect(all).toEqual(texts);
    await closing;
  });

  test('stream fails when what it does not read holds up the close frame', async () => {
    const { stream, peer, writable } = await openStreamToRaw({ closeTimeoutMs: 100 });
    const closing = writable.close();
    await peer.close();
    peer.write(...['1', '2', '3'].map((text) => serverFrame(TEXT, text)), serverFrame(CLOSE));
    await expect(closing).rejects.toMatchObject({ closeCode: 1006 });
    await expect(stream.closed).rejects.toMatchObject({ closeCode: 1006 });
  });
});

describe.each(['cancel', 'abort'] as const)('WebSocketStream, %s', (method) => {
  async function openAnd(reason: unknown) {
    const { stream, peer, readable, writable } = await openStreamToRaw();
    const done = method === 'cancel' ? readable.cancel(reason) : writable.abort(reason);
    const said = await echoClose(peer);
    await done;
    return { said, closed: await stream.closed };
  }

  test.each<[string, unknown, number, string]>([
    ['nothing', undefined, 1005, ''],
    ['a string', 'why', 1005, ''],
    ['an error of another kind', new Error('why'), 1005, ''],
    ['code and reason', { closeCode: 3333, reason: 'enough' }, 3333, 'enough'],
    ['a code', { closeCode: 1000 }, 1000, ''],
    ['a reason', { reason: 'enough' }, 1000, 'enough'],
    ['code and reason under old names', { code: 3333, closeReason: 'x' }, 1005, ''],
    ['a code that no client sends', { closeCode: 1011, reason: 'x' }, 1005, ''],
    ['a code that is no number', { closeCode: 'x' }, 1005, ''],
    ['a reason that is too long', { closeCode: 3000, reason: 'x'.repeat(124) }, 1005, ''],
    [
      'a WebSocketError',
      new WebSocketError('WS_ERR_CONNECTION_FAILED', 'x', { closeCode: 4000, reason: 'y' }),
      4000,
      'y',
    ],
    [
      'the failure of another connection',
      new WebSocketError('WS_ERR_CONNECTION_FAILED', 'x', { closeCode: 1006 }),
      1005,
      '',
    ],
    ['an error before a connection', new WebSocketError('WS_ERR_CONNECT_FAILED', 'x'), 1005, ''],
  ])('stream closes for %s', async (_, reason, code, text) => {
    const { said, closed } = await openAnd(reason);
    expect(said).toEqual({ code, reason: text });
    expect(closed).toEqual({ closeCode: code, reason: text });
  });

  test('stream drops what was not read', async () => {
    const { stream, peer, readable, writable } = await openStreamToRaw();
    peer.write(...['1', '2', '3'].map((text) => serverFrame(TEXT, text)));
    await turn();
    if (method === 'cancel') void readable.cancel();
    else void writable.abort();
    await peer.close();
    peer.stream.write(serverFrame(TEXT, 'x'.repeat(MORE_THAN_THE_KERNEL)));
    peer.stream.end(serverFrame(CLOSE, closePayload(1000)));
    expect(await stream.closed).toEqual({ closeCode: 1000, reason: '' });
  });
});
