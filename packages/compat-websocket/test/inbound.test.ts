import { describe, expect, test } from 'vitest';
import type { connection as Connection, Message } from 'websocket';
import { Queue } from '../../ws/test/rig/queue.ts';
import {
  CLOSE,
  CONTINUATION,
  closePayload,
  frame,
  PING,
  PONG,
  serverFrame,
  TEXT,
} from '../../ws/test/rig/raw-frame.ts';
import { connectRaw, handshakeRequest } from '../../ws/test/rig/raw-peer.ts';
import { startRawServer } from '../../ws/test/rig/raw-server.ts';
import { captureUncaught } from '../../ws/test/rig/uncaught.ts';
import { LIBRARIES, type Library } from './rig/libraries.ts';
import { closeOf, openServerSide } from './rig/pairs.ts';
import { startServer } from './rig/scenarios.ts';

const each = Object.entries(LIBRARIES) as [string, Library][];
const textOf = (message: Message) => (message.type === 'utf8' ? message.utf8Data : '');
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(each)('connection of %s', (_, library) => {
  test('holds back what comes behind the message in which it was paused', async () => {
    const { connection, peer } = await openServerSide(library);
    const messages = new Queue<string>();
    connection.on('message', (message) => {
      messages.push(textOf(message));
      if (textOf(message) === 'one') connection.pause();
    });
    peer.write(frame(TEXT, 'one'), frame(TEXT, 'two'), frame(TEXT, 'three'));
    expect(await messages.next()).toBe('one');
    for (let i = 0; i < 5; i++) await turn();
    expect(messages.length).toBe(0);
    expect(connection.inputPaused).toBe(true);
    connection.resume();
    expect(await messages.take(2)).toEqual(['two', 'three']);
    expect(connection.inputPaused).toBe(false);
  });

  test('delivers nothing before resume() when it was paused right after accept()', async () => {
    const { server, port } = await startServer(library);
    const accepted = new Promise<Connection>((resolve) => {
      server.on('request', (request) => {
        const connection = request.accept();
        connection.pause();
        resolve(connection);
      });
    });
    const peer = await connectRaw(port);
    peer.write(handshakeRequest());
    await peer.head();
    peer.sendFrame(TEXT, 'early');
    const connection = await accepted;
    for (let i = 0; i < 5; i++) await turn();
    const message = new Promise<Message>((resolve) => connection.on('message', resolve));
    connection.resume();
    expect(textOf(await message)).toBe('early');
  });

  test('survives a listener that throws, if the program does, and goes on with the next message', async () => {
    const errors = captureUncaught();
    const { connection, peer } = await openServerSide(library);
    const seen: string[] = [];
    const done = new Promise<void>((resolve) => {
      connection.on('message', (message) => {
        seen.push(`${textOf(message)} after ${errors.length} errors`);
        if (textOf(message) === 'two') resolve();
        if (textOf(message) === 'one') throw new Error('of a listener');
      });
    });
    peer.write(frame(TEXT, 'one'), frame(PING, 'p'), frame(TEXT, 'two'));
    await done;
    expect(seen).toEqual(['one after 0 errors', 'two after 1 errors']);
    expect(await errors.next()).toMatchObject({ message: 'of a listener' });
    expect((await peer.frame()).payload.toString()).toBe('p');
  });

  test('lets promises and ticks that a listener began go on before the next frame', async () => {
    const { connection, peer } = await openServerSide(library);
    const closed = closeOf(connection);
    const seen: string[] = [];
    const see = (name: string): void => {
      seen.push(name);
      process.nextTick(() => seen.push(`tick of ${name}`));
      Promise.resolve().then(() => seen.push(`reaction to ${name}`));
    };
    connection.on('message', (message) => see(textOf(message)));
    connection.on('ping', () => see('ping'));
    connection.on('pong', () => see('pong'));
    connection.on('close', () => see('close'));
    peer.write(
      frame(TEXT, 'one'),
      frame(PING, 'p'),
      frame(PONG, 'p'),
      frame(TEXT, 'two'),
      frame(TEXT, 'three', { fin: false }),
      frame(CONTINUATION, '!'),
      frame(CLOSE, closePayload(4000, 'done')),
    );
    expect((await peer.frame()).payload.toString()).toBe('p');
    await peer.close();
    peer.stream.end();
    expect(await closed).toEqual({ code: 4000, description: 'done' });
    await turn();
    const names = ['one', 'ping', 'pong', 'two', 'three!', 'close'];
    expect(seen).toEqual(names.flatMap((name) => [name, `tick of ${name}`, `reaction to ${name}`]));
  });

  test('holds back what comes behind the message whose promise reaction paused it', async () => {
    const { connection, peer } = await openServerSide(library);
    const messages = new Queue<string>();
    connection.on('message', async (message) => {
      messages.push(textOf(message));
      if (textOf(message) !== 'one') return;
      await null;
      connection.pause();
    });
    peer.write(frame(TEXT, 'one'), frame(TEXT, 'two'));
    expect(await messages.next()).toBe('one');
    for (let i = 0; i < 5; i++) await turn();
    expect(messages.length).toBe(0);
    connection.resume();
    expect(await messages.next()).toBe('two');
  });

  test('does not answer a ping that a listener cancels', async () => {
    const { connection, peer } = await openServerSide(library);
    connection.on('ping', (cancel, data) => {
      if (data.toString() === 'no') cancel();
    });
    peer.write(frame(PING, 'no'), frame(PING, 'yes'));
    expect((await peer.frame()).payload.toString()).toBe('yes');
  });

  test('reads frames in any chunking', async () => {
    const { connection, peer } = await openServerSide(library);
    const messages = new Queue<Message>();
    connection.on('message', (message) => messages.push(message));
    for (const byte of frame(TEXT, 'byte by byte')) {
      peer.write(Uint8Array.of(byte));
      await turn();
    }
    expect(textOf(await messages.next())).toBe('byte by byte');
  });
});

