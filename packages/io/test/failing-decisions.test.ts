import { Adapter } from '@hawser/io/adapter';
import { describe, expect, test, vi } from 'vitest';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';
import { gatherUncaught } from './rig/uncaught.ts';

function fail(): never {
  throw new Error('program');
}

describe('a client for whom the program fails while it connects', () => {
  test('is answered where the one whose session it takes over has a listener that throws', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer({
      connectionStateRecovery: {},
      cleanupEmptyChildNamespaces: true,
    });
    io.of(/^\/n$/).on('connection', (socket) => socket.on('disconnect', fail));
    const old = await openRaw(port);
    old.send('6', '40/n,');
    const { pid } = JSON.parse((await old.messages.next()).slice(5)) as { pid: string };
    const raw = await openRaw(port);
    raw.send('6', `40/n,${JSON.stringify({ pid, hawser: { received: 0 } })}`);
    expect(await raw.messages.next()).toMatch(`"pid":"${pid}"`);
    expect(uncaught).toEqual(['program']);
    raw.socket.terminate();
    await vi.waitUntil(() => !io._nsps.has('/n'));
  });

  test('is refused where a middleware throws, and may ask again', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer({ cleanupEmptyChildNamespaces: true });
    let isBroken = true;
    io.of(/^\/n$/).use((socket, next) => {
      socket.join('lobby');
      if (isBroken) fail();
      next();
    });
    const raw = await openRaw(port);
    raw.send('40/n,');
    expect(await raw.messages.next()).toBe('44/n,{"message":"internal error"}');
    expect(uncaught).toEqual(['program']);
    expect(io._nsps.has('/n')).toBe(false);
    isBroken = false;
    raw.send('40/n,');
    expect(await raw.messages.next()).toMatch(/^40\/n,/);
  });

  test('is let in where a middleware throws when it has said so', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer();
    io.use((_socket, next) => {
      next();
      fail();
    });
    const raw = await openRaw(port);
    raw.send('40');
    expect(await raw.messages.next()).toMatch(/^40/);
    expect(uncaught).toEqual(['program']);
  });

  test('is refused where the data of the error of a middleware cannot be written, and leaves nothing', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer({ cleanupEmptyChildNamespaces: true });
    io.of(/^\/n$/).use((socket, next) => {
      socket.join('lobby');
      next(Object.assign(new Error('no'), { data: { id: 1n } }));
    });
    const raw = await openRaw(port);
    raw.send('40/n,');
    expect(await raw.messages.next()).toBe('44/n,{"message":"internal error"}');
    expect(uncaught).toEqual([expect.stringContaining('BigInt')]);
    expect(io._nsps.has('/n')).toBe(false);
  });
});

describe('a client whose namespace has to be made', () => {
  test('is refused where what decides on it throws, unless another allows it', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer();
    io.of(fail);
    io.of(/^\/n$/);
    const raw = await openRaw(port);
    raw.send('40/m,', '40/n,', '40/m,');
    expect(await raw.messages.next()).toBe('44/m,{"message":"Invalid namespace"}');
    expect(await raw.messages.next()).toBe('44/m,{"message":"Invalid namespace"}');
    expect(await raw.messages.next()).toMatch(/^40\/n,/);
    expect(uncaught).toEqual(['program', 'program', 'program']);
  });

  test('is refused where its adapter cannot be made, whenever that is', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer();
    io.adapter((nsp) => (nsp.name === '/' ? new Adapter(nsp) : fail()));
    io.of((_name, _auth, decide) => setImmediate(decide, null, true));
    const raw = await openRaw(port);
    raw.send('40/n,');
    expect(await raw.messages.next()).toBe('44/n,{"message":"Invalid namespace"}');
    expect(uncaught).toEqual(['program']);
  });

  test('is let in where a listener for new namespaces throws', async () => {
    const uncaught = gatherUncaught();
    const { io, port } = await startServer();
    io.of(/^\/n$/);
    io.on('new_namespace', fail);
    const raw = await openRaw(port);
    raw.send('40/n,');
    expect(await raw.messages.next()).toMatch(/^40\/n,/);
    expect(uncaught).toEqual(['program']);
  });

  test('and that leaves before it is allowed, has none made', async () => {
    const { io, port } = await startServer();
    let allow = (): void => {};
    const asked = new Promise<void>((resolve) => {
      io.of((_name, _auth, decide) => {
        allow = () => decide(null, true);
        resolve();
      });
    });
    const raw = await openRaw(port);
    raw.send('40/n,');
    await asked;
    raw.socket.terminate();
    await vi.waitUntil(() => io.engine.clientsCount === 0);
    allow();
    expect([...io._nsps.keys()]).toEqual(['/']);
  });
});
