import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  attach,
  type EngineError,
  listen,
  PreparedMessage,
  type Server,
  type Socket,
  Transport,
} from '@hawser/engine';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer as WsServer } from 'ws';
import { openClient } from './rig/clients.ts';
import { endOf } from './rig/closes.ts';
import { listenOn, startEngine } from './rig/engines.ts';
import { ask, handshake, sendRaw, sidOf, upgradeHead } from './rig/http.ts';
import { type BareSocket, openSocket } from './rig/sockets.ts';
import { nextUncaught } from './rig/uncaught.ts';

const TRANSPORTS = ['polling', 'websocket'] as const;

/** Over polling nothing can be sent before the next poll comes. */
async function untilWritable({ transport }: Socket): Promise<void> {
  while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
}

/** Encodes as adapters of Socket.IO do. */
function frameOfWs(text: string): Buffer[] {
  const { Sender } = require('ws') as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
  return Sender.frame(Buffer.from(text), { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false });
}

describe.each(TRANSPORTS)('session over %s', (transport) => {
  const transports = [transport];

  test('callbacks of session come in the context of who sent', async () => {
    const { port, sessions } = await startEngine();
    await openClient(4, port, { transports });
    const session = await sessions.next();
    const storage = new AsyncLocalStorage<string>();
    const seen = ['a', 'b'].map((name) =>
      storage.run(name, () => {
        return new Promise((resolve) => session.send(name, () => resolve(storage.getStore())));
      }),
    );
    expect(await Promise.all(seen)).toEqual(['a', 'b']);
  });

  test('session tells of its life by events, in order', async () => {
    const { port, sessions, engine } = await startEngine();
    const told: string[] = [];
    engine.on('flush', (_session, packets) => told.push(`server flush ${packets.length}`));
    engine.on('drain', () => told.push('server drain'));
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    for (const event of ['packet', 'packetCreate', 'data', 'message', 'flush', 'drain', 'heartbeat']) {
      session.on(event, (value) => told.push(`${event} ${value?.type ?? value?.length ?? ''}`));
    }
    told.length = 0;
    client.send('hello');
    await new Promise((resolve) => session.once('message', resolve));
    expect(told).toEqual(['packet message', 'data 5', 'message 5']);
    told.length = 0;
    await untilWritable(session);
    session.send('there');
    expect(told).toEqual(['packetCreate message', 'flush 1', 'server flush 1', 'drain ', 'server drain']);
    expect(await client.messages.next()).toBe('there');
  });

  test('handshake has five members, and those behind them that a layer above asks for', async () => {
    const { port, engine } = await startEngine();
    const told = async () => {
      const client = await openClient(4, port, { transports });
      return Object.entries(client.handshake).filter(([name]) => name !== 'sid' && name !== 'upgrades');
    };
    const five = [
      ['pingInterval', 25_000],
      ['pingTimeout', 20_000],
      ['maxPayload', 1_000_000],
    ];
    expect(await told()).toEqual(five);
    engine.opts.handshakeExtras = { hawser: 1 };
    expect(await told()).toEqual([...five, ['hawser', 1]]);
  });

  test('session calls back once a message has left', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    const order: string[] = [];
    const last = new Promise<Transport>((resolve) => {
      session.send('a', () => order.push('a'));
      session.send('b', { compress: false }, () => order.push('b'));
      session.write('c', null, (used) => resolve(used));
    });
    expect(await last).toBe(session.transport);
    expect(order).toEqual(['a', 'b']);
    expect(await client.messages.next()).toBe('a');
  });

  test('session takes every kind of data', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    const bytes = Buffer.from([9, 1, 2, 3, 9]);
    const { buffer, byteOffset } = bytes;
    session.send(new DataView(buffer, byteOffset + 1, 3));
    session.send(new Uint8Array([1, 2, 3]).buffer);
    session.send(new Uint16Array([1]));
    session.send(5 as never);
    session.send(undefined as never);
    const heard = [];
    for (let i = 0; i < 5; i++) heard.push(await client.messages.next());
    expect(heard.map((data) => (typeof data === 'string' ? data : [...Buffer.from(data)]))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 0],
      '5',
      '',
    ]);
  });

  test('session changes no argument', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    session.send('frozen', Object.freeze({}));
    expect(await client.messages.next()).toBe('frozen');
  });

  test('what was sent while a session closed goes nowhere, quietly', async () => {
    const { port, sessions } = await startEngine();
    await openClient(4, port, { transports });
    const session = await sessions.next();
    const closed = endOf(session);
    session.close(true);
    session.send('late', () => expect.unreachable());
    session.close();
    session.close(true);
    expect((await closed).reason).toBe('forced close');
    expect(session.readyState).toBe('closed');
    session.send('later');
    expect(session.writeBuffer).toEqual([]);
  });

  test('a prepared message is the same for all', async () => {
    const { port, sessions, engine } = await startEngine({ allowEIO3: true });
    const clients = await Promise.all([
      openClient(4, port, { transports }),
      openClient(4, port, { transports, forceBase64: true }),
      openClient(3, port, { transports }),
      openClient(3, port, { transports, forceBase64: true }),
    ]);
    const everybody = [];
    for (const _ of clients) everybody.push(await sessions.next());
    const text = engine.prepareMessage('to all, ü');
    const binary = engine.prepareMessage(Buffer.from([1, 2, 255]));
    expect(text).toBeInstanceOf(PreparedMessage);
    for (const session of everybody) session.send(text).send(binary);
    for (const client of clients) {
      expect(await client.messages.next()).toBe('to all, ü');
      expect([...Buffer.from((await client.messages.next()) as Uint8Array)]).toEqual([1, 2, 255]);
    }
  });

  test('a frame of the `ws` package is sent once made, as adapters of Socket.IO do', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    const wsPreEncodedFrame = frameOfWs('4twice');
    session.send('twice', { wsPreEncodedFrame }).send('twice', { wsPreEncodedFrame });
    expect([await client.messages.next(), await client.messages.next()]).toEqual(['twice', 'twice']);
  });

  test.each([1, 125, 126, 65_535, 65_536])(
    'a frame of the `ws` package is what goes out, %i bytes of it',
    async (byteLength) => {
      const { port, sessions } = await startEngine();
      const client = await openClient(4, port, { transports });
      const session = await sessions.next();
      const text = `4${'x'.repeat(byteLength - 1)}`;
      const wsPreEncodedFrame = frameOfWs(text);
      session.send('other', { wsPreEncodedFrame }).send('other', { wsPreEncodedFrame }, () => {});
      const expected = transport === 'websocket' ? text.slice(1) : 'other';
      expect([await client.messages.next(), await client.messages.next()]).toEqual([expected, expected]);
    },
  );

  test('where the server compresses, a frame of the `ws` package says no more than that', async () => {
    const { port, sessions } = await startEngine({ perMessageDeflate: true });
    const client = await openClient(4, port, { transports });
    (await sessions.next()).send('message', { wsPreEncodedFrame: frameOfWs('4other') });
    expect(await client.messages.next()).toBe('message');
  });

  test.each<[string, object]>([
    ['a binary frame', [Buffer.from([0x82, 1, 0x34])]],
    ['a masked frame', [Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x34])]],
    ['half a header', [Buffer.from([0x81])]],
    ['no frame', {}],
  ])('%s says no more than that the message is the same', async (_, wsPreEncodedFrame) => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    (await sessions.next()).send('message', { wsPreEncodedFrame });
    expect(await client.messages.next()).toBe('message');
  });

  test('heartbeat keeps a quiet session open, both versions', async () => {
    const { port, sessions } = await startEngine({ allowEIO3: true, pingInterval: 20, pingTimeout: 2000 });
    for (const version of [4, 3] as const) {
      await openClient(version, port, { transports });
      const session = await sessions.next();
      for (let i = 0; i < 4; i++) await new Promise((resolve) => session.once('heartbeat', resolve));
      expect(session.readyState).toBe('open');
    }
  });
});

