import type { AddressInfo } from 'node:net';
import { io as connect } from '@hawser/client';
import { Server } from '@hawser/io';
import { afterEach, expect, test } from 'vitest';
import { SocketIoWire } from '../../static/socket-io-wire.js';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test('asks for an answer to all but receipts, and hands on those that say something', async () => {
  const io = new Server(0);
  closers.push(() => io.close());
  const asked: [string, boolean][] = [];
  io.on('connection', (socket) =>
    socket.onAny((event, ...args) => {
      const answer = args.at(-1);
      asked.push([event, typeof answer === 'function']);
      if (event === 'join') answer();
      if (event === 'say') answer({ type: 'accepted' });
    }),
  );
  const { port } = io.httpServer.address() as AddressInfo;
  const wire = new SocketIoWire((options) => connect(`http://127.0.0.1:${port}`, options));
  const messages: unknown[] = [];
  const link = await new Promise<ReturnType<typeof wire.open>>((resolve) => {
    const opened = wire.open({
      onOpen: () => resolve(opened),
      onTransport: () => {},
      onMessage: (message) => messages.push(message),
      onEnd: () => {},
    });
  });
  closers.push(() => link.close());
  link.send({ type: 'join', room: 'lobby', name: 'Ada' });
  link.send({ type: 'received', id: 'abcdefgh' });
  link.send({ type: 'say', id: 'abcdefgi', room: 'lobby', text: 'hello' });
  await expect.poll(() => messages).toEqual([{ type: 'accepted' }]);
  expect(asked).toEqual([
    ['join', true],
    ['received', false],
    ['say', true],
  ]);
});
