import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { CERTIFICATE } from '../rig/certificate.ts';
import { connectSession, openStream, requestStream, responseOf } from '../rig/http2-peers.ts';
import { sayHello, startH2, startH2c } from '../rig/http2-servers.ts';
import { TEXT } from '../rig/raw-frame.ts';
import { handshakeRequest, RawPeer } from '../rig/raw-peer.ts';
import { makeServer } from '../rig/servers.ts';

const makeNamed = (name: string) => makeServer({ message: (socket) => void socket.send(name) });

async function nameAt(port: number, path: string): Promise<string> {
  const peer = await openStream(await connectSession(port), { ':path': path });
  peer.sendFrame(TEXT, 'who?');
  return peer.text();
}

async function statusAt(port: number, path: string, headers: object = {}): Promise<number | undefined> {
  const peer = requestStream(await connectSession(port), { ':path': path, ...headers });
  return (await responseOf(peer))[':status'];
}

async function getOver(port: number, path: string): Promise<string> {
  return text((await connectSession(port)).request({ ':path': path }));
}

describe('attach to an http2 server', () => {
  test('several servers share it, each with its own path', async () => {
    const { port } = await startH2c((http) => {
      makeNamed('a').attach(http, { path: '/a' });
      makeNamed('b').attach(http, { path: '/b' });
    });
    expect(await nameAt(port, '/a?query')).toBe('a');
    expect(await nameAt(port, '/b')).toBe('b');
    expect(await statusAt(port, '/c')).toBe(404);
    expect(await statusAt(port, '/a', { ':protocol': 'connect-udp' })).toBe(501);
  });

  test.each(['before', 'after'])('server leaves requests to a listener that is added %s', async (when) => {
    const { port } = await startH2c((http) => {
      if (when === 'before') http.on('request', sayHello);
      makeNamed('ours').attach(http, { path: '/chat' });
      if (when === 'after') http.on('request', sayHello);
    });
    expect(await getOver(port, '/chat')).toBe('hello /chat');
    expect(await nameAt(port, '/chat')).toBe('ours');
    expect(await statusAt(port, '/other')).toBe(404);
    const noProxy = { ':protocol': undefined, ':scheme': undefined, ':path': undefined };
    expect(await statusAt(port, '/', noProxy)).toBe(501);
  });

  test.each(['before', 'after'])('server stands beside a stream listener that is added %s', async (when) => {
    const serve = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => {
      if (headers[':protocol'] === 'websocket' && headers[':path'] === '/chat') return;
      stream.respond({ ':status': headers[':method'] === 'CONNECT' ? 418 : 200 });
      stream.end('theirs');
    };
    const { port } = await startH2c((http) => {
      if (when === 'before') http.on('stream', serve);
      makeNamed('ours').attach(http, { path: '/chat' });
      if (when === 'after') http.on('stream', serve);
    });
    expect(await getOver(port, '/')).toBe('theirs');
    expect(await nameAt(port, '/chat')).toBe('ours');
    expect(await statusAt(port, '/theirs')).toBe(418);
  });

  test.each(['before', 'after'])(
    'server does not break a stream listener, added %s, that answers everything',
    async (when) => {
      const serve = (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 418 });
        stream.end();
      };
      const { port } = await startH2c((http) => {
        if (when === 'before') http.on('stream', serve);
        makeNamed('ours').attach(http);
        if (when === 'after') http.on('stream', serve);
      });
      expect(await statusAt(port, '/')).toBe(418);
    },
  );

  test('server leaves what it does not claim to a connect listener', async () => {
    const { port } = await startH2c((http) => {
      http.on('request', sayHello);
      makeNamed('ours').attach(http, { path: '/ours' });
      http.on(
        'connect',
        (request: { url: string }, response: { writeHead(status: number): { end(): void } }) => {
          if (request.url !== '/ours') response.writeHead(418).end();
        },
      );
    });
    expect(await nameAt(port, '/ours')).toBe('ours');
    expect(await statusAt(port, '/theirs')).toBe(418);
  });

  test('server frees its path when it is closed, and the HTTP server goes on', async () => {
    const first = makeNamed('first');
    const { http, port } = await startH2c((server) => {
      server.on('request', sayHello);
      first.attach(server, { path: '/a' });
    });
    expect(await nameAt(port, '/a')).toBe('first');
    await first.close({ timeoutMs: 1 });
    expect(await getOver(port, '/a')).toBe('hello /a');
    expect([http.listenerCount('stream'), http.listenerCount('connect')]).toEqual([1, 0]);
    makeNamed('second').attach(http, { path: '/a' });
    expect(await nameAt(port, '/a')).toBe('second');
  });

  test('server throws when the path is taken', () => {
    const http = createServer();
    makeServer().attach(http, { path: '/a' });
    const taken = expect.objectContaining({ code: 'WS_ERR_PATH_TAKEN' });
    expect(() => makeServer().attach(http, { path: '/a' })).toThrow(taken);
    expect(http.listenerCount('stream')).toBe(1);
  });
});

