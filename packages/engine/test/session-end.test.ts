import type { EngineError, Server, Socket, Transport } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';
import { endOf, untilWritable } from './rig/sessions.ts';
import { type BareSocket, openSocket } from './rig/sockets.ts';
import { nextUncaught } from './rig/uncaught.ts';

/** Sends until something waits in the session, and returns how many messages that took. */
async function fill(session: Socket): Promise<number> {
  const part = 'a'.repeat(100_000);
  let count = 0;
  for (; session.writeBuffer.length === 0; count++) {
    session.send(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return count;
}

describe('session that ends', () => {
  test('session that hears nothing ends with ping timeout', async () => {
    const { port, sessions, engine } = await startEngine({ pingInterval: 20, pingTimeout: 20 });
    const { closed: cut } = await openSocket(port, undefined, { autoPong: false });
    const session = await sessions.next();
    expect((await endOf(session)).reason).toBe('ping timeout');
    expect(await cut).toEqual({ code: 1008, reason: 'ping timeout' });
    expect(engine.clientsCount).toBe(0);
  });

  test('truthful close reasons: who polls a session that was given up learns why it is gone', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 20 });
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    await endOf(await sessions.next());
    const { status, body } = await ask(port, { query });
    expect({ status, body: JSON.parse(body.toString()) }).toEqual({
      status: 400,
      body: { code: 1, message: 'Session ID unknown', reason: 'ping timeout' },
    });
  });

  test('server remembers why for the last 1000 sessions, and no more', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 20 });
    const first = await handshake(port);
    await endOf(await sessions.next());
    const reasonOf = async (sid: string) =>
      JSON.parse((await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` })).body.toString()).reason;
    expect(await reasonOf(first)).toBe('ping timeout');
    let last = '';
    for (let batch = 0; batch < 20; batch++) {
      const sids = await Promise.all(Array.from({ length: 50 }, () => handshake(port)));
      last = sids.at(-1)!;
      for (const _ of sids) await endOf(await sessions.next());
    }
    expect(await reasonOf(first)).toBeUndefined();
    expect(await reasonOf(last)).toBe('ping timeout');
  });

  test('truthful close reasons: over polling the close packet says why', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const poll = ask(port, { query });
    await untilWritable(session);
    await ask(port, { query, method: 'POST', body: '2' });
    expect((await poll).body.toString()).toBe('1heartbeat comes from the wrong side');
  });

  test.each([4, 3] as const)('a close packet with a reason closes clients of version %i', async (version) => {
    const { port, sessions } = await startEngine({ allowEIO3: true });
    const client = await openClient(version, port, { transports: ['polling'] });
    const session = await sessions.next();
    await untilWritable(session);
    const query = `EIO=${version}&transport=polling&sid=${session.id}`;
    const body = version === 4 ? 'x' : '1:x';
    expect((await ask(port, { query, method: 'POST', body })).body.toString()).toBe('packet type is unknown');
    expect((await client.closes.next()).reason).toBe('transport close');
  });

  test('a heartbeat from the wrong side ends the session, with a code', async () => {
    const { port, sessions } = await startEngine();
    const { socket } = await openSocket(port);
    const closed = endOf(await sessions.next());
    socket.send('2');
    const { reason, description } = await closed;
    expect(reason).toBe('transport error');
    expect((description as EngineError).code).toBe('EIO_ERR_HEARTBEAT_DIRECTION');
  });

  test('what is no packet ends the session with parse error on both ends', async () => {
    const { port, sessions } = await startEngine();
    const { socket, closed: cut } = await openSocket(port);
    const closed = endOf(await sessions.next());
    socket.send('x');
    const { reason, description } = await closed;
    expect(reason).toBe('parse error');
    expect((description as EngineError).code).toBe('EIO_ERR_UNKNOWN_PACKET_TYPE');
    expect(await cut).toEqual({ code: 1002, reason: 'packet type is unknown' });
  });

  test('a close packet over WebSocket closes the session', async () => {
    const { port, sessions } = await startEngine();
    const { socket } = await openSocket(port);
    const closed = endOf(await sessions.next());
    socket.send('1');
    expect((await closed).reason).toBe('transport close');
  });

  test('truthful close reasons: the close code of the client is told', async () => {
    const { port, sessions } = await startEngine();
    const { socket } = await openSocket(port);
    const closed = endOf(await sessions.next());
    socket.close(4321, 'coffee break');
    expect(await closed).toEqual({
      reason: 'transport close',
      description: {
        description: 'websocket connection closed',
        context: { code: 4321, reason: 'coffee break' },
      },
    });
  });

  test('what came before a close has its turn before it, put off as Socket.IO puts it off', async () => {
    const { port, sessions } = await startEngine();
    const { socket } = await openSocket(port);
    const session = await sessions.next();
    const order: string[] = [];
    session.on('message', (data: string) => {
      process.nextTick(() => process.nextTick(() => order.push(data)));
    });
    const ending = endOf(session).then(({ reason }) => order.push(reason));
    // Both in one chunk, as clients of Socket.IO leave.
    socket.send('4goodbye');
    socket.close();
    await ending;
    expect(order).toEqual(['goodbye', 'transport close']);
  });

  test.each([
    [4, '4bye\x1e4now', '6\x1e1'],
    [3, '4:4bye4:4now', '1:61:1'],
  ])(
    'last words come before the close, in a response of their own: version %i',
    async (version, words, end) => {
      const { port, sessions } = await startEngine({ allowEIO3: true });
      const sid = await handshake(port, `EIO=${version}&transport=polling&b64=1`);
      const query = `EIO=${version}&transport=polling&sid=${sid}`;
      const session = await sessions.next();
      const closed = endOf(session);
      const poll = ask(port, { query });
      await untilWritable(session);
      session.send('bye').send('now').close();
      expect(session.readyState).toBe('closing');
      expect((await poll).body.toString()).toBe(words);
      expect(session.readyState).toBe('closing');
      expect((await ask(port, { query })).body.toString()).toBe(end);
      expect((await closed).reason).toBe('forced close');
    },
  );

  test.each([
    ['x', '4x'],
    [null, '6\x1e1'],
  ])('a session that waits for one more poll makes no pings: with %j to say', async (word, answer) => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 5_000 });
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const made: string[] = [];
    session.on('packetCreate', ({ type }) => made.push(type));
    if (word !== null) session.send(word);
    session.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(session.readyState).toBe('closing');
    expect(made).toEqual(word === null ? [] : ['message']);
    expect((await ask(port, { query })).body.toString()).toBe(answer);
  });

  test('last words of a session that is discarded leave, too', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const poll = ask(port, { query });
    await untilWritable(session);
    session.send('bye').close(true);
    expect(session.readyState).toBe('closed');
    expect((await poll).body.toString()).toBe('4bye');
    expect((await ask(port, { query })).status).toBe(400);
  });

  test('an upgrade that comes through while the close waits for a poll is closed with the session', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    const session = await sessions.next();
    const told: string[] = [];
    session.on('close', () => told.push('close')).on('upgrade', () => told.push('upgrade'));
    const poll = ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
    await untilWritable(session);
    const { socket, messages, closed } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    socket.send('2probe');
    expect(await messages.next()).toBe('3probe');
    await poll;
    session.close();
    expect(session.readyState).toBe('closing');
    socket.send('5');
    await closed;
    expect(told).toEqual(['close']);
    expect(session.readyState).toBe('closed');
  });

  test.each([4, 3])(
    'a session that closes is not kept by what comes over polling: version %i',
    async (version) => {
      const { port, sessions } = await startEngine({ pingInterval: 50, pingTimeout: 50, allowEIO3: true });
      const query = `EIO=${version}&transport=polling&sid=${await handshake(port, `EIO=${version}&transport=polling`)}`;
      const session = await sessions.next();
      const ending = endOf(session);
      session.send('x').close();
      const body = version === 4 ? '3' : '1:2';
      while ((await ask(port, { query, method: 'POST', body })).status === 200);
      expect((await ending).reason).toBe('ping timeout');
    },
  );

  test('a session that closes is not kept by what comes over WebSocket', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 50, pingTimeout: 50 });
    const { socket } = await openSocket(port);
    socket.pause();
    const session = await sessions.next();
    const ending = endOf(session);
    await fill(session);
    session.close();
    const talk = setInterval(() => socket.send('3'), 10);
    expect((await ending).reason).toBe('ping timeout');
    clearInterval(talk);
  });

  test('a session that closes sends all that waits to a client that reads again', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 500, pingTimeout: 500 });
    const { socket, messages, closed } = await openSocket(port);
    socket.pause();
    const session = await sessions.next();
    const ending = endOf(session);
    const sent = await fill(session);
    session.close();
    socket.resume();
    expect((await ending).reason).toBe('forced close');
    expect((await closed).code).toBe(1005);
    expect(messages.length).toBe(sent);
  });

  test('a session that waits for one more poll does not when it is discarded', async () => {
    const { port, sessions, engine } = await startEngine();
    await handshake(port);
    const session = await sessions.next();
    // The handshake's answer has left by then.
    await new Promise((resolve) => setImmediate(resolve));
    session.send('bye');
    const ending = endOf(session);
    session.close();
    expect(session.readyState).toBe('closing');
    engine.close();
    expect((await ending).reason).toBe('forced close');
    expect(engine.clientsCount).toBe(0);
  });
});

describe('session at whose end a listener throws', () => {
  test.each<[string, (engine: Server, session: Socket, listener: () => never) => void]>([
    ['as the client is told', (engine, _session, listener) => engine.on('headers', listener)],
    ['as it hears of the end', (_engine, session, listener) => session.prependListener('close', listener)],
  ])('it is over, and who throws is heard of: %s', async (_when, listen) => {
    const { port, sessions, engine } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    ask(port, { query }).catch(() => {});
    await untilWritable(session);
    const closes: string[] = [];
    session.consumer = {
      onMessage: () => {},
      onNoop: () => {},
      onWritable: () => {},
      onClose: (reason) => closes.push(reason),
    };
    listen(engine, session, () => {
      throw new Error('bug');
    });
    const uncaught = nextUncaught();
    session.abort('transport error', new Error('that is enough'), 1008);
    expect((await uncaught).message).toBe('bug');
    expect(closes).toEqual(['transport error']);
    expect(session.writeBuffer).toEqual([]);
    expect(engine.clientsCount).toBe(0);
  });

  test('server that is closed closes all the others too', async () => {
    const { port, sessions, engine } = await startEngine();
    for (let i = 0; i < 2; i++) {
      const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
      ask(port, { query }).catch(() => {});
      await untilWritable(await sessions.next());
    }
    engine.once('headers', () => {
      throw new Error('bug');
    });
    const uncaught = nextUncaught();
    engine.close();
    expect((await uncaught).message).toBe('bug');
    expect(engine.clientsCount).toBe(0);
  });
});

describe.each([
  ['our own WebSocket server', undefined],
  ['the ws package', WsServer],
])('transport of %s', (_title, wsEngine) => {
  const closeOf = (transport: Transport) =>
    new Promise<string>((resolve) => {
      transport.on('close', () => resolve(transport.readyState));
    });

  test.each<[string, (session: Socket, client: BareSocket) => void]>([
    ['is closed', (session) => session.close()],
    ['is discarded', (session) => session.close(true)],
    ['gets what is no packet', (_session, { socket }) => socket.send('x')],
    ['gets a close packet', (_session, { socket }) => socket.send('1')],
    ['is left', (_session, { socket }) => socket.close()],
    ['is left without a word', (_session, { socket }) => socket.terminate()],
  ])('it says when it is closed, once, and is so: session %s', async (_how, end) => {
    const { port, sessions } = await startEngine({ wsEngine });
    const client = await openSocket(port);
    const session = await sessions.next();
    let closes = 0;
    session.transport.on('close', () => closes++);
    const closed = closeOf(session.transport);
    end(session, client);
    expect(await closed).toBe('closed');
    await client.closed;
    expect(closes).toBe(1);
  });

  test('so does one that a session was to move to, when the session ends or time is up', async () => {
    const { port, sessions } = await startEngine({ wsEngine, upgradeTimeout: 100 });
    for (const end of [(session: Socket) => session.close(true), () => {}]) {
      const query = `EIO=4&transport=websocket&sid=${await handshake(port)}`;
      const session = await sessions.next();
      const upgrading = new Promise<Transport>((resolve) => session.on('upgrading', resolve));
      const { socket } = await openSocket(port, query);
      socket.send('2probe');
      const closed = closeOf(await upgrading);
      end(session);
      expect(await closed).toBe('closed');
    }
  });

  test('a server that drops a WebSocket at the moment that it ends hears of that, too', async () => {
    const { port, sessions } = await startEngine({ wsEngine });
    const { socket } = await openSocket(port);
    const { transport, request } = await sessions.next();
    const closed = closeOf(transport);
    request.socket.once('close', () => transport.close());
    socket.terminate();
    expect(await closed).toBe('closed');
  });
});
