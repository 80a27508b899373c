import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer, connect as netConnect } from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { ClientOptions } from 'ws';
import { CERTIFICATE } from '../../../ws/test/rig/certificate.ts';
import { RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import { acceptance, startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { departs, differ } from './rig/differ.ts';
import type { Socket, WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { stateOf, untilClosed, watchSocket } from './rig/sides.ts';
import { noteHead } from './rig/wire.ts';

type Headers = Record<string, string>;

interface Setup {
  readonly headers?: Headers;
  readonly protocols?: string | string[];
  readonly options?: ClientOptions & { readonly [name: string]: unknown };
  readonly path?: string;
  readonly events?: string[];
  readonly prepare?: (socket: Socket) => void;
  /** Writes this instead of an acceptance. */
  readonly answer?: string;
}

/** Has a client connect to a raw server, records its request, and what came of the answer. */
async function connect(ws: WsModule, log: Recorder, setup: Setup = {}): Promise<void> {
  const raw = await startRawServer();
  const { headers, protocols, options, path = '', events = [], prepare = () => {}, answer } = setup;
  const socket = new ws.WebSocket(`${raw.url.slice(0, -1)}${path}`, protocols as string[], options);
  log.defer(() => socket.terminate());
  watchSocket(log, socket);
  log.watch('socket', socket, events);
  log.note('socket', 'made', ...stateOf(socket));
  prepare(socket);
  const peer = await raw.accept();
  const request = await noteHead(log, peer);
  const key = /Sec-WebSocket-Key: (.*)\r/.exec(request)?.[1] ?? '';
  peer.write(answer ?? acceptance({ startLine: '', headers: { 'sec-websocket-key': [key] } }, headers));
  await new Promise<void>((resolve) => {
    if (socket.readyState === socket.CLOSED) resolve();
    socket.once('open', resolve);
    socket.once('close', () => resolve());
  });
  log.note('socket', 'settled', ...stateOf(socket));
  if (socket.readyState !== socket.OPEN) {
    await peer.closed;
    return;
  }
  const closed = untilClosed(socket);
  peer.stream.destroy();
  await closed;
}

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
  'permessage-deflate twice': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate,permessage-deflate' } },
  'extensions that cannot be read': { headers: { 'Sec-WebSocket-Extensions': 'foo;=;;' } },
  'a parameter without a value': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } },
  'an invalid parameter': { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=16' } },
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
  'status 302 without following': { answer: 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n' },
  'status 302 without a location': {
    answer: 'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n',
    options: { followRedirects: true },
  },
  'status 101 of something else': { answer: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n' },
  'status 101 without an upgrade': { answer: 'HTTP/1.1 101 Switching Protocols\r\n\r\n' },
  'no HTTP': { answer: 'what?\r\n\r\n' },
};

const REQUESTS: Readonly<Record<string, Setup>> = {
  'a path and a query': { path: '/a/b?c=d&e' },
  'a path with other characters': { path: '/é ü?ö' },
  'a query only': { path: '?x' },
  'an origin': { options: { origin: 'https://origin.test' } },
  'an empty origin': { options: { origin: '' } },
  'version 8': { options: { protocolVersion: 8, origin: 'https://origin.test' } },
  headers: { options: { headers: { 'X-One': '1', Cookie: 'a=b', Host: 'other.test', 'x-list': ['a', 'b'] } } },
  'headers that are not its own to set': {
    options: { headers: { 'Sec-WebSocket-Key': 'mine', Connection: 'keep-alive', upgrade: 'h2c', 'sec-websocket-version': '9' } },
  },
  'basic authentication': { options: { auth: 'user:pass' } },
  'basic authentication and its header': { options: { auth: 'user:pass', headers: { Authorization: 'Bearer x' } } },
  'no permessage-deflate': { options: { perMessageDeflate: false } },
  'permessage-deflate with options': {
    options: {
      perMessageDeflate: {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 10,
        clientMaxWindowBits: 11,
      },
    },
  },
  'permessage-deflate without a client window': { options: { perMessageDeflate: { clientMaxWindowBits: false } as never } },
  'options that are overridden': {
    options: { host: 'nowhere.test', port: 1, path: '/nope', method: 'POST', hostname: 'x', protocol: 'ftp:', socketPath: '/x', timeout: 1 },
  },
  'a protocol': { protocols: 'chat', headers: { 'Sec-WebSocket-Protocol': 'chat' } },
  protocols: { protocols: ['a', 'b'], headers: { 'Sec-WebSocket-Protocol': 'a' } },
  'no protocols': { protocols: [] },
  'an insecure parser': { options: { insecureHTTPParser: true } },
};

describe('what a client asks for', () => {
  for (const [name, setup] of Object.entries(REQUESTS)) {
    differ(`client sends a request with ${name}`, (ws, log) => connect(ws, log, setup));
  }

  departs('client writes headers as given when it follows redirects', 'names in lower case', (ws, log) =>
    connect(ws, log, { options: { followRedirects: true, headers: { 'X-Case': 'Kept' } } }));

  differ('client takes user and password from the address', async (ws, log) => {
    const raw = await startRawServer();
    for (const userinfo of ['us%20er:pa%3Ass', 'user', ':pass', 'us%er:p%zz']) {
      const socket = new ws.WebSocket(raw.url.replace('//', `//${userinfo}@`));
      log.note('socket', 'url', socket.url);
      socket.on('error', () => {});
      await noteHead(log, await raw.accept());
      socket.terminate();
      await untilClosed(socket);
    }
  });

  differ('client has finishRequest end the request', (ws, log) =>
    connect(ws, log, {
      options: {
        finishRequest: (request: ClientRequest, socket: Socket) => {
          log.note('socket', 'finishRequest', request, socket.readyState);
          request.setHeader('X-Late', 'yes');
          setImmediate(() => request.end());
        },
      },
    }));

  differ('client connects as createConnection says', (ws, log) =>
    connect(ws, log, {
      options: {
        createConnection: (options: { host: string; port: number; path?: string }) => {
          log.note('socket', 'createConnection', options.host, typeof options.port);
          return netConnect({ host: options.host, port: Number(options.port) });
        },
      },
    }));

  differ('client connects to a path of this machine', async (ws, log) => {
    const path = join(mkdtempSync(join(tmpdir(), 'diff-')), 's');
    const server = createNetServer();
    server.listen(path);
    await once(server, 'listening');
    log.defer(() => server.close());
    for (const suffix of ['', ':/', ':/chat?x=y']) {
      const socket = new ws.WebSocket(`ws+unix:${path}${suffix}`);
      socket.on('error', () => {});
      const [connection] = await once(server, 'connection');
      await noteHead(log, new RawPeer(connection));
      log.note('socket', 'url', socket.url.replace(path, 'PATH'));
      socket.terminate();
      await untilClosed(socket);
    }
  });

  differ('client connects over TLS', async (ws, log) => {
    const raw = await startRawServer(CERTIFICATE);
    const socket = new ws.WebSocket(raw.url, { ca: CERTIFICATE.cert });
    watchSocket(log, socket);
    const peer = await raw.open();
    await once(socket, 'open');
    socket.send('secret');
    log.note('wire', 'frame', (await peer.frame()).payload);
    peer.stream.destroy();
    await untilClosed(socket);
  });

  differ('client does not trust an unknown certificate', async (ws, log) => {
    const raw = await startRawServer(CERTIFICATE);
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    socket.on('error', () => {});
    await untilClosed(socket);
  });

  const ADDRESSES: readonly unknown[] = [
    'ws:', 'ws://', 'nope', '', 'ftp://host/', 'mailto:a@b', 'ws://host/#fragment', 'wss://host:99999/',
    'ws+unix:', 'ws+unix:#', 'ws+unix:/a#b', 'http+unix:/a', undefined, 42, {}, new URL('ftp://host/'),
  ];
  differ('client throws at addresses at which no WebSocket can be', (ws, log) => {
    for (const address of ADDRESSES) {
      log.attempt('client', String(address), () => {
        const socket = new ws.WebSocket(address as string);
        socket.on('error', () => {});
        socket.terminate();
        return 'made';
      });
    }
  });

  const PROTOCOLS: readonly unknown[] = [
    '', 'a b', 'a,b', ['a', 'a'], [''], ['a', 1], ['é'], [null], 'a/b', 5, ['a', 'A', 'b b'], true,
  ];
  differ('client throws at protocols that are not valid', (ws, log) => {
    for (const protocols of PROTOCOLS) {
      log.attempt('client', JSON.stringify(protocols), () => {
        const socket = new ws.WebSocket('ws://127.0.0.1:1', protocols as string);
        socket.on('error', () => {});
        socket.terminate();
        return 'made';
      });
    }
    for (const protocolVersion of [0, 7, 8, 9, 13, 14, '13', null, undefined]) {
      log.attempt('client', `version ${protocolVersion}`, () => {
        const socket = new ws.WebSocket('ws://127.0.0.1:1', { protocolVersion: protocolVersion as number });
        socket.on('error', () => {});
        socket.terminate();
        return 'made';
      });
    }
    log.attempt('client', 'as a function', () => (ws.WebSocket as unknown as () => void)());
  });

  differ('client takes its arguments in every shape', async (ws, log) => {
    const raw = await startRawServer();
    const shapes: readonly unknown[][] = [
      [raw.url],
      [new URL(raw.url)],
      [raw.url.replace('ws:', 'http:')],
      [new URL(raw.url.replace('ws:', 'http:'))],
      [raw.url, undefined],
      [raw.url, null],
      [raw.url, { origin: 'a' }],
      [raw.url, undefined, { origin: 'b' }],
      [raw.url, [], { origin: 'c' }],
      [raw.url, 'chat', { origin: 'd' }],
      [raw.url, ['chat'], undefined],
      [raw.url, { origin: 'e' }, { origin: 'f' }],
      [raw.url, null, { origin: 'g' }],
      [{ toString: () => raw.url }],
    ];
    for (const shape of shapes) {
      const Make = ws.WebSocket as unknown as new (...args: unknown[]) => Socket;
      const socket = log.attempt('client', 'make', () => new Make(...shape));
      if (socket === undefined) continue;
      log.note('socket', 'made', ...stateOf(socket));
      socket.on('error', () => {});
      await noteHead(log, await raw.accept());
      socket.terminate();
      await untilClosed(socket);
    }
  });
});

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
            log.note('socket', 'unexpected-response', request, response.statusCode, response.headers, socket.readyState);
            response.on('data', (data) => log.note('socket', 'body', data));
            response.on('end', () => {
              request.destroy();
              socket.terminate();
            });
          }),
      }));
  }

  differ('client is closed by whoever listens for upgrade', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('upgrade', () => socket.close(1000)) }));

  differ('client is terminated by whoever listens for upgrade', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('upgrade', () => socket.terminate()) }));

  differ('client is closed by whoever listens for open', (ws, log) =>
    connect(ws, log, { prepare: (socket) => socket.on('open', () => socket.terminate()) }));

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

