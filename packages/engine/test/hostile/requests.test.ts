import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { attach, type EngineError, type Transport } from '@hawser/engine';
import { describe, expect, test, vi } from 'vitest';
import { listenOn, startEngine } from '../rig/engines.ts';
import { ask, handshake, sendRaw, upgradeHead } from '../rig/http.ts';
import { Queue } from '../rig/queue.ts';
import { endOf } from '../rig/sessions.ts';
import { openSocket } from '../rig/sockets.ts';

const RS = '\x1e';

/** Returns the head of a POST without its body. */
function postHead(sid: string, headers: readonly string[]): string {
  const target = `/engine.io/?EIO=4&transport=polling&sid=${sid}`;
  return [`POST ${target} HTTP/1.1`, 'Host: localhost', ...headers, '\r\n'].join('\r\n');
}

/** Sends chunks of a body without end. */
function pump(socket: Socket): void {
  const part = 'a'.repeat(60_000);
  const chunk = `${part.length.toString(16)}\r\n${part}\r\n`;
  while (!socket.destroyed && socket.write(chunk));
  if (!socket.destroyed) socket.once('drain', () => pump(socket));
}

describe('who asks and does not read the answers', () => {
  test('server ends a session of version 3 that pings and never polls', async () => {
    const { port, sessions } = await startEngine({ allowEIO3: true, maxBufferedBytes: 1_000_000 });
    const query = `EIO=3&transport=polling&sid=${await handshake(port, 'EIO=3&transport=polling')}`;
    const ending = endOf(await sessions.next());
    await ask(port, { query, method: 'POST', body: '1:2'.repeat(20_000) });
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_SLOW_CONSUMER' });
  });

  test('server does not keep the answers to probe after probe', async () => {
    const { port, sessions } = await startEngine({ upgradeTimeout: 600_000 });
    const sid = await handshake(port);
    const session = await sessions.next();
    const upgrading = new Promise<Transport>((resolve) => session.on('upgrading', resolve));
    const head = upgradeHead(`EIO=4&transport=websocket&sid=${sid}`);
    const { socket } = sendRaw(port, head);
    socket.pause();
    const probe = Buffer.concat([Buffer.from([0x81, 0x86, 0, 0, 0, 0]), Buffer.from('2probe')]);
    socket.write(probe);
    const transport = await upgrading;
    let read = 1;
    transport.on('packet', () => read++);
    const many = Buffer.concat(Array(100_000).fill(probe));
    for (let i = 1; i <= 20; i++) {
      socket.write(many);
      await vi.waitUntil(() => read > i * 100_000);
    }
    expect(transport.bufferedBytes).toBeLessThan(1_000_000);
  });
});

