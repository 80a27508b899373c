import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerSocket, WebSocketClientOptions } from '@hawser/ws';
import { WebSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CERTIFICATE } from '../rig/certificate.ts';
import { echo, failClient, makeClient, next, openClient } from '../rig/clients.ts';
import { sayHello, startBare, startEcho, startOverH2c, TLS } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { CLOSE, closePayload, serverFrame } from '../rig/raw-frame.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { makeServer, startServer } from '../rig/servers.ts';

describe('over HTTP/2', () => {
  test.each([true, 'auto'] as const)('client with http2: %s talks over TLS', async (http2) => {
    const { url, sessions, closes } = await startEcho();
    const client = await openClient(url, [], { http2, ...TLS });
    expect(client.readyState).toBe(WebSocket.OPEN);
    expect(await echo(client, 'hello')).toBe('hello');
    expect(sessions).toHaveLength(1);
    client.close(4000, 'bye');
    expect(await next(client, 'close')).toMatchObject({ wasClean: true, code: 4000 });
    expect(await closes.next()).toEqual({ code: 4000, reason: 'bye' });
  });

  test('client talks over plain TCP to a server that it knows to speak HTTP/2', async () => {
    const { url, server } = await startOverH2c({
      message: (socket, data) => void socket.send(`echo ${data}`),
    });
    const client = await openClient(url, [], { http2: true });
    client.send('hello');
    expect((await next(client, 'message')).data).toBe('echo hello');
    expect(server.connectionCount).toBe(1);
  });

  test('client sends the fields of the handshake', async () => {
    const { port, streams } = await startBare();
    const url = `ws://user:pass%20word@127.0.0.1:${port}/a%20b?c=d`;
    makeClient(url, ['x', 'y'], {
      http2: true,
      origin: 'http://example.test',
      headers: { Cookie: 'a=b', Connection: 'x', Upgrade: 'y' },
      compression: { thresholdBytes: 0 },
    });
    const { headers } = await streams.next();
    expect(Object.fromEntries(Object.entries(headers))).toEqual({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':authority': `127.0.0.1:${port}`,
      ':path': '/a%20b?c=d',
      authorization: `Basic ${Buffer.from('user:pass word').toString('base64')}`,
      cookie: 'a=b',
      origin: 'http://example.test',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'x, y',
      'sec-websocket-extensions': expect.stringContaining('permessage-deflate'),
    });
  });

  test('client names the host that it is given', async () => {
    const { url, streams } = await startBare();
    makeClient(url, [], { http2: true, headers: { Host: 'other.test' } });
    const { headers } = await streams.next();
    expect(headers).toMatchObject({ ':authority': 'other.test' });
    expect(headers).not.toHaveProperty('host');
  });

  test('client and server choose a subprotocol and compress', async () => {
    const { url } = await startOverH2c({
      compression: { thresholdBytes: 0 },
      upgrade: ({ protocols }) => ({ protocol: protocols[1]! }),
      message: (socket, data, binary) => void socket.send(data, { binary }),
    });
    const client = await openClient(url, ['a', 'b'], { http2: true, compression: { thresholdBytes: 0 } });
    expect(client.protocol).toBe('b');
    expect(client.extensions).toContain('permessage-deflate');
    expect(await echo(client, 'again '.repeat(1_000))).toHaveLength(6_000);
  });

  test('client pings, and answers', async () => {
    const pongs = new Queue<string>();
    const { url } = await startOverH2c({
      open: (socket) => void socket.ping('from the server'),
      pong: (_socket, data) => pongs.push(data.toString()),
    });
    const client = await openClient(url, [], { http2: true });
    client.ping('from the client');
    expect((await next(client, 'pong')).data.toString()).toBe('from the client');
    expect(await pongs.next()).toBe('from the server');
  });

  test('client terminates with CANCEL', async () => {
    const { url, streams } = await startBare();
    const client = makeClient(url, [], { http2: true });
    const { stream } = await streams.next();
    stream.respond({ ':status': 200 });
    await next(client, 'open');
    client.terminate();
    stream.resume();
    await once(stream, 'close');
    expect(stream.rstCode).toBe(8);
  });

  test('client reports 1006 when its stream is reset, and a second socket goes on', async () => {
    const opened = new Queue<ServerSocket>();
    const { url, sessions } = await startOverH2c({ open: (socket) => opened.push(socket) });
    const client = await openClient(url, [], { http2: true });
    const other = await openClient(url, [], { http2: true });
    const closed = next(client, 'close');
    (await opened.next()).terminate();
    expect(await closed).toMatchObject({ wasClean: false, code: 1006 });
    const message = next(other, 'message');
    (await opened.next()).send('still here');
    await message;
    expect(sessions).toHaveLength(1);
  });
});

