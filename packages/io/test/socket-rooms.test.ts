import type { Socket } from '@hawser/io';
import { expect, test } from 'vitest';
import { openRaw } from './rig/raw.ts';
import { startServer } from './rig/servers.ts';

test('a socket leaves a room, several at once, or all', async () => {
  const { port, sockets } = await startServer();
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  socket.join(['a', 'b', 'c', 'd']);
  socket.leave('a');
  expect(socket.leave(['b', 'c', 'unknown'])).toBeUndefined();
  expect([...socket.rooms]).toEqual([socket.id, 'd']);
  socket.leaveAll();
  expect([...socket.rooms]).toEqual([]);
});

test('leaving several rooms is done when an adapter has done it for each', async () => {
  const { io, port, sockets } = await startServer();
  const raw = await openRaw(port);
  raw.send('40');
  const socket = await sockets.next();
  const done: string[] = [];
  io.of('/').adapter.del = async (_id, room) => {
    await new Promise((resolve) => setImmediate(resolve));
    done.push(room as string);
  };
  await socket.leave(['a', 'b']);
  expect(done).toEqual(['a', 'b']);
});

test('a client connects although the request of its connection was deleted to save memory', async () => {
  const { io, port, sockets } = await startServer();
  io.engine.on('connection', (conn: { request?: object }) => {
    delete conn.request;
  });
  const raw = await openRaw(port);
  raw.send('40');
  const { handshake } = await sockets.next();
  expect(handshake).toMatchObject({ headers: {}, url: '', query: {}, secure: true });
  expect(await raw.messages.next()).toMatch(/^40/);
});

test.each(['when it is judged', 'when it is let in'])(
  'a socket keeps its handshake when the request is let go %s',
  async (when) => {
    const { io, port, sockets } = await startServer();
    const letGo = ({ conn }: Socket): void => {
      conn.request = null as never;
    };
    if (when === 'when it is judged') {
      io.use((socket, next) => {
        letGo(socket);
        setImmediate(next);
      });
    } else io.on('connection', letGo);
    const raw = await openRaw(port);
    raw.send('40{"token":"t"}');
    const { handshake, request } = await sockets.next();
    expect(request).toBeNull();
    expect(handshake).toMatchObject({
      auth: { token: 't' },
      headers: { host: `127.0.0.1:${port}` },
      query: { EIO: '4' },
      secure: false,
      url: '/socket.io/?EIO=4&transport=websocket',
    });
  },
);

test('who is left out when sockets are disconnected stays so, whatever listeners do with the room', async () => {
  const { io, port, sockets } = await startServer();
  const all = [];
  for (let i = 0; i < 3; i++) {
    (await openRaw(port)).send('40');
    all.push(await sockets.next());
  }
  const [guest, ...staff] = all;
  for (const socket of staff) socket.join('staff');
  guest!.on('disconnect', () => io.in('staff').socketsLeave('staff'));
  io.except('staff').disconnectSockets();
  expect(all.map(({ connected }) => connected)).toEqual([false, true, true]);
  expect(io.of('/').adapter.rooms.has('staff')).toBe(false);
});
