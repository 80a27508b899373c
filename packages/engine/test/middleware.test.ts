import { type EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type Middleware, Server } from '@hawser/engine';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { openClient } from './rig/clients.ts';
import { listenOn, startEngine } from './rig/engines.ts';
import { ask, handshake, sendRaw, upgradeHead } from './rig/http.ts';
import { openSocket } from './rig/sockets.ts';
import { nextUncaught } from './rig/uncaught.ts';

/** Returns the head of the answer to an upgrade that is let in. */
async function acceptance(port: number, query: string, lines: readonly string[] = []): Promise<string> {
  const { socket } = sendRaw(port, upgradeHead(query, undefined, lines));
  const head = await new Promise<string>((resolve) => socket.once('data', (part) => resolve(String(part))));
  socket.destroy();
  return head.split('\r\n\r\n')[0]!;
}

describe.each([
  ['our own WebSocket server', undefined],
  ['the ws package', WsServer],
])('headers of an upgrade with %s', (_title, wsEngine) => {
  test('middlewares and listeners add to them', async () => {
    const { port } = await startEngine({ wsEngine, cookie: true }, (engine) => {
      engine.use((_request, response, next) => {
        response.setHeader('X-By', 'middleware');
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.setHeader('X-Gone', '1');
        response.removeHeader('x-gone');
        setImmediate(next);
      });
      engine.on('initial_headers', (headers) => {
        headers['X-Initial'] = 'yes';
      });
      engine.on('headers', (headers, request) => {
        headers['X-Path'] = request.url.length;
      });
    });
    const lines = (await acceptance(port, 'EIO=4&transport=websocket')).split('\r\n');
    expect(lines[0]).toBe('HTTP/1.1 101 Switching Protocols');
    for (const line of [
      'x-by: middleware',
      'set-cookie: a=1',
      'set-cookie: b=2',
      'X-Initial: yes',
      'X-Path: 37',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.join('\n')).not.toMatch(/x-gone/i);
    const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
    expect(await acceptance(port, query)).not.toMatch(/X-Initial/);
  });

  test('listeners on the WebSocket server itself add lines', async () => {
    const seen: string[][] = [];
    const { port } = await startEngine({ wsEngine }, (engine) => {
      engine.on('headers', (headers) => {
        headers['X-Engine'] = 'first';
      });
      (engine.ws as EventEmitter).on('headers', (lines: string[], request: IncomingMessage) => {
        seen.push([lines[0]!, request.url!]);
        expect(lines).toContain('X-Engine: first');
        lines.push(`X-Lines: ${lines.length > 3}`);
        lines[lines.length] = 'Set-Cookie: a=1; Path=/';
        lines.push('Set-Cookie: b=2');
      });
    });
    const lines = (await acceptance(port, 'EIO=4&transport=websocket')).split('\r\n');
    expect(seen).toEqual([['HTTP/1.1 101 Switching Protocols', '/engine.io/?EIO=4&transport=websocket']]);
    for (const line of ['X-Engine: first', 'X-Lines: true', 'Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2']) {
      expect(lines).toContain(line);
    }
  });

  test('those that are added when the head is written are there, in any spelling', async () => {
    const { port } = await startEngine({ wsEngine }, (engine) => {
      engine.use((_request, response, next) => {
        response.setHeader('SET-COOKIE', 'a=1');
        const { writeHead } = response;
        response.writeHead = ((...head: Parameters<typeof writeHead>) => {
          response.appendHeader('Set-Cookie', 'session=2');
          if (response.hasHeader('set-cookie'))
            response.setHeader('X-Cookies', response.getHeaderNames().length);
          return writeHead.apply(response, head);
        }) as typeof writeHead;
        next();
      });
    });
    const lines = (await acceptance(port, 'EIO=4&transport=websocket')).toLowerCase().split('\r\n');
    expect(lines.filter((line) => /^(set-cookie|x-cookies):/.test(line))).toEqual([
      'set-cookie: a=1',
      'set-cookie: session=2',
      'x-cookies: 1',
    ]);
  });

  test('values of any kind are sent as texts, and the handshake keeps its own', async () => {
    const { port } = await startEngine({ wsEngine }, (engine) => {
      engine.use((_request, response, next) => {
        response.setHeader('X-True', true as never);
        response.setHeader('Upgrade', 'h2c');
        next();
      });
      engine.on('headers', (headers) => {
        Object.assign(headers, { 'X-Null': null, 'X-List': [1, false], Connection: 'keep-alive' });
      });
    });
    const lines = (await acceptance(port, 'EIO=4&transport=websocket')).split('\r\n');
    expect(lines.slice(0, 3)).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
    ]);
    for (const line of ['x-true: true', 'X-Null: null', 'X-List: 1', 'X-List: false']) {
      expect(lines).toContain(line);
    }
  });

  test('who waits for the end of the response hears when the WebSocket has closed', async () => {
    let closed = (): void => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { port, sessions } = await startEngine({ wsEngine }, (engine) => {
      engine.use((_request, response, next) => {
        response.on('close', () => {
          expect(response.socket?.destroyed).toBe(true);
          closed();
        });
        next();
      });
    });
    const { socket } = await openSocket(port);
    await sessions.next();
    socket.close();
    await closing;
  });

  test('server answers with the first subprotocol that is offered', async () => {
    const { port } = await startEngine({ wsEngine });
    const offer = ['Sec-WebSocket-Protocol: one, two'];
    const head = await acceptance(port, 'EIO=4&transport=websocket', offer);
    expect(head).toMatch(/Sec-WebSocket-Protocol: one(\r|$)/);
  });

  test('client of the engine comes in, and compression is agreed on', async () => {
    const { port, sessions, engine } = await startEngine({ wsEngine, perMessageDeflate: { threshold: 10 } });
    const client = await openClient(4, port, { transports: ['websocket'] });
    const session = await sessions.next();
    const long = 'compressible '.repeat(100);
    session.send(long).send(long, { compress: false }).send(engine.prepareMessage(long));
    for (let i = 0; i < 3; i++) expect(await client.messages.next()).toBe(long);
    client.send(long);
    expect(await new Promise((resolve) => session.once('message', resolve))).toBe(long);
  });
});

