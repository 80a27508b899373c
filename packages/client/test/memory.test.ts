import { expect, test } from 'vitest';
import { isCollected } from '../../engine/test/rig/garbage.ts';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

test('who left, and does not connect again, keeps no connection that has ended', async () => {
  const { url, io } = await startServer({}, (server) => server.of('/b'));
  const socket = connect(url, { transports: ['websocket'] });
  const other = socket.io.socket('/b');
  await Promise.all([socket, other].map((one) => eventOf(one, 'connect')));
  const ref = new WeakRef(socket.io.engine);
  other.disconnect();
  const isBack = eventOf(socket, 'connect');
  for (const { conn } of io.of('/').sockets.values()) conn.close();
  await isBack;
  expect(await isCollected(ref)).toBe(true);
  expect(other.active).toBe(false);
});
