import { AsyncLocalStorage } from 'node:async_hooks';
import { PreparedMessage, type Socket, type Transport } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { ask, handshake, sendRaw, sidOf, upgradeHead } from './rig/http.ts';
import { endOf, untilWritable } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';
import { nextUncaught } from './rig/uncaught.ts';

const TRANSPORTS = ['polling', 'websocket'] as const;

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

  test.each([null, 'later', {}])('a callback that is %j is none', async (callback) => {
    const { port, sessions, engine } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    session.send('a', {}, callback as never);
    session.send(engine.prepareMessage('b'), null, callback as never);
    session.write('c', undefined, callback as never);
    for (const text of ['a', 'b', 'c']) expect(await client.messages.next()).toBe(text);
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

  test('what others put into the writeBuffer may have no data', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    session.writeBuffer.push({ type: 'noop' } as never);
    session.send('a');
    expect((await ask(port, { query })).body.toString()).toBe('6\x1e4a');
    expect(session.bufferedBytes).toBe(0);
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

  test('what waits for a client comes in responses of a bounded size, in order, and the close behind it', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    for (let i = 0; i < 1_000; i++) session.send(`${i}`.padEnd(1_000));
    session.close();
    const [got, sizes]: [string[], number[]] = [[], []];
    while (got.at(-1) !== '1') {
      const { body } = await ask(port, { query });
      sizes.push(body.length);
      got.push(...body.toString().split('\x1e'));
    }
    const messages = got.filter((packet) => packet.startsWith('4'));
    expect(messages.map((packet) => Number(packet.slice(1)))).toEqual([...Array(1_000).keys()]);
    expect(Math.max(...sizes)).toBeLessThan(270_000);
    expect(session.bufferedBytes).toBe(0);
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