test.each<[string, (engine: Server) => void, RegExp]>([
  [
    'a listener that throws',
    (engine) => {
      engine.on('headers', () => {
        throw new Error('bug');
      });
    },
    /^bug$/,
  ],
  [
    'one on the WebSocket server',
    (engine) => {
      (engine.ws as EventEmitter).on('headers', () => {
        throw new Error('bug');
      });
    },
    /^bug$/,
  ],
  [
    'a header that no response can carry',
    (engine) => {
      engine.on('headers', (headers) => {
        headers['X-Broken'] = 'a\r\nb';
      });
    },
    /X-Broken/,
  ],
])('an upgrade is refused for %s, which is uncaught', async (_what, prepare, message) => {
  const { port, engine } = await startEngine({}, prepare);
  const uncaught = nextUncaught();
  expect(await sendRaw(port, upgradeHead('EIO=4&transport=websocket')).ended).toMatch(/^HTTP\/1.1 500 /);
  expect((await uncaught).message).toMatch(message);
  expect(engine.clientsCount).toBe(0);
});

describe('middlewares', () => {
  test('they run in order, once for each request, also of a session', async () => {
    const ran: string[] = [];
    const { port } = await startEngine({}, (engine) => {
      engine.use((request, _response, next) => {
        ran.push(`1 ${request.method}`);
        setImmediate(next);
      });
      engine.use(async (request, _response, next) => {
        ran.push(`2 ${request.method}`);
        next();
        next(new Error('a second call is ignored'));
      });
    });
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    await ask(port, { query, method: 'POST', body: '4a' });
    await acceptance(port, query.replace('polling', 'websocket'));
    expect(ran).toEqual(['1 GET', '2 GET', '1 POST', '2 POST', '1 GET', '2 GET']);
  });

  test.each<[string, (engine: Server, bug: () => never) => void]>([
    [
      'allowRequest',
      (engine, bug) => {
        engine.opts.allowRequest = bug;
      },
    ],
    ['a listener for connection', (engine, bug) => engine.on('connection', bug)],
    ['a listener for initial_headers', (engine, bug) => engine.on('initial_headers', bug)],
  ])('what the program throws behind one is uncaught, as it is without: %s', async (_where, prepare) => {
    const { port } = await startEngine({ cors: { origin: '*' } }, (engine) =>
      prepare(engine, () => {
        throw new Error('bug');
      }),
    );
    const uncaught = nextUncaught();
    ask(port, {}).catch(() => {});
    expect((await uncaught).message).toBe('bug');
  });

  test.each<[string, Middleware]>([
    [
      'throws',
      (_request, _response, next) => {
        next();
        throw new Error('late');
      },
    ],
    [
      'is rejected',
      async (_request, _response, next) => {
        next();
        throw new Error('late');
      },
    ],
    [
      'adds a header',
      (_request, response, next) => {
        next();
        response.setHeader('X-Late', 'yes');
      },
    ],
    [
      'adds a header, in a later turn',
      (_request, response, next) => {
        setImmediate(() => {
          next();
          response.setHeader('X-Late', 'yes');
        });
      },
    ],
  ])('a request passes where one %s after next', async (what, middleware) => {
    const { port } = await startEngine({}, (engine) => engine.use(middleware));
    const { status, headers } = await ask(port, {});
    expect(status).toBe(200);
    expect(headers['x-late']).toBe(what.startsWith('adds') ? 'yes' : undefined);
    const head = await acceptance(port, 'EIO=4&transport=websocket');
    expect(head).toMatch(what.startsWith('adds') ? /^HTTP\/1.1 101 .*x-late: yes/s : /^HTTP\/1.1 101 /);
  });

  test.each<[string, Middleware]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['is rejected', () => Promise.reject(new Error('no'))],
    ['is rejected without a word', () => Promise.reject()],
    ['says no to next', (_request, _response, next) => next('no')],
  ])('a request is refused where one %s, and those behind it do not run', async (_how, middleware) => {
    let hasRun = false;
    const { port, engine } = await startEngine({}, (started) => {
      started.use(middleware);
      started.use(() => {
        hasRun = true;
      });
    });
    const errors: unknown[] = [];
    engine.on('connection_error', ({ code, context }) => errors.push([code, context]));
    expect((await ask(port, {})).status).toBe(400);
    expect(errors).toEqual([[3, { name: 'MIDDLEWARE_FAILURE' }]]);
    expect(hasRun).toBe(false);
  });

  test('what a middleware hung on the request is there for the session', async () => {
    const { port, sessions } = await startEngine({}, (engine) => {
      engine.use((request, _response, next) => {
        Object.assign(request, { user: 'somebody' });
        next();
      });
    });
    await openClient(4, port, { transports: ['websocket'] });
    expect((await sessions.next()).request).toMatchObject({ user: 'somebody' });
  });

  test('one that waits for the end of the response of an upgrade hears of it', async () => {
    const ends: string[] = [];
    const { port } = await startEngine({}, (engine) => {
      engine.use((_request, response) => {
        response.on('finish', () => ends.push('finish'));
        response.on('close', () => ends.push('close'));
        response.end();
      });
    });
    await sendRaw(port, upgradeHead('EIO=4&transport=websocket')).ended;
    expect(ends).toEqual(['finish', 'close']);
  });
});

