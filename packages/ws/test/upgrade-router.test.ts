import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import type { WebSocketServer } from '@hawser/ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer as ForeignServer } from 'ws';
import { CERTIFICATE } from './rig/certificate.ts';
import { frame, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, RawPeer, requestRaw } from './rig/raw-peer.ts';
import { makeServer, startHttp, startHttps } from './rig/servers.ts';

/** A server that answers every message with its own name. */
function makeNamed(name: string): WebSocketServer {
  return makeServer({ message: (socket) => void socket.send(name) });
}

async function nameAt(port: number, path: string): Promise<string> {
  const peer = await openRaw(port, {}, path);
  peer.sendFrame(TEXT, 'who?');
  return peer.text();
}

async function statusAt(port: number, path: string): Promise<number> {
  return (await (await requestRaw(port, {}, path)).response()).status;
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent: false }, (response) => resolve(text(response)))
      .on('error', reject)
      .end();
  });
}

describe('attach', () => {
  test('server takes the upgrades of an http server on every path', async () => {
    const { http, port } = await startHttp();
    makeNamed('ours').attach(http);
    expect(await nameAt(port, '/')).toBe('ours');
    expect(await nameAt(port, '/any/path?and=query')).toBe('ours');
  });

  test('server takes the upgrades of an https server', async () => {
    const { http, port } = await startHttps();
    makeNamed('ours').attach(http);
    const peer = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    peer.write(handshakeRequest());
    expect((await peer.response()).status).toBe(101);
    peer.sendFrame(TEXT, 'who?');
    expect(await peer.text()).toBe('ours');
  });

  test('server leaves the other requests to the http server', async () => {
    const { http, port } = await startHttp();
    makeNamed('ours').attach(http, { path: '/chat' });
    expect(await get(port, '/chat')).toBe('hello /chat');
    const peer = await openRaw(port, {}, '/chat');
    expect(await get(port, '/page')).toBe('hello /page');
    peer.sendFrame(TEXT, 'who?');
    expect(await peer.text()).toBe('ours');
  });

  test('server takes its own path, whatever the query', async () => {
    const { http, port } = await startHttp();
    makeNamed('ours').attach(http, { path: '/chat' });
    expect(await nameAt(port, '/chat')).toBe('ours');
    expect(await nameAt(port, '/chat?room=1&path=/other')).toBe('ours');
  });

  test('server takes its own path when the request names the whole URL', async () => {
    const { http, port } = await startHttp();
    makeNamed('ours').attach(http, { path: '/chat' });
    expect(await nameAt(port, 'http://example.test/chat?x')).toBe('ours');
  });

  test.each(['/', '/chat/', '/chatter', '/chat/room', '/CHAT', '?/chat', '*'])(
    'server refuses the path %s, which is not its own, with 404',
    async (path) => {
      const { http, port } = await startHttp();
      makeNamed('ours').attach(http, { path: '/chat' });
      const peer = await requestRaw(port, {}, path);
      const { status, body } = await peer.response();
      // A target that node:http cannot read is refused by itself.
      expect(path.startsWith('?') ? [400, 404] : [404]).toContain(status);
      if (status === 404) expect(body).toMatch(/no WebSocket/);
      await peer.closed;
    },
  );

  test('several servers share an http server, each with its own path', async () => {
    const { http, port } = await startHttp();
    makeNamed('a').attach(http, { path: '/a' });
    makeNamed('b').attach(http, { path: '/b' });
    makeNamed('rest').attach(http);
    expect(await nameAt(port, '/a')).toBe('a');
    expect(await nameAt(port, '/b')).toBe('b');
    expect(await nameAt(port, '/c')).toBe('rest');
  });

  test('several servers refuse what none of them claims once', async () => {
    const { http, port } = await startHttp();
    makeNamed('a').attach(http, { path: '/a' });
    makeNamed('b').attach(http, { path: '/b' });
    const peer = await requestRaw(port, {}, '/c');
    const answer = (await peer.readToEnd()).toString();
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });

  test('one server takes several paths and several http servers', async () => {
    const [first, second] = [await startHttp(), await startHttp()];
    const server = makeNamed('ours');
    server.attach(first.http, { path: '/a' });
    server.attach(first.http, { path: '/b' });
    server.attach(second.http, { path: '/a' });
    expect(await nameAt(first.port, '/a')).toBe('ours');
    expect(await nameAt(first.port, '/b')).toBe('ours');
    expect(await nameAt(second.port, '/a')).toBe('ours');
    expect(server.connectionCount).toBe(3);
  });

  test('server throws when the path is taken', async () => {
    const { http } = await startHttp();
    makeServer().attach(http, { path: '/a' });
    const taken = expect.objectContaining({ code: 'WS_ERR_PATH_TAKEN' });
    expect(() => makeServer().attach(http, { path: '/a' })).toThrow(taken);
    makeServer().attach(http);
    expect(() => makeServer().attach(http)).toThrow(taken);
  });

  test('server throws when it was closed', async () => {
    const { http } = await startHttp();
    const server = makeServer();
    await server.close();
    expect(() => server.attach(http)).toThrow(expect.objectContaining({ code: 'WS_ERR_SERVER_CLOSED' }));
  });

  test('server frees its path when it is closed, and the http server goes on', async () => {
    const { http, port } = await startHttp();
    const first = makeNamed('first');
    first.attach(http, { path: '/a' });
    expect(await nameAt(port, '/a')).toBe('first');
    await first.close({ timeoutMs: 1 });
    expect(http.listening).toBe(true);
    expect(http.listenerCount('upgrade')).toBe(0);
    expect(await get(port, '/a')).toBe('hello /a');
    makeNamed('second').attach(http, { path: '/a' });
    expect(await nameAt(port, '/a')).toBe('second');
  });

  test.each(['chat', '/chat?x', '/chat#x', '', 'ws://host/chat'])(
    'server throws when it is attached to %j, which is no path',
    async (path) => {
      const { http } = await startHttp();
      expect(() => makeServer({}).attach(http, { path })).toThrow(
        expect.objectContaining({ code: 'WS_ERR_OPTION' }),
      );
    },
  );

  test('server lets go of a client whose upgrade nobody claimed, and who stays', async () => {
    const { http, port } = await startHttp();
    makeServer({ handshakeTimeoutMs: 50, closeTimeoutMs: 50 }).attach(http, { path: '/a' });
    const peer = await connectRaw(port, { allowHalfOpen: true });
    peer.write(handshakeRequest({}, '/b'));
    expect((await peer.response()).status).toBe(404);
    await vi.waitFor(
      async () => {
        const count = await new Promise((resolve) => http.getConnections((_, open) => resolve(open)));
        expect(count).toBe(0);
      },
      { timeout: 3_000 },
    );
  }, 10_000);
});

