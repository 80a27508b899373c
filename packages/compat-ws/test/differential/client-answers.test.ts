import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { describe } from 'vitest';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { connect, type Setup } from './rig/client-connect.ts';
import { differ } from './rig/differ.ts';
import { stateOf, untilClosed, watchSocket } from './rig/sides.ts';

const ANSWERS: Readonly<Record<string, Setup>> = {
  'as it should': {},
  'Upgrade in capitals': { headers: { Upgrade: 'WebSocket' } },
  'another Upgrade': { headers: { Upgrade: 'foo' } },
  'another Sec-WebSocket-Accept': { headers: { 'Sec-WebSocket-Accept': 'CxYS6+NgJSBG74mdgLvGscRvpns=' } },
  'no Sec-WebSocket-Accept': { headers: { 'Sec-WebSocket-Accept': '' } },
  'a protocol nobody asked for': { headers: { 'Sec-WebSocket-Protocol': 'foo' } },
  'the protocol': { headers: { 'Sec-WebSocket-Protocol': 'b' }, protocols: ['a', 'b'] },
  'another protocol': { headers: { 'Sec-WebSocket-Protocol': 'c' }, protocols: ['a', 'b'] },
  'no protocol': { protocols: ['a', 'b'] },
  'a protocol in capitals': { headers: { 'Sec-WebSocket-Protocol': 'A' }, protocols: 'a' },
  'an extension that was turned off': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    options: { perMessageDeflate: false },
  },
  'an unknown extension': { headers: { 'Sec-WebSocket-Extensions': 'permessage-foo' } },
  'two extensions': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate,permessage-foo' } },
  'permessage-deflate twice': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate,permessage-deflate' },
  },
  'extensions that cannot be read': { headers: { 'Sec-WebSocket-Extensions': 'foo;=;;' } },
  'a parameter without a value': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
  },
  'an invalid parameter': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=16' },
  },
  'an unknown parameter': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; x' } },
  'a smaller window than offered': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits=9' },
    options: { perMessageDeflate: { clientMaxWindowBits: 10 } },
  },
  'no takeover': {
    headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_no_context_takeover' },
    options: { perMessageDeflate: { clientNoContextTakeover: false } },
  },
  'permessage-deflate': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } },
  'permessage-deflate with parameters': {
    headers: {
      'Sec-WebSocket-Extensions':
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11',
    },
  },
  'status 200': { answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
  'status 401': { answer: 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n' },
  'status 302 without following': {
    answer: 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n',
  },
  'status 302 without a location': {
    answer: 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n',
    options: { followRedirects: true },
  },
  'status 101 of something else': {
    answer: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n',
  },
  'status 101 without an upgrade': { answer: 'HTTP/1.1 101 Switching Protocols\r\n\r\n' },
  'no HTTP': { answer: 'what?\r\n\r\n' },
};

describe('answers that a client judges', () => {
  for (const [name, setup] of Object.entries(ANSWERS)) {
    differ(`client is answered: ${name}`, (ws, log) => connect(ws, log, setup));
  }

  for (const status of [200, 302, 404]) {
    differ(`client leaves a ${status} to whoever listens for unexpected-response`, (ws, log) =>
      connect(ws, log, {
        answer: `HTTP/1.1 ${status} X\r\nContent-Length: 4\r\nX-Y: z\r\n\r\nbody`,
        prepare: (socket) =>
          socket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
            log.note(
              'socket',
              'unexpected-response',
              request,
              response.statusCode,
              response.headers,
              socket.readyState,
            );
            response.on('data', (data) => log.note('socket', 'body', data));
            response.on('end', () => {
              request.destroy();
              socket.terminate();
            });
          }),
      }),
    );
  }

  differ('client is closed by whoever listens for upgrade', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('upgrade', () => socket.close(1000)) }),
  );

  differ('client is terminated by whoever listens for upgrade', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('upgrade', () => socket.terminate()) }),
  );

  differ('client is closed by whoever listens for open', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('open', () => socket.terminate()) }),
  );

  differ('client reads what came with the answer', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    const peer = await raw.open({}, Buffer.from('81026869890170880203e8', 'hex'));
    const closed = untilClosed(socket);
    log.note('wire', 'pong', (await peer.frame()).payload);
    log.note('wire', 'close', (await peer.frame()).payload);
    peer.stream.end();
    await closed;
  });

  for (const method of ['close', 'terminate'] as const) {
    differ(`client ${method}s before anything is connected`, async (ws, log) => {
      const raw = await startRawServer();
      const socket = new ws.WebSocket(raw.url);
      watchSocket(log, socket);
      log.attempt('socket', method, () => socket[method]());
      log.attempt('socket', method, () => socket[method]());
      log.note('socket', 'state', ...stateOf(socket));
      await untilClosed(socket);
      log.note('socket', 'state', ...stateOf(socket));
    });

    differ(`client ${method}s while it waits for the answer`, async (ws, log) => {
      const raw = await startRawServer();
      const socket = new ws.WebSocket(raw.url);
      watchSocket(log, socket);
      const peer = await raw.accept();
      await peer.head();
      log.attempt('socket', method, () => socket[method]());
      log.note('socket', 'state', ...stateOf(socket));
      await Promise.all([untilClosed(socket), peer.closed]);
    });
  }

  differ('client gives up after its handshakeTimeout', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url, { handshakeTimeout: 30 });
    watchSocket(log, socket);
    const peer = await raw.accept();
    await Promise.all([untilClosed(socket), peer.closed]);
  });

  differ('client is refused the connection', async (ws, log) => {
    const server = createNetServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const socket = new ws.WebSocket(`ws://127.0.0.1:${port}`);
    watchSocket(log, socket);
    await untilClosed(socket);
    log.note('socket', 'state', ...stateOf(socket));
  });

  differ('client loses the connection before the answer', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    const peer = await raw.accept();
    await peer.head();
    peer.stream.end();
    await untilClosed(socket);
  });
});
