import { connect, type Socket } from 'node:net';
import type { CloseOptions } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from './rig/closes.ts';
import { Queue } from './rig/queue.ts';
import { CLOSE, closePayload, TEXT } from './rig/raw-frame.ts';
import { connectRaw, openRaw, requestRaw } from './rig/raw-peer.ts';
import { makeServer, startHttp, startServer } from './rig/servers.ts';

describe('close', () => {
  test('server says goodbye with 1001 to everybody, and resolves when they left', async () => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ close });
    const peers = await Promise.all([openRaw(port), openRaw(port), openRaw(port)]);
    let isDone = false;
    const done = server.close().then(() => {
      isDone = true;
    });
    for (const peer of peers) expect(await peer.close()).toEqual({ code: 1001, reason: '' });
    expect(isDone).toBe(false);
    expect(server.connectionCount).toBe(3);
    for (const peer of peers) {
      peer.sendFrame(CLOSE, closePayload(1001));
      await peer.ended;
      peer.stream.end();
    }
    await done;
    expect(await closes.take(3)).toEqual([1, 2, 3].map(() => ({ code: 1001, reason: '' })));
    expect(server.connectionCount).toBe(0);
  });

  test('server sends what was sent before, then its code and reason', async () => {
    const { server, port } = await startServer();
    const peer = await openRaw(port);
    for (const socket of server.connections) socket.send('last words');
    const done = server.close({ code: 1012, reason: 'restart: ☃' });
    expect(await peer.text()).toBe('last words');
    expect(await peer.close()).toEqual({ code: 1012, reason: 'restart: ☃' });
    peer.sendFrame(CLOSE, closePayload(1012));
    await peer.ended;
    peer.stream.end();
    await done;
  });

  test('server delivers what comes before the peer answers', async () => {
    const messages = new Queue<string>();
    const { server, port } = await startServer({
      message: (_socket, data) => messages.push(data.toString()),
    });
    const peer = await openRaw(port);
    const done = server.close();
    await peer.close();
    peer.sendFrame(TEXT, 'on its way already');
    peer.sendFrame(CLOSE, closePayload(1001));
    expect(await messages.next()).toBe('on its way already');
    peer.stream.end();
    await done;
  });

  test('server cuts whoever does not answer in time', async () => {
    const { closes, close } = recordCloses();
    const { server, port } = await startServer({ close });
    const peer = await openRaw(port);
    await server.close({ timeoutMs: 30 });
    await peer.closed;
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    expect(server.connectionCount).toBe(0);
  });

  test('server cuts whoever does not read in time', async () => {
    const { server, port } = await startServer({
      open: (socket) => void socket.send(Buffer.alloc(12_000_000)),
    });
    const peer = await requestRaw(port);
    peer.stream.pause();
    await vi.waitFor(() => expect(server.connectionCount).toBe(1));
    await server.close({ timeoutMs: 30 });
    peer.stream.resume();
    await peer.closed;
  });

  test('server waits for stragglers as long as it is told, be it for ever', async () => {
    const { server, port } = await startServer();
    const peer = await openRaw(port);
    const done = server.close({ timeoutMs: Number.POSITIVE_INFINITY });
    await peer.close();
    const outcome = await Promise.race([
      done.then(() => 'cut'),
      new Promise((resolve) => setTimeout(resolve, 100, 'waits')),
    ]);
    expect(outcome).toBe('waits');
    peer.sendFrame(CLOSE, closePayload(1001));
    await peer.ended;
    peer.stream.end();
    await done;
  });

  test('server refuses handshakes that are under way', async () => {
    const started = new Queue<true>();
    const { server, port } = await startServer({
      upgrade: ({ url }) => (url === '/slow' ? new Promise<undefined>(() => started.push(true)) : undefined),
    });
    const silent = await connectRaw(port);
    const slow = await requestRaw(port, {}, '/slow');
    await started.next();
    const open = await openRaw(port);
    const done = server.close();
    expect((await silent.response()).status).toBe(503);
    expect((await slow.response()).status).toBe(503);
    expect(await open.close()).toEqual({ code: 1001, reason: '' });
    open.stream.end();
    for (const peer of [silent, slow]) await peer.closed;
    await done;
  });

  test('server refuses new connections, and keeps the open ones until they answer', async () => {
    const { server, port } = await startServer();
    const peer = await openRaw(port);
    const done = server.close();
    await expect(connectRaw(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await peer.close()).toEqual({ code: 1001, reason: '' });
    peer.sendFrame(CLOSE, closePayload(1001));
    await peer.ended;
    peer.stream.end();
    await done;
  });

  test('server resolves at once when nobody is connected', async () => {
    await makeServer().close();
    const { server } = await startServer();
    await server.close({ timeoutMs: 60_000 });
  });

  test('server returns the same promise at the second call', async () => {
    const { server } = await startServer();
    const first = server.close();
    expect(server.close({ code: 1012 })).toBe(first);
    await first;
    expect(server.close()).toBe(first);
  });

  test.each<[CloseOptions, string]>([
    [{ code: 1005 }, 'WS_ERR_CLOSE_CODE_ARGUMENT'],
    [{ code: 999 }, 'WS_ERR_CLOSE_CODE_ARGUMENT'],
    [{ code: 1000.5 }, 'WS_ERR_CLOSE_CODE_ARGUMENT'],
    [{ reason: 'x'.repeat(124) }, 'WS_ERR_CLOSE_REASON_ARGUMENT'],
    [{ reason: '☃'.repeat(42) }, 'WS_ERR_CLOSE_REASON_ARGUMENT'],
  ])('server throws when it cannot say %j, and stays open', async (options, code) => {
    const { server, port } = await startServer();
    expect(() => server.close(options)).toThrow(expect.objectContaining({ code }));
    await openRaw(port);
  });

  test('server leaves the http server that it is attached to open', async () => {
    const { http, port } = await startHttp();
    const server = makeServer();
    server.attach(http);
    const peer = await openRaw(port);
    const done = server.close();
    expect((await peer.close()).code).toBe(1001);
    peer.sendFrame(CLOSE, closePayload(1001));
    await peer.ended;
    peer.stream.end();
    await done;
    expect(http.listening).toBe(true);
    const other = connect(port, '127.0.0.1');
    await new Promise((resolve) => other.once('connect', resolve));
    other.destroy();
  });

  test.each(['upgrade', 'open', 'message', 'close'])(
    'server can be closed from its %s handler',
    async (where) => {
      const closed = new Queue<Promise<void>>();
      const closeFrom = (name: string) => {
        if (name === where) closed.push(server.close({ timeoutMs: 100 }));
      };
      const { server, port } = await startServer({
        upgrade: () => closeFrom('upgrade'),
        open: () => closeFrom('open'),
        message: () => closeFrom('message'),
        close: () => closeFrom('close'),
      });
      const peer = await requestRaw(port);
      const { status } = await peer.response();
      expect(status).toBe(where === 'upgrade' ? 503 : 101);
      if (where === 'message') peer.sendFrame(TEXT, 'go');
      if (where === 'open' || where === 'message') expect((await peer.close()).code).toBe(1001);
      peer.stream.destroy();
      await await closed.next();
      expect(server.connectionCount).toBe(0);
    },
  );

  test('server leaves no handle behind', async () => {
    const { server, port } = await startServer();
    const peer = await openRaw(port);
    const done = server.close();
    await peer.close();
    (peer.stream as Socket).destroy();
    await done;
    await vi.waitFor(() => {
      const open = process.getActiveResourcesInfo().filter((name) => /^TCP|TLS/.test(name));
      expect(open).toEqual([]);
    });
  });
});