describe('session', () => {
  test.each([4, 3])('session of version %i is not given up before the handshake says', async (version) => {
    let beginMs = 0;
    const options = { allowEIO3: true, pingInterval: 400, pingTimeout: 400 };
    const { port, sessions } = await startEngine(options, (engine) => {
      engine.on('initial_headers', () => {
        beginMs = performance.now();
      });
    });
    await openSocket(port, `EIO=${version}&transport=websocket`, { autoPong: false });
    const { reason } = await endOf(await sessions.next());
    // The clock of heartbeats counts whole milliseconds.
    expect(performance.now() - beginMs).toBeGreaterThan(799);
    expect(reason).toBe('ping timeout');
  });

  test.each([4, 3])(
    'silent sessions of version %i are given up when the handshake says, wherever in a period of the sweep they began',
    async (version) => {
      const late: string[] = [];
      const count = 8;
      const ends: Promise<unknown>[] = [];
      const { port } = await startEngine(
        { allowEIO3: true, pingInterval: 2400, pingTimeout: 1600 },
        (engine) => {
          engine.on('connection', (session) => {
            // Timers of one process fire in their order, however busy it is; but when one begins is known as exactly as
            // the turn was short. A sweep alone would be late by up to 100 ms.
            const timer = setTimeout(() => late.push(session.id), 4000 + 50);
            ends.push(endOf(session).then(() => clearTimeout(timer)));
          });
        },
      );
      for (let i = 0; i < count; i++) {
        await handshake(port, `EIO=${version}&transport=polling`);
        await new Promise((resolve) => setTimeout(resolve, 14));
      }
      expect(ends).toHaveLength(count);
      await Promise.all(ends);
      expect(late).toEqual([]);
    },
  );

  test('session knows its address where the option wsEngine takes the connection from under the socket', async () => {
    class TakingServer extends WsServer {
      override handleUpgrade(
        ...[request, socket, head, onOpen]: Parameters<WsServer['handleUpgrade']>
      ): void {
        super.handleUpgrade(request, socket, head, (websocket) => {
          Object.defineProperty(request.socket, 'remoteAddress', { value: undefined });
          onOpen(websocket, request);
        });
      }
    }
    const { port, sessions } = await startEngine({ wsEngine: TakingServer });
    await openSocket(port);
    const { remoteAddress } = await sessions.next();
    expect(remoteAddress).toMatch(/127\.0\.0\.1$/);
  });

  test('the server of the option wsEngine is there, as long as it is', async () => {
    const { engine, http } = await startEngine({ wsEngine: WsServer });
    const { ws } = engine;
    expect(ws).toBeInstanceOf(WsServer);
    http.close();
    await new Promise((resolve) => http.once('close', resolve));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    expect(engine.ws).toBeInstanceOf(WsServer);
    expect(engine.ws).not.toBe(ws);
  });

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

  test('any traffic proves life: a session that answers no ping but sends lives on', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 500 });
    const { socket, messages } = await openSocket(port, undefined, { autoPong: false });
    const session = await sessions.next();
    const timer = setInterval(() => socket.send('4still here'), 10);
    const startMs = performance.now();
    while (performance.now() - startMs < 1000) expect(await messages.next()).toBe('2');
    clearInterval(timer);
    expect(session.readyState).toBe('open');
    expect((await endOf(session)).reason).toBe('ping timeout');
  });

  test('any traffic proves life: so does a message that is still on its way', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 500 });
    const head = upgradeHead('EIO=4&transport=websocket');
    const { socket } = sendRaw(port, head);
    const session = await sessions.next();
    const came = new Promise((resolve) => session.on('message', resolve));
    // One frame of 60 bytes, one byte at a time, for twice as long as silence may last.
    const frame = Buffer.concat([
      Buffer.from([0x81, 0x80 | 60, 0, 0, 0, 0]),
      Buffer.from(`4${'a'.repeat(59)}`),
    ]);
    for (const byte of frame) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 17));
    }
    expect(await came).toBe('a'.repeat(59));
    expect(session.readyState).toBe('open');
  });

  test('polls alone prove nothing: a session that only polls ends with ping timeout', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 20, pingTimeout: 300 });
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const ending = endOf(session);
    let polls = 0;
    const heard: string[] = [];
    const poll = async (): Promise<void> => {
      // Once with a sign of life, so that it is seen to be what counts.
      if (++polls === 2) await ask(port, { query, method: 'POST', body: '3' });
      const { status, body } = await ask(port, { query });
      heard.push(body.toString());
      if (status === 200) await poll();
    };
    await poll();
    expect((await ending).reason).toBe('ping timeout');
    // Each ping may come alone, or with others.
    expect(heard.join('\x1e').split('\x1e').slice(0, 2)).toEqual(['2', '2']);
  });

  test('what is pushed into the empty writeBuffer is seen at the close', async () => {
    const { port, sessions } = await startEngine();
    await handshake(port);
    const session = await sessions.next();
    const seen: number[] = [];
    session.on('close', () => seen.push(session.writeBuffer.length));
    session.writeBuffer.push({ type: 'message', data: 'by hand' } as never);
    session.close(true);
    expect(seen).toEqual([1]);
    expect(session.writeBuffer).toEqual([]);
  });

  test.each(TRANSPORTS)(
    'what is pushed into the empty writeBuffer is sent with what comes next: %s',
    async (name) => {
      const { port, sessions } = await startEngine();
      const client = await openClient(4, port, { transports: [name] });
      const session = await sessions.next();
      await untilWritable(session);
      session.writeBuffer.push({ type: 'message', data: 'by hand' } as never);
      session.send('next');
      expect([await client.messages.next(), await client.messages.next()]).toEqual(['by hand', 'next']);
    },
  );

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

  test('what was sent before an upgrade is neither lost nor overtaken, however much it is', async () => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port);
    const session = await sessions.next();
    const { socket, messages } = await openSocket(port, `EIO=4&transport=websocket&sid=${sid}`);
    const part = 'a'.repeat(100_000);
    for (let i = 0; i < 6; i++) session.send(`${i} ${part}`);
    const { body } = await ask(port, { query: `EIO=4&transport=polling&sid=${sid}` });
    socket.send('2probe');
    expect(await messages.next()).toBe('3probe');
    for (let i = 6; i < 9; i++) session.send(`${i} ${part}`);
    socket.send('5');
    const over = [...body.toString().split('\x1e')];
    while (over.length < 9) over.push(await messages.next());
    expect(over.map((packet) => packet.slice(0, 2))).toEqual(Array.from({ length: 9 }, (_, i) => `4${i}`));
  });

  test('what one turn sends comes in one poll', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const polling = ask(port, { query });
    await untilWritable(session);
    for (const word of ['a', 'b', 'c']) session.send(word);
    expect((await polling).body.toString()).toBe('4a\x1e4b\x1e4c');
  });

  test('the handshake is answered alone, and what is sent to a new session comes with the next poll', async () => {
    const { port } = await startEngine({}, (engine) => {
      engine.on('connection', (session: Socket) => session.send('welcome').send('to you'));
    });
    const { body } = await ask(port, {});
    expect(JSON.parse(body.toString().slice(1))).toHaveProperty('sid');
    const query = `EIO=4&transport=polling&sid=${sidOf(body.toString())}`;
    expect((await ask(port, { query })).body.toString()).toBe('4welcome\x1e4to you');
  });

  test('a session that is closed as it begins is there, and says so to its first poll', async () => {
    const { port, engine } = await startEngine({}, (engine) => {
      engine.on('connection', (session: Socket) => session.close());
    });
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    expect(engine.clientsCount).toBe(1);
    expect((await ask(port, { query })).body.toString()).toBe('6\x1e1');
    expect(engine.clientsCount).toBe(0);
  });

  test('what a listener throws is uncaught, and the session goes on', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports: ['websocket'] });
    const session = await sessions.next();
    const uncaught = nextUncaught();
    session.once('message', () => {
      throw new Error('a fault of the user');
    });
    session.on('message', (data) => session.send(data));
    client.send('first');
    expect((await uncaught).message).toBe('a fault of the user');
    client.send('second');
    expect(await client.messages.next()).toBe('second');
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

