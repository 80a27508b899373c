import { once } from 'node:events';
import { connect } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import type { CloseEvent } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CERTIFICATE } from '../rig/certificate.ts';
import { echo, failClient, makeClient, next, openClient } from '../rig/clients.ts';
import { connectSession } from '../rig/http2-peers.ts';
import { startBare, startEcho, startH2c, startOverH2c, TLS } from '../rig/http2-servers.ts';
import { RawPeer } from '../rig/raw-peer.ts';
import { makeServer } from '../rig/servers.ts';

/** Starts a server that says its settings, which offer nothing, and answers no ping; returns its port. */
async function startSilent(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // RFC 9113 6.5: an empty SETTINGS frame.
    socket.write(Buffer.from('000000040000000000', 'hex'));
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('pooled sessions', () => {
  test('sockets that are opened at once, and later, share one connection', async () => {
    const { url, sessions, connections, server } = await startEcho();
    const clients = await Promise.all([1, 2, 3].map(() => openClient(url, [], { http2: true, ...TLS })));
    clients.push(await openClient(`${url}other?path`, [], { http2: 'auto', tls: { ca: CERTIFICATE.cert } }));
    expect(await Promise.all(clients.map((client, i) => echo(client, `${i}`)))).toEqual(['0', '1', '2', '3']);
    expect([sessions.length, connections.length, server.connectionCount]).toEqual([1, 1, 4]);
  });

  test('a session ends with its last socket, and the next socket gets a new one', async () => {
    const { url, sessions } = await startEcho();
    const [first, second] = [
      await openClient(url, [], { http2: true, ...TLS }),
      await openClient(url, [], { http2: true, ...TLS }),
    ];
    first.close();
    await next(first, 'close');
    expect(await echo(second, 'still here')).toBe('still here');
    const over = once(sessions[0]!, 'close');
    second.close();
    await next(second, 'close');
    await over;
    await openClient(url, [], { http2: true, ...TLS });
    expect(sessions).toHaveLength(2);
  });

  test('sockets with other TLS options do not share', async () => {
    const { url, sessions } = await startEcho();
    const checks = [1, 2].map(() => ({ ca: CERTIFICATE.cert, checkServerIdentity: () => undefined }));
    for (const tls of [...checks, { ca: CERTIFICATE.cert }, { rejectUnauthorized: false }]) {
      await openClient(url, [], { http2: true, tls });
    }
    expect(sessions).toHaveLength(4);
  });

  test('sockets that the server has no room for get a session more', async () => {
    const server = makeServer();
    const { port, sessions } = await startH2c((http) => {
      http.updateSettings({ maxConcurrentStreams: 2 });
      server.attach(http);
    });
    const url = `ws://127.0.0.1:${port}/`;
    await Promise.all([1, 2, 3, 4, 5].map(() => openClient(url, [], { http2: true })));
    await openClient(url, [], { http2: true });
    expect([server.connectionCount, sessions.length]).toEqual([6, 3]);
  });

  test('a server that has no room at all does not offer it', async () => {
    const { url } = await startBare({ enableConnectProtocol: true, maxConcurrentStreams: 0 });
    const { error } = await failClient(makeClient(url, [], { http2: true }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_HTTP2_NOT_OFFERED' });
  });

  test('after GOAWAY open sockets go on, and new ones get a new session', async () => {
    const { url, sessions } = await startEcho();
    const first = await openClient(url, [], { http2: true, ...TLS });
    sessions[0]!.close();
    expect(await echo(first, 'still here')).toBe('still here');
    const second = await openClient(url, [], { http2: true, ...TLS });
    expect(await echo(second, 'and here')).toBe('and here');
    expect(sessions).toHaveLength(2);
  });

  test('all sockets of a session report 1006 when it breaks', async () => {
    const { url, sessions } = await startEcho();
    const clients = await Promise.all([1, 2, 3].map(() => openClient(url, [], { http2: true, ...TLS })));
    const closes = clients.map((client) => next(client, 'close') as Promise<CloseEvent>);
    sessions[0]!.destroy();
    expect((await Promise.all(closes)).map(({ code }) => code)).toEqual([1006, 1006, 1006]);
    await openClient(url, [], { http2: true, ...TLS });
    expect(sessions).toHaveLength(2);
  });

  test('one that gives up while connecting leaves the others their session', async () => {
    const { url, sessions } = await startEcho();
    const quitter = makeClient(url, [], { http2: true, ...TLS });
    const stayer = openClient(url, [], { http2: true, ...TLS });
    quitter.terminate();
    expect(await echo(await stayer, 'here')).toBe('here');
    expect(sessions).toHaveLength(1);
  });
});

describe('a session of the caller', () => {
  test.each(['at once', 'later'])('client uses it, %s, and leaves it open', async (when) => {
    const { port, sessions } = await startEcho();
    const session = connect(`https://127.0.0.1:${port}`, { ca: CERTIFICATE.cert });
    onTestFinished(() => session.destroy());
    if (when === 'later') await once(session, 'remoteSettings');
    const clients = await Promise.all(
      [1, 2].map(() => openClient(`wss://127.0.0.1:${port}/`, [], { http2: session })),
    );
    expect(await echo(clients[1]!, 'hello')).toBe('hello');
    for (const client of clients) {
      client.close();
      await next(client, 'close');
    }
    expect(session.closed).toBe(false);
    expect(sessions).toHaveLength(1);
    const hello = new RawPeer(session.request({ ':path': '/' }));
    expect((await hello.readToEnd()).toString()).toBe('hello /');
    expect(session.listenerCount('remoteSettings')).toBe(0);
  });

  test.each([0, 10])(
    'many clients wait for its settings together, behind %i pings of the caller',
    async (count) => {
      const { port, url } = await startOverH2c();
      const session = connect(`http://127.0.0.1:${port}`);
      onTestFinished(() => session.destroy());
      await once(session, 'connect');
      for (let i = 0; i < count; i++) session.ping(() => {});
      const opening = Array.from({ length: 15 }, () => openClient(url, [], { http2: session }));
      await new Promise(process.nextTick);
      expect(session.listenerCount('remoteSettings')).toBe(1);
      await Promise.all(opening);
      expect(session.listenerCount('remoteSettings')).toBe(0);
    },
  );

  test.each(['at once', 'later'])(
    'client does not use it, asked %s, when the server does not offer it',
    async (when) => {
      const { port, url } = await startBare({});
      const session = when === 'later' ? await connectSession(port) : connect(`http://127.0.0.1:${port}`);
      onTestFinished(() => session.destroy());
      const { error } = await failClient(makeClient(url, [], { http2: session }));
      expect(error.error).toMatchObject({ code: 'WS_ERR_HTTP2_NOT_OFFERED' });
      expect(session.closed).toBe(false);
    },
  );

  test('clients are told that it is not offered though the pings of the caller leave no room for another', async () => {
    const { port, url } = await startBare({});
    const session = await connectSession(port);
    for (let i = 0; i < 10; i++) session.ping(() => {});
    const failing = [1, 2].map(() => failClient(makeClient(url, [], { http2: session })));
    for (const { error } of await Promise.all(failing)) {
      expect(error.error).toMatchObject({ code: 'WS_ERR_HTTP2_NOT_OFFERED' });
    }
    const later = await failClient(makeClient(url, [], { http2: session }));
    expect(later.error.error).toMatchObject({ code: 'WS_ERR_HTTP2_NOT_OFFERED' });
    expect(session.listenerCount('remoteSettings')).toBe(0);
  });

  test('nobody waits for its settings when the clients have left', async () => {
    const port = await startSilent();
    const session = await connectSession(port);
    for (let i = 0; i < 10; i++) session.ping(() => {});
    const client = makeClient(`ws://127.0.0.1:${port}/`, [], { http2: session });
    await new Promise(process.nextTick);
    expect(session.listenerCount('remoteSettings')).toBe(1);
    client.terminate();
    while (session.listenerCount('remoteSettings') > 0) await new Promise(setImmediate);
    expect(session.closed).toBe(false);
  });

  test.each(['close', 'destroy'] as const)('client fails on one after its %s()', async (method) => {
    const { port, url } = await startOverH2c();
    const session = await connectSession(port);
    session[method]();
    const { error } = await failClient(makeClient(url, [], { http2: session }));
    expect(error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });
});
