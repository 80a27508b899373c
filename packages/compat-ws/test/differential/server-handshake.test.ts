import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectInMemory } from '../../../ws/test/rig/http-duplex.ts';
import { describe } from 'vitest';
import type { ServerOptions } from 'ws';
import { connectRaw, handshakeRequest, type RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import { differ } from './rig/differ.ts';
import type { Server, WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { portOf, startServer, stateOf, watchSocket } from './rig/sides.ts';
import { noteHead } from './rig/wire.ts';

type Headers = Record<string, string | undefined>;

const SERVER_EVENTS = ['connection', 'headers', 'wsClientError', 'error', 'close', 'listening'];

/** Sends a request and records all of the answer, and what the server emitted. */
async function handshake(
  ws: WsModule,
  log: Recorder,
  { options = {}, request = handshakeRequest(), events = ['connection', 'headers'], prepare = () => {} }: {
    options?: ServerOptions;
    request?: string;
    events?: string[];
    prepare?: (server: Server) => void;
  },
): Promise<RawPeer> {
  const server = await startServer(ws, log, options);
  prepare(server);
  log.watch('server', server, events);
  server.on('connection', (socket) => log.note('server', 'state', ...stateOf(socket)));
  const peer = await connectRaw(portOf(server));
  peer.write(request);
  await answer(log, peer);
  return peer;
}

/** Records an answer: a 101, or everything up to the end. */
async function answer(log: Recorder, peer: RawPeer): Promise<void> {
  const head = await noteHead(log, peer);
  if (!head.startsWith('HTTP/1.1 101')) log.note('wire', 'body', (await peer.readToEnd()).toString());
}

const REFUSALS: Readonly<Record<string, string>> = {
  'a POST': handshakeRequest().replace('GET', 'POST'),
  'a HEAD': handshakeRequest().replace('GET', 'HEAD'),
  'another upgrade': handshakeRequest({ Upgrade: 'h2c' }),
  'an upgrade in capitals': handshakeRequest({ Upgrade: 'WebSocket' }),
  'two upgrades': handshakeRequest({ Upgrade: 'websocket, h2c' }),
  'no key': handshakeRequest({ 'Sec-WebSocket-Key': undefined }),
  'a short key': handshakeRequest({ 'Sec-WebSocket-Key': 'P5l8BJcZwRc=' }),
  'a key with other characters': handshakeRequest({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j*Q==' }),
  'no version': handshakeRequest({ 'Sec-WebSocket-Version': undefined }),
  'version 12': handshakeRequest({ 'Sec-WebSocket-Version': '12' }),
  'version 13.0': handshakeRequest({ 'Sec-WebSocket-Version': '13.0' }),
  'version 013': handshakeRequest({ 'Sec-WebSocket-Version': '013' }),
  'version 8': handshakeRequest({ 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Origin': 'http://old.test' }),
  'two versions': handshakeRequest({ 'Sec-WebSocket-Version': '13, 8' }),
  'an empty protocol header': handshakeRequest({ 'Sec-WebSocket-Protocol': '' }),
  'a repeated protocol': handshakeRequest({ 'Sec-WebSocket-Protocol': 'a, a' }),
  'a protocol with a space': handshakeRequest({ 'Sec-WebSocket-Protocol': 'a b' }),
  'protocols that begin with a comma': handshakeRequest({ 'Sec-WebSocket-Protocol': ', a' }),
  'protocols that end with a comma': handshakeRequest({ 'Sec-WebSocket-Protocol': 'a,' }),
  'protocols with spaces around': handshakeRequest({ 'Sec-WebSocket-Protocol': 'a , b\t,c' }),
  'an extension nobody asked for': handshakeRequest({ 'Sec-WebSocket-Extensions': 'permessage-foo; x=10' }),
  'extensions that cannot be read': handshakeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate; ; =' }),
  'wrong in every way': handshakeRequest({ Upgrade: 'x', 'Sec-WebSocket-Key': 'x', 'Sec-WebSocket-Version': '1' }),
  'no upgrade at all': 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'a POST of no upgrade': 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi',
};

const OFFERS = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; client_max_window_bits=10; server_max_window_bits=11',
  'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
  'permessage-deflate; server_max_window_bits=8',
  'permessage-deflate; server_max_window_bits=16',
  'permessage-deflate; server_max_window_bits=7',
  'permessage-deflate; server_max_window_bits',
  'permessage-deflate; client_max_window_bits=x',
  'permessage-deflate; client_no_context_takeover=1',
  'permessage-deflate; unknown',
  'permessage-deflate; server_max_window_bits=10; server_max_window_bits=10',
  'permessage-deflate; server_max_window_bits="10"',
  'permessage-deflate; server_max_window_bits=10, permessage-deflate',
  'x-other, permessage-deflate; client_no_context_takeover',
  'x-other',
  'permessage-deflate,',
  '',
];

const DEFLATE_OPTIONS: readonly object[] = [
  {},
  { serverNoContextTakeover: true, clientNoContextTakeover: true },
  { serverNoContextTakeover: false },
  { serverMaxWindowBits: 9, clientMaxWindowBits: 10 },
  { serverMaxWindowBits: false, clientMaxWindowBits: false },
  { serverMaxWindowBits: true, clientMaxWindowBits: true },
];

describe('handshakes that a server judges', () => {
  for (const [name, request] of Object.entries(REFUSALS)) {
    differ(`server answers ${name}`, (ws, log) => handshake(ws, log, { request }));
    differ(`server with permessage-deflate answers ${name}`, (ws, log) =>
      handshake(ws, log, { request, options: { perMessageDeflate: true } }));
    differ(`server lets wsClientError answer ${name}`, async (ws, log) => {
      await handshake(ws, log, {
        request,
        events: ['connection', 'wsClientError'],
        prepare: (server) =>
          server.on('wsClientError', (_error, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\nmine')),
      });
    });
  }

  for (const perMessageDeflate of DEFLATE_OPTIONS) {
    for (const offer of OFFERS) {
      differ(`server with ${JSON.stringify(perMessageDeflate)} answers "${offer}"`, (ws, log) =>
        handshake(ws, log, {
          options: { perMessageDeflate: perMessageDeflate as never },
          request: handshakeRequest({ 'Sec-WebSocket-Extensions': offer }),
        }));
    }
  }

  for (const [path, url] of [
    ['/chat', '/chat'],
    ['/chat', '/chat?x=/y'],
    ['/chat', '/chat/'],
    ['/chat', '/other'],
    ['/chat', '/chat%20'],
    ['/', '/?'],
    ['', '/any'],
    ['/chat', 'http://example.test/chat'],
  ] as const) {
    differ(`server at "${path}" answers for ${url}`, (ws, log) =>
      handshake(ws, log, { options: { path }, request: handshakeRequest({}, url) }));
  }

  differ('server asks shouldHandle, which may be replaced', async (ws, log) => {
    await handshake(ws, log, {
      prepare: (server) => {
        server.shouldHandle = (request: IncomingMessage) => {
          log.note('server', 'shouldHandle', request.url);
          return false;
        };
      },
      events: ['connection', 'wsClientError'],
    });
  });
});

describe('what a server agrees to', () => {
  const choices: readonly unknown[] = ['b', 'unknown', '', false, undefined, null];
  for (const choice of choices) {
    differ(`server has handleProtocols return ${String(choice)}`, (ws, log) =>
      handshake(ws, log, {
        request: handshakeRequest({ 'Sec-WebSocket-Protocol': 'a, b,c' }),
        options: {
          handleProtocols: (protocols, request) => {
            log.note('server', 'handleProtocols', protocols, request);
            return choice as string;
          },
        },
      }));
  }

  differ('server takes the first protocol', (ws, log) =>
    handshake(ws, log, { request: handshakeRequest({ 'Sec-WebSocket-Protocol': 'a, b' }) }));

  differ('server does not ask handleProtocols when nothing is offered', (ws, log) =>
    handshake(ws, log, { options: { handleProtocols: log.callback('server', 'handleProtocols') as never } }));

  differ('server lets headers add lines', (ws, log) =>
    handshake(ws, log, {
      prepare: (server) =>
        server.on('headers', (lines) => {
          lines.push('Set-Cookie: a=b', 'X-Umlaut: \u00fc');
          lines.splice(0, 0);
        }),
    }));

  const secrets: readonly unknown[] = [true, false, undefined, 1, '', 'yes'];
  for (const secret of secrets) {
    differ(`server has verifyClient return ${JSON.stringify(secret)}`, (ws, log) =>
      handshake(ws, log, {
        request: handshakeRequest({ Origin: 'https://origin.test' }),
        options: {
          verifyClient: (info) => {
            log.note('server', 'verifyClient', info.origin, info.secure, info.req, Object.keys(info));
            return secret as boolean;
          },
        },
      }));
  }

  const verdicts: readonly unknown[][] = [
    [true],
    [false],
    [false, 404],
    [false, 404, 'Nobody here'],
    [false, 401, undefined, { 'WWW-Authenticate': 'Basic', 'X-Two': 2 }],
    [false, 503, '', { Connection: 'keep-alive' }],
    [undefined],
    [true, 500, 'ignored'],
  ];
  for (const verdict of verdicts) {
    for (const isLater of [false, true]) {
      const when = isLater ? 'later' : 'at once';
      differ(`server has verifyClient call back ${JSON.stringify(verdict)} ${when}`, (ws, log) =>
        handshake(ws, log, {
          options: {
            verifyClient: (_info, done) => {
              if (isLater) setImmediate(() => done(...(verdict as [boolean])));
              else done(...(verdict as [boolean]));
            },
          },
        }));
    }
  }

  differ('server with noServer refuses who was being verified when it closed', async (ws, log) => {
    const server = new ws.WebSocketServer({
      noServer: true,
      verifyClient: (_info, done) => {
        server.close(log.callback('server', 'close'));
        done(true);
      },
    });
    const http = createServer();
    http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head, log.callback('server', 'upgraded')));
    const peer = connectInMemory(http);
    peer.write(handshakeRequest());
    await answer(log, peer);
  });

  differ('server is told of nobody who left while being verified', async (ws, log) => {
    const asked = new EventEmitter();
    const server = await startServer(ws, log, { verifyClient: (info, done) => asked.emit('ask', info.req, done) });
    log.watch('server', server, SERVER_EVENTS);
    const peer = await connectRaw(portOf(server));
    peer.write(handshakeRequest());
    const [request, done] = await once(asked, 'ask');
    request.socket.destroy();
    log.attempt('server', 'verify', () => done(true));
    await peer.closed;
    log.note('server', 'clients', server.clients.size);
  });

  for (const clientTracking of [true, false]) {
    differ(`server tracks its clients: ${clientTracking}`, async (ws, log) => {
      const server = await startServer(ws, log, { clientTracking });
      log.note('server', 'clients', server.clients?.size);
      const connected = once(server, 'connection');
      server.on('connection', () => log.note('server', 'clients', server.clients?.size));
      const peer = await connectRaw(portOf(server));
      peer.write(handshakeRequest());
      await noteHead(log, peer);
      const [socket] = await connected;
      watchSocket(log, socket);
      log.note('server', 'has it', server.clients?.has(socket));
      const closed = once(socket, 'close');
      socket.on('close', () => log.note('server', 'clients', server.clients?.size));
      peer.stream.destroy();
      await closed;
      log.note('server', 'clients', server.clients?.size);
    });
  }

  differ('server reads what came with the handshake', async (ws, log) => {
    const server = await startServer(ws, log);
    const done = new Promise((resolve) =>
      server.on('connection', (socket) => {
        watchSocket(log, socket);
        socket.on('close', resolve);
      }),
    );
    const peer = await connectRaw(portOf(server));
    peer.write(handshakeRequest(), Buffer.from('818500000000', 'hex'), 'early', Buffer.from('888000000000', 'hex'));
    await noteHead(log, peer);
    log.note('wire', 'rest', await peer.readToEnd());
    await done;
  });
});

describe('where a server listens', () => {
  differ('server demands one and only one mode', (ws, log) => {
    const http = createServer();
    for (const options of [
      undefined,
      {},
      { port: null },
      { port: undefined },
      { port: 0, noServer: true },
      { port: 0, server: http },
      { server: http, noServer: true },
      { noServer: false },
      { server: null },
    ]) {
      log.attempt('server', `with ${Object.keys(options ?? {})}`, () => new ws.WebSocketServer(options as never));
    }
  });

  differ('server has these options, and these events while it starts and closes', async (ws, log) => {
    const server = new ws.WebSocketServer(
      { port: 0, host: '127.0.0.1', perMessageDeflate: true },
      log.callback('server', 'constructor'),
    );
    log.watch('server', server, SERVER_EVENTS);
    const names = ['noServer', 'server', 'host', 'backlog', 'path', 'perMessageDeflate', 'maxPayload', 'clientTracking',
      'skipUTF8Validation', 'verifyClient', 'handleProtocols', 'closeTimeout', 'autoPong', 'allowSynchronousEvents',
      'maxFragments', 'maxBufferedChunks'];
    for (const name of names) log.note('options', name, (server.options as Record<string, unknown>)[name]);
    log.note('options', 'all', Object.keys(server.options).sort());
    log.note('options', 'WebSocket', server.options.WebSocket === ws.WebSocket);
    await once(server, 'listening');
    const { address, family } = server.address() as AddressInfo;
    log.note('server', 'address', address, family, server.path, server.clients);
    log.attempt('server', 'close', () => server.close(log.callback('server', 'first close')));
    log.attempt('server', 'close', () => server.close(log.callback('server', 'second close')));
    await once(server, 'close');
    log.attempt('server', 'address', () => server.address());
    log.attempt('server', 'close', () => server.close(log.callback('server', 'third close')));
    await once(server, 'close');
    log.attempt('server', 'close', () => server.close());
    await once(server, 'close');
  });

  differ('server leaves the sockets open when it closes', async (ws, log) => {
    const server = await startServer(ws, log);
    log.watch('server', server, SERVER_EVENTS);
    const connected = once(server, 'connection');
    const peer = await connectRaw(portOf(server));
    peer.write(handshakeRequest());
    await noteHead(log, peer);
    const [socket] = await connected;
    const closed = once(server, 'close');
    server.close(log.callback('server', 'close'));
    socket.send('still here');
    log.note('wire', 'frame', await peer.read(12));
    log.note('server', 'state', socket.readyState, server.clients.size);
    socket.on('close', log.callback('server', 'socket close'));
    const socketClosed = once(socket, 'close');
    peer.stream.destroy();
    await Promise.all([closed, socketClosed]);
    log.note('server', 'clients', server.clients.size);
  });

  differ('server on a port in use emits an error', async (ws, log) => {
    const first = await startServer(ws, log);
    const second = new ws.WebSocketServer({ port: portOf(first), host: '127.0.0.1' });
    const [error] = await once(second, 'error');
    log.note('server', 'error', (error as NodeJS.ErrnoException).code, (error as Error).constructor.name);
  });

  for (const isClosedFirst of [true, false]) {
    differ(`server uses the HTTP server it is given, and leaves it running (${isClosedFirst})`, async (ws, log) => {
      const http = createServer((_request, response) => response.end('plain'));
      log.defer(() => http.close());
      const server = new ws.WebSocketServer({ server: http, path: '/ws' });
      log.watch('server', server, SERVER_EVENTS);
      http.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const port = (http.address() as AddressInfo).port;
      const listeners = () =>
        log.note('http', 'listeners', ...['listening', 'error', 'upgrade'].map((event) => http.listenerCount(event)));
      listeners();
      if (isClosedFirst) {
        server.close(log.callback('server', 'close'));
        listeners();
        await once(server, 'close');
      }
      for (const request of [handshakeRequest({}, '/ws'), handshakeRequest({}, '/no'), 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n']) {
        const peer = await connectRaw(port);
        peer.write(request);
        // Without a listener for upgrades it is a request like any other, on a connection that stays.
        if (isClosedFirst) log.note('wire', 'response', (await peer.response()).status);
        else await answer(log, peer);
        peer.stream.destroy();
      }
      log.note('http', 'listening', http.listening);
      log.attempt('server', 'address', () => typeof server.address());
    });
  }

  differ('server hands errors of the HTTP server on', (ws, log) => {
    const http = createServer();
    const server = new ws.WebSocketServer({ server: http });
    log.watch('server', server, SERVER_EVENTS);
    http.emit('error', new Error('of the server below'));
    http.emit('listening');
    log.attempt('server', 'address', () => server.address());
  });

  differ('server without a server of its own takes upgrades by hand', async (ws, log) => {
    const server = new ws.WebSocketServer({ noServer: true });
    log.watch('server', server, SERVER_EVENTS);
    log.attempt('server', 'address', () => server.address());
    const http = createServer();
    http.on('upgrade', (request, socket, head) => {
      log.attempt('server', 'handleUpgrade', () =>
        server.handleUpgrade(request, socket, head, (webSocket, sameRequest) => {
          log.note('server', 'upgraded', sameRequest === request, server.clients.size, ...stateOf(webSocket));
          webSocket.send('hello');
        }),
      );
      log.attempt('server', 'handleUpgrade again', () =>
        server.handleUpgrade(request, socket, head, log.callback('server', 'upgraded twice')),
      );
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    log.defer(() => http.close());
    const peer = await connectRaw((http.address() as AddressInfo).port);
    peer.write(handshakeRequest());
    await noteHead(log, peer);
    log.note('wire', 'frame', await peer.read(7));
    log.attempt('server', 'close', () => server.close(log.callback('server', 'close')));
    const closed = once(server, 'close');
    peer.stream.destroy();
    await closed;
  });

  differ('server makes sockets of the class it is given', async (ws, log) => {
    class Special extends ws.WebSocket {
      readonly isSpecial = true;
      constructor(...args: [null, undefined, object]) {
        super(...(args as [null]));
        log.note('special', 'constructor', args[0], args[1], typeof args[2], args.length);
      }
      override send(data: unknown, ...rest: never[]): void {
        log.note('special', 'send', data);
        super.send(`special ${String(data)}`, ...rest);
      }
      override emit(event: string | symbol, ...args: unknown[]): boolean {
        log.note('special', 'emit', event);
        return super.emit(event as 'open', ...(args as []));
      }
    }
    const server = await startServer(ws, log, { WebSocket: Special as never });
    const connected = once(server, 'connection');
    const peer = await connectRaw(portOf(server));
    peer.write(handshakeRequest());
    await noteHead(log, peer);
    const [socket] = (await connected) as [Special];
    const closed = once(socket, 'close');
    log.note('special', 'is', socket instanceof Special, socket instanceof ws.WebSocket, socket.isSpecial);
    socket.send('text');
    log.note('wire', 'frame', await peer.read(14));
    peer.write(Buffer.from('818161616161', 'hex'), Buffer.from([0x61 ^ 0x41]));
    peer.write(Buffer.from('888000000000', 'hex'));
    log.note('wire', 'rest', await peer.readToEnd());
    await closed;
  });
});
