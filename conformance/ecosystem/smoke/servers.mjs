import { once } from 'node:events';

/**
 * Listens on a free port of the loopback.
 * @param {import('node:net').Server} server
 * @returns {Promise<number>}
 */
export async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
