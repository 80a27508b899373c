import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ServerOptions, WebSocketServer } from '../src/server.ts';
import { WebSocket } from '../src/websocket.ts';
import { connectPair, openClient, openRaw, readAll, startServer } from './rig.ts';

async function refusal(
  options: ServerOptions,
  headers: Readonly<Record<string, string | null>>,
  method = 'GET',
): Promise<string> {
  const { url } = await startServer(options);
  return (await readAll(openRaw(url, headers, method))).toString('latin1');
}

describe('modes', () => {
  it.each([
    ['none', {}],
    ['two', { port: 0, noServer: true }],
    ['two others', { server: createServer(), noServer: true }],
  ])('server needs one mode, not %s', (_, options) => {
    expect(() => new WebSocketServer(options)).toThrow(
      new TypeError('One and only one of the "port", "server", or "noServer" options must be specified'),
    );
  });

  it('server of its own answers 426 to plain requests', async () => {
    const { url } = await startServer();
    const response = await fetch(url.replace('ws:', 'http:'));
    expect([response.status, await response.text()]).toEqual([426, 'Upgrade Required']);
  });

  it('server shares an HTTP server, and leaves it when it closes', async () => {
    const http = createServer((_request, response) => response.end('page'));
    const server = new WebSocketServer({ server: http });
    http.listen(0, '127.0.0.1');
    onTestFinished(() => void http.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = openClient(`ws://127.0.0.1:${port}`);
    await once(client, 'open');
    const closed = once(server, 'close');
    server.close();
    client.close();
    await closed;
    expect(http.listening).toBe(true);
    expect(http.listenerCount('upgrade')).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('page');
  });

  it('server takes upgrades that it is handed, each once', async () => {
    const http = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void http.close());
    const server = new WebSocketServer({ noServer: true });
    expect(() => server.address()).toThrow('The server is operating in "noServer" mode');
    const twice = new Promise((resolve) => {
      http.on('upgrade', (request, socket, head) => {
        server.handleUpgrade(request, socket, head, (peer) => peer.send('welcome'));
        try {
          server.handleUpgrade(request, socket, head, () => {});
        } catch (error) {
          resolve((error as Error).message);
        }
      });
    });
    await once(http, 'listening');
    const client = openClient(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
    expect(String((await once(client, 'message'))[0])).toBe('welcome');
    expect(await twice).toMatch(/^server\.handleUpgrade\(\) was called more than once with the same socket/);
  });

  it('server closes when the last client has left, and only once', async () => {
    const { server, client } = await connectPair();
    let isClosed = false;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        isClosed = true;
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    client.close();
    await closed;
    const error = await new Promise<Error | undefined>((resolve) => server.close(resolve));
    expect(error?.message).toBe('The server is not running');
  });
});

describe('handshake', () => {
  it.each<[string, ServerOptions, Record<string, string | null>, string, string]>([
    ['no upgrade to websocket', {}, { Upgrade: 'foo' }, '400 Bad Request', 'Invalid Upgrade header'],
    [
      'no key',
      {},
      { 'Sec-WebSocket-Key': null },
      '400 Bad Request',
      'Missing or invalid Sec-WebSocket-Key header',
    ],
    [
      'an unknown version',
      {},
      { 'Sec-WebSocket-Version': '7' },
      '400 Bad Request',
      'Missing or invalid Sec-WebSocket-Version header',
    ],
    ['another path', { path: '/foo' }, {}, '400 Bad Request', 'Bad Request'],
    [
      'a repeated subprotocol',
      {},
      { 'Sec-WebSocket-Protocol': 'a,a' },
      '400 Bad Request',
      'Invalid Sec-WebSocket-Protocol header',
    ],
    [
      'an offer that cannot be',
      { perMessageDeflate: true },
      { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=1' },
      '400 Bad Request',
      'Invalid or unacceptable Sec-WebSocket-Extensions header',
    ],
    ['a client that is not verified', { verifyClient: () => false }, {}, '401 Unauthorized', 'Unauthorized'],
    [
      'a client that is refused later',
      { verifyClient: (_info, done) => setImmediate(done, false, 403, 'go away', { 'X-A': 'b' }) },
      {},
      '403 Forbidden',
      'go away',
    ],
  ])('server refuses %s', async (_, options, headers, status, message) => {
    const answer = await refusal(options, headers);
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: ${message.length}`,
    );
    expect(body).toBe(message);
  });

  it('server refuses a POST, and names the versions that it speaks', async () => {
    expect(await refusal({}, {}, 'POST')).toMatch(/^HTTP\/1\.1 405 /);
    expect(await refusal({}, { 'Sec-WebSocket-Version': '1' })).toMatch(
      '\r\nSec-WebSocket-Version: 13, 8\r\n',
    );
  });

  it('server hands mistakes of clients to who listens for them', async () => {
    const { server, url } = await startServer();
    server.on('wsClientError', (error, socket, request) => {
      socket.end(`HTTP/1.1 418 ${error.message}: ${request.url}\r\n\r\n`);
    });
    const answer = await readAll(openRaw(url, { Upgrade: 'foo' }));
    expect(String(answer)).toBe('HTTP/1.1 418 Invalid Upgrade header: /\r\n\r\n');
  });

  it('server tells verifyClient where a client comes from, in both versions', async () => {
    const origins: unknown[] = [];
    const verifyClient: ServerOptions['verifyClient'] = (info) => origins.push([info.origin, info.secure]);
    const { server, url } = await startServer({ verifyClient });
    for (const protocolVersion of [13, 8]) {
      openClient(url, { origin: 'https://a.example', protocolVersion });
      await once(server, 'connection');
    }
    expect(origins).toEqual([
      ['https://a.example', false],
      ['https://a.example', false],
    ]);
  });

  it('server chooses a subprotocol', async () => {
    const { server, url } = await startServer();
    const first = new WebSocket(url, ['b', 'a']);
    await once(first, 'open');
    expect(first.protocol).toBe('b');
    (server.options as ServerOptions as { handleProtocols: unknown }).handleProtocols = () => 'a';
    const second = new WebSocket(url, ['b', 'a']);
    await once(second, 'open');
    expect(second.protocol).toBe('a');
  });

  it('server lets who listens change the headers of its answer', async () => {
    const { server, url } = await startServer();
    server.on('headers', (headers: string[]) => headers.push('X-A: b'));
    const [response] = await once(openClient(url), 'upgrade');
    expect(response.headers['x-a']).toBe('b');
  });

  it.each([
    ['permessage-deflate', true, 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', true, 'permessage-deflate'],
    [
      'foo, permessage-deflate; client_max_window_bits',
      { serverMaxWindowBits: 9, clientMaxWindowBits: 10, serverNoContextTakeover: true },
      'permessage-deflate; client_max_window_bits=10; server_no_context_takeover; server_max_window_bits=9',
    ],
  ])('server answers the offer "%s" as ws does', async (offer, perMessageDeflate, answer) => {
    const { url } = await startServer({ perMessageDeflate });
    const raw = openRaw(url, { 'Sec-WebSocket-Extensions': offer });
    const [head] = await once(raw, 'data');
    expect(String(head)).toMatch(`\r\nSec-WebSocket-Extensions: ${answer}\r\n`);
  });

  it('server makes sockets of the class that it is given, and forgets them on demand', async () => {
    class Player extends WebSocket {
      score = 1;
    }
    const { server, peer } = await connectPair({ WebSocket: Player, clientTracking: false });
    expect((peer as Player).score).toBe(1);
    expect(server.clients).toBeUndefined();
    peer.terminate();
  });
});
