/** Attempts to connect, and what listeners make of their end. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Manager, type Socket } from '@hawser/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { nextUncaught } from '../../engine/test/rig/uncaught.ts';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

/** Returns the timers of a manager that are running. */
function timersOf({ io }: Socket): ReadonlySet<unknown> {
  const running = new Set<unknown>();
  const { setTimeoutFn, clearTimeoutFn } = io;
  io.setTimeoutFn = ((run: () => void, delayMs: number) => {
    const timer = setTimeoutFn(() => {
      running.delete(timer);
      run();
    }, delayMs);
    running.add(timer);
    return timer;
  }) as typeof setTimeout;
  io.clearTimeoutFn = (timer) => {
    running.delete(timer);
    clearTimeoutFn(timer);
  };
  return running;
}

/** An address where nobody listens. */
async function deadUrl(): Promise<string> {
  const { url, kill } = await startServer();
  await kill();
  return url;
}

const AGAIN = {
  'connects at once': (socket: Socket) => socket.connect(),
  'begins anew': (socket: Socket) => socket.connect().disconnect().connect(),
};

test.each(Object.entries(AGAIN))(
  'a program that %s when the connection is lost makes one attempt, and nothing of it runs on',
  async (_, connectAgain) => {
    const { url } = await startServer();
    const socket = connect(url, { transports: ['websocket'] });
    const timers = timersOf(socket);
    await eventOf(socket, 'connect');
    const attempts: unknown[] = [];
    socket.io.on('reconnect_attempt', (attempt) => attempts.push(attempt));
    socket.once('disconnect', () => connectAgain(socket));
    const back = eventOf(socket, 'connect');
    socket.io.engine.close();
    await back;
    expect([timers.size, attempts]).toEqual([0, []]);
    // It comes back by itself the next time.
    const backAgain = eventOf(socket, 'connect');
    socket.io.engine.close();
    await backAgain;
    expect([timers.size, attempts]).toEqual([0, [1]]);
  },
);

test('a program that begins anew when an attempt failed makes one attempt, and goes on after it', async () => {
  const socket = connect(await deadUrl(), { autoConnect: false, transports: ['websocket'] });
  const timers = timersOf(socket);
  socket.connect();
  await eventOf(socket, 'connect_error');
  socket.once('connect_error', () => socket.disconnect().connect());
  await eventOf(socket, 'connect_error');
  await eventOf(socket, 'connect_error');
  // That of the delay before the next.
  expect(timers.size).toBe(1);
  await eventOf(socket, 'connect_error');
});

test('an engine that cannot connect says why after the manager did, as upstream', async () => {
  const manager = new Manager(await deadUrl(), { reconnection: false, transports: ['websocket'] });
  const told: unknown[] = [];
  manager.engine.on('error', () => told.push('engine: error'));
  manager.engine.on('close', (reason, error) => told.push(`engine: ${reason}: ${(error as Error).message}`));
  manager.on('error', () => told.push('manager: error'));
  await eventOf(manager.engine, 'close');
  expect(told).toEqual(['manager: error', 'engine: error', 'engine: transport error: websocket error']);
});

test('an attempt that took too long is broken off', async () => {
  const http = createServer().on('upgrade', (_request, socket) => socket.on('end', () => socket.end()));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void http.close());
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const manager = new Manager(url, { reconnection: false, transports: ['websocket'], timeout: 1 });
  const closed = eventOf(manager.engine, 'close');
  const error = await new Promise((resolve) => manager.once('error', resolve));
  expect(error).toMatchObject({ message: 'timeout' });
  expect(await closed).toEqual(['forced close', undefined]);
});

test('what the callback of open throws keeps nothing from being done', async () => {
  const { url, port, kill } = await startServer();
  const uncaught = nextUncaught();
  const manager = new Manager(url, { autoConnect: false, reconnectionDelay: 10, reconnectionDelayMax: 10 });
  const socket = manager.socket('/');
  onTestFinished(() => void socket.disconnect());
  await eventOf(socket.connect(), 'connect');
  await kill();
  await eventOf(manager, 'reconnect_error');
  await startServer({}, () => {}, port);
  const reconnected = eventOf(manager, 'reconnect');
  manager.open(() => {
    throw new Error("the program's own");
  });
  await reconnected;
  expect(manager._reconnecting).toBe(false);
  expect(await uncaught).toMatchObject({ message: "the program's own" });
});

test.each(['open', 'upgrading', 'upgradeError'])(
  'what a listener for %s of the engine throws keeps the session from nothing',
  async (event) => {
    const { url, http } = await startServer({}, (io) => {
      io.on('connection', (socket) => socket.on('ask', (answer: () => void) => answer()));
    });
    if (event === 'upgradeError') http.prependListener('upgrade', (_request, socket) => socket.destroy());
    const uncaught = nextUncaught();
    const socket = connect(url, { autoConnect: false });
    socket.connect();
    socket.io.engine.on(event as 'open', () => {
      throw new Error("the program's own");
    });
    expect(await uncaught).toMatchObject({ message: "the program's own" });
    await socket.emitWithAck('ask');
    const name = event === 'upgradeError' ? 'polling' : 'websocket';
    await vi.waitFor(() => expect(socket.io.engine.transport.name).toBe(name));
  },
);
