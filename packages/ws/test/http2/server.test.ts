import { sensitiveHeaders } from 'node:http2';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { connectSession, openOverH2c, openStream, requestStream, responseOf } from '../rig/http2-peers.ts';
import { startH2, startOverH2c } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, PING, PONG, TEXT } from '../rig/raw-frame.ts';
import { makeServer } from '../rig/servers.ts';
import { defer } from '../rig/upgrades.ts';

describe('RFC 8441 opening', () => {
  test('server opens a stream with 200 and no header of HTTP/1.1', async () => {
    const { port } = await startOverH2c();
    const peer = requestStream(await connectSession(port), {
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    });
    const { date, ':status': status, ...headers } = await responseOf(peer);
    expect(status).toBe(200);
    expect(Reflect.ownKeys(headers)).toEqual([sensitiveHeaders]);
  });

  test('server switches the setting on that clients wait for', async () => {
    const { port } = await startOverH2c();
    expect((await connectSession(port)).remoteSettings.enableConnectProtocol).toBe(true);
  });

  test('server keeps the settings of the HTTP server', async () => {
    const server = makeServer();
    const { port } = await startH2({ settings: { maxConcurrentStreams: 7 } }, (http) => server.attach(http));
    const session = await connectSession(port, { secure: true });
    expect(session.remoteSettings).toMatchObject({ enableConnectProtocol: true, maxConcurrentStreams: 7 });
  });

  test('several sockets share one TCP connection', async () => {
    const { port, sessions, server } = await startOverH2c({
      message: (socket, data, binary) => void socket.send(data, { binary }),
    });
    const session = await connectSession(port);
    const peers = await Promise.all(Array.from({ length: 20 }, () => openStream(session)));
    peers.forEach((peer, i) => {
      peer.sendFrame(TEXT, `message ${i}`);
    });
    expect(await Promise.all(peers.map((peer) => peer.text()))).toEqual(peers.map((_, i) => `message ${i}`));
    expect(server.connectionCount).toBe(20);
    expect(sessions).toHaveLength(1);
  });

  test('server shows the upgrade handler a request with a host and without pseudo-headers', async () => {
    const requests = new Queue<unknown>();
    const { port } = await startOverH2c({
      upgrade: ({ method, url, headers, protocols, remoteAddress }) => {
        requests.push({ method, url, headers: { ...headers }, protocols, remoteAddress });
        return { protocol: 'b', headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-One': '1' } };
      },
    });
    const session = await connectSession(port);
    const peer = requestStream(session, { ':path': '/a?b', cookie: 'c=d', 'sec-websocket-protocol': 'a, b' });
    expect(await responseOf(peer)).toMatchObject({
      ':status': 200,
      'sec-websocket-protocol': 'b',
      'set-cookie': ['a=1', 'b=2'],
      'x-one': '1',
    });
    expect(await requests.next()).toEqual({
      method: 'CONNECT',
      url: '/a?b',
      headers: {
        host: 'example.test',
        cookie: 'c=d',
        'sec-websocket-protocol': 'a, b',
        'sec-websocket-version': '13',
      },
      protocols: ['a', 'b'],
      remoteAddress: '127.0.0.1',
    });
  });

  test('server reads the frames that come before its answer', async () => {
    const { promise, resolve } = defer<undefined>();
    const { port } = await startOverH2c({
      upgrade: () => promise,
      message: (socket, data) => void socket.send(`echo ${data}`),
    });
    const peer = requestStream(await connectSession(port));
    const answer = responseOf(peer);
    peer.write(frame(TEXT, '1'), frame(TEXT, '2'));
    setImmediate(resolve, undefined);
    expect((await answer)[':status']).toBe(200);
    expect([await peer.text(), await peer.text()]).toEqual(['echo 1', 'echo 2']);
  });
});

describe('an open stream', () => {
  test('server sends what open sends, and knows the address', async () => {
    const { peer, socket, closes } = await openOverH2c();
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.send('hello');
    expect(await peer.text()).toBe('hello');
    peer.stream.destroy();
    await closes.next();
    expect(socket.remoteAddress).toBe('');
  });

  test('server echoes messages of every size, also those that it relays in place', async () => {
    const { peer } = await openOverH2c({
      message: (socket, data, binary) => void socket.send(data, { binary }),
    });
    for (const size of [0, 1, 125, 126, 5_000, 20_000, 70_000, 1_000_000]) {
      const payload = Buffer.alloc(size, `${size} `);
      peer.sendFrame(BINARY, payload);
      expect((await peer.frame()).payload.equals(payload)).toBe(true);
    }
  });

  test('server answers pings and publishes to topics', async () => {
    const { peer, socket, server } = await openOverH2c();
    peer.sendFrame(PING, 'x');
    expect(await peer.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from('x') });
    socket.subscribe('news');
    for (let i = 0; i < 16; i++) server.publish('news', `item ${i}`);
    for (let i = 0; i < 16; i++) expect(await peer.text()).toBe(`item ${i}`);
  });

  test('server compresses where that was agreed on', async () => {
    const messages = new Queue<string>();
    const { peer, socket } = await openOverH2c(
      { compression: { thresholdBytes: 0 }, message: (_socket, data) => messages.push(data.toString()) },
      {
        'sec-websocket-extensions':
          'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
      },
    );
    const text = 'again and '.repeat(100);
    peer.write(frame(TEXT, deflateRawSync(text, { finishFlush: 2 }).subarray(0, -4), { rsv: 4 }));
    expect(await messages.next()).toBe(text);
    socket.send(text);
    const { rsv, payload } = await peer.frame();
    expect(rsv).toBe(4);
    expect(payload.length).toBeLessThan(100);
  });

  test('server closes: close frames, then both sides end and nothing is reset', async () => {
    const { peer, socket, session, closes } = await openOverH2c();
    socket.close(4001, 'bye');
    expect(await peer.close()).toEqual({ code: 4001, reason: 'bye' });
    peer.sendFrame(CLOSE, closePayload(4001, 'bye'));
    await peer.ended;
    peer.stream.end();
    expect(await peer.closed).toBeUndefined();
    expect(peer.stream.rstCode).toBe(0);
    expect(await closes.next()).toEqual({ code: 4001, reason: 'bye' });
    expect(session.destroyed).toBe(false);
  });

  test('server echoes the close of its client', async () => {
    const { peer, closes } = await openOverH2c();
    peer.sendFrame(CLOSE, closePayload(1000, 'done'));
    expect(await peer.close()).toMatchObject({ code: 1000 });
    peer.stream.end();
    expect(await peer.closed).toBeUndefined();
    expect(await closes.next()).toEqual({ code: 1000, reason: 'done' });
  });

  test('server answers a violation with a close frame, and the other streams go on', async () => {
    const { peer, session, closes } = await openOverH2c({
      message: (socket, data) => void socket.send(data, { binary: false }),
    });
    const other = await openStream(session);
    peer.write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
    expect(await peer.close()).toMatchObject({ code: 1002 });
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toMatchObject({ code: 1002 });
    other.sendFrame(TEXT, 'still here');
    expect(await other.text()).toBe('still here');
  });

  test('server fails a message over its bound with 1009', async () => {
    const { peer, closes } = await openOverH2c({ maxMessageBytes: 100 });
    peer.sendFrame(TEXT, 'x'.repeat(101));
    expect(await peer.close()).toMatchObject({ code: 1009 });
    peer.stream.end();
    expect(await closes.next()).toMatchObject({ code: 1009 });
  });

  test('server terminates with CANCEL, and the session goes on', async () => {
    const { peer, socket, session, closes } = await openOverH2c();
    socket.terminate();
    await peer.closed;
    expect(peer.stream.rstCode).toBe(8);
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    await openStream(session);
  });

  test('server cuts with CANCEL who does not answer its close frame', async () => {
    const { peer, socket, closes } = await openOverH2c({ closeTimeoutMs: 40 });
    socket.close();
    expect(await peer.close()).toMatchObject({ code: 1000 });
    await peer.closed;
    expect(peer.stream.rstCode).toBe(8);
    expect(await closes.next()).toMatchObject({ code: 1006 });
  });

  test('server gives up with 1006 who does not answer a ping', async () => {
    const { peer, closes } = await openOverH2c({ pingIntervalMs: 40, pingTimeoutMs: 40 });
    expect(await peer.frame()).toMatchObject({ opcode: PING });
    expect(await closes.next()).toEqual({ code: 1006, reason: 'no answer to a ping' });
    await peer.closed;
    expect(peer.stream.rstCode).toBe(8);
  });
});
