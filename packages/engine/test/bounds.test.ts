import { randomBytes } from 'node:crypto';
import { gunzipSync, inflateSync } from 'node:zlib';
import { type EngineError, Server } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';
import { endOf, untilWritable } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';
import { turn } from './rig/warnings.ts';

const LIMIT = { maxHttpBufferSize: 1000 };

describe('a message over the limit closes with a reason that both ends can read', () => {
  test('server refuses it over WebSocket', async () => {
    const { port, sessions } = await startEngine(LIMIT);
    const { socket, closed } = await openSocket(port);
    const ending = endOf(await sessions.next());
    socket.send(`4${'a'.repeat(1000)}`);
    expect(await closed).toEqual({ code: 1009, reason: 'message is over the limit of 1000 bytes' });
    const { reason, description } = await ending;
    expect(reason).toBe('transport error');
    expect(description).toMatchObject({
      code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      message: 'message is over the limit of 1000 bytes',
    });
  });

  test('server refuses it over polling', async () => {
    const { port, sessions } = await startEngine(LIMIT);
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const ending = endOf(session);
    const poll = ask(port, { query });
    if (!session.transport.writable) await new Promise((resolve) => session.transport.once('ready', resolve));
    const { status, body } = await ask(port, { query, method: 'POST', body: `4${'a'.repeat(1000)}` });
    expect(status).toBe(413);
    expect(body.toString()).toBe('payload is over the limit of 1000 bytes');
    expect(await poll).toMatchObject({ status: 413, body });
    const { reason, description } = await ending;
    expect(reason).toBe('transport error');
    expect((description as EngineError).code).toBe('EIO_ERR_PAYLOAD_TOO_LARGE');
  });

  test('client of the engine reads it', async () => {
    const { port } = await startEngine(LIMIT);
    const client = await openClient(4, port, { transports: ['websocket'] });
    client.send('a'.repeat(1000));
    const { reason, details } = await client.closes.next();
    expect(reason).toBe('transport close');
    expect(details).toMatchObject({
      context: { code: 1009, reason: 'message is over the limit of 1000 bytes' },
    });
  });

  test('client of the engine reads it over polling, in the answer to what it sent', async () => {
    const { port, sessions } = await startEngine(LIMIT);
    const client = await openClient(4, port, { transports: ['polling'] });
    const ending = endOf(await sessions.next());
    client.send('a'.repeat(1000));
    const { reason, details } = await client.closes.next();
    expect(reason).toBe('transport error');
    expect(details).toMatchObject({ description: 413 });
    expect((await ending).reason).toBe('transport error');
  });

  test('server takes one of exactly the limit, over both', async () => {
    const { port, sessions } = await startEngine(LIMIT);
    const message = 'a'.repeat(999);
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const polling = await sessions.next();
    const heard: unknown[] = [];
    polling.on('message', (data) => heard.push(data));
    const { status } = await ask(port, { query, method: 'POST', body: `4${message}` });
    expect({ status, heard }).toEqual({ status: 200, heard: [message] });
    const { socket } = await openSocket(port);
    const session = await sessions.next();
    const came = new Promise((resolve) => session.on('message', resolve));
    socket.send(`4${message}`);
    expect(await came).toBe(message);
  });
});

