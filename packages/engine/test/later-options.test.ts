import { Server } from '@hawser/engine';
import { describe, expect, test, vi } from 'vitest';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';
import { endOf } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';
import { openWebTransport } from './rig/web-transport.ts';

/** Counts the pings that come over a WebSocket of its own, and answers them. */
async function countPings(
  port: number,
): Promise<{ count: number; isOver: boolean; nextPing(): Promise<void> }> {
  const { socket, closed } = await openSocket(port);
  const pings = {
    count: 0,
    isOver: false,
    nextPing: () => new Promise<void>((resolve) => socket.once('message', () => resolve())),
  };
  socket.on('message', (data) => {
    if (String(data) !== '2') return;
    pings.count++;
    socket.send('3');
  });
  closed.then(() => {
    pings.isOver = true;
  });
  return pings;
}

describe('options that are set while the server runs', () => {
  test('sessions that begin then have the heartbeat that their handshakes name, the others keep theirs', async () => {
    const { port, engine } = await startEngine({ pingInterval: 60_000, pingTimeout: 60_000 });
    const slow = await countPings(port);
    Object.assign(engine.opts, { pingInterval: 40, pingTimeout: 10_000 });
    expect((await ask(port, {})).body.toString()).toMatch('"pingInterval":40,"pingTimeout":10000');
    const fast = await countPings(port);
    for (let i = 0; i < 3; i++) await fast.nextPing();
    expect(slow).toMatchObject({ count: 0, isOver: false });
    Object.assign(engine.opts, { pingInterval: 60_000, pingTimeout: 60_000 });
    const last = await countPings(port);
    const { count } = fast;
    for (let i = 0; i < 3; i++) await fast.nextPing();
    expect(fast.count).toBe(count + 3);
    expect(last).toMatchObject({ count: 0, isOver: false });
  });

  test('a silent client is given up by the time that its handshake names', async () => {
    const { port, engine, sessions } = await startEngine();
    await handshake(port);
    const patient = await sessions.next();
    Object.assign(engine.opts, { pingInterval: 20, pingTimeout: 20 });
    await handshake(port);
    expect((await endOf(await sessions.next())).reason).toBe('ping timeout');
    expect(patient.readyState).toBe('open');
  });

  test('the maxAge of a cookie may be set as a text, as it may be given', async () => {
    const { port, engine } = await startEngine({ cookie: true });
    Object.assign(engine.opts.cookie as object, { maxAge: '60' });
    expect((await ask(port, {})).headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=60;')]);
  });

  test('what is taken out of a cookie, or put in its place, is the program’s alone, as with engine.io', async () => {
    const { port, engine } = await startEngine({ cookie: true });
    delete (engine.opts.cookie as { sameSite?: unknown }).sameSite;
    const cookie = async (): Promise<unknown> => (await ask(port, {})).headers['set-cookie'];
    expect(await cookie()).toEqual([expect.stringMatching(/^io=[^;]+; Path=\/; HttpOnly$/)]);
    engine.opts.cookie = { name: 'other' };
    expect(await cookie()).toEqual([expect.stringMatching(/^other=[^;]+$/)]);
  });

  test('a session that moves to WebSocket keeps its maxHttpBufferSize', async () => {
    const { port, engine, sessions } = await startEngine({ maxHttpBufferSize: 10_000 });
    const sid = await handshake(port);
    const session = await sessions.next();
    const messages: unknown[] = [];
    session.on('message', (data) => messages.push(data));
    engine.opts.maxHttpBufferSize = 100;
    const { socket } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    const upgraded = new Promise((resolve) => session.once('upgrade', resolve));
    socket.send('2probe');
    socket.send('5');
    await upgraded;
    socket.send(`4${'a'.repeat(500)}`);
    await vi.waitFor(() => expect(messages).toEqual(['a'.repeat(500)]));
  });

  test('over WebTransport a session has the maxHttpBufferSize of its handshake, be it that it moves there or begins there', async () => {
    const { port, engine, sessions } = await startEngine({
      transports: ['polling', 'websocket', 'webtransport'],
      maxHttpBufferSize: 10_000,
    });
    const sid = await handshake(port);
    const moving = openWebTransport();
    const begun = openWebTransport();
    void engine.onWebTransportSession(moving.session);
    engine.opts.maxHttpBufferSize = 1000;
    void engine.onWebTransportSession(begun.session);
    engine.opts.maxHttpBufferSize = 100;
    void moving.packets.write({ type: 'open', data: JSON.stringify({ sid }) });
    void moving.packets.write({ type: 'ping', data: 'probe' });
    const moved = await sessions.next();
    const upgraded = new Promise((resolve) => moved.once('upgrade', resolve));
    void moving.packets.write({ type: 'upgrade' });
    await upgraded;
    const received = new Promise((resolve) => moved.once('message', resolve));
    const data = 'a'.repeat(500);
    void moving.packets.write({ type: 'message', data });
    expect(await received).toBe(data);
    void begun.packets.write({ type: 'open' });
    expect((await begun.received.read()).value?.data).toMatch('"maxPayload":100');
    const ending = endOf(await sessions.next());
    void begun.packets.write({ type: 'message', data });
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_PAYLOAD_TOO_LARGE', limit: 100 });
  });

  test('maxHttpBufferSize bounds sessions that begin then, the others keep theirs', async () => {
    const { port, engine, sessions } = await startEngine({ maxHttpBufferSize: 100 });
    const message = `4${'a'.repeat(500)}`;
    const post = async (sid: string) =>
      (await ask(port, { query: `EIO=4&transport=polling&sid=${sid}`, method: 'POST', body: message }))
        .status;
    const small = await handshake(port);
    const { socket, closed } = await openSocket(port);
    for (let i = 0; i < 2; i++) await sessions.next();
    engine.opts.maxHttpBufferSize = 1000;
    expect((await ask(port, {})).body.toString()).toMatch('"maxPayload":1000');
    await sessions.next();
    expect(await post(await handshake(port))).toBe(200);
    await sessions.next();
    const roomy = await openSocket(port);
    const received = new Promise((resolve) => sessions.next().then((session) => session.on('data', resolve)));
    roomy.socket.send(message);
    expect(await received).toBe(message.slice(1));
    expect(await post(small)).toBe(413);
    socket.send(message);
    expect(await closed).toEqual({ code: 1009, reason: 'message is over the limit of 100 bytes' });
  });

  test('httpCompression holds for sessions that begin then', async () => {
    const { port, engine, sessions } = await startEngine();
    const coding = async () => {
      const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
      (await sessions.next()).send('compressible '.repeat(200));
      const { headers } = await ask(port, { query, headers: { 'accept-encoding': 'gzip' } });
      return headers['content-encoding'];
    };
    expect(await coding()).toBe('gzip');
    engine.opts.httpCompression = false;
    expect(await coding()).toBeUndefined();
  });

  test('what is changed within httpCompression holds at once', async () => {
    const { port, engine, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const coding = async () => {
      session.send('compressible '.repeat(20));
      const { headers } = await ask(port, { query, headers: { 'accept-encoding': 'gzip' } });
      return headers['content-encoding'];
    };
    expect(await coding()).toBeUndefined();
    Object.assign(engine.opts.httpCompression, { threshold: 10 });
    expect(await coding()).toBe('gzip');
  });

  test('what is changed within a default is that of one server', () => {
    const { opts } = new Server();
    opts.transports.push('webtransport');
    Object.assign(opts.httpCompression, { threshold: 5 });
    expect(new Server().opts).toMatchObject({
      transports: ['polling', 'websocket'],
      httpCompression: { threshold: 1024 },
    });
  });

  test('an amount is judged as one that is given', async () => {
    const { engine } = await startEngine();
    for (const name of ['pingInterval', 'pingTimeout', 'upgradeTimeout', 'maxHttpBufferSize'] as const) {
      engine.opts[name] = '30' as never;
      expect(engine.opts[name]).toBe(30);
      expect(() => {
        engine.opts[name] = 'soon' as never;
      }).toThrow(new RangeError(`${name} must be a number that is not below 0, not soon`));
      expect({ ...engine.opts }[name]).toBe(30);
    }
  });
});