describe('server', () => {
  test('server gives a silent client up by the time that the handshake names, not before', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 300, pingTimeout: 200 });
    const startMs = performance.now();
    await handshake(port);
    await endOf(await sessions.next());
    const tookMs = performance.now() - startMs;
    // The ping goes out at half of the interval or later; its answer has all of its time.
    expect(tookMs).toBeGreaterThanOrEqual(350);
  });

  test('server knows its sessions by their ids, and forgets them', async () => {
    const { port, sessions, engine } = await startEngine();
    const client = await openClient(4, port);
    const session = await sessions.next();
    expect(engine.clients[client.id]).toBe(session);
    expect(engine.clientsCount).toBe(1);
    expect(session.id).toBe(client.id);
    expect(session.id).toMatch(/^[\w-]{20}$/);
    expect(session.server).toBe(engine);
    expect(session.remoteAddress).toBe('127.0.0.1');
    expect(session.request.headers.host).toBe(`127.0.0.1:${port}`);
    expect(session.transport).toBeInstanceOf(Transport);
    engine.close();
    expect(engine.clientsCount).toBe(0);
  });

  test('what has the sessions by their ids is one object, from whenever it is asked for', async () => {
    const { port, sessions, engine } = await startEngine();
    const clients = [];
    for (let i = 0; i < 2; i++) clients.push(await openClient(4, port, { transports: ['websocket'] }));
    const opened = [await sessions.next(), await sessions.next()];
    const record = engine.clients;
    expect(record).toEqual(Object.fromEntries(opened.map((session) => [session.id, session])));
    await openClient(4, port, { transports: ['websocket'] });
    const third = await sessions.next();
    opened[0]!.close(true);
    expect(Object.keys(record)).toEqual([opened[1]!.id, third.id]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(engine.clients).toBe(record);
  });

  test('server that is closed lets nobody in by WebSocket until its HTTP server listens again', async () => {
    const { http, port, engine } = await startEngine();
    engine.close();
    const address = `ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`;
    const [error] = await once(new WebSocket(address), 'error');
    expect(error.message).toBe('Unexpected server response: 503');
    http.close();
    await once(http, 'close');
    await openClient(4, await listenOn(http), { transports: ['websocket'] });
    expect(engine.clientsCount).toBe(1);
  });

  test('sessions with one id of the user do not take each other from the list', async () => {
    const { port, sessions, engine } = await startEngine({}, (made) => {
      made.generateId = () => 'always-the-same';
    });
    await openClient(4, port, { transports: ['websocket'] });
    const first = await sessions.next();
    await openClient(4, port, { transports: ['websocket'] });
    const second = await sessions.next();
    first.close();
    expect(engine.clients).toEqual({ 'always-the-same': second });
    expect(engine.clientsCount).toBe(1);
  });

  test('listen answers what is no client of it with 501', async () => {
    const port = 0;
    const engine = await new Promise<Server>((resolve) => {
      const made = listen(port, () => resolve(made));
    });
    onTestFinished(() => {
      engine.httpServer?.close();
    });
    const address = engine.httpServer?.address() as { port: number };
    const { status, body } = await ask(address.port, { path: '/' });
    expect({ status, body: body.toString() }).toEqual({ status: 501, body: 'Not Implemented' });
  });

  test('several engines share one HTTP server with listeners of the user', async () => {
    const http = createServer((_request, response) => response.end('mine'));
    const outer = attach(http, { path: '/outer' });
    http.on('request', (_request, response) => {
      if (!response.writableEnded) response.setHeader('x-too', '1');
    });
    const inner = attach(http, { path: '/outer/inner' });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http.close();
      http.closeAllConnections();
      outer.close();
      inner.close();
    });
    const { port } = http.address() as { port: number };
    const query = '?EIO=4&transport=polling';
    expect((await ask(port, { path: '/any' })).body.toString()).toBe('mine');
    await ask(port, { path: `/outer/${query}` });
    await ask(port, { path: `/outer/inner/${query}` });
    expect([outer.clientsCount, inner.clientsCount]).toEqual([1, 1]);
  });
});