describe('hostile bodies', () => {
  test('server takes no more packets in one body than it takes, and goes by the first', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const ending = endOf(session);
    let heard = 0;
    session.on('message', () => heard++);
    const body = Array.from({ length: 65_537 }, () => '4').join(RS);
    const { status, body: answer } = await ask(port, { query, method: 'POST', body });
    expect({ status, answer: answer.toString() }).toEqual({
      status: 400,
      answer: 'payload has too many packets',
    });
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_TOO_MANY_PACKETS' });
    expect(heard).toBe(65_536);
  });

  test.each(['', 'x', 'b!', `4a${RS}`, `4a${RS}9`, '\u0000'])('server refuses %j, in words', async (body) => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const ending = endOf(await sessions.next());
    expect((await ask(port, { query, method: 'POST', body })).status).toBe(400);
    expect((await ending).reason).toBe('parse error');
    expect((await ask(port, { query })).status).toBe(400);
  });

  test('server cuts a body off that goes on and on after it was refused', async () => {
    const { port, sessions } = await startEngine({ maxHttpBufferSize: 1000 });
    const sid = await handshake(port);
    const ending = endOf(await sessions.next());
    const { socket, ended } = sendRaw(port, postHead(sid, ['Transfer-Encoding: chunked']));
    pump(socket);
    expect(await ended).toMatch(/^HTTP\/1.1 413 /);
    expect(socket.bytesWritten).toBeLessThan(20_000_000);
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_PAYLOAD_TOO_LARGE' });
  });

  test.each([
    ['to no session', 'nobody', []],
    ['of a type that sessions do not take', null, ['Content-Type: application/octet-stream']],
  ])(
    'server cuts off the body of a request %s, in bytes and in time, and answers it',
    async (_what, sid, lines) => {
      const { port } = await startEngine({ maxHttpBufferSize: 1000, pingInterval: 100, pingTimeout: 100 });
      const head = async () =>
        postHead(sid ?? (await handshake(port)), ['Transfer-Encoding: chunked', ...lines]);
      const flood = sendRaw(port, await head());
      pump(flood.socket);
      expect(await flood.ended).toMatch(/^HTTP\/1.1 400 /);
      expect(flood.socket.bytesWritten).toBeLessThan(20_000_000);
      const { socket, ended } = sendRaw(port, await head());
      const trickle = setInterval(() => socket.write('1\r\na\r\n'), 20);
      socket.on('close', () => clearInterval(trickle));
      expect(await ended).toMatch(/^HTTP\/1.1 400 /);
    },
  );

  test('server reads the body of a request that it refuses, and goes on with the next on the connection', async () => {
    const { port } = await startEngine();
    const body = 'a'.repeat(500_000);
    const { ended } = sendRaw(
      port,
      postHead('nobody', [`Content-Length: ${body.length}`]) +
        body +
        postHead('nobody', ['Connection: close']),
    );
    expect((await ended).match(/HTTP\/1.1 400 /g)).toHaveLength(2);
  });

  test('server ends a session whose body is cut', async () => {
    const { port, sessions, engine } = await startEngine();
    const sid = await handshake(port);
    const ending = endOf(await sessions.next());
    const { socket } = sendRaw(port, `${postHead(sid, ['Content-Length: 100'])}4abc`);
    socket.write('d', () => socket.destroy());
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_REQUEST_CUT' });
    expect(engine.clientsCount).toBe(0);
  });

  test('server bounds the time of a body that comes a byte at a time', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 100, pingTimeout: 100 });
    const sid = await handshake(port);
    const ending = endOf(await sessions.next());
    const { socket, ended } = sendRaw(port, `${postHead(sid, ['Content-Length: 1000000'])}4`);
    const trickle = setInterval(() => socket.write('a'), 20);
    socket.on('close', () => clearInterval(trickle));
    expect(await ended).toMatch(/^HTTP\/1.1 408 .*\r\n\r\npayload took longer than 400 ms$/s);
    expect(await ending).toMatchObject({
      reason: 'transport error',
      description: { code: 'EIO_ERR_REQUEST_TIMEOUT' },
    });
  });

  test('server bounds the time of a body that comes on after it was refused', async () => {
    const { port } = await startEngine({ pingInterval: 100, pingTimeout: 100, maxHttpBufferSize: 10 });
    const sid = await handshake(port);
    const { socket, ended } = sendRaw(
      port,
      `${postHead(sid, ['Content-Length: 1000000'])}4${'a'.repeat(10)}`,
    );
    const trickle = setInterval(() => socket.write('a'), 20);
    socket.on('close', () => clearInterval(trickle));
    expect(await ended).toMatch(/^HTTP\/1.1 413 /);
  });

  test('server does not wait for a slow body longer than for anything else: a silent one is a ping timeout', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 30, pingTimeout: 30 });
    const sid = await handshake(port);
    const ending = endOf(await sessions.next());
    const { ended } = sendRaw(port, `${postHead(sid, ['Content-Length: 100'])}4abc`);
    expect((await ending).reason).toBe('ping timeout');
    // The request is cut with its session.
    expect(await ended).toBe('');
  });

  test('server refuses two bodies at a time', async () => {
    const posts = new Queue<string>();
    const { port, sessions } = await startEngine({}, (engine) => {
      engine.use((request, _response, next) => {
        next();
        if (request.method === 'POST') posts.push('taken');
      });
    });
    const sid = await handshake(port);
    const session = await sessions.next();
    const ending = endOf(session);
    const first = sendRaw(port, `${postHead(sid, ['Content-Length: 100'])}4abc`);
    await posts.next();
    const query = `EIO=4&transport=polling&sid=${sid}`;
    expect((await ask(port, { query, method: 'POST', body: '4a' })).status).toBe(400);
    expect(((await ending).description as EngineError).code).toBe('EIO_ERR_OVERLAP');
    expect(await first.ended).toBe('');
  });
});

