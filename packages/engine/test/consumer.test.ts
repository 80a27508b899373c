import type { SessionConsumer } from '@hawser/engine/internal';
import { describe, expect, test } from 'vitest';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';
import { endOf, untilWritable } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';

describe.each(['polling', 'websocket'])('a consumer of a session over %s', (transport) => {
  test('consumer is told before the listeners, and of the close with its reason', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports: [transport] });
    const session = await sessions.next();
    const told: unknown[] = [];
    const closed = new Promise<void>((resolve) => {
      const consumer: SessionConsumer = {
        onMessage: (data) => told.push(['consumer', data]),
        onNoop: () => {},
        onWritable: () => {},
        onClose: (reason) => told.push(['consumer', reason]),
      };
      session.consumer = consumer;
      session.on('message', (data) => {
        told.push(['listener', data]);
        session.abort('transport error', new Error('that is enough'), 1008);
      });
      session.on('close', (reason, description) => {
        told.push(['listener', reason, (description as Error).message]);
        resolve();
      });
    });
    client.send('hello');
    await closed;
    expect(told).toEqual([
      ['consumer', 'hello'],
      ['listener', 'hello'],
      ['consumer', 'transport error'],
      ['listener', 'transport error', 'that is enough'],
    ]);
    expect((await client.closes.next()).reason).toBe('transport close');
  });

  test('both ends are told of an abort whose words are more than a close frame has room for', async () => {
    const { port, sessions, engine } = await startEngine();
    const client = await openClient(4, port, { transports: [transport] });
    const session = await sessions.next();
    await untilWritable(session);
    const error = new Error(`${'a'.repeat(120)}€€`);
    const ending = endOf(session);
    session.abort('parse error', error, 1002);
    expect(await ending).toEqual({ reason: 'parse error', description: error });
    expect(engine.clientsCount).toBe(0);
    const { details } = await client.closes.next();
    if (transport === 'websocket') expect(details).toHaveProperty('context.reason', `${'a'.repeat(120)}€`);
  });

  test('consumer is told when more can be sent', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports: [transport] });
    const session = await sessions.next();
    const writable = new Promise<void>((resolve) => {
      session.consumer = { onMessage: () => {}, onNoop: () => {}, onWritable: resolve, onClose: () => {} };
    });
    // More than the kernel takes at once, and than one response carries.
    const count = transport === 'polling' ? 10 : 200;
    for (let i = 0; i < count; i++) session.send('a'.repeat(100_000));
    await writable;
    expect(session.transport.writable).toBe(true);
    for (let i = 0; i < count; i++) expect(await client.messages.next()).toHaveLength(100_000);
  });
});

test('a consumer is told of a NOOP, which is no message', async () => {
  const { port, sessions } = await startEngine();
  const { socket } = await openSocket(port);
  const session = await sessions.next();
  const told: unknown[] = [];
  const closed = new Promise<void>((resolve) => {
    session.consumer = {
      onMessage: (data) => told.push(data),
      onNoop: () => told.push('noop'),
      onWritable: () => {},
      onClose: () => resolve(),
    };
  });
  for (const message of ['4a', '6', '6b', '4c', '1']) socket.send(message);
  socket.close();
  await closed;
  expect(told).toEqual(['a', 'noop', 'noop', 'c']);
});

describe('a layer above has what was sent leave before the turn ends', () => {
  test('over WebSocket it does, also while a message is being received', async () => {
    const { port, sessions } = await startEngine();
    const { socket, messages } = await openSocket(port);
    const session = await sessions.next();
    const connection = session.request.socket;
    const writes: number[] = [];
    session.on('message', () => {
      for (const word of ['a', 'b', 'c']) {
        if (word === 'c') session.send(word);
        else session.transport.writeAtOnce(() => session.send(word));
        writes.push(connection.bytesWritten);
      }
    });
    socket.send('4go');
    for (const word of ['4a', '4b', '4c']) expect(await messages.next()).toBe(word);
    // A frame of two bytes has a header of two.
    expect(writes.map((bytes) => bytes - writes[0]!)).toEqual([0, 4, 4]);
    expect(connection.bytesWritten - writes[0]!).toBe(8);
  });

  test('over polling one turn still makes one response', async () => {
    const { port, sessions } = await startEngine();
    const query = `EIO=4&transport=polling&sid=${await handshake(port)}`;
    const session = await sessions.next();
    const { transport } = session;
    session.on('message', () => {
      transport.writeAtOnce(() => session.send('a'));
      session.send('b');
    });
    const poll = ask(port, { query });
    while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
    await ask(port, { query, method: 'POST', body: '4go' });
    expect((await poll).body.toString()).toBe('4a\x1e4b');
  });
});
