import { request } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import { CERTIFICATE } from './rig/certificate.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, RawPeer } from './rig/raw-peer.ts';
import { makeServer, startServer } from './rig/servers.ts';

const ECHO = {
  message: (
    socket: { send(data: Buffer, options: { binary: boolean }): unknown },
    data: Buffer,
    isBinary: boolean,
  ) => void socket.send(data, { binary: isBinary }),
};

describe('listen', () => {
  test('server listens on a free port of the host', async () => {
    const server = makeServer();
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    expect(address).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
    expect(address.port).toBeGreaterThan(0);
  });

  test('server listens on a free port of every address when nothing is given', async () => {
    const server = makeServer();
    const { port } = await server.listen();
    await openRaw(port);
    expect(server.connectionCount).toBe(1);
  });

  test('server listens on several ports with one set of connections', async () => {
    const { server, port } = await startServer();
    const second = await server.listen({ host: '127.0.0.1' });
    await Promise.all([openRaw(port), openRaw(second.port)]);
    expect(server.connectionCount).toBe(2);
  });

  test('server rejects a port that is taken', async () => {
    const { port } = await startServer();
    await expect(makeServer().listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('server listens on another port after one was taken', async () => {
    const { port: taken } = await startServer();
    const server = makeServer();
    await server.listen({ port: taken, host: '127.0.0.1' }).catch(() => {});
    const { port } = await server.listen({ host: '127.0.0.1' });
    await openRaw(port);
  });

  test('server rejects a TLS key that cannot be read', async () => {
    await expect(
      makeServer().listen({ host: '127.0.0.1', tls: { key: 'no key', cert: 'no certificate' } }),
    ).rejects.toThrow();
  });

  test('server rejects listen when it was closed', async () => {
    const { server } = await startServer();
    await server.close();
    await expect(server.listen()).rejects.toMatchObject({ code: 'WS_ERR_SERVER_CLOSED' });
  });

  test('server frees its port when it is closed', async () => {
    const { server, port } = await startServer();
    await server.close();
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('server stops listening when it is closed while it begins to listen', async () => {
    const server = makeServer();
    const listening = server.listen({ host: '127.0.0.1' });
    await server.close();
    const { port } = await listening;
    await expect(connectRaw(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('listen with TLS', () => {
  test('server echoes text and binary over TLS', async () => {
    const { port } = await startServer(ECHO, { tls: CERTIFICATE });
    const stream = connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert });
    const peer = new RawPeer(stream);
    peer.write(handshakeRequest());
    expect((await peer.response()).status).toBe(101);
    peer.sendFrame(TEXT, 'grüß');
    expect(await peer.frame()).toMatchObject({ opcode: TEXT, payload: Buffer.from('grüß') });
    const large = Buffer.alloc(300_000, 7);
    peer.sendFrame(BINARY, large);
    const answer = await peer.frame();
    expect(answer.opcode).toBe(BINARY);
    expect(answer.payload.equals(large)).toBe(true);
  });

  test('server goes on when a client speaks plain HTTP to its TLS port', async () => {
    const { server, port } = await startServer({}, { tls: CERTIFICATE });
    const peer = await connectRaw(port);
    peer.write(handshakeRequest());
    await peer.closed;
    expect(server.connectionCount).toBe(0);
    const stream = connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert });
    const second = new RawPeer(stream);
    second.write(handshakeRequest());
    expect((await second.response()).status).toBe(101);
  });

  test('server cuts a client that never begins its TLS handshake', async () => {
    const { port } = await startServer({ handshakeTimeoutMs: 50 }, { tls: CERTIFICATE });
    const peer = await connectRaw(port);
    await peer.closed;
  });

  test('server cuts a client that never begins its TLS handshake when it is closed', async () => {
    const { server, port } = await startServer({ handshakeTimeoutMs: 60_000 }, { tls: CERTIFICATE });
    const peer = await connectRaw(port);
    // A whole connection behind it proves that the first was accepted.
    const second = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    second.write(handshakeRequest());
    expect((await second.response()).status).toBe(101);
    await server.close({ timeoutMs: 50 });
    await peer.closed;
  });
});

describe('bounds with TLS', () => {
  test('server drops further clients when as many as may connect hang in their TLS handshake', async () => {
    const { port } = await startServer(
      { maxConnections: 3, handshakeTimeoutMs: 20_000 },
      { tls: CERTIFICATE },
    );
    const hanging = await Promise.all(Array.from({ length: 10 }, () => connectRaw(port)));
    let closed = 0;
    for (const peer of hanging) void peer.closed.then(() => closed++);
    await vi.waitFor(() => expect(closed).toBeGreaterThanOrEqual(4), 3_000);
  });
});

describe('plain HTTP on the own port', () => {
  test('server answers 426 with Upgrade and a sentence', async () => {
    const { port } = await startServer();
    const asked = request({ port, host: '127.0.0.1', path: '/page', agent: false });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end();
    });
    expect(response.statusCode).toBe(426);
    expect(response.headers.upgrade).toBe('websocket');
    expect(response.headers['content-type']).toMatch('text/plain');
    expect(await text(response)).toMatch(/WebSocket/);
  });

  test('server ends the connection behind its answer', async () => {
    const { port } = await startServer();
    const peer = await connectRaw(port);
    peer.write('GET / HTTP/1.1\r\nHost: example.test\r\n\r\n');
    const { status, headers } = await peer.response();
    expect(status).toBe(426);
    expect(headers.connection).toEqual(['close, Upgrade']);
    await peer.ended;
    await peer.closed;
  });

  test('server answers 405 to a POST', async () => {
    const { port } = await startServer();
    const peer = await connectRaw(port);
    peer.write('POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 0\r\n\r\n');
    expect(await peer.response()).toMatchObject({ status: 405, headers: { allow: ['GET'] } });
  });

  test('server traces a refusal', async () => {
    const traced = new Queue<object>();
    const { port } = await startServer({ trace: (event) => traced.push(event) });
    const peer = await connectRaw(port);
    peer.write('GET /page HTTP/1.1\r\nHost: example.test\r\n\r\n');
    const { body } = await peer.response();
    expect(await traced.next()).toEqual({
      type: 'refused',
      status: 426,
      message: body,
      url: '/page',
      remoteAddress: '127.0.0.1',
    });
  });
});
