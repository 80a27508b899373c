import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { WebSocket } from '../src/websocket.ts';
import { closeOf, connectPair, openClient, startServer } from './rig.ts';

/** An HTTP server that answers handshakes in its own way. */
async function startHttp(answer: string | RequestListener): Promise<string> {
  const http = createServer();
  http.on('upgrade', (_request, socket) => {
    socket.on('error', () => {});
    if (typeof answer === 'string') socket.end(answer);
  });
  http.listen(0, '127.0.0.1');
  onTestFinished(() => void http.close());
  await once(http, 'listening');
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function answering(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

describe('constructor', () => {
  it.each([
    ['foo', [], 'Invalid URL: foo'],
    ['bad://a', [], 'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"'],
    ['ws+unix:', [], "The URL's pathname is empty"],
    ['ws://a#b', [], 'The URL contains a fragment identifier'],
    ['ws://a', ['a', 'a'], 'An invalid or duplicated subprotocol was specified'],
    ['ws://a', [''], 'An invalid or duplicated subprotocol was specified'],
  ])('client rejects %s with %j', (url, protocols, message) => {
    expect(() => new WebSocket(url, protocols)).toThrow(new SyntaxError(message));
  });

  it('client rejects a version that is none', () => {
    const message = 'Unsupported protocol version: 9 (supported versions: 8, 13)';
    expect(() => new WebSocket('ws://a', { protocolVersion: 9 })).toThrow(new RangeError(message));
  });
});

describe('handshake', () => {
  const upgrade = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade'];

  it.each([
    [
      'a refusal',
      answering('HTTP/1.1 401 Unauthorized', 'Connection: close'),
      'Unexpected server response: 401',
    ],
    ['another upgrade', answering(...upgrade, 'Upgrade: foo'), 'Invalid Upgrade header'],
    [
      'an answer to another key',
      answering(...upgrade, 'Upgrade: websocket', 'Sec-WebSocket-Accept: foo'),
      'Invalid Sec-WebSocket-Accept header',
    ],
  ])('client fails for %s', async (_, answer, message) => {
    const client = openClient(await startHttp(answer));
    const closed = closeOf(client);
    expect((await once(client, 'error'))[0].message).toBe(message);
    await closed;
    expect(client.readyState).toBe(client.CLOSED);
  });

  it('client fails for a subprotocol or an extension that it did not ask for', async () => {
    const { server, url } = await startServer();
    let header = 'Sec-WebSocket-Protocol: foo';
    server.on('headers', (headers: string[]) => headers.push(header));
    expect((await once(openClient(url), 'error'))[0].message).toBe(
      'Server sent a subprotocol but none was requested',
    );
    header = 'Sec-WebSocket-Extensions: foo';
    expect((await once(openClient(url), 'error'))[0].message).toBe(
      'Server indicated an extension that was not requested',
    );
    expect((await once(openClient(url, { perMessageDeflate: false }), 'error'))[0].message).toBe(
      'Server sent a Sec-WebSocket-Extensions header but no extension was requested',
    );
    header = 'Sec-WebSocket-Extensions: permessage-deflate; foo';
    expect((await once(openClient(url), 'error'))[0].message).toBe('Invalid Sec-WebSocket-Extensions header');
  });

  it('client waits no longer than it is told', async () => {
    const client = openClient(await startHttp(() => {}), { handshakeTimeout: 20 });
    expect((await once(client, 'error'))[0].message).toBe('Opening handshake has timed out');
  });

  it('client hands an unexpected response to who listens for it', async () => {
    const url = await startHttp(
      `${answering('HTTP/1.1 404 Not Found', 'Content-Length: 2', 'Connection: close')}no`,
    );
    const [request, response] = await once(openClient(url), 'unexpected-response');
    expect(response.statusCode).toBe(404);
    request.destroy();
  });

  it('client offers compression in the words of ws, sends headers, and lets the request be changed', async () => {
    const { server, url } = await startServer();
    const client = openClient(url, {
      headers: { 'X-A': 'b' },
      finishRequest: (request, socket) => {
        request.setHeader('X-Url', socket.url);
        request.end();
      },
    });
    const [, { headers }] = await once(server, 'connection');
    expect(headers).toMatchObject({
      'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      'x-a': 'b',
      'x-url': `${url}/`,
    });
    client.terminate();
  });

  it('client makes its masks as it is told', async () => {
    const { peer, client } = await connectPair({}, { generateMask: (mask) => mask.fill(0) });
    const chunk = once(peer._socket!, 'data');
    client.send('abc');
    expect((await chunk)[0].toString('hex')).toBe('838300000000616263'.replace('83', '81'));
  });

  it('client connects through a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'compat-ws-'));
    const path = join(folder, 's');
    const http = createServer().listen(path);
    onTestFinished(() => {
      http.close();
      rmSync(folder, { recursive: true });
    });
    const server = new WebSocketServer({ server: http });
    await once(server, 'listening');
    const client = openClient(`ws+unix:${path}:/foo?bar`);
    const [[, request]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
    expect(request.url).toBe('/foo?bar');
  });
});

describe('redirects', () => {
  async function startRedirector(location: string): Promise<string> {
    return startHttp(answering('HTTP/1.1 302 Found', `Location: ${location}`, 'Connection: close'));
  }

  it('client follows them, and leaves its credentials behind', async () => {
    const { server, url } = await startServer();
    const client = openClient(await startRedirector(url), {
      followRedirects: true,
      auth: 'a:b',
      headers: { Cookie: 'c', 'X-A': 'b' },
    });
    const [[, { headers }]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
    expect([headers.authorization, headers.cookie, headers['x-a']]).toEqual([undefined, undefined, 'b']);
    expect(client.url).toBe(`${url}/`);
  });

  it('client keeps its credentials where somebody watches the redirects', async () => {
    const { server, url } = await startServer();
    const client = openClient(await startRedirector(url), { followRedirects: true, auth: 'a:b' });
    const urls: string[] = [];
    client.on('redirect', (to) => urls.push(to));
    const [, { headers }] = await once(server, 'connection');
    expect(headers.authorization).toBe('Basic YTpi');
    expect(urls).toEqual([`${url}/`]);
  });

  it.each([
    ['/', {}, 'Maximum redirects exceeded'],
    ['ws://', {}, 'Invalid URL: ws://'],
    ['/', { followRedirects: false }, 'Unexpected server response: 302'],
  ])('client that is sent to "%s" with %j gives up', async (location, options, message) => {
    const client = openClient(await startRedirector(location), {
      followRedirects: true,
      maxRedirects: 2,
      ...options,
    });
    expect((await once(client, 'error'))[0].message).toBe(message);
  });
});
