import { type EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { connection as Connection } from 'websocket';
import { usedBytes } from '../../../ws/test/rig/memory.ts';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  frame,
  frameHeader,
  PING,
  TEXT,
} from '../../../ws/test/rig/raw-frame.ts';
import { connectRaw, handshakeRequest, type RawPeer, requestRaw } from '../../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { LIBRARIES } from '../rig/libraries.ts';
import { closeOf, openServerSide } from '../rig/pairs.ts';
import { startServer } from '../rig/scenarios.ts';

const library = LIBRARIES.ours;

/** Fills a connection whose peer does not read, has 5,000 pings come, and sees that few pongs wait for them. */
async function expectFewPongs(
  connection: Connection,
  peer: RawPeer,
  sendPing: (i: number) => void,
): Promise<void> {
  peer.stream.pause();
  const bytes = Buffer.alloc(15_000);
  while (!connection.outputBufferFull) connection.sendBytes(bytes);
  const full = connection.socket.writableLength;
  let pings = 0;
  const enough = new Promise<void>((resolve) => {
    connection.on('ping', () => {
      if (++pings === 5_000) resolve();
    });
  });
  for (let i = 0; i < 5_000; i++) sendPing(i);
  await enough;
  expect(connection.socket.writableLength - full).toBeLessThan(1_000);
}

