import type { Socket } from '@hawser/io';
import { Adapter } from 'socket.io-adapter-v2.2';
import { describe, test } from 'vitest';
import { type ClientSocket, connected, eventOf, openClient } from '../rig/clients.ts';
import { playBoth } from './both.ts';

/** Gathers what a client gets, up to the event `end` or its own. */
function gather(client: ClientSocket): Promise<unknown[]> {
  const got: unknown[] = [];
  client.onAny((...args: unknown[]) => got.push(args));
  const gone = eventOf(client as never, 'disconnect').then(([reason]) => [reason]);
  return Promise.race([eventOf(client as never, 'end').then(() => got), gone]);
}

describe('Adapter of socket.io-adapter 2.2, which socket.io-redis 6 is built on', () => {
  test.each(['websocket', 'polling'])('broadcasts over %s what it has encoded', (transport) =>
    playBoth(
      async ({ io, url, note }) => {
        io.on('connection', (socket: Socket) => socket.join('room'));
        const transports = [transport];
        const clients = await Promise.all([1, 2].map(() => connected(openClient(url, { transports }))));
        const gathered = clients.map(gather);
        io.emit('text', 'grüße', { a: [null] });
        io.to('room')
          .compress(false)
          .emit('bytes', Buffer.from([1]), { deep: Buffer.from('x') });
        for (const socket of io.sockets.sockets.values()) socket.emit('direct', Buffer.from([2]));
        io.to('elsewhere').emit('missed');
        io.in('room').emit('end');
        note(await Promise.all(gathered));
      },
      { adapter: Adapter },
    ),
  );

  test('broadcasts what is volatile where nothing waits', () =>
    playBoth(
      async ({ io, url, note }) => {
        const client = await connected(openClient(url));
        const before = gather(client);
        io.emit('text');
        io.volatile.emit('dropped');
        io.emit('end');
        note(await before);
        const after = gather(client);
        io.volatile.emit('end', Buffer.from([1]));
        note(await after);
      },
      { adapter: Adapter },
    ));
});
