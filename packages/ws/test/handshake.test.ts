import { type UpgradeDecision, type UpgradeRequest, WebSocketServer } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { Queue } from './rig/queue.ts';
import { frame, TEXT } from './rig/raw-frame.ts';
import { ACCEPT, connectRaw, handshakeRequest, openRaw, requestRaw } from './rig/raw-peer.ts';
import { makeServer, startHttp, startServer } from './rig/servers.ts';
import { defer, startWith } from './rig/upgrades.ts';

describe('RFC 6455 4.2.2 server handshake', () => {
  test('server accepts a correct request', async () => {
    const { port } = await startServer();
    const { startLine, headers } = await (await requestRaw(port)).response();
    expect(startLine).toBe('HTTP/1.1 101 Switching Protocols');
    expect(headers).toEqual({
      upgrade: ['websocket'],
      connection: ['Upgrade'],
      'sec-websocket-accept': [ACCEPT],
    });
  });

  test.each<[string, Record<string, string | undefined>, number]>([
    ['no Upgrade', { Upgrade: undefined }, 426],
    ['another Upgrade', { Upgrade: 'h2c' }, 400],
    ['no Connection', { Connection: undefined }, 400],
    ['another Connection', { Connection: 'keep-alive' }, 400],
    ['no Host', { Host: undefined }, 400],
    ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
    ['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
    ['no version', { 'Sec-WebSocket-Version': undefined }, 426],
    ['another version', { 'Sec-WebSocket-Version': '12' }, 426],
    ['a malformed protocol list', { 'Sec-WebSocket-Protocol': 'a,,b' }, 400],
    ['a malformed extension list', { 'Sec-WebSocket-Extensions': ';;' }, 400],
  ])('server refuses a request with %s', async (_, headers, status) => {
    const { port } = await startServer();
    const peer = await requestRaw(port, headers);
    expect((await peer.response()).status).toBe(status);
    await peer.closed;
  });

  test('server accepts header names and tokens in any case, and further tokens', async () => {
    const { port } = await startServer();
    const peer = await connectRaw(port);
    peer.write(
      'GET / HTTP/1.1\r\nhOST: a.test\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n' +
        'sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\r\nSEC-WEBSOCKET-VERSION:   13  \r\n\r\n',
    );
    expect((await peer.response()).status).toBe(101);
  });

  test('server declines extensions', async () => {
    const { port } = await startServer();
    const peer = await requestRaw(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate, x; y="z"' });
    const { status, headers } = await peer.response();
    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
  });

  test('server reads a request that comes byte by byte', async () => {
    const { port } = await startServer({ message: (socket, data) => void socket.send(data.toString()) });
    const peer = await connectRaw(port);
    for (const byte of Buffer.concat([Buffer.from(handshakeRequest()), frame(TEXT, 'hi')])) {
      peer.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await peer.response()).status).toBe(101);
    expect(await peer.text()).toBe('hi');
  });

  test('server writes its answer and what open sends in one piece', async () => {
    const { port } = await startServer({
      open: (socket) => {
        socket.send('hello');
        socket.send('again');
      },
    });
    const peer = await requestRaw(port);
    expect((await peer.response()).status).toBe(101);
    expect([await peer.text(), await peer.text()]).toEqual(['hello', 'again']);
    expect(peer.chunkSizes).toHaveLength(1);
  });
});

describe('upgrade handler', () => {
  test('server shows the request', async () => {
    const requests = new Queue<UpgradeRequest>();
    const { port } = await startServer({ upgrade: (request) => requests.push(request) });
    await openRaw(port, { 'Sec-WebSocket-Protocol': 'a, b', Cookie: 'id=1', 'X-Two': '2' }, '/path?query=1');
    const request = await requests.next();
    expect(request).toMatchObject({
      method: 'GET',
      url: '/path?query=1',
      protocols: ['a', 'b'],
      remoteAddress: '127.0.0.1',
    });
    expect(request.headers).toMatchObject({ cookie: 'id=1', 'x-two': '2', host: 'example.test' });
  });

  test('attached server shows the same request', async () => {
    const requests = new Queue<UpgradeRequest>();
    const { http, port } = await startHttp();
    const server = new WebSocketServer({ upgrade: (request) => requests.push(request) });
    server.attach(http);
    await openRaw(port, { 'Sec-WebSocket-Protocol': 'a, b', Cookie: 'id=1' }, '/path?query=1');
    const request = await requests.next();
    expect(request).toMatchObject({
      method: 'GET',
      url: '/path?query=1',
      protocols: ['a', 'b'],
      remoteAddress: '127.0.0.1',
    });
    expect(request.headers).toMatchObject({ cookie: 'id=1', host: 'example.test' });
    await server.close({ timeoutMs: 1 });
  });

  test.each<[string, UpgradeDecision<string>]>([
    ['nothing', undefined],
    ['an empty object', {}],
  ])('server lets the client in when it returns %s', async (_, decision) => {
    const { port, data } = await startWith(() => decision);
    const { status, headers } = await (await requestRaw(port, { 'Sec-WebSocket-Protocol': 'a' })).response();
    expect(status).toBe(101);
    expect(headers).not.toHaveProperty('sec-websocket-protocol');
    expect(await data.next()).toBeUndefined();
  });

  test('server attaches data, a protocol and headers', async () => {
    const { port, data } = await startWith(({ protocols }) => ({
      data: 'user 7',
      protocol: protocols[1] ?? '',
      headers: { 'Set-Cookie': 'seen=1; HttpOnly', 'X-Served-By': 'test' },
    }));
    const peer = await requestRaw(port, { 'Sec-WebSocket-Protocol': 'a, b' });
    const { status, headers } = await peer.response();
    expect(status).toBe(101);
    expect(headers).toMatchObject({
      'sec-websocket-protocol': ['b'],
      'set-cookie': ['seen=1; HttpOnly'],
      'x-served-by': ['test'],
    });
    expect(await data.next()).toBe('user 7');
  });

  test('server tells the socket its protocol', async () => {
    const protocols = new Queue<string>();
    const { port } = await startServer({
      upgrade: () => ({ protocol: 'b' }),
      open: (socket) => protocols.push(socket.protocol),
    });
    await openRaw(port, { 'Sec-WebSocket-Protocol': 'a, b' });
    expect(await protocols.next()).toBe('b');
  });

  test('server refuses with status, message and headers', async () => {
    const { port } = await startWith(() => ({
      status: 401,
      message: 'wer bist du? ☃',
      headers: { 'WWW-Authenticate': 'Bearer' },
    }));
    const peer = await requestRaw(port);
    expect(await peer.response()).toMatchObject({
      startLine: 'HTTP/1.1 401 Unauthorized',
      body: 'wer bist du? ☃',
      headers: { 'www-authenticate': ['Bearer'], connection: ['close'] },
    });
    await peer.closed;
  });

  test('server refuses with a bare status', async () => {
    const { port } = await startWith(() => ({ status: 410 }));
    expect(await (await requestRaw(port)).response()).toMatchObject({ status: 410, body: '' });
  });

  test.each<[string, unknown]>([
    ['false', false],
    ['null', null],
    ['a string', 'no'],
    ['the status 101', { status: 101 }],
    ['the status 204', { status: 204 }],
    ['no number for a status', { status: Number.NaN }],
    ['a status that breaks out of its line', { status: '403 x\r\nSet-Cookie: a=1' }],
  ])('server lets nobody in when the handler returns %s', async (_, decision) => {
    const errors = new Queue<Error>();
    const { port } = await startServer({
      upgrade: () => decision as UpgradeDecision<undefined>,
      error: (error) => errors.push(error),
    });
    expect((await (await requestRaw(port)).response()).status).toBe(500);
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_OPTION' });
  });

  test('server takes no notice of a client that left before a router handed it over', async () => {
    const { http, port } = await startHttp();
    const handedOver = defer<void>();
    const opened: unknown[] = [];
    const server = makeServer({ open: (socket) => opened.push(socket) });
    http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        server.handleUpgrade(request, socket, head);
        handedOver.resolve();
      });
      socket.destroy();
    });
    await requestRaw(port);
    await handedOver.promise;
    expect(opened).toEqual([]);
    await server.close();
  });

  test('server lets nobody in who ended its side before a router handed it over', async () => {
    const { http, port } = await startHttp();
    const ended = defer<void>();
    const opened: unknown[] = [];
    const server = makeServer({ open: (socket) => opened.push(socket) });
    http.on('upgrade', (request, socket, head) => {
      socket.on('end', () => server.handleUpgrade(request, socket, head));
      socket.on('close', () => ended.resolve());
    });
    const peer = await requestRaw(port);
    peer.stream.end();
    await ended.promise;
    expect(opened).toEqual([]);
    await server.close();
  });

  test('server sends a line for each cookie', async () => {
    const { port } = await startWith(() => ({ headers: { 'Set-Cookie': ['a=1', 'b=2; HttpOnly'] } }));
    const { headers } = await (await requestRaw(port)).response();
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2; HttpOnly']);
  });

  test('server sends each header of a refusal once', async () => {
    const { port } = await startWith(() => ({
      status: 403,
      message: '{"error":"no"}',
      headers: { 'Content-Type': 'application/json' },
    }));
    const { headers } = await (await requestRaw(port)).response();
    expect(headers['content-type']).toEqual(['application/json']);
  });

  test('server lets the client in once an asynchronous handler says so', async () => {
    const gate = defer<UpgradeDecision<string>>();
    const { port, data } = await startWith(() => gate.promise);
    const peer = await requestRaw(port);
    gate.resolve({ data: 'late' });
    expect((await peer.response()).status).toBe(101);
    expect(await data.next()).toBe('late');
  });

  test('server refuses once an asynchronous handler says so', async () => {
    const { port } = await startWith(async () => ({ status: 403, message: 'no' }));
    const peer = await requestRaw(port);
    expect(await peer.response()).toMatchObject({ status: 403, body: 'no' });
    await peer.closed;
  });

  test.each(['own port', 'attached'])(
    'server (%s) loses no frame that comes while an asynchronous handler waits',
    async (how) => {
      const gate = defer<UpgradeDecision<undefined>>();
      const messages = new Queue<string>();
      const started = new Queue<true>();
      const server = new WebSocketServer({
        upgrade: () => {
          started.push(true);
          return gate.promise;
        },
        message: (_socket, data) => messages.push(data.toString()),
      });
      const { http, port: httpPort } = await startHttp();
      server.attach(http);
      const port = how === 'attached' ? httpPort : (await server.listen({ host: '127.0.0.1' })).port;
      const peer = await connectRaw(port);
      peer.write(handshakeRequest(), frame(TEXT, '1'), frame(TEXT, '2').subarray(0, 3));
      await started.next();
      const rest = [frame(TEXT, '2').subarray(3), frame(TEXT, '3'), frame(TEXT, 'x'.repeat(200_000))];
      for (const part of rest) {
        peer.write(part);
        await new Promise((resolve) => setImmediate(resolve));
      }
      gate.resolve(undefined);
      expect((await peer.response()).status).toBe(101);
      expect(await messages.take(3)).toEqual(['1', '2', '3']);
      expect(await messages.next()).toHaveLength(200_000);
      await server.close({ timeoutMs: 1 });
    },
  );

  test.each(['resets', 'leaves'])(
    'server forgets a client that %s while an asynchronous handler waits',
    async (how) => {
      const gate = defer<UpgradeDecision<undefined>>();
      const [started, log] = [new Queue<true>(), new Queue<string>()];
      const { server, port } = await startServer({
        upgrade: () => {
          started.push(true);
          return gate.promise;
        },
        open: () => log.push('open'),
        close: (_socket, code) => log.push(`close ${code}`),
        error: (error) => log.push(String(error)),
      });
      const peer = await requestRaw(port);
      await started.next();
      if (how === 'resets') (peer.stream as import('node:net').Socket).resetAndDestroy();
      else peer.stream.destroy();
      await peer.closed;
      gate.resolve(undefined);
      await gate.promise;
      // Whoever comes later finds the server as it was.
      await openRaw(port);
      await vi.waitFor(() => expect(server.connectionCount).toBe(1));
      const seen = log.drain();
      // It may have been let in before it was known to be gone, but then it also left.
      expect(seen.filter((entry) => entry === 'open').length).toBe(
        seen.filter((e) => e !== 'open').length + 1,
      );
      expect(seen.filter((entry) => entry !== 'open').every((entry) => entry === 'close 1006')).toBe(true);
    },
  );

  test.each<[string, () => never | Promise<never>]>([
    [
      'throws',
      () => {
        throw new Error('secret detail');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret detail'))],
  ])('server answers 500 and reports when it %s', async (_, upgrade) => {
    const { port, errors } = await startWith(upgrade);
    const peer = await requestRaw(port);
    const { status, body } = await peer.response();
    expect(status).toBe(500);
    expect(body).not.toMatch(/secret/);
    expect(await errors.next()).toMatchObject({ message: 'secret detail' });
    await peer.closed;
  });

  test.each(['at once', 'later'])('server reports a thrown value that is no error, %s', async (when) => {
    const { port, errors } = await startWith(() => {
      if (when === 'later') return Promise.reject('a string');
      throw 'a string';
    });
    expect((await (await requestRaw(port)).response()).status).toBe(500);
    expect(await errors.next()).toMatchObject({ cause: 'a string' });
  });

  test.each(['a', 'c', 'A'])(
    'server answers 500 when it chooses %s, which was not offered',
    async (protocol) => {
      const { port, errors } = await startWith(() => ({ protocol }));
      const offered = protocol === 'a' ? undefined : 'a, b';
      const peer = await requestRaw(port, { 'Sec-WebSocket-Protocol': offered });
      expect((await peer.response()).status).toBe(500);
      expect(await errors.next()).toMatchObject({ code: 'WS_ERR_PROTOCOL_NOT_OFFERED' });
    },
  );

  test('server answers 408 when it takes too long, and ignores what it says then', async () => {
    const gate = defer<UpgradeDecision<undefined>>();
    const opened = new Queue<true>();
    const { server, port } = await startServer({
      handshakeTimeoutMs: 60,
      upgrade: () => gate.promise,
      open: () => opened.push(true),
    });
    const peer = await requestRaw(port);
    expect((await peer.response()).status).toBe(408);
    await peer.closed;
    gate.resolve(undefined);
    await gate.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened).toHaveLength(0);
    expect(server.connectionCount).toBe(0);
  });

  test('server ignores a handler that fails after its time', async () => {
    const errors = new Queue<Error>();
    let fail: (error: Error) => void = () => {};
    const { port } = await startServer({
      handshakeTimeoutMs: 60,
      upgrade: () =>
        new Promise<undefined>((_, reject) => {
          fail = reject;
        }),
      error: (error) => errors.push(error),
    });
    const peer = await requestRaw(port);
    expect((await peer.response()).status).toBe(408);
    fail(new Error('late'));
    expect(await errors.next()).toMatchObject({ message: 'late' });
    await peer.closed;
  });
});