describe('hostile client', () => {
  test.each<[string, Buffer, number, string]>([
    ['an unmasked frame', frame(TEXT, 'x', { mask: false }), 1002, 'frame from a client is not masked'],
    [
      'a length in more bytes than it needs',
      Buffer.concat([Buffer.from([0x82, 0x80 | 126, 0, 5]), Buffer.alloc(9)]),
      1002,
      'payload length is badly encoded',
    ],
    [
      'a frame of which only the header comes',
      frameHeader(0x82, 65_537, true),
      1009,
      'Frame size of 65537 bytes exceeds maximum accepted frame size',
    ],
  ])('is dropped for %s', async (_, bytes, code, description) => {
    const { connection, peer } = await openServerSide(library);
    const closed = closeOf(connection);
    peer.write(bytes, Buffer.alloc(4));
    expect(await closed).toEqual({ code, description });
    expect(await peer.close()).toEqual({ code, reason: description });
  });

  test('is dropped at the header of the fragment that crosses the message limit', async () => {
    const { connection, peer } = await openServerSide(library, { maxReceivedMessageSize: 100 });
    const closed = closeOf(connection);
    peer.write(
      frame(BINARY, Buffer.alloc(90), { fin: false }),
      frame(CONTINUATION, Buffer.alloc(10), { fin: false }),
    );
    peer.write(frameHeader(CONTINUATION, 1, true), Buffer.alloc(4));
    expect(await closed).toEqual({ code: 1009, description: 'Maximum message size exceeded.' });
  });

  test('cannot fill memory with empty fragments', async () => {
    const { connection, peer } = await openServerSide(library);
    const message = new Promise((resolve) => connection.on('message', resolve));
    peer.sendFrame(TEXT, 'a');
    await message;
    const empty = Buffer.concat(
      Array.from({ length: 10_000 }, () => frame(CONTINUATION, '', { fin: false })),
    );
    const before = await usedBytes();
    peer.write(frame(TEXT, '', { fin: false }));
    for (let i = 0; i < 20; i++) peer.write(empty);
    const pinged = new Promise((resolve) => connection.on('ping', resolve));
    peer.sendFrame(PING);
    await pinged;
    // 200,000 fragments kept as objects would take well over 10 MB.
    expect((await usedBytes()) - before).toBeLessThan(5_000_000);
    const whole = new Promise<unknown>((resolve) => connection.on('message', resolve));
    peer.sendFrame(CONTINUATION, 'whole');
    expect(await whole).toEqual({ type: 'utf8', utf8Data: 'whole' });
  });

  test('cannot make pongs pile up by not reading them', async () => {
    const { connection, peer } = await openServerSide(library, { keepalive: false });
    await expectFewPongs(connection, peer, (i) => peer.sendFrame(PING, `${i}`.padEnd(100)));
    // The last of them is answered when the peer reads again.
    peer.stream.resume();
    let last = '';
    while (!last.startsWith('4999')) {
      const { opcode, payload } = await peer.frame();
      if (opcode !== BINARY) last = payload.toString();
    }
  });

  test('that never ends its side is cut off after closeTimeout, whoever closed', async () => {
    const config = { closeTimeout: 30, keepalive: false };
    for (const begin of ['ours', 'theirs', 'end']) {
      const { server, port } = await startServer(library, { ...config, autoAcceptConnections: true });
      const accepted = new Promise<Connection>((resolve) => server.once('connect', resolve));
      const peer = await connectRaw(port, { allowHalfOpen: true });
      peer.write(handshakeRequest());
      await peer.head();
      const connection = await accepted;
      const closed = closeOf(connection);
      if (begin === 'ours') connection.close(4000);
      else if (begin === 'theirs') peer.sendFrame(CLOSE, closePayload(4000));
      else peer.sendFrame(TEXT, 'and nothing more');
      if (begin === 'end') connection.drop(4000);
      expect((await closed).code).toBe(4000);
      expect(connection.socket.destroyed).toBe(true);
    }
  });

  test('that stops reading what is still to be sent is cut off after closeTimeout', async () => {
    const { connection, peer } = await openServerSide(library, { closeTimeout: 30, keepalive: false });
    peer.stream.pause();
    const bytes = Buffer.alloc(15_000);
    while (!connection.outputBufferFull) connection.sendBytes(bytes);
    const closed = closeOf(connection);
    connection.close(4000);
    // It goes on talking, which is no sign that it reads.
    const talk = setInterval(() => peer.sendFrame(PING), 5);
    expect((await closed).code).toBe(4000);
    clearInterval(talk);
  });

  test('that never ends its side after a rejection is cut off', async () => {
    const { server, port } = await startServer(library, { closeTimeout: 30 });
    const gone = new Promise<void>((resolve) => {
      server.on('request', (request) => {
        request.socket.on('close', () => resolve());
        request.reject(403);
      });
    });
    const peer = await connectRaw(port, { allowHalfOpen: true });
    peer.write(handshakeRequest());
    expect((await peer.head()).startLine).toBe('HTTP/1.1 403 Forbidden');
    await gone;
  });

  test('that resets the connection before it is accepted harms nobody', async () => {
    const { server, port } = await startServer(library);
    const requested = new Promise<import('websocket').request>((resolve) => server.on('request', resolve));
    const peer = await requestRaw(port);
    const request = await requested;
    const gone = new Promise((resolve) => request.socket.on('close', resolve));
    (peer.stream as import('node:net').Socket).resetAndDestroy();
    // Reading is what tells that the peer is gone.
    request.socket.resume();
    await gone;
    expect(server.pendingRequests).toEqual([]);
    const connection = request.accept();
    expect(await closeOf(connection)).toEqual({
      code: 1006,
      description: 'TCP connection lost before handshake completed.',
    });
    expect(server.connections).toEqual([]);
  });

  test.each(['a@b', 'a b', 'a@b, good'])('that asks for the subprotocol %s is refused', async (protocols) => {
    const { server, port } = await startServer(library, { autoAcceptConnections: true });
    // The types of `websocket` do not know the event.
    const told = once(server as EventEmitter, 'upgradeError');
    const peer = await requestRaw(port, { 'Sec-WebSocket-Protocol': protocols });
    const { status, headers } = await peer.response();
    const reason = `Illegal character "${protocols[1]}" in subprotocol.`;
    expect([status, headers['x-websocket-reject-reason']]).toEqual([400, [reason]]);
    expect((await told)[0].message).toBe(reason);
    expect([server.connections, server.pendingRequests]).toEqual([[], []]);
  });

  test('that sends after the close frame is not listened to', async () => {
    const { connection, peer } = await openServerSide(library);
    const seen: unknown[] = [];
    connection.on('message', (message) => seen.push(message));
    connection.close();
    peer.write(frame(TEXT, 'late'));
    await turn();
    peer.stream.end(frame(CLOSE, closePayload(1000)));
    await closeOf(connection);
    expect(seen).toEqual([]);
  });
});

