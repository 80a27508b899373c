import { EventEmitter, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Manager, type NodeWebSocket } from '@hawser/client';
import type { Server, Socket as ServerSocket } from 'socket.io';
import * as msgpackParser from 'socket.io-msgpack-parser';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { connect, eventOf } from './rig/clients.ts';
import { startServer } from './rig/servers.ts';

function count(got: unknown[]): (io: Server) => void {
  return (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('number', (value: number, answer?: (value: number) => void) => {
        got.push(value);
        answer?.(value);
      });
    });
  };
}

test.each([[['polling']], [['websocket']], [['polling', 'websocket']]])(
  'a client over %j comes back to a server that was killed and started again',
  async (transports) => {
    const got: unknown[] = [];
    const first = await startServer({}, count(got));
    const socket = connect(first.url, { transports });
    const events: unknown[] = [];
    for (const name of ['reconnect_attempt', 'reconnect_error', 'reconnect'] as const) {
      socket.io.on(name, () => events.push(name));
    }
    await eventOf(socket, 'connect');
    const id = socket.id;
    const gone = eventOf(socket, 'disconnect');
    await first.kill();
    expect((await gone)[0]).toMatch(/^transport (close|error)$/);
    expect([socket.connected, socket.id, socket.active]).toEqual([false, undefined, true]);
    socket.emit('number', 1).emit('number', 2);
    const last = socket.emitWithAck('number', 3);
    await eventOf(socket.io, 'reconnect_error');
    await startServer({}, count(got), first.port);
    expect(await last).toBe(3);
    expect(got).toEqual([1, 2, 3]);
    expect(socket.id).not.toBe(id);
    expect(events.at(-1)).toBe('reconnect');
  },
);

test('a connection that ends before the server said anything is a failed attempt at once', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  server.on('connection', (connection) => connection.terminate());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'], timeout: 60_000 });
  const [first] = (await eventOf(socket, 'connect_error')) as [Error];
  expect(first).toMatchObject({
    message: 'transport close',
    description: { description: 'websocket connection closed' },
  });
  expect(socket.active).toBe(true);
  await eventOf(socket, 'connect_error');
});

test('a client that was disconnected on purpose stays so, until it is told to connect', async () => {
  const rig = await startServer();
  const socket = connect(rig.url);
  await eventOf(socket, 'connect');
  const gone = eventOf(socket, 'disconnect');
  rig.io.disconnectSockets();
  expect((await gone)[0]).toBe('io server disconnect');
  expect(socket.active).toBe(false);
  socket.connect();
  await eventOf(socket, 'connect');
  socket.disconnect();
  expect(socket.active).toBe(false);
  socket.connect();
  await eventOf(socket, 'connect');
});

test('disconnect during an attempt ends the attempts', async () => {
  const socket = connect('http://127.0.0.1:1');
  await eventOf(socket, 'connect_error');
  await new Promise<void>((resolve) =>
    socket.io.once('reconnect_attempt', () => {
      socket.disconnect();
      resolve();
    }),
  );
  expect(socket.io._reconnecting).toBe(false);
  expect(socket.io._readyState).toBe('closed');
});

test('a manager that is opened by hand while it waits to reconnect goes on reconnecting afterwards', async () => {
  const first = await startServer();
  const socket = connect(first.url, { reconnectionDelay: 60_000, reconnectionDelayMax: 60_000 });
  await eventOf(socket, 'connect');
  const gone = eventOf(socket, 'disconnect');
  await first.kill();
  await gone;
  const second = await startServer({}, () => {}, first.port);
  const reconnected = eventOf(socket.io, 'reconnect');
  socket.io.open();
  await reconnected;
  const goneAgain = eventOf(socket, 'disconnect');
  await second.kill();
  await goneAgain;
  expect(socket.io._reconnecting).toBe(true);
});

test('a socket is the same when its manager is asked again', async () => {
  const { url } = await startServer();
  const manager = new Manager(url);
  onTestFinished(() => manager._close());
  const socket = manager.socket('/');
  await eventOf(socket, 'connect');
  socket.disconnect();
  expect(manager.socket('/')).toBe(socket);
  await eventOf(socket, 'connect');
});

test('recovery with a stock server brings what was missed', async () => {
  const recovery = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };
  const rig = await startServer(recovery);
  const socket = connect(rig.url, { transports: ['websocket'] });
  await eventOf(socket, 'connect');
  const { id } = socket;
  const first = eventOf(socket, 'news');
  rig.io.emit('news', 'first');
  await first;
  const news: unknown[] = [];
  socket.on('news', (text) => news.push(text));
  const gone = eventOf(socket, 'disconnect');
  const back = eventOf(socket, 'connect');
  socket.io.engine.transport.close();
  await gone;
  rig.io.emit('news', 'second');
  rig.io.emit('news', 'third');
  await back;
  expect(socket.recovered).toBe(true);
  expect(socket.id).toBe(id);
  await new Promise((resolve) => {
    socket.once('end', resolve);
    rig.io.emit('end');
  });
  expect(news).toEqual(['second', 'third']);
});

