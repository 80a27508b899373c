import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io as connect, type Socket } from '@hawser/client';
import { afterEach, describe, expect, test } from 'vitest';
import { attachChat } from '../../src/chat/chat-server.ts';
import { createSocketIoServer, type Server } from '../../src/socket-io.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(): Promise<{ readonly io: Server; open(): Promise<Socket> }> {
  const http = createServer();
  const io = createSocketIoServer(http);
  const chat = attachChat({ http, path: '/ws', io, onError: (error) => expect.unreachable(error.message) });
  closers.push(() => chat.close());
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const open = async () => {
    const socket = connect(url, { forceNew: true, reconnectionDelay: 10 });
    closers.push(() => socket.disconnect());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  };
  return { io, open };
}

/** Lose the connection, and wait until the session goes on. */
async function recover(socket: Socket): Promise<void> {
  const again = new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.io.engine.close();
  await again;
  expect(socket.recovered).toBe(true);
}

describe('a recovered session', () => {
  test('that does not join again hears no more of its room', async () => {
    const { io, open } = await serve();
    const ghost = await open();
    await ghost.emitWithAck('join', { room: 'lobby', name: 'Ghost' });
    await recover(ghost);
    const { rooms } = io.sockets.adapter;
    await expect.poll(() => rooms.get('room:lobby')?.size ?? 0, { timeout: 20_000 }).toBe(0);
  });

  test('that is lost again before it has joined hears no more of its room at once', async () => {
    const { io, open } = await serve();
    const ghost = await open();
    await ghost.emitWithAck('join', { room: 'lobby', name: 'Ghost' });
    const { rooms } = io.sockets.adapter;
    await recover(ghost);
    expect(rooms.get('room:lobby')?.size).toBe(1);
    await recover(ghost);
    expect(rooms.get('room:lobby')).toBe(undefined);
  });

  test('that joins again stays, and has missed nothing in between', async () => {
    const { open } = await serve();
    const [ada, grace] = [await open(), await open()];
    for (const [socket, name] of [
      [ada, 'Ada'],
      [grace, 'Grace'],
    ] as const) {
      await socket.emitWithAck('join', { room: 'lobby', name });
    }
    const heard: string[] = [];
    grace.on('said', ({ text }) => heard.push(text));
    await recover(grace);
    await ada.emitWithAck('say', { id: 'before-it-joins', room: 'lobby', text: 'one' });
    await grace.emitWithAck('join', { room: 'lobby', name: 'Grace' });
    await ada.emitWithAck('say', { id: 'when-it-has-joined', room: 'lobby', text: 'two' });
    await expect.poll(() => heard).toEqual(['one', 'two']);
  });
});

describe('an acknowledgement', () => {
  test('comes also where there is no answer', async () => {
    const { open } = await serve();
    const ada = await open();
    await ada.emitWithAck('join', { room: 'lobby', name: 'Ada' });
    const [renamed] = await Promise.all([
      new Promise((resolve) => ada.once('renamed', resolve)),
      ada.emitWithAck('join', { room: 'lobby', name: 'Countess' }),
      ada.emitWithAck('received', { id: 'never-said' }),
    ]);
    expect(renamed).toMatchObject({ member: { name: 'Countess' } });
  });
});
