import type { WebSocketServerOptions } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { echo, failClient, makeClient, next, openClient } from './rig/clients.ts';
import { recordCloses } from './rig/closes.ts';
import { startServer } from './rig/servers.ts';

const ECHO: WebSocketServerOptions<undefined> = {
  open: (socket) => void socket.send('welcome'),
  message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
  compression: { thresholdBytes: 100 },
};

/** Some, and what takes another thread. */
const TEXTS = ['plain', 'compressed '.repeat(20), 'and on another thread '.repeat(10_000)];

/** Fakes what `useFakeTimers` does by default, or all that it can. */
function fakeTimers(what: string): void {
  vi.useFakeTimers(
    what === 'all' ? { toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'] } : {},
  );
}

describe.each(['the default', 'all'])('with fake timers (%s)', (what) => {
  test('client and server that are made then open, echo and close', async () => {
    fakeTimers(what);
    try {
      const { closes, close } = recordCloses();
      const { url } = await startServer({ ...ECHO, close });
      const client = makeClient(url, [], { compression: true });
      expect((await next(client, 'message')).data).toBe('welcome');
      for (const text of TEXTS) expect(await echo(client, text)).toBe(text);
      expect(client.bufferedAmount).toBe(0);
      const closed = next(client, 'close');
      client.close(4000, 'done');
      expect(await closed).toMatchObject({ code: 4000, wasClean: true });
      expect(await closes.next()).toEqual({ code: 4000, reason: 'done' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('client and server that are open by then echo and close', async () => {
    const { url, server } = await startServer(ECHO);
    const client = await openClient(url);
    const welcome = next(client, 'message');
    await welcome;
    fakeTimers(what);
    try {
      for (const text of TEXTS) expect(await echo(client, text)).toBe(text);
      const closed = next(client, 'close');
      for (const socket of server.connections) socket.close(4000, 'done');
      expect(await closed).toMatchObject({ code: 4000, wasClean: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test('client is told that it was refused', async () => {
    fakeTimers(what);
    try {
      const { close } = await failClient(makeClient('ws://127.0.0.1:1/'));
      expect(close).toMatchObject({ code: 1006, wasClean: false });
    } finally {
      vi.useRealTimers();
    }
  });
});

test('a client reads on where microtasks were fake before it was loaded', async () => {
  const { url } = await startServer(ECHO);
  vi.useFakeTimers({ toFake: ['queueMicrotask'] });
  vi.resetModules();
  const { WebSocket } = await import('@hawser/ws');
  vi.useRealTimers();
  const client = new WebSocket(url);
  const got: unknown[] = [];
  client.onmessage = ({ data }) => {
    if (got.push(data) < 3) client.send('again');
  };
  await vi.waitFor(() => expect(got).toEqual(['welcome', 'again', 'again']));
  client.terminate();
});
