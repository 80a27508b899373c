import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { describe } from 'vitest';
import type { ServerOptions } from 'ws';
import { connectInMemory } from '../../../ws/test/rig/http-duplex.ts';
import { connectRaw, handshakeRequest, type RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import { differ } from './rig/differ.ts';
import type { Server, WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { portOf, SERVER_EVENTS, startServer, stateOf, watchSocket } from './rig/sides.ts';
import { noteAnswer, noteHead } from './rig/wire.ts';

/** Sends a request and records all of the answer, and what the server emitted. */
async function handshake(
  ws: WsModule,
  log: Recorder,
  {
    options = {},
    request = handshakeRequest(),
    events = ['connection', 'headers'],
    prepare = () => {},
  }: {
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
  await noteAnswer(log, peer);
  return peer;
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
  'extensions that cannot be read': handshakeRequest({
    'Sec-WebSocket-Extensions': 'permessage-deflate; ; =',
  }),
  'wrong in every way': handshakeRequest({
    Upgrade: 'x',
    'Sec-WebSocket-Key': 'x',
    'Sec-WebSocket-Version': '1',
  }),
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
      handshake(ws, log, { request, options: { perMessageDeflate: true } }),
    );
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
        }),
      );
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
      handshake(ws, log, { options: { path }, request: handshakeRequest({}, url) }),
    );
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
      }),
    );
  }

  differ('server takes the first protocol', (ws, log) =>
    handshake(ws, log, { request: handshakeRequest({ 'Sec-WebSocket-Protocol': 'a, b' }) }),
  );

  differ('server does not ask handleProtocols when nothing is offered', (ws, log) =>
    handshake(ws, log, { options: { handleProtocols: log.callback('server', 'handleProtocols') as never } }),
  );

  differ('server lets headers add lines', (ws, log) =>
    handshake(ws, log, {
      prepare: (server) =>
        server.on('headers', (lines) => {
          lines.push('Set-Cookie: a=b', 'X-Umlaut: \u00fc');
          lines.splice(0, 0);
        }),
    }),
  );

  const secrets: readonly unknown[] = [true, false, undefined, 1, '', 'yes'];
  for (const secret of secrets) {
    differ(`server has verifyClient return ${JSON.stringify(secret)}`, (ws, log) =>
      handshake(ws, log, {
        request: handshakeRequest({ Origin: 'https://origin.test' }),
        options: {
          verifyClient: (info: { origin: string; secure: boolean; req: IncomingMessage }) => {
            log.note('server', 'verifyClient', info.origin, info.secure, info.req, Object.keys(info));
            return secret as boolean;
          },
        },
      }),
    );
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
        }),
      );
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
    http.on('upgrade', (request, socket, head) =>
      server.handleUpgrade(request, socket, head, log.callback('server', 'upgraded')),
    );
    const peer = connectInMemory(http);
    peer.write(handshakeRequest());
    await noteAnswer(log, peer);
  });

  differ('server is told of nobody who left while being verified', async (ws, log) => {
    const asked = new EventEmitter();
    const server = await startServer(ws, log, {
      verifyClient: (info: { req: IncomingMessage }, done: unknown) => asked.emit('ask', info.req, done),
    });
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
    peer.write(
      handshakeRequest(),
      Buffer.from('818500000000', 'hex'),
      'early',
      Buffer.from('888000000000', 'hex'),
    );
    await noteHead(log, peer);
    log.note('wire', 'rest', await peer.readToEnd());
    await done;
  });
});
