import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects garbage until `ref` is gone, or that has been tried for long. */
async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    collectGarbage();
    if (ref.deref() === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

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
