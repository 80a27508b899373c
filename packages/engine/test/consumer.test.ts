import type { SessionConsumer } from '@hawser/engine/internal';
import { describe, expect, test } from 'vitest';
import { openClient } from './rig/clients.ts';
import { startEngine } from './rig/engines.ts';

describe.each(['polling', 'websocket'])('a consumer of a session over %s', (transport) => {
  test('consumer is told before the listeners, and of the close with its reason', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports: [transport] });
    const session = await sessions.next();
    const told: unknown[] = [];
    const closed = new Promise<void>((resolve) => {
      const consumer: SessionConsumer = {
        onMessage: (data) => told.push(['consumer', data]),
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

  test('consumer is told when more can be sent', async () => {
    const { port, sessions } = await startEngine();
    const client = await openClient(4, port, { transports: [transport] });
    const session = await sessions.next();
    const writable = new Promise<void>((resolve) => {
      session.consumer = { onMessage: () => {}, onWritable: resolve, onClose: () => {} };
    });
    // More than the kernel takes at once, and than one response carries.
    const count = transport === 'polling' ? 10 : 200;
    for (let i = 0; i < count; i++) session.send('a'.repeat(100_000));
    await writable;
    expect(session.transport.writable).toBe(true);
    for (let i = 0; i < count; i++) expect(await client.messages.next()).toHaveLength(100_000);
  });
});
