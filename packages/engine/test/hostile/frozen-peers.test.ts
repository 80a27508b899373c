import type { Socket } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { startEngine } from '../rig/engines.ts';
import { handshake, type RawConnection, sendRaw, upgradeHead } from '../rig/http.ts';
import { endOf } from '../rig/sessions.ts';

/** More than the kernel holds for one connection. */
const PART = 'a'.repeat(900_000);
const PARTS = 30;
const OPTIONS = { closeTimeout: 50, httpCompression: false };

function pollHead(sid: string): string {
  return `GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

/** Polls, and reads nothing of the answer. */
async function pollFrozen(port: number, session: Socket): Promise<RawConnection> {
  const { transport } = session;
  const poll = sendRaw(port, pollHead(session.id));
  poll.socket.pause();
  while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
  return poll;
}

/** Polls while an answer waits to be read, and waits until the server knows. */
async function pollAgain(port: number, session: Socket): Promise<RawConnection> {
  const isKnown = new Promise((resolve) => session.once('message', resolve));
  const poll = pollHead(session.id);
  const post = poll.replace('GET', 'POST');
  const body = 'Connection: close\r\nContent-Length: 6\r\n\r\n4fence';
  const connection = sendRaw(port, poll + post.replace(/\r\n$/, body));
  await isKnown;
  return connection;
}

describe('a server closes in bounded time when peers hold their connections and read nothing', () => {
  const freeze: [string, (port: number, next: () => Promise<Socket>) => Promise<Socket>][] = [
    [
      'a poll that was answered before',
      async (port, next) => {
        await handshake(port);
        const session = await next();
        await pollFrozen(port, session);
        session.send(PART.repeat(PARTS));
        await new Promise((resolve) => setImmediate(resolve));
        return session;
      },
    ],
    [
      'a poll that was answered before, and one that waits',
      async (port, next) => {
        await handshake(port);
        const session = await next();
        await pollFrozen(port, session);
        session.send(PART.repeat(PARTS));
        await new Promise((resolve) => setImmediate(resolve));
        await pollAgain(port, session);
        return session.send('waits');
      },
    ],
    [
      'a poll that is answered by the close',
      async (port, next) => {
        await handshake(port);
        const session = await next();
        await pollFrozen(port, session);
        return session.send(PART.repeat(PARTS));
      },
    ],
    [
      'a WebSocket that answers no close frame',
      async (port, next) => {
        sendRaw(port, upgradeHead('EIO=4&transport=websocket'));
        return next();
      },
    ],
    [
      'a WebSocket that reads nothing',
      async (port, next) => {
        sendRaw(port, upgradeHead('EIO=4&transport=websocket')).socket.pause();
        const session = await next();
        for (let i = 0; i < PARTS; i++) session.send(PART);
        return session;
      },
    ],
  ];

  test.each(freeze)('%s', async (_title, open) => {
    const { engine, http, port, sessions } = await startEngine(OPTIONS);
    const ends: Promise<unknown>[] = [];
    http.on('connection', (socket) => ends.push(new Promise((resolve) => socket.once('close', resolve))));
    const session = await open(port, () => sessions.next());
    engine.close();
    expect(session.readyState).toBe('closed');
    expect(engine.clientsCount).toBe(0);
    // Not left to http.close, which cuts some of them itself, but not those whose answer is yet to be made.
    await Promise.all(ends);
    await new Promise((resolve) => http.close(resolve));
  });
});

test('what polls were answered with and was not read counts for what may wait', async () => {
  const { port, sessions } = await startEngine({ ...OPTIONS, maxBufferedBytes: 5_000_000 });
  await handshake(port);
  const session = await sessions.next();
  const ending = endOf(session);
  await pollFrozen(port, session);
  session.send(PART.repeat(PARTS));
  await new Promise((resolve) => setImmediate(resolve));
  expect(session.bufferedBytes).toBeGreaterThan(5_000_000);
  // Another poll does not take it.
  await pollAgain(port, session);
  session.send('one more');
  expect(session.readyState).toBe('closed');
  expect((await ending).description).toMatchObject({ code: 'EIO_ERR_SLOW_CONSUMER' });
});

test('a poll that is held up is answered when the answer before it has been read', async () => {
  const { port, sessions } = await startEngine(OPTIONS);
  await handshake(port);
  const session = await sessions.next();
  const first = await pollFrozen(port, session);
  session.send(PART.repeat(PARTS));
  await new Promise((resolve) => setImmediate(resolve));
  const second = await pollAgain(port, session);
  session.send('at last');
  expect(session.writeBuffer).toHaveLength(1);
  first.socket.resume();
  expect(await second.ended).toContain('\r\n\r\n4at last');
  expect(session.readyState).toBe('open');
});