describe('engine beside Express', () => {
  test('requests outside of the path reach the app, all others do not', async () => {
    const app = express();
    app.get('/hello', (_request, response) => {
      response.send('from the app');
    });
    const http = createServer(app);
    const engine = new Server();
    engine.attach(http);
    onTestFinished(() => {
      engine.close();
    });
    const port = await listenOn(http);
    expect((await ask(port, { path: '/hello' })).body.toString()).toBe('from the app');
    expect((await ask(port, { path: '/engine.io/?transport=polling&EIO=4' })).status).toBe(200);
    expect((await ask(port, { path: '/engine.io/?EIO=4' })).status).toBe(400);
  });

  test('an app may route to it by hand, with its own query parser', async () => {
    const app = express();
    const engine = new Server();
    const http = createServer(app);
    app.use('/any', (request, response) => engine.handleRequest(request, response));
    http.on('upgrade', (request, socket, head) => engine.handleUpgrade(request, socket, head));
    onTestFinished(() => {
      engine.close();
    });
    const port = await listenOn(http);
    const path = '/any/?EIO=4&transport=polling';
    expect((await ask(port, { path })).body.toString()).toMatch(/^0\{"sid"/);
    await openClient(4, port, { transports: ['websocket'], path: '/any' });
    expect(engine.clientsCount).toBe(2);
  });

  test('a listener that answers an upgrade of its own is left alone', async () => {
    const http = createServer();
    const engine = new Server();
    engine.attach(http, { destroyUpgradeTimeout: 10 });
    onTestFinished(() => {
      engine.close();
    });
    http.on('upgrade', (request, socket) => {
      if (request.url === '/mine') socket.write('HTTP/1.1 101 Mine\r\n\r\n');
    });
    const port = await listenOn(http);
    const { socket } = sendRaw(port, upgradeHead('', '/mine'));
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toMatch(/101 Mine/);
    expect(await sendRaw(port, upgradeHead('', '/nobody')).ended).toBe('');
    expect(socket.readyState).toBe('open');
  });

  test('an upgrade of nobody is let go of, also where its client goes on sending and never ends its side', async () => {
    const { port, http } = await startEngine({ destroyUpgradeTimeout: 10 });
    const arrived = once(http, 'connection') as Promise<[Socket]>;
    const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => {
      client.destroy();
    });
    client.on('error', () => {});
    client.write(`${upgradeHead('', '/nobody')}more`);
    const [socket] = await arrived;
    await once(socket, 'close');
  });

  test('an engine without WebSocket leaves upgrades to its path to the others, and to nobody', async () => {
    const { http, port } = await startEngine({ destroyUpgradeTimeout: 10 });
    const engine = new Server({ transports: ['polling'] });
    engine.attach(http, { path: '/polling' });
    expect(await sendRaw(port, upgradeHead('', '/polling/?EIO=4&transport=websocket')).ended).toBe('');
    // The same path as that of the other.
    new Server({ transports: ['polling'] }).attach(http);
    await openClient(4, port, { transports: ['websocket'] });
  });

  test('upgrades of nobody are left alone where the option says so', async () => {
    const { port, http } = await startEngine({ destroyUpgrade: false });
    http.on('upgrade', (_request, socket) => {
      setTimeout(() => socket.end('HTTP/1.1 404 Late\r\n\r\n'), 20);
    });
    expect(await sendRaw(port, upgradeHead('', '/elsewhere')).ended).toMatch(/^HTTP\/1.1 404 Late/);
  });
});
