import { describe, expect, test, vi } from 'vitest';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { untilWritable } from './rig/sessions.ts';
import { nextUncaught } from './rig/uncaught.ts';

describe.each(['polling', 'websocket'] as const)('listeners to what is sent over %s', (transport) => {
  const transports = [transport];

  test('what a listener for flush sends comes behind what is flushed, and its close behind both', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.once('flush', () => {
      session.send('behind');
      session.close();
    });
    session.send('flushed');
    expect(await client.messages.next()).toBe('flushed');
    expect(await client.messages.next()).toBe('behind');
    expect((await client.closes.next()).reason).toBe('transport close');
  });

  test('what is sent before a listener for flush closes the session arrives', async () => {
    const { port, sessions, engine } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    engine.once('flush', () => session.close());
    session.send('last');
    expect(await client.messages.next()).toBe('last');
    expect((await client.closes.next()).reason).toBe('transport close');
  });

  test('listeners for flush are told of each packet once, and may change and take out what is sent', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    const told: string[] = [];
    session.on('flush', (packets: { data: string }[]) => {
      for (const packet of packets) {
        told.push(packet.data.slice(0, 1));
        packet.data = packet.data.slice(0, 1);
      }
      const secret = packets.findIndex(({ data }) => data === 's');
      if (secret >= 0) packets.splice(secret, 1);
    });
    session.transport.writable = false;
    for (const name of ['a', 's', 'b', 'c']) session.send(name.repeat(400_000));
    session.transport.writable = true;
    session.onReady();
    for (const name of ['a', 'b', 'c']) expect(await client.messages.next()).toBe(name);
    expect(told).toEqual(['a', 's', 'b', 'c']);
    await untilWritable(session);
    session.send('s');
    session.send('last');
    expect(await client.messages.next()).toBe('l');
    await vi.waitFor(() => expect(session.bufferedBytes).toBe(0));
  });

  test('listeners for flush find what is sent in the writeBuffer, until the session is closed', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.once('flush', (packets) => {
      expect(packets).toBe(session.writeBuffer);
      session.send('behind');
      session.writeBuffer.unshift({ ...session.writeBuffer[0]!, data: 'first' });
    });
    session.send('second');
    for (const text of ['first', 'second', 'behind']) expect(await client.messages.next()).toBe(text);
    await untilWritable(session);
    session.once('flush', () => (session.writeBuffer.length = 0));
    session.send('taken out');
    session.once('flush', () => session.close(true));
    const unsent = new Promise((resolve) => session.once('close', () => resolve([...session.writeBuffer])));
    session.send('not sent');
    expect(await unsent).toMatchObject([{ data: 'not sent' }]);
    expect(session.writeBuffer).toEqual([]);
  });

  test('a listener for the close that a listener for flush makes sees all that was not sent', async () => {
    const { port, sessions } = await startEngine();
    await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.transport.writable = false;
    for (const name of ['a', 'b', 'c', 'd']) session.send(name.repeat(100_000));
    session.transport.writable = true;
    session.once('flush', () => {
      session.send('e');
      session.close(true);
    });
    const unsent = new Promise((resolve) =>
      session.once('close', () => resolve(session.writeBuffer.map(({ data }) => data[0]))),
    );
    session.onReady();
    expect(await unsent).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('a listener for drain that sends what comes next sends all of it, in order', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    const count = 5000;
    let sent = 0;
    session.on('drain', () => sent < count && session.send(String(sent++)));
    session.send('first');
    expect(await client.messages.next()).toBe('first');
    for (let i = 0; i < count; i++) expect(await client.messages.next()).toBe(String(i));
  });

  test.each([
    ['a number', 5, '5'],
    ['nothing', undefined, ''],
    ['null', null, ''],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer, Buffer.from([1, 2])],
  ])('data that a listener changes to %s is sent, and what is behind it', async (_, data, received) => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    for (const event of ['packetCreate', 'flush']) {
      await untilWritable(session);
      session.once(event, (packets) => Object.assign(event === 'flush' ? packets[0] : packets, { data }));
      session.send('changed').send('behind');
      expect(await client.messages.next()).toEqual(received);
      expect(await client.messages.next()).toBe('behind');
    }
  });

  test('a listener for packetCreate may change the options of one packet', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.once('packetCreate', ({ options }) => {
      expect(options).toEqual({ compress: true });
      options.compress = false;
    });
    const options = { compress: true };
    session.send('one', options);
    session.once('packetCreate', (packet) => expect(packet.options.compress).toBe(true));
    session.send('other', options);
    session.once('packetCreate', (packet) => (packet.options.compress = false));
    session.send('without');
    for (const text of ['one', 'other', 'without']) expect(await client.messages.next()).toBe(text);
  });

  test('a listener for flush may change the options of one packet, and send what comes next', async () => {
    const { engine, port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    const count = 3000;
    let sent = 0;
    const compress: unknown[] = [];
    engine.on('flush', (_session, packets) => {
      for (const { options } of packets) {
        compress.push(options.compress);
        options.compress = false;
      }
      if (sent < count) session.send(String(sent++));
    });
    session.send('first');
    expect(await client.messages.next()).toBe('first');
    for (let i = 0; i < count; i++) expect(await client.messages.next()).toBe(String(i));
    expect(new Set(compress)).toEqual(new Set([true]));
  });

  test('a packet is the same for listeners to packetCreate and flush, and what changes it in between holds', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    const created: { data: string }[] = [];
    const flushed: object[] = [];
    session.on('packetCreate', (packet) => created.push(packet));
    session.on('flush', (packets) => flushed.push(...packets));
    session.once('flush', () => {
      created[0]!.data = 'signed';
    });
    session.send('plain');
    expect(await client.messages.next()).toBe('signed');
    await untilWritable(session);
    session.transport.writable = false;
    session.send('waits').send('too');
    session.transport.writable = true;
    session.onReady();
    expect(await client.messages.next()).toBe('waits');
    expect(await client.messages.next()).toBe('too');
    expect(flushed).toHaveLength(3);
    for (const [i, packet] of flushed.entries()) expect(packet).toBe(created[i]);
  });

  test('packets without options are sent, whoever listens', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.on('flush', () => {});
    session.transport.writable = false;
    session.send('first');
    session.writeBuffer.push({ type: 'message', data: 'second', options: null } as never);
    session.transport.writable = true;
    session.once('packetCreate', (packet) => (packet.options = null));
    session.send('third');
    for (const text of ['first', 'second', 'third']) expect(await client.messages.next()).toBe(text);
  });

  test('a listener for drain that sends empty messages without end hears when the client has enough', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    let isEnough = false;
    session.on('message', () => (isEnough = true));
    session.on('drain', () => {
      if (!isEnough) session.send('');
    });
    session.send('go');
    expect(await client.messages.next()).toBe('go');
    client.send('enough');
    await vi.waitFor(() => expect(isEnough).toBe(true));
  });

  test('no drain is told of behind the close that a listener for it made', async () => {
    const { port, sessions } = await startEngine();
    await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    const told: string[] = [];
    session.on('close', () => told.push('close'));
    session.on('drain', () => {
      told.push('drain');
      if (told.length > 1) return;
      session.send('one').send('two').close(true);
    });
    session.send('first');
    expect(told).toEqual(['drain', 'close']);
  });

  test('what is sent at the close is taken without a look at all that waits', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 10_000 });
    await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.transport.writable = false;
    let looks = 0;
    const look = () => {
      looks++;
      return 'x';
    };
    session.consumer = {
      onMessage: () => {},
      onNoop: () => {},
      onWritable: () => {},
      onClose: () => {},
      onClosing: () => {
        for (let i = 0; i < 500; i++) {
          session.send('x'.repeat(100));
          Object.defineProperty(session.writeBuffer[i], 'data', { get: look });
        }
      },
    };
    session.close();
    expect(session.writeBuffer).toHaveLength(500);
    expect(looks).toBe(0);
  });

  test('what a program takes out of the writeBuffer counts no more', async () => {
    const { port, sessions } = await startEngine({ maxBufferedBytes: 1_000_000 });
    const client = await openClient(4, port, { transports });
    const session = await sessions.next();
    await untilWritable(session);
    session.transport.writable = false;
    for (let i = 0; i < 20; i++) {
      session.writeBuffer.length = 0;
      session.send(`${i}${'x'.repeat(100_000)}`);
    }
    expect(session.bufferedBytes).toBeLessThan(110_000);
    for (let i = 0; i < 20; i++) {
      session.send(`${i}${'y'.repeat(100_000)}`);
      session.writeBuffer.shift();
    }
    session.writeBuffer.length = 0;
    expect(session.bufferedBytes).toBe(0);
    session.send('latest');
    session.transport.writable = true;
    session.onReady();
    expect(await client.messages.next()).toBe('latest');
    expect(session.readyState).toBe('open');
  });

  test('a session that a listener for packetCreate or flush ends keeps nothing', async () => {
    const { port, sessions } = await startEngine();
    for (const event of ['packetCreate', 'flush']) {
      await openClient(4, port, { transports });
      const session = await sessions.next();
      await untilWritable(session);
      session.once(event, () => session.close(true));
      session.send('x'.repeat(100_000));
      expect([session.readyState, session.writeBuffer.length]).toEqual(['closed', 0]);
    }
  });

  test.each(['flush', 'drain'])(
    'what a listener for %s throws is uncaught, and nothing is lost',
    async (event) => {
      const { port, sessions } = await startEngine();
      const client = await openClient(4, port, { transports });
      const session = await sessions.next();
      const nextBug = () => {
        session.once(event, () => {
          throw new Error('bug');
        });
        return nextUncaught();
      };
      await untilWritable(session);
      const uncaught = nextBug();
      session.send('handed on');
      expect((await uncaught).message).toBe('bug');
      expect(await client.messages.next()).toBe('handed on');
      await untilWritable(session);
      session.transport.writable = false;
      session.send('waits').send('too').close();
      session.transport.writable = true;
      const again = nextBug();
      session.onReady();
      expect((await again).message).toBe('bug');
      expect(await client.messages.next()).toBe('waits');
      expect(await client.messages.next()).toBe('too');
      expect((await client.closes.next()).reason).toBe('transport close');
      expect(session.readyState).toBe('closed');
    },
  );
});