describe('hostile words in an answer', () => {
  test.each(['\r\n', '\u010d\u010a'])('cannot begin a line of it with %j', async (lineBreak) => {
    const { server, port } = await startServer(library);
    server.on('request', (request) => {
      const name = `x${lineBreak}X-Injected: 1`;
      request.reject(403, `no such user: ${name}`, { [name]: 'y', 'X-Name': `${name} \u2603` });
    });
    const peer = await requestRaw(port);
    const { headers } = await peer.response();
    expect(headers).not.toHaveProperty('x-injected');
    expect(headers['x-websocket-reject-reason']?.[0]).toContain('no such user: x');
  });
});

describe('hostile server', () => {
  test.each<[string, Buffer, number]>([
    ['a masked frame', frame(TEXT, 'x'), 1002],
    ['a frame above 1 MiB', frameHeader(0x82, 0x100001, false), 1009],
    ['a compressed frame', frame(TEXT, 'x', { rsv: 4, mask: false }), 1002],
  ])('is dropped for %s', async (_, bytes, code) => {
    const server = await startRawServer();
    const client = new library.client();
    const connected = new Promise<Connection>((resolve) => client.on('connect', resolve));
    client.connect(server.url);
    const peer = await server.open();
    const closed = closeOf(await connected);
    peer.write(bytes);
    expect((await closed).code).toBe(code);
  });

  /** Connects a client to a server that says just what a test has it say. */
  async function openToRaw(config = {}): Promise<{ connection: Connection; peer: RawPeer }> {
    const server = await startRawServer();
    const client = new library.client(config);
    const connected = new Promise<Connection>((resolve) => client.on('connect', resolve));
    client.connect(server.url);
    const peer = await server.open();
    return { connection: await connected, peer };
  }

  test('is dropped at the header of the fragment that crosses the message limit', async () => {
    const { connection, peer } = await openToRaw({ maxReceivedMessageSize: 100 });
    const closed = closeOf(connection);
    peer.write(frame(BINARY, Buffer.alloc(100), { fin: false, mask: false }));
    peer.write(frameHeader(CONTINUATION, 1, false));
    expect(await closed).toEqual({ code: 1009, description: 'Maximum message size exceeded.' });
  });

  test('cannot make pongs pile up by not reading them', async () => {
    const { connection, peer } = await openToRaw();
    await expectFewPongs(connection, peer, () => peer.write(frame(PING, Buffer.alloc(100), { mask: false })));
  });

  test('that never ends its side is cut off after closeTimeout', async () => {
    const { connection, peer } = await openToRaw({ closeTimeout: 30 });
    (peer.stream as import('node:net').Socket).allowHalfOpen = true;
    const closed = closeOf(connection);
    connection.close(4000);
    expect((await closed).code).toBe(4000);
    expect(connection.socket.destroyed).toBe(true);
  });

  test('that answers and floods in one write is read in order', async () => {
    const server = await startRawServer();
    const client = new library.client();
    const seen: number[] = [];
    const done = new Promise<{ code: number }>((resolve) => {
      client.on('connect', (connection) => {
        connection.on('message', (message) => {
          if (message.type === 'binary') seen.push(message.binaryData.readUInt32BE());
        });
        resolve(closeOf(connection));
      });
    });
    client.connect(server.url);
    const frames = Array.from({ length: 400 }, (_, i) => {
      const payload = Buffer.alloc(4_001);
      payload.writeUInt32BE(i);
      return frame(BINARY, payload, { mask: false });
    });
    await server.open({}, Buffer.concat([...frames, frame(CLOSE, closePayload(4000), { mask: false })]));
    expect((await done).code).toBe(4000);
    expect(seen).toEqual(frames.map((_, i) => i));
  });

  test('that chooses an extension fails the handshake', async () => {
    const server = await startRawServer();
    const client = new library.client();
    const failed = new Promise<Error>((resolve) => client.on('connectFailed', resolve));
    client.connect(server.url);
    await server.open({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    expect((await failed).message).toContain('permessage-deflate');
  });
});
