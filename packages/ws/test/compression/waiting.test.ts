import type { ServerSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient } from '../rig/clients.ts';
import { compressible } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { startServer } from '../rig/servers.ts';

describe('RFC 7692 6.1 messages that wait behind one that is compressed', () => {
  test('server takes the small broadcast that it was given, though its bytes are changed while it waits', async () => {
    const compression = { serverNoContextTakeover: false };
    const opened = new Queue<ServerSocket>();
    const { server, url } = await startServer({
      compression,
      open: (socket) => {
        socket.subscribe('news');
        opened.push(socket);
      },
    });
    const client = makeClient(url, [], { compression });
    const received = new Queue<string>();
    client.addEventListener('message', ({ data }) => received.push(data));
    const socket = await opened.next();
    // A second subscriber has nothing waiting: for it the broadcast is compressed at once.
    makeClient(url, [], { compression });
    await opened.next();
    const small = Buffer.from(compressible('small'));
    socket.send(compressible('large', 100_000));
    server.publish('news', small, { binary: false });
    small.fill('A');
    socket.send('A'.repeat(3000));
    const [, broadcast, behind] = await received.take(3);
    expect([broadcast, behind]).toEqual([compressible('small'), 'A'.repeat(3000)]);
  });
});