describe('allowHTTP1', () => {
  test('server serves both HTTP versions, and the requests beside them, on one port', async () => {
    const server = makeNamed('ours');
    const { port } = await startH2({ allowHTTP1: true }, (http) => {
      http.on('request', sayHello);
      server.attach(http);
    });
    const over2 = await openStream(await connectSession(port, { secure: true }));
    const over1 = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    over1.write(handshakeRequest());
    expect((await over1.response()).status).toBe(101);
    for (const peer of [over1, over2]) {
      peer.sendFrame(TEXT, 'who?');
      expect(await peer.text()).toBe('ours');
    }
    expect(server.connectionCount).toBe(2);
    const answer = await new Promise<string>((resolve) => {
      const options = { port, host: '127.0.0.1', path: '/page', ca: CERTIFICATE.cert, agent: false };
      request(options, (response) => resolve(text(response))).end();
    });
    expect(answer).toBe('hello /page');
  });

  test('server cuts a CONNECT over HTTP/1.1, as node:http2 does', async () => {
    const { port } = await startH2({ allowHTTP1: true }, (http) => makeServer().attach(http));
    const peer = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    peer.write('CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n');
    await peer.closed;
    expect(peer.unreadBytes).toBe(0);
  });
});

describe('handleConnect', () => {
  const routed = (prepare: (http: Http2Server) => void) =>
    startH2c((http) => {
      http.updateSettings({ enableConnectProtocol: true });
      prepare(http);
    });

  test('server takes what a router hands over', async () => {
    const [chat, news] = [makeNamed('chat'), makeNamed('news')];
    const { port } = await routed((http) =>
      http.on('stream', (stream, headers) => {
        (headers[':path']?.startsWith('/chat') ? chat : news).handleConnect(stream, headers);
      }),
    );
    expect(await nameAt(port, '/chat/1')).toBe('chat');
    expect(await nameAt(port, '/')).toBe('news');
  });

  test('server refuses what is no WebSocket request, and everything once it is closed', async () => {
    const server = makeServer();
    const { port } = await routed((http) =>
      http.on('stream', (stream, headers) => server.handleConnect(stream, headers)),
    );
    const get = new RawPeer((await connectSession(port)).request({ ':path': '/' }));
    expect((await get.readToEnd()).toString()).toMatch(/CONNECT/);
    await server.close();
    expect(await statusAt(port, '/')).toBe(503);
  });

  test('server throws when a stream is handed over twice, and ignores one that is gone', async () => {
    const server = makeServer();
    const taken = expect.objectContaining({ code: 'WS_ERR_STREAM_TAKEN' });
    const { port } = await routed((http) =>
      http.on('stream', (stream, headers) => {
        if (headers[':path'] === '/gone') stream.close(8);
        server.handleConnect(stream, headers);
        if (headers[':path'] !== '/gone') expect(() => server.handleConnect(stream, headers)).toThrow(taken);
      }),
    );
    const session = await connectSession(port);
    const gone = requestStream(session, { ':path': '/gone' });
    await gone.closed;
    await openStream(session);
    expect(server.connectionCount).toBe(1);
  });
});
