import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SessionAwareAdapter } from '@hawser/io/adapter';
import { Server as UpstreamServer } from 'socket.io';
import { type Socket as ClientSocket, io as connect } from 'socket.io-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bareNamespace } from './bare.ts';

const EVERYBODY = { rooms: new Set<string>(), except: new Set<string>() };

function bare(recovery: object = {}) {
  const { nsp, trace } = bareNamespace(['a'], { connectionStateRecovery: recovery });
  const adapter = new SessionAwareAdapter(nsp);
  onTestFinished(() => adapter.close() as undefined);
  return { adapter, trace };
}

function say(adapter: SessionAwareAdapter, name: string, rooms: string[] = []): string {
  const data: unknown[] = [name];
  adapter.broadcast({ type: 2, data }, { rooms: new Set(rooms), except: new Set() });
  return data[1] as string;
}

describe('SessionAwareAdapter', () => {
  it('adds an offset to the arguments of what it keeps, and of nothing else', () => {
    const { adapter, trace } = bare();
    adapter.broadcast({ type: 2, data: ['kept'] }, EVERYBODY);
    adapter.broadcast({ type: 2, data: ['with ack'], id: 0 }, EVERYBODY);
    adapter.broadcast({ type: 3, data: ['an ack'] }, EVERYBODY);
    adapter.broadcast({ type: 2, data: ['volatile'] }, { ...EVERYBODY, flags: { volatile: true } });
    const encoded = trace.map((line) => (line as [string, { data: unknown[] }])[1].data);
    expect(encoded).toEqual([['kept', 'hawser:1'], ['with ack'], ['an ack'], ['volatile']]);
  });

  it('gives a session back with what its socket was sent and missed', async () => {
    const { adapter } = bare();
    adapter.addAll('a', new Set(['a', 'r']));
    const offset = say(adapter, 'received');
    say(adapter, 'on its way');
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a', 'r'], data: 1 });
    adapter.delAll('a');
    say(adapter, 'to the room', ['r']);
    say(adapter, 'to another', ['x']);
    const session = await adapter.restoreSession('p', offset);
    expect(session).toMatchObject({ sid: 'a', pid: 'p', rooms: ['a', 'r'], data: 1 });
    expect(session?.missedPackets).toEqual([
      ['on its way', 'hawser:2'],
      ['to the room', 'hawser:3'],
    ]);
  });

  it('gives a session to one socket only', async () => {
    const { adapter } = bare();
    const offset = say(adapter, 'received');
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    expect(await adapter.restoreSession('p', offset)).not.toBe(null);
    expect(await adapter.restoreSession('p', offset)).toBe(null);
  });

  it('misses nothing that is sent before the new socket has joined its rooms', async () => {
    const { adapter } = bare();
    adapter.addAll('a', new Set(['a']));
    const offset = say(adapter, 'received');
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    adapter.delAll('a');
    const session = await adapter.restoreSession('p', offset);
    const between = say(adapter, 'in between');
    adapter.addAll('a', new Set(['a']));
    expect(session?.missedPackets).toEqual([['in between', between]]);
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    adapter.delAll('a');
    const again = await adapter.restoreSession('p', offset);
    expect(again?.missedPackets).toEqual([['in between', between]]);
  });

  it('tells where some of it is gone before the new socket has joined its rooms, and refuses it from then on', async () => {
    const { adapter } = bare({ maxBytes: 2000 });
    adapter.addAll('a', new Set(['a']));
    const offset = say(adapter, 'received');
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    adapter.delAll('a');
    const session = await adapter.restoreSession('p', offset);
    expect(session?.isWhole).toBe(true);
    adapter.addAll('a', new Set(['a']));
    for (let i = 0; i < 5; i++) say(adapter, 'x'.repeat(600), ['a']);
    expect(session?.isWhole).toBe(false);
    expect([session?.missedPackets.length, session?.isWhole]).toEqual([2, false]);
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    expect(await adapter.restoreSession('p', offset)).toBe(null);
  });

  it('refuses what it does not know', async () => {
    const { adapter } = bare();
    adapter.addAll('a', new Set(['a']));
    say(adapter, 'x');
    for (const offset of ['y', 'hawser:9']) {
      adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
      expect(await adapter.restoreSession('p', offset)).toBe(null);
    }
    expect(await adapter.restoreSession('q', 'hawser:1')).toBe(null);
  });

  it('refuses a session that missed more bytes than the option says', async () => {
    const { adapter } = bare({ maxBytes: 2000 });
    adapter.addAll('a', new Set(['a']));
    const offset = say(adapter, 'x');
    adapter.persistSession({ sid: 'a', pid: 'p', rooms: ['a'], data: 1 });
    for (let i = 0; i < 5; i++) say(adapter, 'x'.repeat(300));
    expect(await adapter.restoreSession('p', offset)).toBe(null);
  });
});

