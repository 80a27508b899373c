import { createServer } from 'node:http';
import { Server, type Socket } from '@hawser/io';
import { afterEach, expect, it, vi } from 'vitest';
import { connected, eventOf, openClient } from './rig/clients.ts';
import { listenOn } from './rig/servers.ts';

afterEach(() => void vi.useRealTimers());

/** A server that is made while timers are fake; it is attached to an HTTP server that ends with the test. */
async function startFaked(toFake?: ('setTimeout' | 'clearTimeout')[]): Promise<{ io: Server; url: string }> {
  vi.useFakeTimers(toFake && { toFake });
  const http = createServer();
  return { io: new Server(http), url: `http://127.0.0.1:${await listenOn(http)}` };
}

it('server and client connect, answer and part while timers are fake, as upstream', async () => {
  const { io, url } = await startFaked();
  const parted = new Promise((resolve) => {
    io.on('connection', (socket) => {
      socket.on('ask', (text, answer) => answer(`${text}!`));
      socket.on('disconnect', resolve);
    });
  });
  const client = await connected(openClient(url));
  expect(await client.emitWithAck('ask', 'hello')).toBe('hello!');
  const news = eventOf(client as never, 'news');
  io.emit('news', 1);
  expect(await news).toEqual([1]);
  client.disconnect();
  expect(await parted).toBe('client namespace disconnect');
});

it('server hears of a connection that ends while timers are fake, as upstream', async () => {
  const { io, url } = await startFaked();
  const parted = new Promise((resolve) => {
    io.on('connection', (socket) => socket.on('disconnect', resolve));
  });
  const client = await connected(openClient(url));
  client.io.engine.close();
  expect(await parted).toBe('transport close');
});

it('server is told that an answer will not come while timers are fake', async () => {
  const { io, url } = await startFaked();
  const answered = new Promise((resolve) => {
    io.on('connection', (socket) => {
      socket.on('disconnect', () => socket.timeout(10_000).emit('ask', resolve));
    });
  });
  const client = await connected(openClient(url));
  client.disconnect();
  expect(await answered).toBeInstanceOf(Error);
});

it('server is told that an answer did not come in time where only timers are fake, and not the clock', async () => {
  const { io, url } = await startFaked(['setTimeout', 'clearTimeout']);
  const answered = new Promise<unknown[]>((resolve) => {
    const errors: unknown[] = [];
    const note = (error: Error): void => {
      if (errors.push(error.message) === 3) resolve(errors);
    };
    io.on('connection', (socket) => {
      socket.timeout(5000).emit('ask', note);
      io.timeout(5000).emit('ask', note);
      socket.timeout(7000).emit('ask', note);
    });
  });
  await connected(openClient(url));
  vi.advanceTimersByTime(5001);
  vi.advanceTimersByTime(2000);
  expect(await answered).toEqual(Array(3).fill('operation has timed out'));
});

it('server waits for an answer as long as it said, where only timers are fake', async () => {
  const { io, url } = await startFaked(['setTimeout', 'clearTimeout']);
  const connection = new Promise<Socket>((resolve) => io.on('connection', resolve));
  await connected(openClient(url));
  const socket = await connection;
  const late: string[] = [];
  socket.timeout(5000).emit('ask', () => late.push('first'));
  vi.advanceTimersByTime(3000);
  socket.timeout(5000).emit('ask', () => late.push('second'));
  vi.advanceTimersByTime(4900);
  expect(late).toEqual(['first']);
  vi.advanceTimersByTime(200);
  expect(late).toEqual(['first', 'second']);
});

it('server keeps a client that has connected where setTimeout alone is fake', async () => {
  const { io, url } = await startFaked(['setTimeout']);
  const connection = new Promise<Socket>((resolve) => io.on('connection', resolve));
  await connected(openClient(url));
  const socket = await connection;
  vi.advanceTimersByTime(60_000);
  expect(socket.connected).toBe(true);
});

it('server tells that an answer is late where the timers were fake before it was loaded, and the clock is not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.resetModules();
  const { Deadlines } = await import('../src/deadlines.ts');
  const late = vi.fn();
  new Deadlines().begin(1000, late);
  vi.advanceTimersByTime(2000);
  expect(late).toHaveBeenCalledOnce();
});