/** Starts an HTTP server that sends clients on. */
async function startRedirecting(
  log: Recorder,
  location: (port: number, url: string) => string,
  status = 302,
): Promise<{ port: number }> {
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    response.writeHead(status, { Location: location(port, request.url ?? '') });
    response.end();
  });
  server.on('upgrade', (request, socket) => {
    const { host: _host, 'sec-websocket-key': key = '', ...headers } = request.headers;
    log.note('server', request.url ?? '', Object.fromEntries(Object.entries(headers).sort()));
    const { port } = server.address() as AddressInfo;
    const target = location(port, request.url ?? '');
    if (target === '') {
      socket.write(acceptance({ startLine: '', headers: { 'sec-websocket-key': [key as string] } }));
      socket.on('error', () => {});
      socket.on('data', () => socket.destroy());
    } else {
      socket.end(`HTTP/1.1 ${status} X\r\nLocation: ${target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  log.defer(() => server.close());
  return { port: (server.address() as AddressInfo).port };
}

async function follow(ws: WsModule, log: Recorder, url: string, options: ClientOptions, isListened = false): Promise<void> {
  const socket = new ws.WebSocket(url, { followRedirects: true, ...options });
  watchSocket(log, socket);
  if (isListened) log.watch('socket', socket, ['redirect'], () => [socket.url]);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.once('open', () => {
      log.note('socket', 'open at', socket.url, socket.readyState);
      socket.terminate();
    });
  });
  log.note('socket', 'ends', ...stateOf(socket));
}

const CREDENTIALS: ClientOptions = {
  headers: { Authorization: 'Basic YTpi', Cookie: 'a=b', Host: 'example.test', 'X-Kept': 'Yes' },
};

describe('redirects that a client follows', () => {
  for (const status of [300, 301, 302, 303, 307, 308, 399]) {
    differ(`client follows a ${status}`, async (ws, log) => {
      const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : '/done'), status);
      await follow(ws, log, `ws://127.0.0.1:${port}/from?x`, {});
    });
  }

  for (const isListened of [true, false]) {
    differ(`client keeps its credentials on the same host, with a listener: ${isListened}`, async (ws, log) => {
      const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : 'done'));
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, CREDENTIALS, isListened);
    });
    for (const options of [CREDENTIALS, { auth: 'user:pass' }]) {
      differ(`client drops ${Object.keys(options)} for another host, with a listener: ${isListened}`, async (ws, log) => {
        const target = await startRedirecting(log, () => '');
        const { port } = await startRedirecting(log, () => `ws://127.0.0.1:${target.port}/other`);
        await follow(ws, log, `ws://127.0.0.1:${port}/from`, options, isListened);
      });
    }
    differ(`client takes userinfo from the address and from the location, with a listener: ${isListened}`, async (ws, log) => {
      const { port } = await startRedirecting(log, (at, url) => (url === '/done' ? '' : `ws://c:d@127.0.0.1:${at}/done`));
      await follow(ws, log, `ws://a:b@127.0.0.1:${port}/from`, {}, isListened);
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, {}, isListened);
    });
  }

  for (const maxRedirects of [0, 1, 3]) {
    differ(`client gives up after ${maxRedirects} redirects`, async (ws, log) => {
      const { port } = await startRedirecting(log, () => '/again');
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, { maxRedirects }, true);
    });
  }

  for (const location of ['ftp://host/', 'ws://', 'ws://host/#x', 'http://', '#fragment']) {
    differ(`client fails at a redirect to ${location}`, async (ws, log) => {
      const { port } = await startRedirecting(log, () => location);
      await follow(ws, log, `ws://127.0.0.1:${port}/from`, {}, true);
    });
  }

  differ('client is terminated by whoever listens for redirect', async (ws, log) => {
    const { port } = await startRedirecting(log, (_port, url) => (url === '/done' ? '' : '/done'));
    const socket = new ws.WebSocket(`ws://127.0.0.1:${port}/from`, { followRedirects: true });
    watchSocket(log, socket);
    socket.on('redirect', () => socket.terminate());
    await untilClosed(socket);
  });
});
