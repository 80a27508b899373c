/** What programs and tests touch without it being documented, by name. */

import type { Socket as ServerSocket } from 'socket.io';
import { expect, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

test('socket.acks has those who wait for an answer, and lets go of them', async () => {
  const { url } = await startServer();
  const socket = connect(url);
  await eventOf(socket, 'connect');
  const fail = new Promise<Error>((resolve) => socket.timeout(10_000).emit('unknown', resolve));
  expect(Object.keys(socket.acks)).toEqual(['0']);
  socket.disconnect();
  expect(await fail).toBeInstanceOf(Error);
  expect(socket.acks).toEqual({});
});

test('socket._queue has the events that are not acknowledged yet', async () => {
  const { url } = await startServer({}, (io) => {
    io.on('connection', (socket: ServerSocket) => socket.on('echo', (done: () => void) => done()));
  });
  const socket = connect(url, { retries: 1 });
  expect(socket._queue).toEqual([]);
  const answered = [1, 2].map(
    () =>
      new Promise<number>((resolve) => {
        socket.emit('echo', () => resolve(socket._queue.length));
      }),
  );
  expect(socket._queue).toHaveLength(2);
  expect(await Promise.all(answered)).toEqual([1, 0]);
  expect(connect(url)._queue).toEqual([]);
});

test('socket.onpacket takes a packet', async () => {
  const socket = connect('http://127.0.0.1:1', { autoConnect: false });
  const failed = eventOf<[Error]>(socket, 'connect_error');
  socket.onpacket({ type: 0, nsp: '/' });
  expect((await failed)[0].message).toBe('the server speaks Socket.IO 2');
});