describe('connection', () => {
  test('hears of an end that comes while the answer to its handshake is on its way', async () => {
    const { server, port } = await startServer(LIBRARIES.ours);
    const messages: string[] = [];
    const closed = new Promise<{ code: number; description: string }>((resolve) => {
      server.on('request', (request) => {
        const { socket } = request;
        // What is written has not left before the client's end is read.
        socket.cork();
        const connection = request.accept();
        connection.on('message', (message) => messages.push(textOf(message)));
        socket.once('end', () => setImmediate(() => socket.uncork()));
        resolve(closeOf(connection));
      });
    });
    const peer = await connectRaw(port);
    peer.stream.end(Buffer.concat([Buffer.from(handshakeRequest()), frame(TEXT, 'early')]));
    expect(await closed).toEqual({ code: 1006, description: 'Connection dropped by remote peer.' });
    expect(messages).toEqual(['early']);
    expect((await peer.head()).startLine).toBe('HTTP/1.1 101 Switching Protocols');
    expect(server.connections).toEqual([]);
  });

  test('that was paused before an end delivers what came with the handshake when it is resumed', async () => {
    const { server, port } = await startServer(LIBRARIES.ours);
    const messages = new Queue<string>();
    const accepted = new Promise<Connection>((resolve) => {
      server.on('request', (request) => {
        const { socket } = request;
        socket.cork();
        const connection = request.accept();
        connection.on('message', (message) => messages.push(textOf(message)));
        // Whoever pauses lets the end through all the same.
        socket.once('end', () => {
          connection.pause();
          setImmediate(() => socket.uncork());
        });
        resolve(connection);
      });
    });
    const peer = await connectRaw(port);
    peer.stream.end(Buffer.concat([Buffer.from(handshakeRequest()), frame(TEXT, 'early')]));
    const connection = await accepted;
    await peer.head();
    for (let i = 0; i < 5; i++) await turn();
    expect(messages.length).toBe(0);
    connection.resume();
    expect(await messages.next()).toBe('early');
  });

  test('hears of a reset that comes while the answer to its handshake is on its way', async () => {
    const { server, port } = await startServer(LIBRARIES.ours);
    const closed = new Promise<{ code: number; description: string }>((resolve) => {
      server.on('request', (request) => {
        const connection = request.accept();
        resolve(closeOf(connection));
        request.socket.destroy();
      });
    });
    const peer = await connectRaw(port);
    peer.write(handshakeRequest());
    expect((await closed).code).toBe(1006);
    expect(server.connections).toEqual([]);
  });

  test('that is paused and whose peer has left gives all that came before, when it is resumed', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const closed = closeOf(connection);
    const seen: string[] = [];
    const ended = new Promise((resolve) => connection.socket.once('end', resolve));
    connection.on('message', async (message) => {
      seen.push(textOf(message));
      connection.pause();
      await ended;
      await turn();
      connection.resume();
    });
    peer.stream.end(
      Buffer.concat([frame(TEXT, 'a'), frame(TEXT, 'b'), frame(TEXT, 'c'), frame(CLOSE, closePayload(4000))]),
    );
    expect((await closed).code).toBe(4000);
    expect(seen).toEqual(['a', 'b', 'c']);
    expect((await peer.close()).code).toBe(1000);
  });

  test('of a client that is paused and whose peer has left gives all that came before too', async () => {
    const server = await startRawServer();
    const client = new LIBRARIES.ours.client();
    const connected = new Promise<Connection>((resolve) => client.on('connect', resolve));
    client.connect(server.url);
    const peer = await server.open();
    const connection = await connected;
    const closed = closeOf(connection);
    const seen: string[] = [];
    const ended = new Promise((resolve) => connection.socket.once('end', resolve));
    connection.on('message', async (message) => {
      seen.push(textOf(message));
      connection.pause();
      await ended;
      for (let i = 0; i < 5; i++) await turn();
      connection.resume();
    });
    peer.stream.end(
      Buffer.concat([serverFrame(TEXT, 'a'), serverFrame(TEXT, 'b'), serverFrame(CLOSE, closePayload(4000))]),
    );
    expect((await closed).code).toBe(4000);
    expect(seen).toEqual(['a', 'b']);
  });

  test('closes cleanly in a ping listener: the ping is not answered any more', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const closed = closeOf(connection);
    connection.on('ping', () => connection.close(4000, 'enough'));
    peer.sendFrame(PING, 'p');
    expect(await peer.close()).toEqual({ code: 4000, reason: 'enough' });
    peer.stream.end();
    expect(await closed).toEqual({ code: 4000, description: 'enough' });
  });

  test('ends its side behind the answer to a close frame that waited with the end', async () => {
    const { connection, peer } = await openServerSide(LIBRARIES.ours);
    const closed = closeOf(connection);
    const ended = new Promise((resolve) => connection.socket.on('end', resolve));
    const messages = new Queue<string>();
    connection.on('message', (message) => messages.push(textOf(message)));
    connection.pause();
    peer.write(frame(TEXT, 'one'), frame(TEXT, 'two'), frame(CLOSE, closePayload(1000)));
    peer.stream.end();
    while (connection.socket.readableLength === 0) await turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.resume();
    await ended;
    expect(await messages.take(2)).toEqual(['one', 'two']);
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
    expect((await closed).code).toBe(1000);
  });

  test('delivers frames that came with the handshake', async () => {
    const { server, port } = await startServer(LIBRARIES.ours, { autoAcceptConnections: true });
    const messages = new Queue<Message>();
    server.on('connect', (connection) => connection.on('message', (message) => messages.push(message)));
    const peer = await connectRaw(port);
    peer.write(handshakeRequest(), frame(TEXT, 'early'));
    expect(textOf(await messages.next())).toBe('early');
  });

  test('delivers what came with the answer to listeners that a promise for the connection adds', async () => {
    const server = await startRawServer();
    const client = new LIBRARIES.ours.client();
    const connected = new Promise<Connection>((resolve) => client.on('connect', resolve));
    client.connect(server.url);
    const opening = server.open({}, Buffer.concat([serverFrame(TEXT, 'one'), serverFrame(TEXT, 'two')]));
    const connection = await connected;
    const messages = new Queue<Message>();
    connection.on('message', (message) => messages.push(message));
    expect((await messages.take(2)).map(textOf)).toEqual(['one', 'two']);
    await opening;
  });
});
