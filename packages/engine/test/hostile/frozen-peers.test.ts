import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { type Socket as Client, connect } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { Server, type Socket } from '@hawser/engine';
import { describe, expect, test } from 'vitest';
import { makeCertificate } from '../rig/certificate.ts';
import { listenOn, type Rig, startEngine } from '../rig/engines.ts';
import { ask, handshake, type RawConnection, sendRaw, upgradeHead } from '../rig/http.ts';
import { endOf, untilWritable } from '../rig/sessions.ts';

/** More than the kernel holds for one connection. */
const PART = 'a'.repeat(900_000);
const PARTS = 30;
const OPTIONS = { closeTimeout: 50, httpCompression: false };

function pollHead(sid: string, connection = 'keep-alive'): string {
  const head = `GET /engine.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n`;
  return `${head}Connection: ${connection}\r\n\r\n`;
}

/** Polls, and reads nothing of the answer. */
async function pollFrozen(port: number, session: Socket): Promise<RawConnection> {
  const { transport } = session;
  const poll = sendRaw(port, pollHead(session.id));
  poll.socket.pause();
  while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
  return poll;
}

/** Returns a request with a body, behind which the connection ends. */
function postOf(sid: string, body: string): string {
  const head = pollHead(sid, 'close').replace('GET', 'POST');
  return head.replace(/\r\n$/, `Content-Length: ${body.length}\r\n\r\n${body}`);
}

/** Polls while an answer waits to be read, and waits until the server knows. */
async function pollAgain({ port, http }: Rig, session: Socket): Promise<RawConnection> {
  const connection = sendRaw(port, pollHead(session.id, 'close'));
  await once(http, 'request');
  return connection;
}

/** Begins a session whose client has read only a part of an answer, and polls again. */
async function beginHeldUp(rig: Rig, prepare: (session: Socket) => void = () => {}) {
  await handshake(rig.port);
  const session = await rig.sessions.next();
  const first = await pollFrozen(rig.port, session);
  session.send(PART.repeat(PARTS));
  await new Promise((resolve) => setImmediate(resolve));
  prepare(session);
  return { session, first, second: await pollAgain(rig, session) };
}

describe('a server closes in bounded time when peers hold their connections and read nothing', () => {
  const freeze: [string, (rig: Rig) => Promise<Socket>][] = [
    [
      'a poll that was answered before',
      async ({ port, sessions }) => {
        await handshake(port);
        const session = await sessions.next();
        await pollFrozen(port, session);
        session.send(PART.repeat(PARTS));
        await new Promise((resolve) => setImmediate(resolve));
        return session;
      },
    ],
    [
      'a poll that was answered before, and one that waits',
      async (rig) => {
        const { session } = await beginHeldUp(rig);
        return session.send('waits');
      },
    ],
    [
      'a poll that is answered by the close',
      async ({ port, sessions }) => {
        await handshake(port);
        const session = await sessions.next();
        await pollFrozen(port, session);
        return session.send(PART.repeat(PARTS));
      },
    ],
    [
      'a WebSocket that answers no close frame',
      async ({ port, sessions }) => {
        sendRaw(port, upgradeHead('EIO=4&transport=websocket'));
        return sessions.next();
      },
    ],
    [
      'a WebSocket that reads nothing',
      async ({ port, sessions }) => {
        sendRaw(port, upgradeHead('EIO=4&transport=websocket')).socket.pause();
        const session = await sessions.next();
        for (let i = 0; i < PARTS; i++) session.send(PART);
        return session;
      },
    ],
  ];

  test.each(freeze)('%s', async (_title, open) => {
    const rig = await startEngine(OPTIONS);
    const { engine, http } = rig;
    const ends: Promise<unknown>[] = [];
    http.on('connection', (socket) => ends.push(new Promise((resolve) => socket.once('close', resolve))));
    const session = await open(rig);
    engine.close();
    expect(session.readyState).toBe('closed');
    expect(engine.clientsCount).toBe(0);
    // Not left to http.close, which cuts some of them itself, but not those whose answer is yet to be made.
    await Promise.all(ends);
    await new Promise((resolve) => http.close(resolve));
  });
});

test('what polls were answered with and was not read counts for what may wait', async () => {
  const rig = await startEngine({ ...OPTIONS, maxBufferedBytes: 5_000_000 });
  // Another poll does not take it.
  const { session } = await beginHeldUp(rig);
  const ending = endOf(session);
  expect(session.bufferedBytes).toBeGreaterThan(5_000_000);
  session.send('one more');
  expect(session.readyState).toBe('closed');
  expect((await ending).description).toMatchObject({ code: 'EIO_ERR_SLOW_CONSUMER' });
});