describe('what waits for a slow client is bounded', () => {
  test('server closes a session whose client does not poll', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 2280 });
    await handshake(port);
    const session = await sessions.next();
    // The handshake's answer has left by then.
    await new Promise((resolve) => setImmediate(resolve));
    const ending = endOf(session);
    for (let i = 0; i < 10; i++) session.send('a'.repeat(100));
    expect(session.bufferedBytes).toBe(2280);
    expect(session.writeBuffer).toHaveLength(10);
    expect(session.readyState).toBe('open');
    session.send('a');
    const { reason, description } = await ending;
    expect(reason).toBe('transport error');
    expect(description).toMatchObject({
      code: 'EIO_ERR_SLOW_CONSUMER',
      message: 'slow consumer: over 2280 bytes would wait to be sent',
    });
    expect(session.writeBuffer).toEqual([]);
  });

  test('server closes a session whose client does not read its WebSocket', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 4_000_000 });
    const { socket } = await openSocket(port);
    socket.pause();
    const session = await sessions.next();
    const ending = endOf(session);
    const part = Buffer.alloc(100_000);
    while (session.readyState === 'open') {
      session.send(part);
      expect(session.bufferedBytes).toBeLessThan(4_500_000);
      if (!session.transport.writable) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_SLOW_CONSUMER' });
  });

  test('messages without a byte count for what they cost', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 12_800 });
    await handshake(port);
    const session = await sessions.next();
    await new Promise((resolve) => setImmediate(resolve));
    const ending = endOf(session);
    for (let i = 0; i < 100; i++) session.send('');
    expect(session.readyState).toBe('open');
    session.send('');
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_SLOW_CONSUMER' });
  });

  test('one message is always taken', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 10 });
    const client = await openClient(4, port, { transports: ['polling'] });
    (await sessions.next()).send('a'.repeat(100_000));
    expect(await client.messages.next()).toHaveLength(100_000);
  });

  test('session shows pressure, and sends on when it is over', async () => {
    const { port, sessions } = await startEngine();
    const { socket, messages } = await openSocket(port);
    socket.pause();
    const session = await sessions.next();
    const part = 'a'.repeat(100_000);
    let sent = 0;
    while (session.transport.writable) {
      session.send(part);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    session.send('the last');
    expect(session.writeBuffer).toHaveLength(1);
    expect(session.bufferedBytes).toBeGreaterThan(0);
    const drained = new Promise((resolve) => session.once('drain', resolve));
    socket.resume();
    await drained;
    for (let i = 0; i < sent; i++) expect(await messages.next()).toHaveLength(100_001);
    expect(await messages.next()).toBe('4the last');
  });
});

describe('compression takes effect on WebSocket', () => {
  const LONG = 'compressible '.repeat(200);

  /** Returns how many bytes a message takes on the wire. */
  async function wireBytes(options: object, compress: boolean, message = LONG): Promise<number> {
    const { port, sessions } = await startEngine({ perMessageDeflate: options as never });
    const { socket, messages } = await openSocket(port, undefined, { perMessageDeflate: true });
    const session = await sessions.next();
    const { bytesRead } = (socket as unknown as { _socket: { bytesRead: number } })._socket;
    session.send(message, { compress });
    expect(await messages.next()).toBe(`4${message}`);
    return (socket as unknown as { _socket: { bytesRead: number } })._socket.bytesRead - bytesRead;
  }

  test('server compresses a long message', async () => {
    expect(await wireBytes({}, true)).toBeLessThan(200);
  });

  test('server does not compress a message with compress: false', async () => {
    expect(await wireBytes({}, false)).toBeGreaterThan(LONG.length);
  });

  test('server does not compress below the threshold, context takeover or not', async () => {
    const short = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
    for (const serverNoContextTakeover of [true, false]) {
      expect(await wireBytes({ serverNoContextTakeover }, true, short)).toBe(short.length + 3);
    }
    expect(await wireBytes({ threshold: 10 }, true, short)).toBeLessThan(short.length);
  });

  test('server answers without compression where it is off', async () => {
    const { port, sessions } = await startEngine();
    const { socket, messages } = await openSocket(port, undefined, { perMessageDeflate: true });
    expect(socket.extensions).toBe('');
    (await sessions.next()).send(LONG);
    expect(await messages.next()).toBe(`4${LONG}`);
  });
});

