import * as parser from '@hawser/io/parser';
import { describe, expect, test, vi } from 'vitest';
import { byteLengthOf } from '../src/outgoing.ts';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { connectStock, lose } from './rig/sessions.ts';
import { gatherUncaught } from './rig/uncaught.ts';

type Packet = Parameters<InstanceType<typeof parser.Encoder>['encode']>[0];

/** Uses one array for all packets. */
class ThriftyEncoder {
  readonly #encoder = new parser.Encoder();
  readonly #messages: (string | Buffer)[] = [];

  encode(packet: Packet): (string | Buffer)[] {
    this.#messages.splice(0, Number.POSITIVE_INFINITY, ...this.#encoder.encode(packet));
    return this.#messages;
  }
}

/** Makes texts that are in no array. */
class PlainEncoder {
  readonly #encoder = new parser.Encoder();

  encode(packet: Packet): string | Buffer {
    return this.#encoder.encode(packet)[0]!;
  }
}

describe.each([
  ['uses one array for all packets', ThriftyEncoder],
  ['makes a text', PlainEncoder],
])('an encoder of the program that %s', (_what, Encoder) => {
  test('has each event sent as it is, also one that is sent in the midst of another', async () => {
    const { io, port, sockets } = await startServer({ parser: { ...parser, Encoder } });
    const [first, second] = [await openRaw(port), await openRaw(port)];
    first.send('40');
    const socket = await sockets.next();
    second.send('40');
    await sockets.next();
    socket.onAnyOutgoing((event: string) => {
      if (event === 'a') socket.emit('between');
    });
    for (const event of ['a', 'b', 'c']) io.emit(event);
    for (const [raw, events] of [
      [first, ['between', 'a', 'b', 'c']],
      [second, ['a', 'b', 'c']],
    ] as const) {
      expect(await raw.messages.next()).toMatch(/^40/);
      for (const event of events) expect(await raw.messages.next()).toBe(`42["${event}"]`);
    }
  });

  test('has what a session missed sent as it was', async () => {
    const { io, port, sockets } = await startServer({
      parser: { ...parser, Encoder },
      connectionStateRecovery: {},
    });
    const lost = await openRaw(port);
    lost.send('6', '40');
    const socket = await sockets.next();
    const { pid } = JSON.parse((await lost.messages.next()).slice(2)) as { pid: string };
    const gone = new Promise((resolve) => socket.once('disconnect', resolve));
    lost.socket.terminate();
    await gone;
    for (const event of ['a', 'b']) io.emit(event);
    const raw = await openRaw(port);
    raw.send('6', `40${JSON.stringify({ pid, hawser: { received: 0 } })}`);
    for (const event of ['a', 'b']) expect(await raw.messages.next()).toBe(`42["${event}"]`);
  });
});

test('a session goes on although something that it missed cannot be encoded any more', async () => {
  const uncaught = gatherUncaught();
  const { io, port, sockets } = await startServer({ parser: { ...parser }, connectionStateRecovery: {} });
  const { raw, answer } = await connectStock(port);
  await lose(raw, await sockets.next());
  const [first, second]: Record<string, unknown>[] = [{}, {}];
  io.emit('changed', first);
  io.emit('kept', second);
  first!.self = first;
  const next = await connectStock(port, { pid: answer.pid });
  expect([next.answer.pid, next.missed]).toEqual([answer.pid, ['42["kept",{},"hawser:2"]']]);
  expect((await sockets.next()).recovered).toBe(true);
  await vi.waitFor(() => expect(uncaught).toHaveLength(1));
});

test('what an encoder of the program makes that has no bytes weighs nothing', () => {
  expect(byteLengthOf(['ü', Buffer.alloc(3), new Blob(['x']) as never, 7 as never])).toBe(5);
});
