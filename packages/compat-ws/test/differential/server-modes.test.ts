import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe } from 'vitest';
import { CLOSE, CONTINUATION, closePayload, frame, PING, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { connectRaw, handshakeRequest } from '../../../ws/test/rig/raw-peer.ts';
import { differ } from './rig/differ.ts';
import { portOf, SERVER_EVENTS, startServer, stateOf, untilClosed } from './rig/sides.ts';
import { noteAnswer, noteHead } from './rig/wire.ts';

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
      log.attempt(
        'server',
        `with ${Object.keys(options ?? {})}`,
        () => new ws.WebSocketServer(options as never),
      );
    }
  });

  differ('server has these options, and these events while it starts and closes', async (ws, log) => {
    const server = new ws.WebSocketServer(
      { port: 0, host: '127.0.0.1', perMessageDeflate: true },
      log.callback('server', 'constructor'),
    );
    log.watch('server', server, SERVER_EVENTS);
    const names = [
      'noServer',
      'server',
      'host',
      'backlog',
      'path',
      'perMessageDeflate',
      'maxPayload',
      'clientTracking',
      'skipUTF8Validation',
      'verifyClient',
      'handleProtocols',
      'closeTimeout',
      'autoPong',
      'allowSynchronousEvents',
      'maxFragments',
      'maxBufferedChunks',
    ];
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
    differ(
      `server uses the HTTP server it is given, and leaves it running (${isClosedFirst})`,
      async (ws, log) => {
        const http = createServer((_request, response) => response.end('plain'));
        log.defer(() => http.close());
        const server = new ws.WebSocketServer({ server: http, path: '/ws' });
        log.watch('server', server, SERVER_EVENTS);
        http.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const port = (http.address() as AddressInfo).port;
        const listeners = () =>
          log.note(
            'http',
            'listeners',
            ...['listening', 'error', 'upgrade'].map((event) => http.listenerCount(event)),
          );
        listeners();
        if (isClosedFirst) {
          server.close(log.callback('server', 'close'));
          listeners();
          await once(server, 'close');
        }
        for (const request of [
          handshakeRequest({}, '/ws'),
          handshakeRequest({}, '/no'),
          'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
        ]) {
          const peer = await connectRaw(port);
          peer.write(request);
          // Without a listener for upgrades it is a request like any other, on a connection that stays.
          if (isClosedFirst) log.note('wire', 'response', (await peer.response()).status);
          else await noteAnswer(log, peer);
          peer.stream.destroy();
        }
        log.note('http', 'listening', http.listening);
        log.attempt('server', 'address', () => typeof server.address());
      },
    );
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
        super(...(args as unknown as [null]));
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

/** Options that were changed when the server was running, and what a client then says. */
const CHANGES: readonly (readonly [name: string, value: unknown, said: () => Buffer])[] = [
  ['maxPayload', 10, () => frame(TEXT, 'x'.repeat(11))],
  ['maxFragments', 1, () => Buffer.concat([frame(TEXT, 'a', { fin: false }), frame(CONTINUATION, 'b')])],
  ['skipUTF8Validation', true, () => frame(TEXT, Buffer.of(0xff))],
  ['autoPong', false, () => frame(PING, 'ping')],
  ['perMessageDeflate', {}, () => frame(TEXT, 'x')],
  ['perMessageDeflate', true, () => frame(TEXT, 'x')],
  ['path', '/elsewhere', () => frame(TEXT, 'x')],
  ['verifyClient', () => false, () => frame(TEXT, 'x')],
];

describe('what a program changes of the options of a server', () => {
  for (const [name, value, said] of CHANGES) {
    differ(`server heeds ${name} that is ${inspect(value)} by now`, async (ws, log) => {
      const server = await startServer(ws, log);
      const options = server.options as Record<string, unknown>;
      const meet = async (): Promise<void> => {
        const peer = await connectRaw(portOf(server));
        const connected = once(server, 'connection');
        peer.write(handshakeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
        const head = await noteHead(log, peer);
        if (!head.startsWith('HTTP/1.1 101')) return;
        const [socket] = await connected;
        log.watch('socket', socket, ['message', 'ping', 'error', 'close']);
        const closed = untilClosed(socket);
        peer.write(said(), frame(CLOSE, closePayload(1000)));
        log.note('wire', 'rest', await peer.readToEnd());
        peer.stream.end();
        await closed;
      };
      await meet();
      options[name] = value;
      await meet();
    });
  }

  differ('server heeds a threshold that is changed', async (ws, log) => {
    const server = await startServer(ws, log, {
      perMessageDeflate: { threshold: 0, serverNoContextTakeover: true },
    });
    for (const threshold of [0, 100]) {
      (server.options.perMessageDeflate as { threshold: number }).threshold = threshold;
      const connected = once(server, 'connection');
      const peer = await connectRaw(portOf(server));
      peer.write(handshakeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
      await noteHead(log, peer);
      const [socket] = await connected;
      socket.send('aaaaaaaaaaaaaaaaaaaa');
      log.note('wire', 'first byte', (await peer.read(1))[0]);
      const closed = once(socket, 'close');
      peer.stream.destroy();
      await closed;
    }
  });
});
