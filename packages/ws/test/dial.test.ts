import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { WebSocket, type WebSocketClientOptions, WebSocketError } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { CERTIFICATE } from './rig/certificate.ts';
import { failClient, makeClient, next, openClient } from './rig/clients.ts';
import { CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import type { RawHead } from './rig/raw-peer.ts';
import { acceptance, startRawServer } from './rig/raw-server.ts';
import { startHttps, startServer } from './rig/servers.ts';

/** Has a client connect to a server that gives `answer`, and returns how it failed. */
async function failWith(
  answer: string | ((request: RawHead) => string),
  { protocols = [], ...options }: WebSocketClientOptions & { protocols?: string[] } = {},
) {
  const server = await startRawServer();
  const client = makeClient(server.url, protocols, options);
  let hasOpened = false;
  client.onopen = () => {
    hasOpened = true;
  };
  const failed = failClient(client);
  const peer = await server.accept();
  const request = await peer.head();
  peer.write(typeof answer === 'string' ? answer : answer(request));
  const { error, close } = await failed;
  expect(error.error).toBeInstanceOf(WebSocketError);
  expect(error.message).toBe(error.error.message);
  expect(close).toMatchObject({ code: 1006, reason: '', wasClean: false });
  expect([hasOpened, client.readyState]).toEqual([false, 3]);
  await peer.closed;
  return error.error as WebSocketError;
}

describe('RFC 6455 4.1 client request', () => {
  test('client sends just what a handshake needs', async () => {
    const server = await startRawServer();
    makeClient(`${server.url}path?query=☃`);
    const { startLine, headers } = await (await server.accept()).head();
    expect(startLine).toBe('GET /path?query=%E2%98%83 HTTP/1.1');
    const { 'sec-websocket-key': keys, ...others } = headers;
    expect(others).toEqual({
      host: [`127.0.0.1:${server.port}`],
      'sec-websocket-extensions': [
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits',
      ],
      upgrade: ['websocket'],
      connection: ['Upgrade'],
      'sec-websocket-version': ['13'],
    });
    expect(Buffer.from(keys![0]!, 'base64')).toHaveLength(16);
  });

  test('client sends another key each time', async () => {
    const server = await startRawServer();
    const keys = new Set<string>();
    for (let i = 0; i < 3; i++) {
      makeClient(server.url);
      keys.add((await (await server.accept()).head()).headers['sec-websocket-key']![0]!);
    }
    expect(keys.size).toBe(3);
  });

  test('client offers protocols in one header, in order', async () => {
    const server = await startRawServer();
    makeClient(server.url, ['b', 'a', 'c.d']);
    expect((await (await server.accept()).head()).headers['sec-websocket-protocol']).toEqual(['b, a, c.d']);
    makeClient(server.url, 'alone');
    expect((await (await server.accept()).head()).headers['sec-websocket-protocol']).toEqual(['alone']);
  });

  test('client sends headers and an origin of its options, but keeps those of the handshake', async () => {
    const server = await startRawServer();
    makeClient(server.url, ['a'], {
      headers: { Authorization: 'Bearer x', Cookie: 'a=b', Upgrade: 'h2c', 'Sec-WebSocket-Version': '8' },
      origin: 'https://page.test',
    });
    const { headers } = await (await server.accept()).head();
    expect(headers).toMatchObject({
      authorization: ['Bearer x'],
      cookie: ['a=b'],
      origin: ['https://page.test'],
      upgrade: ['websocket'],
      'sec-websocket-version': ['13'],
      'sec-websocket-protocol': ['a'],
    });
  });

  test('client keeps its own handshake headers, however the options spell them', async () => {
    const server = await startRawServer();
    makeClient(server.url, [], {
      headers: {
        upgrade: 'h2c',
        'sec-websocket-version': '8',
        'SEC-WEBSOCKET-KEY': 'mine',
        connection: 'close',
      },
    });
    const request = await (await server.accept()).head();
    expect(request.headers).toMatchObject({
      upgrade: ['websocket'],
      connection: ['Upgrade'],
      'sec-websocket-version': ['13'],
    });
    expect(request.headers['sec-websocket-key']).toHaveLength(1);
    expect(request.headers['sec-websocket-key']).not.toEqual(['mine']);
  });

  test('client throws when a header of its options is not allowed, and connects to nothing', () => {
    expect(() => new WebSocket('ws://127.0.0.1:1/', [], { headers: { 'X-A': 'b\r\nc: d' } })).toThrow();
    expect(() => new WebSocket('ws://127.0.0.1:1/', [], { headers: { 'X A': 'b' } })).toThrow();
    expect(() => new WebSocket('ws://127.0.0.1:1/', [], { origin: 'a\r\nb: c' })).toThrow();
  });

  test('client sends the user and password of the URL', async () => {
    const server = await startRawServer();
    makeClient(`ws://user:pass%20word@127.0.0.1:${server.port}/`);
    expect((await (await server.accept()).head()).headers.authorization).toEqual([
      `Basic ${Buffer.from('user:pass word').toString('base64')}`,
    ]);
  });

  test('client connects through an agent', async () => {
    const { url } = await startServer({ open: (socket) => void socket.send('hello') });
    let connections = 0;
    class CountingAgent extends Agent {
      override createConnection(...args: Parameters<Agent['createConnection']>) {
        connections++;
        return super.createConnection(...args);
      }
    }
    const client = makeClient(url, [], { agent: new CountingAgent() });
    expect((await next(client, 'message')).data).toBe('hello');
    expect(connections).toBe(1);
  });

  test('client connects through an agent whose connections are no sockets', async () => {
    const { url, port } = await startServer({ open: (socket) => void socket.send('hello') });
    class TunnelAgent extends Agent {
      override createConnection(): Duplex {
        const socket = connect(port, '127.0.0.1');
        const [near, far] = duplexPair();
        socket.pipe(far).pipe(socket);
        return near;
      }
    }
    const client = makeClient(url, [], { agent: new TunnelAgent() });
    expect((await next(client, 'message')).data).toBe('hello');
    client.close(1000);
    expect(await next(client, 'close')).toMatchObject({ code: 1000, wasClean: true });
  });
});

describe('RFC 6455 4.1 server answers that fail', () => {
  const HTTP = 'HTTP/1.1';

  test('client quotes status, reason and body of a refusal', async () => {
    const error = await failWith(
      `${HTTP} 401 Unauthorized\r\nContent-Length: 16\r\nConnection: close\r\n\r\nwer bist du? ☃`,
    );
    expect(error).toMatchObject({ code: 'WS_ERR_UNEXPECTED_STATUS', status: 401 });
    expect(error.message).toMatch(/401 Unauthorized.*wer bist du\? ☃/);
  });

  test.each([
    ['200', `${HTTP} 200 OK\r\nContent-Length: 5\r\n\r\nhello`, 200],
    ['204', `${HTTP} 204 No Content\r\n\r\n`, 204],
    [
      '301',
      `${HTTP} 301 Moved Permanently\r\nLocation: ws://elsewhere.test/\r\nContent-Length: 0\r\n\r\n`,
      301,
    ],
    [
      '426',
      `${HTTP} 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n`,
      426,
    ],
    ['503 without reason', `${HTTP} 503\r\nContent-Length: 0\r\n\r\n`, 503],
    ['500, chunked', `${HTTP} 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n`, 500],
  ])('client fails on %s, and says so', async (_, answer, status) => {
    const error = await failWith(answer);
    expect(error).toMatchObject({ code: 'WS_ERR_UNEXPECTED_STATUS', status });
    expect(error.message).toContain(`${status}`);
  });

  test('client quotes the beginning of a long body, and does not wait for its end', async () => {
    const error = await failWith(
      `${HTTP} 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n${'why? '.repeat(2_000)}`,
    );
    expect(error.status).toBe(403);
    expect(error.message).toContain('why? why?');
    expect(error.message.length).toBeLessThan(400);
  });

  test('client tells the status when the body breaks off', async () => {
    const server = await startRawServer();
    const failed = failClient(makeClient(server.url));
    const peer = await server.accept();
    await peer.head();
    peer.stream.end(`${HTTP} 403 Forbidden\r\nContent-Length: 100\r\n\r\nbecause`);
    const { error } = await failed;
    expect(error.error).toMatchObject({ status: 403, message: expect.stringContaining('because') });
  });

  test('client tells the status when the body never ends', async () => {
    const error = await failWith(`${HTTP} 403 Forbidden\r\nContent-Length: 100\r\n\r\nbecause`, {
      handshakeTimeoutMs: 100,
    });
    expect(error.status).toBe(403);
  });

  test.each<[string, Record<string, string>, string]>([
    ['no Upgrade', { Upgrade: '' }, 'WS_ERR_INVALID_UPGRADE_HEADER'],
    ['another Upgrade', { Upgrade: 'h2c' }, 'WS_ERR_INVALID_UPGRADE_HEADER'],
    ['no Connection', { Connection: '' }, 'WS_ERR_INVALID_CONNECTION_HEADER'],
    ['another Connection', { Connection: 'close' }, 'WS_ERR_INVALID_CONNECTION_HEADER'],
    ['no accept', { 'Sec-WebSocket-Accept': '' }, 'WS_ERR_INVALID_ACCEPT_HEADER'],
    [
      'a wrong accept',
      { 'Sec-WebSocket-Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
      'WS_ERR_INVALID_ACCEPT_HEADER',
    ],
    ['a protocol not asked for', { 'Sec-WebSocket-Protocol': 'x' }, 'WS_ERR_INVALID_PROTOCOL_HEADER'],
    [
      'an extension',
      { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
      'WS_ERR_INVALID_EXTENSIONS_HEADER',
    ],
    ['a malformed extension', { 'Sec-WebSocket-Extensions': ';' }, 'WS_ERR_INVALID_EXTENSIONS_HEADER'],
  ])('client fails on a 101 with %s', async (_, headers, code) => {
    const error = await failWith((request) => acceptance(request, headers), { handshakeTimeoutMs: 2_000 });
    expect(error.code).toBe(code);
  });

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['another', { 'Sec-WebSocket-Protocol': 'c' }],
    ['two', { 'Sec-WebSocket-Protocol': 'a, b' }],
    ['another case', { 'Sec-WebSocket-Protocol': 'A' }],
  ])('client that offered protocols fails when the server chose %s', async (_, headers) => {
    const error = await failWith((request) => acceptance(request, headers), { protocols: ['a', 'b'] });
    expect(error.code).toBe('WS_ERR_INVALID_PROTOCOL_HEADER');
  });

  test('client fails on what is no HTTP', async () => {
    const error = await failWith('SSH-2.0-OpenSSH_9.9\r\n');
    expect(error.code).toBe('WS_ERR_CONNECT_FAILED');
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('client fails when the server says nothing in time', async () => {
    const error = await failWith('', { handshakeTimeoutMs: 50 });
    expect(error).toMatchObject({
      code: 'WS_ERR_HANDSHAKE_TIMEOUT',
      message: expect.stringContaining('50 ms'),
    });
  });

  test('client fails when the server drips its answer', async () => {
    const server = await startRawServer();
    const failed = failClient(makeClient(server.url, [], { handshakeTimeoutMs: 100 }));
    const peer = await server.accept();
    const answer = acceptance(await peer.head());
    let at = 0;
    const drip = setInterval(() => peer.write(answer[at++] ?? ''), 10);
    await failed.finally(() => clearInterval(drip));
    expect((await failed).error.error).toMatchObject({ code: 'WS_ERR_HANDSHAKE_TIMEOUT' });
  });

  test('client waits for ever when it is told', async () => {
    const server = await startRawServer();
    const opening = openClient(server.url, [], { handshakeTimeoutMs: Number.POSITIVE_INFINITY });
    const peer = await server.accept();
    const head = await peer.head();
    setTimeout(() => peer.write(acceptance(head)), 50);
    expect((await opening).readyState).toBe(1);
  });

  test.each(['ends', 'resets'])('client fails when the server %s before it answers', async (how) => {
    const server = await startRawServer();
    const failed = failClient(makeClient(server.url));
    const peer = await server.accept();
    await peer.head();
    if (how === 'ends') peer.stream.end();
    else (peer.stream as Socket).resetAndDestroy();
    expect((await failed).error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test('client fails on a port where nobody listens', async () => {
    const { server, port } = await startServer();
    await server.close();
    const { error } = await failClient(makeClient(`ws://127.0.0.1:${port}/`));
    expect(error.error).toMatchObject({
      code: 'WS_ERR_CONNECT_FAILED',
      message: expect.stringMatching(`127.0.0.1:${port}.*ECONNREFUSED`),
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
  });

  test('client fails on every address of a host where nobody listens', async () => {
    const { server, port } = await startServer();
    await server.close();
    const { error } = await failClient(makeClient(`ws://localhost:${port}/`));
    expect(error.message).toMatch(/ECONNREFUSED/);
  });

  test('client tells what our own server refused with', async () => {
    const { url } = await startServer({ upgrade: () => ({ status: 403, message: 'not today' }) });
    const { error } = await failClient(makeClient(url));
    expect(error.error).toMatchObject({ status: 403, message: expect.stringContaining('not today') });
  });
});

describe('wss:', () => {
  test('client trusts the authority that it is given', async () => {
    const { url } = await startServer(
      { message: (socket, data) => void socket.send(data.toString().toUpperCase()) },
      { tls: CERTIFICATE },
    );
    const client = await openClient(url, [], { tls: { ca: CERTIFICATE.cert } });
    expect(client.url).toBe(url);
    client.send('x'.repeat(100_000));
    const { data, origin } = await next(client, 'message');
    expect(data).toBe('X'.repeat(100_000));
    expect(origin).toBe(url.slice(0, -1));
    client.close(3000, 'done');
    expect(await next(client, 'close')).toMatchObject({ code: 3000, reason: '', wasClean: true });
  });

  test('client takes https: for wss:', async () => {
    const { port } = await startServer({}, { tls: CERTIFICATE });
    const client = await openClient(`https://localhost:${port}/`, [], { tls: { ca: CERTIFICATE.cert } });
    expect(client.url).toBe(`wss://localhost:${port}/`);
  });

  test('client trusts nobody else', async () => {
    const { url } = await startServer({}, { tls: CERTIFICATE });
    const { error, close } = await failClient(makeClient(url));
    expect(error.error).toMatchObject({
      code: 'WS_ERR_CONNECT_FAILED',
      message: expect.stringMatching(/self.signed/),
    });
    expect(close.code).toBe(1006);
  });

  test('client trusts anybody when it is told', async () => {
    const { url } = await startServer({}, { tls: CERTIFICATE });
    await openClient(url, [], { tls: { rejectUnauthorized: false } });
  });

  test('client refuses a certificate of another name', async () => {
    const { port } = await startServer({}, { tls: CERTIFICATE });
    const options = { tls: { ca: CERTIFICATE.cert, servername: 'other.test' } };
    const { error } = await failClient(makeClient(`wss://127.0.0.1:${port}/`, [], options));
    expect(error.message).toMatch(/other\.test|altnames/);
  });

  test('client fails when it speaks TLS to a plain port, and the other way round', async () => {
    const plain = await startServer({ handshakeTimeoutMs: 500 });
    const toPlain = await failClient(makeClient(`wss://127.0.0.1:${plain.port}/`));
    expect(toPlain.error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
    const secure = await startServer({}, { tls: CERTIFICATE });
    const toSecure = await failClient(makeClient(`ws://127.0.0.1:${secure.port}/`));
    expect(toSecure.error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test('client reads what came in one piece with the 101', async () => {
    const server = await startRawServer(CERTIFICATE);
    const client = makeClient(server.url, [], { tls: { ca: CERTIFICATE.cert } });
    const message = next(client, 'message');
    const closed = next(client, 'close');
    const peer = await server.open(
      {},
      Buffer.concat([serverFrame(TEXT, 'hello'), serverFrame(CLOSE, closePayload(3000))]),
    );
    expect((await message).data).toBe('hello');
    peer.stream.end();
    expect(await closed).toMatchObject({ code: 3000, wasClean: true });
  });

  test('client tells what an https server without WebSocket answers', async () => {
    const { port } = await startHttps();
    const { error } = await failClient(
      makeClient(`wss://127.0.0.1:${port}/`, [], { tls: { ca: CERTIFICATE.cert } }),
    );
    // node:http answers such a request as any other where nobody takes upgrades.
    expect(error.error).toMatchObject({ code: 'WS_ERR_UNEXPECTED_STATUS', status: 200 });
  });
});

describe('client options', () => {
  test.each(['handshakeTimeoutMs', 'maxMessageBytes', 'closeTimeoutMs', 'pingIntervalMs', 'pingTimeoutMs'])(
    'client throws when %s is no number from 0 on',
    (name) => {
      for (const value of [-1, Number.NaN, '5', true, {}]) {
        expect(() => new WebSocket('ws://127.0.0.1:1/', [], { [name]: value })).toThrow(
          expect.objectContaining({ code: 'WS_ERR_OPTION', message: expect.stringContaining(name) }),
        );
      }
    },
  );
});
