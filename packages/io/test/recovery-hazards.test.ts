import { describe, expect, test } from 'vitest';
import { startServer } from './rig/servers.ts';
import { connectHawser, lose } from './rig/sessions.ts';

describe('an event that goes out before one that has its number already', () => {
  const BOUND = { maxBytes: 3000, skipMiddlewares: false };

  test.each([
    [100, undefined],
    [900, 'overflow'],
  ])(
    'by a listener for what another socket is sent: recovered, or told to be lost',
    async (size, refused) => {
      const { io, port, sockets } = await startServer({ connectionStateRecovery: BOUND });
      await connectHawser(port);
      (await sockets.next()).onAnyOutgoing((name: string) => {
        if (name === 'news') other.emit('meanwhile');
      });
      const { raw, answer } = await connectHawser(port);
      const other = await sockets.next();
      io.emit('news', 'x'.repeat(size));
      const sent = [await raw.messages.next(), await raw.messages.next()];
      expect(sent[0]).toBe('42["meanwhile"]');
      await lose(raw, other);
      io.emit('later', 'x'.repeat(size * 2));
      const next = await connectHawser(port, { pid: answer.pid, hawser: { received: 0 } });
      expect(next.answer.hawser?.refused).toBe(refused);
      expect(next.missed.slice(0, 2)).toEqual(refused === undefined ? sent : []);
    },
  );

  test.each([
    [100, undefined],
    [900, 'overflow'],
  ])(
    'by a middleware, to the socket that it judges: recovered, or told to be lost',
    async (size, refused) => {
      const { io, port, sockets } = await startServer({ connectionStateRecovery: BOUND });
      io.use((socket, next) => {
        if (socket.recovered) {
          io.emit('news', 'x'.repeat(size));
          socket.emit('welcome back');
        }
        next();
      });
      const first = await connectHawser(port);
      await lose(first.raw, await sockets.next());
      const session = { pid: first.answer.pid, hawser: { received: 0 } };
      const second = await connectHawser(port, session);
      expect(second.missed.map((text) => text.slice(0, 9))).toEqual(['42["welco', '42["news"']);
      await lose(second.raw, await sockets.next());
      io.emit('later', 'x'.repeat(size * 2));
      const third = await connectHawser(port, session);
      expect(third.answer.hawser?.refused).toBe(refused);
    },
  );
});