describe('what a socket was sent before an event that had its number already', () => {
  it.each([
    [100, ['meanwhile', 'first', 'later']],
    [900, null],
  ])('of %i bytes, it is in its place, or missing and the session refused', async (bytes, expected) => {
    const { nsp } = bareNamespace(['a', 'b'], { connectionStateRecovery: { maxBytes: 3000 } });
    const adapter = new SessionAwareAdapter(nsp);
    onTestFinished(() => adapter.close() as undefined);
    for (const id of ['a', 'b']) adapter.addAll(id, new Set([id]));
    const offset = say(adapter, 'received');
    const other = nsp.sockets.get('a') as { notifyOutgoingListeners?: (packet: { data: unknown[] }) => void };
    other.notifyOutgoingListeners = ({ data: [name] }) => {
      if (name === 'first') say(adapter, 'meanwhile', ['b']);
    };
    adapter.broadcast({ type: 2, data: ['first', 'x'.repeat(bytes)] }, EVERYBODY);
    adapter.persistSession({ sid: 'b', pid: 'p', rooms: ['b'], data: 1 });
    adapter.delAll('b');
    adapter.broadcast({ type: 2, data: ['later', 'x'.repeat(bytes * 2)] }, EVERYBODY);
    const session = await adapter.restoreSession('p', offset);
    expect(session?.missedPackets.map(([name]) => name) ?? null).toEqual(expected);
  });
});

interface Rig {
  readonly io: UpstreamServer;
  readonly client: ClientSocket;
  readonly received: unknown[];
}

async function connectTo(): Promise<Rig> {
  const http = createServer();
  const io = new UpstreamServer(http, {
    connectionStateRecovery: {},
    adapter: SessionAwareAdapter as never,
  });
  await new Promise<void>((resolve) => http.listen(0, resolve));
  const client = connect(`http://localhost:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    reconnectionDelay: 1,
  });
  const received: unknown[] = [];
  client.on('event', (n: number) => received.push(n));
  onTestFinished(async () => {
    client.disconnect();
    await io.close();
  });
  await new Promise((resolve) => client.once('connect', () => resolve(undefined)));
  return { io, client, received };
}

function once(emitter: { once(event: string, listener: () => void): unknown }, event: string): Promise<void> {
  return new Promise((resolve) => emitter.once(event, resolve));
}

describe("SessionAwareAdapter under socket.io's own server", () => {
  it('lets sessions go on, again and again', async () => {
    const { io, client, received } = await connectTo();
    const { id } = client;
    io.emit('event', 0);
    await once(client, 'event');
    let n = 1;
    for (let round = 0; round < 3; round++) {
      const lost = new Promise<void>((resolve) =>
        io.sockets.sockets.get(id!)!.once('disconnect', () => resolve()),
      );
      const isBack = once(client, 'connect');
      client.io.engine.close();
      await lost;
      io.emit('event', n++);
      io.to(id!).emit('event', n++);
      io.to('elsewhere').emit('event', -1);
      await isBack;
      expect([client.recovered, client.id]).toEqual([true, id]);
      io.emit('event', n++);
      await once(client, 'event');
      while (received.length < n) await once(client, 'event');
    }
    expect(received).toEqual(Array.from({ length: n }, (_, i) => i));
  });
});
