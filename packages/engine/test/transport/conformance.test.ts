import { EngineError } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { endOf } from '../rig/sessions.ts';
import { nextUncaught } from '../rig/uncaught.ts';
import { WIRES } from './wires.ts';

describe.each(Object.keys(WIRES))('the contract of a transport: %s', (name) => {
  const open = WIRES[name]!;

  /** Receives until so many packets are there. */
  async function receive(wire: Awaited<ReturnType<typeof open>>, count: number): Promise<readonly string[]> {
    const packets: string[] = [];
    while (packets.length < count) packets.push(...(await wire.receive()));
    return packets;
  }

  test('transport has a name, and knows its session', async () => {
    const { session } = await open();
    expect(session.transport.name).toBe(name.split(' ')[0]);
    expect(session.transport.sid).toBe(session.id);
    expect(session.transport.readyState).toBe('open');
    expect(session.protocol).toBe(4);
  });

  test('transport delivers what the session sends, in order, from one turn and from several', async () => {
    const wire = await open();
    wire.session
      .send('a')
      .send(Buffer.from([1, 2, 255]))
      .send('ü');
    setImmediate(() => wire.session.send('later'));
    expect(await receive(wire, 4)).toEqual(['4a', 'bAQL/', '4ü', '4later']);
  });

  test('transport delivers large messages both ways', async () => {
    const wire = await open({ maxHttpBufferSize: 2_000_000 });
    const large = 'ü'.repeat(300_000);
    const came = new Promise((resolve) => wire.session.on('message', resolve));
    await wire.send(`4${large}`);
    expect(await came).toBe(large);
    wire.session.send(large).send(Buffer.alloc(500_000, 7)).send('end');
    const packets = await receive(wire, 3);
    expect(packets[0]).toBe(`4${large}`);
    expect(Buffer.from(packets[1]!.slice(1), 'base64').equals(Buffer.alloc(500_000, 7))).toBe(true);
    expect(packets[2]).toBe('4end');
  });

  test('transport delivers what the client sends, in order', async () => {
    const wire = await open();
    const heard: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      wire.session.on('message', (data) => {
        heard.push(data);
        if (heard.length === 4) resolve();
      });
    });
    await wire.send('4a', 'bAQL/', '4ü', '4');
    await done;
    expect(heard).toEqual(['a', Buffer.from([1, 2, 255]), 'ü', '']);
  });

  test('transport delivers what comes behind a packet at which a listener threw', async () => {
    const wire = await open();
    const uncaught = nextUncaught();
    wire.session.once('message', () => {
      throw new Error('a fault of the user');
    });
    const heard: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      wire.session.on('message', (data) => {
        heard.push(data);
        if (data === 'c') resolve();
      });
    });
    await wire.send('4a', '4b', '4c');
    await done;
    expect(heard).toEqual(['b', 'c']);
    expect((await uncaught).message).toBe('a fault of the user');
    expect(wire.session.readyState).toBe('open');
  });

  test('transport goes on when a callback threw', async () => {
    const wire = await open();
    const uncaught = nextUncaught();
    let isCalled = false;
    wire.session.send('a', () => {
      throw new Error('a fault of the user');
    });
    wire.session.send('b', () => {
      isCalled = true;
    });
    expect(await receive(wire, 2)).toEqual(['4a', '4b']);
    expect((await uncaught).message).toBe('a fault of the user');
    expect(isCalled).toBe(true);
    wire.session.send('c');
    expect(await receive(wire, 1)).toEqual(['4c']);
  });

  test('transport tells of the end of the client, once', async () => {
    const wire = await open();
    const ending = endOf(wire.session);
    let count = 0;
    wire.session.on('close', () => count++);
    await wire.leave();
    expect((await ending).reason).toBe('transport close');
    expect(wire.session.transport.writable).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(count).toBe(1);
  });

  test('transport takes a close packet for the end', async () => {
    const wire = await open();
    const ending = endOf(wire.session);
    await wire.send('1');
    expect((await ending).reason).toBe('transport close');
  });

  test('transport tells of what is no packet', async () => {
    const wire = await open();
    const ending = endOf(wire.session);
    await wire.send('x');
    const { stackTraceLimit } = Error;
    const { reason, description } = await ending;
    expect(reason).toBe('parse error');
    expect(description).toBeInstanceOf(EngineError);
    expect((description as EngineError).stack).not.toContain('\n');
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  test('transport sends what it was given before it closes', async () => {
    const wire = await open();
    const ending = endOf(wire.session);
    wire.session.send('last').send('words').close();
    expect((await receive(wire, 2)).slice(0, 2)).toEqual(['4last', '4words']);
    // Over polling the close waits for the next poll.
    void wire.receive();
    expect((await ending).reason).toBe('forced close');
  });

  test('transport says how much waits, and that nothing does in the end', async () => {
    const wire = await open();
    wire.session.send('a'.repeat(1000));
    expect(wire.session.bufferedBytes).toBeGreaterThanOrEqual(1000);
    const left = new Promise((resolve) => wire.session.send('b', resolve));
    await receive(wire, 2);
    await left;
    expect(wire.session.bufferedBytes).toBe(0);
  });

  test('transport hears a heartbeat, and its absence', async () => {
    const wire = await open({ pingInterval: 30, pingTimeout: 300 });
    const ending = endOf(wire.session);
    expect(await receive(wire, 1)).toEqual(['2']);
    const beat = new Promise((resolve) => wire.session.once('heartbeat', resolve));
    await wire.send('3');
    await beat;
    expect((await ending).reason).toBe('ping timeout');
  });

  test('transport refuses a message over the limit, with a code and the limit', async () => {
    const wire = await open({ maxHttpBufferSize: 1000 });
    const ending = endOf(wire.session);
    await wire.send(`4${'a'.repeat(1000)}`);
    const { reason, description } = await ending;
    expect(reason).toBe('transport error');
    expect(description).toMatchObject({
      code:
        name === 'polling' || name === 'webtransport'
          ? 'EIO_ERR_PAYLOAD_TOO_LARGE'
          : 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      message: expect.stringMatching(/ is over the limit of 1000 bytes$/),
      limit: 1000,
    });
  });
});