test('a poll that is held up is answered when the answer before it has been read', async () => {
  const rig = await startEngine(OPTIONS);
  const { session, first, second } = await beginHeldUp(rig);
  session.send('at last');
  expect(session.writeBuffer).toHaveLength(1);
  first.socket.resume();
  expect(await second.ended).toContain('\r\n\r\n4at last');
  expect(session.readyState).toBe('open');
});

describe('an answer to a poll that is cut half way', () => {
  test('ends the session, and a poll that is held up behind it is told why', async () => {
    const { session, first, second } = await beginHeldUp(await startEngine(OPTIONS));
    const ending = endOf(session);
    first.socket.resetAndDestroy();
    expect(await ending).toMatchObject({
      reason: 'transport error',
      description: { code: 'EIO_ERR_REQUEST_CUT', message: 'poll connection closed prematurely' },
    });
    expect(await second.ended).toContain('\r\n\r\n1poll connection closed prematurely');
  });

  test('ends the session over TLS, too, where the connection carries what is no TLS', async () => {
    const http = createSecureServer(makeCertificate()).on('tlsClientError', () => {});
    const engine = new Server(OPTIONS);
    engine.attach(http);
    const opening = once(engine, 'connection') as Promise<[Socket]>;
    const port = await listenOn(http);
    const raw = connect(port, '127.0.0.1');
    const client = connectSecure({ socket: raw, rejectUnauthorized: false }).on('error', () => {});
    client.write('GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [session] = await opening;
    await once(client, 'data');
    client.pause();
    client.write(pollHead(session.id));
    await untilWritable(session);
    const ending = endOf(session);
    session.send('a'.repeat(30_000_000));
    raw.write(Buffer.from('1703030003aabbcc', 'hex'));
    expect(await ending).toMatchObject({
      reason: 'transport error',
      description: { code: 'EIO_ERR_REQUEST_CUT' },
    });
  });

  test('ends a close that waits for one more poll, and one that is held up behind it is answered', async () => {
    const rig = await startEngine(OPTIONS);
    const { session, first, second } = await beginHeldUp(rig, (opened) => opened.close());
    expect(session.readyState).toBe('closing');
    first.socket.resetAndDestroy();
    expect(await second.ended).toMatch(/\r\n\r\n1$/);
    expect(session.readyState).toBe('closed');
  });
});

test('an answer that has gone out whole is none that was cut, though a middleware then ends its connection', async () => {
  const rig = await startEngine(OPTIONS, (engine) =>
    engine.use((request, response, next) => {
      response.on('finish', () => request.socket.destroy());
      next();
    }),
  );
  const sid = await handshake(rig.port);
  const session = await rig.sessions.next();
  for (const text of ['one', 'two']) {
    session.send(text);
    const { body } = await ask(rig.port, { query: `EIO=4&transport=polling&sid=${sid}` });
    expect(body.toString()).toBe(`4${text}`);
  }
  expect(session.readyState).toBe('open');
});

test('a poll that is held up is answered where a close waits for one more, and is waited for no longer', async () => {
  const rig = await startEngine(OPTIONS);
  const { session, second } = await beginHeldUp(rig, (opened) => opened.close());
  session.close(true);
  expect(await second.ended).toMatch(/\r\n\r\n1$/);
});

test('a client that leaves has a poll that is held up answered, and what it does not read is cut off', async () => {
  const rig = await startEngine(OPTIONS);
  const ends: Promise<unknown>[] = [];
  rig.http.on('connection', (socket) => ends.push(once(socket, 'close')));
  const { session, second } = await beginHeldUp(rig);
  const ending = endOf(session);
  sendRaw(rig.port, postOf(session.id, '1'));
  expect((await ending).reason).toBe('transport close');
  expect(await second.ended).toMatch(/\r\n\r\n6$/);
  await Promise.all(ends);
});

test.each<[string, (client: Client) => void]>([
  ['is ended', (client) => client.end()],
  ['is destroyed', (client) => client.destroy()],
])('an answer that was read has been taken, where the connection %s behind it', async (_how, leave) => {
  const { port, sessions } = await startEngine(OPTIONS);
  await handshake(port);
  const session = await sessions.next();
  for (const connection of ['keep-alive', 'close']) {
    const { socket, ended } = sendRaw(port, pollHead(session.id, connection));
    socket.on('data', (part) => {
      if (String(part).endsWith('z')) leave(socket);
    });
    await untilWritable(session);
    session.send(`${PART.repeat(PARTS)}z`);
    await ended;
  }
  const next = sendRaw(port, pollHead(session.id, 'close'));
  await untilWritable(session);
  session.send('next');
  expect(await next.ended).toMatch(/\r\n\r\n4next$/);
  expect(session.readyState).toBe('open');
});