describe('compression of polling', () => {
  const LONG = 'compressible '.repeat(200);

  async function poll(options: object, acceptEncoding: string, compress = true) {
    const { port, sessions } = await startEngine(options);
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    (await sessions.next()).send(LONG, { compress });
    return ask(port, { query, headers: { 'accept-encoding': acceptEncoding } });
  }

  test('server compresses as the client likes it', async () => {
    const gzip = await poll({}, 'gzip, deflate');
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(gzip.body).toString()).toBe(`4${LONG}`);
    const deflate = await poll({}, 'gzip;q=0.5, deflate');
    expect(deflate.headers['content-encoding']).toBe('deflate');
    expect(inflateSync(deflate.body).toString()).toBe(`4${LONG}`);
  });

  test.each([
    ['it is off', { httpCompression: false }, 'gzip', true],
    ['it is null', { httpCompression: null as never }, 'gzip', true],
    ['it is undefined', { httpCompression: undefined }, 'gzip', true],
    ['the client takes none', {}, 'gzip;q=0, br', true],
    ['the body is short', { httpCompression: { threshold: 10_000 } }, 'gzip', true],
    ['the message says so', {}, 'gzip', false],
  ])('server does not compress where %s', async (_why, options, acceptEncoding, compress) => {
    const { headers, body } = await poll(options, acceptEncoding, compress);
    expect(headers['content-encoding']).toBeUndefined();
    expect(body.toString()).toBe(`4${LONG}`);
  });

  test('a poll is taken, and what answers it waits, until that is compressed', async () => {
    const { port, sessions } = await startEngine();
    const headers = { 'accept-encoding': 'gzip' };
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const ending = endOf(session);
    const first = ask(port, { query, headers });
    await untilWritable(session);
    // Takes a quarter of a second to compress.
    const long = randomBytes(3_000_000).toString('hex');
    session.send(long);
    await turn();
    expect(session.bufferedBytes).toBe(long.length + 1);
    const second = await ask(port, { query, headers });
    expect([second.status, second.body.toString()]).toEqual([400, 'overlap from client']);
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_OVERLAP' });
    expect(gunzipSync((await first).body).toString()).toBe(`4${long}`);
  });

  test('what was compressed and taken waits no more, and the next poll is answered', async () => {
    const { port, sessions } = await startEngine();
    const headers = { 'accept-encoding': 'gzip' };
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    session.send(LONG);
    await ask(port, { query, headers });
    expect(session.bufferedBytes).toBe(0);
    session.send('next');
    expect((await ask(port, { query, headers })).body.toString()).toBe('4next');
  });
});

test.each([Number.NaN, 0, -1])('server with %s bytes for a slow client is not made', (maxBufferedBytes) => {
  expect(() => new Server({ maxBufferedBytes })).toThrow(RangeError);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 'soon'])(
  'server with a cookie that lasts %s is not made',
  (maxAge) => {
    const words = `the maxAge of a cookie must be a number, not ${maxAge}`;
    expect(() => new Server({ cookie: { maxAge: maxAge as number } })).toThrow(new RangeError(words));
  },
);

const AMOUNTS = ['pingInterval', 'pingTimeout', 'upgradeTimeout', 'maxHttpBufferSize'] as const;

describe.each(AMOUNTS)('option %s is an amount', (name) => {
  test.each([Number.NaN, -1, '1mb', '', {}])('server with %j is not made', (amount) => {
    const words = `${name} must be a number that is not below 0, not ${amount}`;
    expect(() => new Server({ [name]: amount })).toThrow(new RangeError(words));
  });

  test('server takes a number as an environment variable has it, and without one the default', () => {
    expect(new Server({ [name]: '1500' }).opts[name]).toBe(1500);
    expect(new Server({ [name]: undefined }).opts[name]).toBe(new Server().opts[name]);
  });
});

test.each([Number.POSITIVE_INFINITY, 0, null])(
  'server without a limit, by %s, takes any message and lets clients in',
  async (maxHttpBufferSize) => {
    const { port, sessions } = await startEngine({ maxHttpBufferSize: maxHttpBufferSize as number });
    for (const transport of ['polling', 'websocket']) {
      const client = await openClient(4, port, { transports: [transport] });
      expect(client.handshake).toMatchObject({ maxPayload: null });
      const session = await sessions.next();
      const came = new Promise((resolve) => session.on('message', resolve));
      client.send('a'.repeat(3_000_000));
      expect(await came).toHaveLength(3_000_000);
    }
  },
);

test('server that never pings waits for ever', async () => {
  const never = Number.POSITIVE_INFINITY;
  const { port, sessions } = await startEngine({
    pingInterval: never,
    pingTimeout: never,
    upgradeTimeout: never,
  });
  const client = await openClient(4, port, { transports: ['polling', 'websocket'] });
  expect(client.handshake).toMatchObject({ pingInterval: 2 ** 30 - 1, pingTimeout: 2 ** 30 - 1 });
  const session = await sessions.next();
  expect(await client.upgrades.next()).toBe('websocket');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(session.readyState).toBe('open');
});
