import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { createServer as createNetServer, connect as netConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import type { ClientOptions } from 'ws';
import { CERTIFICATE } from '../../../ws/test/rig/certificate.ts';
import { RawPeer } from '../../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { connect, type Setup } from './rig/client-connect.ts';
import { departs, differ } from './rig/differ.ts';
import type { Socket } from './rig/modules.ts';
import { stateOf, untilClosed, watchSocket } from './rig/sides.ts';
import { noteHead } from './rig/wire.ts';

const REQUESTS: Readonly<Record<string, Setup>> = {
  'a path and a query': { path: '/a/b?c=d&e' },
  'a path with other characters': { path: '/é ü?ö' },
  'a query only': { path: '?x' },
  'an origin': { options: { origin: 'https://origin.test' } },
  'an empty origin': { options: { origin: '' } },
  'version 8': { options: { protocolVersion: 8, origin: 'https://origin.test' } },
  headers: {
    options: { headers: { 'X-One': '1', Cookie: 'a=b', Host: 'other.test', 'x-list': ['a', 'b'] } },
  },
  'headers that are not its own to set': {
    options: {
      headers: {
        'Sec-WebSocket-Key': 'mine',
        Connection: 'keep-alive',
        upgrade: 'h2c',
        'sec-websocket-version': '9',
      },
    },
  },
  'basic authentication': { options: { auth: 'user:pass' } },
  'basic authentication and its header': {
    options: { auth: 'user:pass', headers: { Authorization: 'Bearer x' } },
  },
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
  'permessage-deflate without a client window': {
    options: { perMessageDeflate: { clientMaxWindowBits: false } as never },
  },
  'options that are overridden': {
    options: {
      host: 'nowhere.test',
      port: 1,
      path: '/nope',
      method: 'POST',
      hostname: 'x',
      protocol: 'ftp:',
      socketPath: '/x',
      timeout: 1,
    },
  },
  'a protocol': { protocols: 'chat', headers: { 'Sec-WebSocket-Protocol': 'chat' } },
  protocols: { protocols: ['a', 'b'], headers: { 'Sec-WebSocket-Protocol': 'a' } },
  'no protocols': { protocols: [] },
  'protocols among the options': {
    options: { protocols: ['a', 'b'] } as never,
    headers: { 'Sec-WebSocket-Protocol': 'b' },
  },
  'one protocol among the options': {
    options: { protocols: 'a' } as never,
    headers: { 'Sec-WebSocket-Protocol': 'a' },
  },
  'other protocols than those among the options': {
    protocols: ['c'],
    options: { protocols: ['a'] } as never,
    headers: { 'Sec-WebSocket-Protocol': 'c' },
  },
  'another default port': { options: { defaultPort: 8080 } },
  'an insecure parser': { options: { insecureHTTPParser: true } },
};

describe('what a client asks for', () => {
  for (const [name, setup] of Object.entries(REQUESTS)) {
    differ(`client sends a request with ${name}`, (ws, log) => connect(ws, log, setup));
  }

  departs('client writes headers as given when it follows redirects', 'names in lower case', (ws, log) =>
    connect(ws, log, { options: { followRedirects: true, headers: { 'X-Case': 'Kept' } } }),
  );

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

  differ('client takes protocols from options in place of protocols', async (ws, log) => {
    const raw = await startRawServer();
    for (const protocols of [undefined, [], 'a', ['a', 'b']]) {
      const socket = new ws.WebSocket(raw.url, { protocols } as ClientOptions);
      socket.on('error', () => {});
      await noteHead(log, await raw.accept());
      socket.terminate();
      await untilClosed(socket);
    }
    for (const protocols of [null, '', ['a', 'a'], [1]]) {
      log.attempt('socket', 'protocols', () => new ws.WebSocket(raw.url, { protocols } as never));
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
    }),
  );

  differ('client connects as createConnection says', (ws, log) =>
    connect(ws, log, {
      options: {
        createConnection: (options: { host: string; port: number; path?: string }) => {
          log.note('socket', 'createConnection', options.host, typeof options.port);
          return netConnect({ host: options.host, port: Number(options.port) });
        },
      },
    }),
  );

  differ('client connects to a path of this machine', async (ws, log) => {
    const path = join(mkdtempSync(join(tmpdir(), 'diff-')), 's');
    const server = createNetServer();
    server.listen(path);
    await once(server, 'listening');
    log.defer(() => server.close());
    for (const suffix of ['', ':/', ':/chat?x=y', ':/a:b?c:d']) {
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
    'ws:',
    'ws://',
    'nope',
    '',
    'ftp://host/',
    'mailto:a@b',
    'ws://host/#fragment',
    'wss://host:99999/',
    'ws+unix:',
    'ws+unix:#',
    'ws+unix:/a#b',
    'http+unix:/a',
    undefined,
    42,
    {},
    new URL('ftp://host/'),
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
    '',
    'a b',
    'a,b',
    ['a', 'a'],
    [''],
    ['a', 1],
    ['é'],
    [null],
    'a/b',
    5,
    ['a', 'A', 'b b'],
    true,
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