describe('failures over HTTP/2', () => {
  test('client quotes a refusal', async () => {
    const { url } = await startOverH2c({ upgrade: () => ({ status: 401, message: 'who are you?' }) });
    const { error, close } = await failClient(makeClient(url, [], { http2: true }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_UNEXPECTED_STATUS', status: 401 });
    expect(error.message).toBe('the server answered 401: who are you?');
    expect(close).toMatchObject({ code: 1006, wasClean: false });
  });

  test('client quotes what has come of a refusal that does not end', async () => {
    const { url, streams } = await startBare();
    const client = makeClient(url, [], { http2: true, handshakeTimeoutMs: 100 });
    const { stream } = await streams.next();
    stream.respond({ ':status': 503 });
    stream.write('because');
    expect((await failClient(client)).error.message).toBe('the server answered 503: because');
  });

  test.each([
    ['a subprotocol', { 'sec-websocket-protocol': 'x' }, 'WS_ERR_INVALID_PROTOCOL_HEADER'],
    ['an extension', { 'sec-websocket-extensions': 'x' }, 'WS_ERR_INVALID_EXTENSIONS_HEADER'],
    [
      'a parameter',
      { 'sec-websocket-extensions': 'permessage-deflate; x' },
      'WS_ERR_INVALID_EXTENSIONS_HEADER',
    ],
  ])('client rejects %s that it did not offer, and resets the stream', async (_, headers, code) => {
    const { url, streams } = await startBare();
    const failing = failClient(makeClient(url, [], { http2: true }));
    const { stream } = await streams.next();
    stream.respond({ ':status': 200, ...headers });
    stream.resume();
    expect((await failing).error.error).toMatchObject({ code });
    await once(stream, 'close');
    expect(stream.rstCode).toBe(8);
  });

  test.each([0, 2, 7, 8])('client fails when the server resets the handshake with %i', async (code) => {
    const { url, streams } = await startBare();
    const failing = failClient(makeClient(url, [], { http2: true }));
    (await streams.next()).stream.close(code);
    expect((await failing).error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test('client gives up when no answer comes, and the session ends', async () => {
    const { url, sessions } = await startBare();
    const { error } = await failClient(makeClient(url, [], { http2: true, handshakeTimeoutMs: 60 }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_HANDSHAKE_TIMEOUT' });
    await vi.waitFor(() => expect(sessions[0]!.destroyed).toBe(true));
  });

  test.each(['ws', 'wss'])(
    'client gives up when not even %s: settings come, and cuts the connection',
    async (scheme) => {
      const raw = await startRawServer(
        scheme === 'ws' ? undefined : { ...CERTIFICATE, ALPNProtocols: ['h2'] },
      );
      const client = makeClient(raw.url, [], { http2: true, handshakeTimeoutMs: 100, ...TLS });
      const failing = failClient(client);
      const peer = await raw.accept();
      expect((await failing).error.error).toMatchObject({ code: 'WS_ERR_HANDSHAKE_TIMEOUT' });
      await peer.closed;
    },
  );

  test('client fails at a server of HTTP/1.1 that it took for one of HTTP/2', async () => {
    const { url } = await startServer();
    const { error } = await failClient(makeClient(url, [], { http2: true }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test.each(['ws', 'wss'])('client fails when nobody listens at %s:', async (scheme) => {
    const { port, server } = await startServer();
    await server.close();
    const { error } = await failClient(makeClient(`${scheme}://127.0.0.1:${port}/`, [], { http2: true }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED', cause: { code: 'ECONNREFUSED' } });
  });

  test.each([true, 'auto'] as const)('client with http2: %s checks the certificate', async (http2) => {
    const { url } = await startEcho();
    const { error } = await failClient(makeClient(url, [], { http2 }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test.each([true, 'auto'] as const)(
    'client with http2: %s fails at what TLS does not take',
    async (http2) => {
      const tls = { minVersion: 'TLSv9' as never };
      const { error } = await failClient(makeClient('wss://127.0.0.1:1/', [], { http2, tls }));
      const cause = { code: 'ERR_TLS_INVALID_PROTOCOL_VERSION' };
      expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED', cause });
    },
  );

  test.each(['close', 'terminate'] as const)(
    'client is broken off by %s() before it is open',
    async (method) => {
      const { url, sessions } = await startBare();
      for (const isLate of [false, true]) {
        const client = makeClient(url, [], { http2: true });
        const failing = failClient(client);
        if (isLate) await vi.waitFor(() => expect(sessions).toHaveLength(1));
        client[method]();
        expect((await failing).error.error).toMatchObject({ code: 'WS_ERR_CLOSED_BEFORE_OPEN' });
      }
      await vi.waitFor(() => expect(sessions.every(({ destroyed }) => destroyed)).toBe(true));
    },
  );

  test.each<[string, WebSocketClientOptions]>([
    ['something else', { http2: 'always' as never }],
    ['null', { http2: null as never }],
    ['an object that is no session', { http2: {} as never }],
    ['an agent beside it', { http2: 'auto', agent: new Agent() }],
  ])('client throws at %s', (_, options) => {
    const misuse = expect.objectContaining({ code: 'WS_ERR_OPTION' });
    expect(() => new WebSocket('wss://127.0.0.1:1/', [], options)).toThrow(misuse);
  });

  test('client throws at a header that cannot be sent', () => {
    const options = { http2: true, headers: { 'X-A': 'a\r\nb' } };
    expect(() => new WebSocket('ws://127.0.0.1:1/', [], options)).toThrow(TypeError);
  });
});

describe('falling back to HTTP/1.1', () => {
  test('client falls back on the same connection when ALPN does not offer HTTP/2', async () => {
    const raw = await startRawServer({ ...CERTIFICATE, ALPNProtocols: ['http/1.1'] });
    const opening = openClient(raw.url, [], { http2: 'auto', ...TLS });
    const peer = await raw.open();
    const client = await opening;
    client.send('hello');
    expect(await peer.text()).toBe('hello');
    peer.stream.end(serverFrame(CLOSE, closePayload(1000)));
    expect(await next(client, 'close')).toMatchObject({ code: 1000 });
  });

  test('several clients fall back at once', async () => {
    const { url, server } = await startServer({}, { tls: CERTIFICATE });
    await Promise.all([1, 2, 3].map(() => openClient(url, [], { http2: 'auto', ...TLS })));
    expect(server.connectionCount).toBe(3);
  });

  test('client falls back when the settings do not offer it, and leaves the session', async () => {
    const http = createSecureServer({ ...CERTIFICATE, allowHTTP1: true }, sayHello);
    const server = await serveUpgradesOnly(http);
    const client = await openClient(server.url, [], { http2: 'auto', ...TLS });
    expect(await echo(client, 'hello')).toBe('hello');
    await vi.waitFor(() => expect(server.sessions()).toEqual([true]));
  });

  test('client with http2: true does not fall back', async () => {
    const { url } = await startServer({}, { tls: CERTIFICATE });
    const notOffered = { code: 'WS_ERR_HTTP2_NOT_OFFERED' };
    expect((await failClient(makeClient(url, [], { http2: true, ...TLS }))).error.error).toMatchObject(
      notOffered,
    );
    const bare = await startBare({});
    expect((await failClient(makeClient(bare.url, [], { http2: true }))).error.error).toMatchObject(
      notOffered,
    );
    await vi.waitFor(() => expect(bare.sessions[0]!.destroyed).toBe(true));
  });

  test('client with http2: auto connects over HTTP/1.1 without TLS', async () => {
    const { url } = await startServer();
    await openClient(url, [], { http2: 'auto' });
  });

  /** Serves WebSocket over HTTP/1.1 alone, on a server that speaks HTTP/2 as well. */
  async function serveUpgradesOnly(http: Http2SecureServer) {
    const sessions: { destroyed: boolean }[] = [];
    const server = makeServer({ message: (socket, data, binary) => void socket.send(data, { binary }) });
    http.on('session', (session) => sessions.push(session));
    http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void http.close());
    const { port } = http.address() as AddressInfo;
    return { url: `wss://127.0.0.1:${port}/`, sessions: () => sessions.map(({ destroyed }) => destroyed) };
  }
});
