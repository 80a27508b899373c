import type { UpgradeDecision } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { Queue } from './rig/queue.ts';
import { frame, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from './rig/raw-peer.ts';
import { startServer } from './rig/servers.ts';
import { defer, startWith } from './rig/upgrades.ts';

describe('header injection', () => {
  const ATTEMPTS: [string, Record<string, string>][] = [
    ['CRLF in a value', { 'X-A': 'b\r\nX-Evil: 1' }],
    ['LF in a value', { 'X-A': 'b\nX-Evil: 1' }],
    ['NUL in a value', { 'X-A': 'b\0' }],
    ['CRLF in a name', { 'X-A: b\r\nX-Evil': '1' }],
    ['a space in a name', { 'X Evil': '1' }],
    ['an empty name', { '': '1' }],
    ['a character beyond Latin-1', { 'X-A': '☃' }],
  ];

  test.each(ATTEMPTS)('server answers 500 when an acceptance has %s', async (_, headers) => {
    const { port, errors } = await startWith(() => ({ headers }));
    const response = await (await requestRaw(port)).response();
    expect(response.status).toBe(500);
    expect(response.headers).not.toHaveProperty('x-evil');
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_HEADER_ARGUMENT' });
  });

  test.each(ATTEMPTS)('server answers 500 when a refusal has %s', async (_, headers) => {
    const { port, errors } = await startWith(() => ({ status: 401, headers }));
    const response = await (await requestRaw(port)).response();
    expect(response.status).toBe(500);
    expect(response.headers).not.toHaveProperty('x-evil');
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_HEADER_ARGUMENT' });
  });

  test('server answers 500 when an asynchronous refusal has CRLF in a value', async () => {
    const { port, errors } = await startWith(async () => ({ status: 401, headers: { 'X-A': 'b\r\nc: d' } }));
    expect((await (await requestRaw(port)).response()).status).toBe(500);
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_HEADER_ARGUMENT' });
  });

  test('server sends Latin-1 headers byte by byte in both answers', async () => {
    const { port } = await startWith(({ url }) => ({
      ...(url === '/no' && { status: 403 }),
      headers: { 'X-Name': 'José' },
    }));
    const accepted = await (await requestRaw(port)).response();
    expect(accepted.headers['x-name']).toEqual(['José']);
    const refused = await (await requestRaw(port, {}, '/no')).response();
    expect(refused.headers['x-name']).toEqual(['José']);
  });
});

describe('bounds of the handshake', () => {
  test('server answers 408 when nothing comes', async () => {
    const { port } = await startServer({ handshakeTimeoutMs: 50 });
    const peer = await connectRaw(port);
    expect((await peer.response()).status).toBe(408);
    await peer.closed;
  });

  test('server answers 431 when the head is too long', async () => {
    const { port } = await startServer({ maxHeaderBytes: 1_000 });
    const peer = await requestRaw(port, { 'X-Long': 'x'.repeat(1_000) });
    const { status, body } = await peer.response();
    expect(status).toBe(431);
    expect(body).toMatch(/1000/);
    await peer.closed;
  });

  test('server answers 431 before the head ends', async () => {
    const { port } = await startServer({ maxHeaderBytes: 1_000 });
    const peer = await connectRaw(port);
    peer.write(`GET /${'x'.repeat(1_001)}`);
    expect((await peer.response()).status).toBe(431);
  });

  test('server takes a head of just the longest length, and frames behind it', async () => {
    const request = handshakeRequest();
    const messages = new Queue<string>();
    const { port } = await startServer({
      maxHeaderBytes: request.length,
      message: (_socket, data) => messages.push(data.toString()),
    });
    const peer = await connectRaw(port);
    peer.write(request, frame(TEXT, 'behind'));
    expect((await peer.response()).status).toBe(101);
    expect(await messages.next()).toBe('behind');
  });

  test('server answers 503 when it is full, and lets in again when somebody left', async () => {
    const { server, port } = await startServer({ maxConnections: 2 });
    const first = await openRaw(port);
    await openRaw(port);
    const third = await requestRaw(port);
    expect(await third.response()).toMatchObject({ status: 503, body: 'the server is full' });
    await third.closed;
    first.stream.destroy();
    await vi.waitFor(() => expect(server.connectionCount).toBe(1));
    await openRaw(port);
  });

  test('server stays within maxConnections when handlers take their time', async () => {
    const gate = defer<UpgradeDecision<undefined>>();
    let waiting = 0;
    const { server, port } = await startServer({
      maxConnections: 3,
      upgrade: () => {
        waiting++;
        return gate.promise;
      },
    });
    await openRawLater(port, 2);
    await vi.waitFor(() => expect(waiting).toBe(2));
    gate.resolve(undefined);
    await vi.waitFor(() => expect(server.connectionCount).toBe(2));
    const late = defer<UpgradeDecision<undefined>>();
    gate.promise = late.promise;
    const peers = await openRawLater(port, 3);
    await vi.waitFor(() => expect(waiting).toBe(5));
    late.resolve(undefined);
    const statuses = await Promise.all(peers.map(async (peer) => (await peer.response()).status));
    expect(statuses.toSorted()).toEqual([101, 503, 503]);
    expect(server.connectionCount).toBe(3);
  });
});

function openRawLater(port: number, count: number) {
  return Promise.all(Array.from({ length: count }, () => requestRaw(port)));
}