describe('hostile polls', () => {
  test('server ends a session whose poll is cut', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    const session = await sessions.next();
    const ending = endOf(session);
    const { socket } = sendRaw(
      port,
      `GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    while (!session.transport.writable)
      await new Promise((resolve) => session.transport.once('ready', resolve));
    socket.destroy();
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_REQUEST_CUT' });
  });

  test('of two polls at a time the first is closed, without words, and the second is told why', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const ending = endOf(session);
    const first = ask(port, { query });
    while (!session.transport.writable)
      await new Promise((resolve) => session.transport.once('ready', resolve));
    const second = await ask(port, { query });
    expect([second.status, second.body.toString()]).toEqual([400, 'overlap from client']);
    expect((await first).body.toString()).toBe('1');
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_OVERLAP' });
  });

  test('server begins nothing for a client that left while it was decided on', async () => {
    const asked = new Queue<() => void>();
    const left = new Queue<string>();
    const { port, engine } = await startEngine({
      allowRequest: (request, fn) => {
        request.socket.once('close', () => left.push('left'));
        asked.push(() => fn(null, true));
      },
    });
    const began: string[] = [];
    engine.on('connection', () => began.push('polling'));
    const poll = 'GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const polling = sendRaw(port, poll);
    const allowPolling = await asked.next();
    polling.socket.resetAndDestroy();
    await left.next();
    allowPolling();
    expect(began).toEqual([]);
    // What is not read yet does not tell that its client has left: the session ends as soon as it is.
    const upgrade = sendRaw(port, upgradeHead('EIO=4&transport=websocket'));
    const allowUpgrade = await asked.next();
    upgrade.socket.resetAndDestroy();
    await upgrade.ended;
    allowUpgrade();
    await left.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.clientsCount).toBe(0);
  });

  test('server begins no WebSocket for a client that ended its side while it was decided on', async () => {
    const asked = new Queue<() => void>();
    const left = new Queue<string>();
    const { port, engine } = await startEngine({
      allowRequest: (request, fn) => {
        for (const event of ['end', 'close']) request.socket.once(event, () => left.push(event));
        asked.push(() => fn(null, true));
      },
    });
    const began: string[] = [];
    engine.on('connection', () => began.push('websocket'));
    const upgrade = sendRaw(port, upgradeHead('EIO=4&transport=websocket'));
    const allow = await asked.next();
    upgrade.socket.end();
    expect(await left.next()).toBe('end');
    allow();
    expect(await left.next()).toBe('close');
    expect(await upgrade.ended).toBe('');
    expect(began).toEqual([]);
    expect(engine.clientsCount).toBe(0);
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '%00', 'a'.repeat(5000)])(
    'server knows no session %s',
    async (sid) => {
      const { port } = await startEngine();
      const { status, body } = await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
      expect({ status, body: JSON.parse(body.toString()) }).toEqual({
        status: 400,
        body: { code: 1, message: 'Session ID unknown' },
      });
    },
  );
});

test('an origin that is no header is gone by the time that listeners hear of it, who may answer with it', async () => {
  const http = createServer({ insecureHTTPParser: true });
  const engine = attach(http);
  const contexts: unknown[] = [];
  engine.on('connection_error', ({ req, context }) => {
    req.res?.setHeader('Access-Control-Allow-Origin', req.headers.origin as string);
    contexts.push(context);
  });
  const port = await listenOn(http);
  const head = 'GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';
  expect(await sendRaw(port, `${head}Origin: a\x01b\r\n\r\n`).ended).toMatch(/^HTTP\/1.1 400 /);
  expect(contexts).toEqual([{ name: 'INVALID_ORIGIN', origin: 'a\x01b' }]);
});

describe('hostile upgrades', () => {
  test('server refuses a handshake that is none', async () => {
    const { port, engine } = await startEngine();
    const head = upgradeHead('EIO=4&transport=websocket').replace('Version: 13', 'Version: 12');
    expect(await sendRaw(port, head).ended).toMatch(/^HTTP\/1.1 426 /);
    expect(engine.clientsCount).toBe(0);
  });

  test('server refuses an upgrade to polling', async () => {
    const { port } = await startEngine();
    expect(await sendRaw(port, upgradeHead('EIO=4&transport=polling')).ended).toMatch(/^HTTP\/1.1 400 /);
  });

  test('a second upgrade at a time is closed, and the first goes on', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const first = await openSocket(port, query);
    const second = await openSocket(port, query);
    expect((await second.closed).code).toBe(1005);
    first.socket.send('2probe');
    expect(await first.messages.next()).toBe('3probe');
    first.socket.send('5');
    await new Promise((resolve) => session.once('upgrade', resolve));
    expect(session.transport.name).toBe('websocket');
  });

  test('a session over WebSocket cannot be taken over by another', async () => {
    const { port, sessions } = await startEngine();
    await openSocket(port);
    const session = await sessions.next();
    const thief = await openSocket(port, `EIO=4&transport=websocket&sid=${session.id}`);
    expect((await thief.closed).code).toBe(1005);
    expect(session.readyState).toBe('open');
  });

  test.each(['4no probe', 'x', '1', '3probe'])(
    'an upgrade that says %j is closed, and the session stays',
    async (word) => {
      const { port, sessions } = await startEngine();
      const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
      const session = await sessions.next();
      const { socket, closed } = await openSocket(port, query);
      socket.send(word);
      await closed;
      expect([session.readyState, session.upgrading, session.transport.name]).toEqual([
        'open',
        false,
        'polling',
      ]);
    },
  );

  test('an upgrade that says nothing is closed in time, and the session stays', async () => {
    const { port, sessions } = await startEngine({ upgradeTimeout: 30 });
    const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const { closed } = await openSocket(port, query);
    expect(session.upgrading).toBe(true);
    await closed;
    expect([session.readyState, session.upgrading]).toEqual(['open', false]);
  });

  test('an upgrade ends with its session', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const { closed } = await openSocket(port, query);
    session.close(true);
    await closed;
    expect(session.readyState).toBe('closed');
  });

  test('an upgrade is closed where the server offers none', async () => {
    const { port } = await startEngine({ allowUpgrades: false });
    const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
    await (await openSocket(port, query)).closed;
  });
});
