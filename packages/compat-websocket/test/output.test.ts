import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { frame, PING, TEXT } from '../../ws/test/rig/raw-frame.ts';
import { requestRaw } from '../../ws/test/rig/raw-peer.ts';
import { LIBRARIES } from './rig/libraries.ts';
import { openServerSide } from './rig/pairs.ts';
import { startServer } from './rig/scenarios.ts';

/** Counts the writes that a socket hands to the kernel. */
function countWrites(socket: Socket): () => number {
  const inner = socket as unknown as {
    _write(...args: unknown[]): void;
    _writev(...args: unknown[]): void;
  };
  let count = 0;
  for (const name of ['_write', '_writev'] as const) {
    const original = inner[name];
    inner[name] = function write(...args: unknown[]) {
      count++;
      original.apply(socket, args);
    };
  }
  return () => count;
}

describe('output', () => {
  test('server writes once what one turn sends', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const writes = countWrites(connection.socket);
    for (let i = 0; i < 32; i++) connection.sendUTF(`message ${i}`);
    connection.ping('p');
    for (let i = 0; i < 32; i++) expect(await peer.text()).toBe(`message ${i}`);
    expect((await peer.frame()).payload.toString()).toBe('p');
    expect(writes()).toBe(1);
  });

  test('server writes once what one chunk provokes, callbacks included', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const writes = countWrites(connection.socket);
    let called = 0;
    connection.on('message', (message) => {
      if (message.type === 'utf8') connection.sendUTF(message.utf8Data, () => called++);
    });
    peer.write(...Array.from({ length: 16 }, (_, i) => frame(TEXT, `echo ${i}`)), frame(PING, 'p'));
    for (let i = 0; i < 16; i++) expect(await peer.text()).toBe(`echo ${i}`);
    expect((await peer.frame()).payload.toString()).toBe('p');
    expect(writes()).toBe(1);
    expect(called).toBe(16);
  });

  test('server writes once what promise reactions to the messages of one chunk send', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const writes = countWrites(connection.socket);
    connection.on('message', async (message) => {
      await null;
      if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
    });
    peer.write(...Array.from({ length: 16 }, (_, i) => frame(TEXT, `echo ${i}`)));
    for (let i = 0; i < 16; i++) expect(await peer.text()).toBe(`echo ${i}`);
    expect(writes()).toBeLessThanOrEqual(2);
  });

  test('callbacks come in the context of who sent', async () => {
    const { connection } = await openServerSide(LIBRARIES.ours);
    const storage = new AsyncLocalStorage<string>();
    const seen = ['a', 'b'].map((name) =>
      storage.run(name, () => {
        return new Promise((resolve) => connection.sendUTF(name, () => resolve(storage.getStore())));
      }),
    );
    expect(await Promise.all(seen)).toEqual(['a', 'b']);
  });

  test('server writes the handshake and a greeting at once', async () => {
    const { server, port } = await startServer(LIBRARIES.ours);
    let writes = () => 0;
    server.on('request', (request) => {
      writes = countWrites(request.socket);
      request.accept().sendUTF('welcome');
    });
    const peer = await requestRaw(port);
    await peer.head();
    expect(await peer.text()).toBe('welcome');
    expect(writes()).toBe(1);
  });

  test('server writes before the turn ends once it has collected 64 KiB', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const writes = countWrites(connection.socket);
    for (let i = 0; i < 17; i++) connection.sendBytes(Buffer.alloc(4_000, i));
    expect(writes()).toBe(1);
    for (let i = 0; i < 17; i++) expect((await peer.frame()).payload[0]).toBe(i);
  });

  test('server writes what was sent before drop(), with and without a close frame', async () => {
    for (const skipCloseFrame of [false, true]) {
      const { connection, peer } = await openServerSide(LIBRARIES.ours);
      connection.sendUTF('last words');
      connection.drop(4000, 'out', skipCloseFrame);
      expect(await peer.text()).toBe('last words');
      if (!skipCloseFrame) expect(await peer.close()).toEqual({ code: 4000, reason: 'out' });
      expect((await peer.readToEnd()).length).toBe(0);
    }
  });

  test('server cuts a reason that does not fit a close frame, in whole characters', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    connection.close(4000, `x${'ü'.repeat(80)}`);
    expect(connection.closeDescription).toBe(`x${'ü'.repeat(80)}`);
    expect(await peer.close()).toEqual({ code: 4000, reason: `x${'ü'.repeat(61)}` });
  });
});