describe('attach beside other libraries', () => {
  /** The `ws` package on a path of its own, behind a listener as its documentation has it. */
  async function attachForeign(http: Awaited<ReturnType<typeof startHttp>>['http'], path: string) {
    const foreign = new ForeignServer({ noServer: true });
    foreign.on('connection', (socket) => socket.on('message', () => socket.send('foreign')));
    http.on('upgrade', (request: IncomingMessage, socket, head) => {
      if (request.url !== path) return;
      foreign.handleUpgrade(request, socket, head, (ws) => foreign.emit('connection', ws, request));
    });
    onTestFinished(() => {
      for (const client of foreign.clients) client.terminate();
      foreign.close();
    });
  }

  test.each(['before', 'after'])(
    'server leaves a foreign path alone when it is attached %s',
    async (when) => {
      const { http, port } = await startHttp();
      if (when === 'after') await attachForeign(http, '/foreign');
      makeNamed('ours').attach(http, { path: '/ours' });
      if (when === 'before') await attachForeign(http, '/foreign');
      expect(await nameAt(port, '/foreign')).toBe('foreign');
      expect(await nameAt(port, '/ours')).toBe('ours');
    },
  );

  test('server leaves what it does not claim to a foreign listener', async () => {
    const { http, port } = await startHttp();
    makeNamed('ours').attach(http, { path: '/ours' });
    http.on('upgrade', (_request, socket) => {
      if (_request.url === '/ours') return;
      socket.end('HTTP/1.1 418 foreign\r\nConnection: close\r\n\r\n');
    });
    expect(await statusAt(port, '/nobody')).toBe(418);
  });
});

describe('handleUpgrade', () => {
  test('server takes what a router hands over', async () => {
    const { http, port } = await startHttp();
    const [chat, news] = [makeNamed('chat'), makeNamed('news')];
    http.on('upgrade', (request: IncomingMessage, socket, head) => {
      const isChat = request.url?.startsWith('/chat') ?? false;
      (isChat ? chat : news).handleUpgrade(request, socket, head);
    });
    expect(await nameAt(port, '/chat/1')).toBe('chat');
    expect(await nameAt(port, '/')).toBe('news');
  });

  test('server reads the frames that came in with the request', async () => {
    const { http, port } = await startHttp();
    const server = makeNamed('ours');
    http.on('upgrade', (request: IncomingMessage, socket, head) =>
      server.handleUpgrade(request, socket, head),
    );
    const peer = await connectRaw(port);
    peer.write(handshakeRequest(), frame(TEXT, '1'), frame(TEXT, '2'));
    expect((await peer.response()).status).toBe(101);
    expect([await peer.text(), await peer.text()]).toEqual(['ours', 'ours']);
  });

  test('server refuses with 503 when it was closed', async () => {
    const { http, port } = await startHttp();
    const server = makeNamed('ours');
    http.on('upgrade', (request: IncomingMessage, socket, head) =>
      server.handleUpgrade(request, socket, head),
    );
    await server.close();
    expect(await statusAt(port, '/')).toBe(503);
  });

  test('server refuses a handshake that breaks a rule', async () => {
    const { http, port } = await startHttp();
    const server = makeNamed('ours');
    http.on('upgrade', (request: IncomingMessage, socket, head) =>
      server.handleUpgrade(request, socket, head),
    );
    const peer = await requestRaw(port, { 'Sec-WebSocket-Version': '8' });
    expect(await peer.response()).toMatchObject({
      status: 426,
      headers: { 'sec-websocket-version': ['13'], upgrade: ['websocket'] },
    });
  });
});