test('a parser of the program is used on both ends', async () => {
  const rig = await startServer({ parser: msgpackParser as never }, (io) => {
    io.on('connection', (socket: ServerSocket) => {
      socket.on('ask', (value: unknown, bytes: Buffer, answer: (...args: unknown[]) => void) =>
        answer(value, bytes),
      );
    });
  });
  const socket = connect(rig.url, { parser: msgpackParser });
  const answer = await new Promise((resolve) =>
    socket.emit('ask', { a: [1, null, 'ü'] }, Buffer.from([1, 2]), (...args: unknown[]) => resolve(args)),
  );
  expect(answer).toEqual([{ a: [1, null, 'ü'] }, Buffer.from([1, 2])]);
});

class PlainEncoder {
  encode(packet: object): string[] {
    return [JSON.stringify(packet)];
  }
}

class PlainDecoder extends EventEmitter {
  add(text: string): void {
    this.emit('decoded', JSON.parse(text));
  }
  destroy(): void {}
}

test('a decoder of the program may be an emitter of Node', async () => {
  const parser = { Encoder: PlainEncoder, Decoder: PlainDecoder };
  const { url } = await startServer({ parser }, (io) => {
    io.on('connection', (socket: ServerSocket) => socket.on('echo', (done: () => void) => done()));
  });
  const socket = connect(url, { parser: parser as never });
  await socket.emitWithAck('echo');
  const { decoder } = socket.io as unknown as { decoder: EventEmitter };
  const reason = eventOf(socket, 'disconnect');
  socket.disconnect();
  expect(await reason).toEqual(['io client disconnect', undefined]);
  expect(decoder.listenerCount('decoded')).toBe(0);
});

test('an encoder of the program has each packet once, when it is sent', async () => {
  let isReady = false;
  const encoded: unknown[] = [];
  class Encoder {
    encode(packet: { data?: unknown }): string[] {
      if (!isReady) throw new Error('there is no key yet');
      encoded.push(packet.data);
      return [JSON.stringify(packet, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))];
    }
  }
  const { url } = await startServer({ parser: { Encoder: PlainEncoder, Decoder: PlainDecoder } }, (io) => {
    io.use((socket, next) => {
      socket.emit('early', 1);
      next();
    });
    io.on('connection', (socket: ServerSocket) => {
      socket.on('number', (value: string, done: (value: string) => void) => done(value));
    });
  });
  const parser = { Encoder, Decoder: PlainDecoder } as never;
  const socket = connect(url, { parser, autoConnect: false });
  const early = eventOf(socket, 'early');
  const answers = [socket.emitWithAck('number', 1n), socket.emitWithAck('number', 'two')];
  socket.io.once('open', () => {
    isReady = true;
  });
  socket.connect();
  expect(await Promise.all(answers)).toEqual(['1n', 'two']);
  expect(await early).toEqual([1]);
  expect(encoded).toEqual([undefined, ['number', 1n], ['number', 'two']]);
});

test('what is sent over a WebSocket that was closing as the session moved to it goes out over the next', async () => {
  const got: unknown[] = [];
  const rig = await startServer({}, count(got));
  const upgraded: Socket[] = [];
  rig.http.on('upgrade', (_request, stream: Socket) => upgraded.push(stream));
  const socket = connect(rig.url);
  socket.io.engine.once('upgrading', (transport) => {
    // Its close frame is not answered.
    upgraded[0]!.pause();
    (transport as NodeWebSocket).ws.close();
  });
  await eventOf(socket.io.engine as never, 'upgrade');
  const answers = [0, 1, 2, 3].map((number) => socket.emitWithAck('number', number));
  upgraded[0]!.destroy();
  await Promise.all(answers);
  expect(got).toEqual([0, 1, 2, 3]);
});

test('a packet that the parser cannot read is a parse error', async () => {
  const rig = await startServer({}, (io) => {
    io.on('connection', (socket) => socket.conn.send('9garbage'));
  });
  const socket = connect(rig.url, { reconnection: false });
  const [reason, description] = await eventOf(socket, 'disconnect');
  expect(reason).toBe('parse error');
  expect(description).toMatchObject({ code: 'SIO_ERR_INVALID_PACKET' });
});
