import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe } from 'vitest';
import { BINARY, CLOSE, closePayload, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { startRawServer } from '../../../ws/test/rig/raw-server.ts';
import { differ } from './rig/differ.ts';
import type { WsModule } from './rig/modules.ts';
import type { Recorder } from './rig/recorder.ts';
import { openSide, ROLES, type Side, watchSocket } from './rig/sides.ts';

const STREAM_EVENTS = ['data', 'end', 'finish', 'error', 'close', 'drain', 'prefinish'];

function wrap(ws: WsModule, log: Recorder, side: Side, options: object = {}, events = STREAM_EVENTS): Duplex {
  const duplex = ws.createWebSocketStream(side.socket, options);
  log.watch('stream', duplex, events);
  const { allowHalfOpen, readableObjectMode, writableObjectMode, readableHighWaterMark } = duplex;
  log.note('stream', 'made', allowHalfOpen, readableObjectMode, writableObjectMode, readableHighWaterMark);
  return duplex;
}

function gone(duplex: Duplex): Promise<void> {
  return new Promise((resolve) => duplex.once('close', () => resolve()));
}

describe.each(ROLES)('a stream over a %s', (role) => {
  for (const options of [
    {},
    { readableObjectMode: true },
    { objectMode: true },
    { encoding: 'utf8' as const },
    { allowHalfOpen: false },
  ]) {
    differ(`${role} reads messages with ${JSON.stringify(options)}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const duplex = wrap(ws, log, side, options);
      const closed = gone(duplex);
      side.say(TEXT, 'text');
      side.say(BINARY, 'bytes');
      side.say(TEXT, '');
      side.say(TEXT, 'last');
      side.say(CLOSE, closePayload(1000));
      duplex.on('end', () => duplex.end());
      await side.drain();
      await closed;
      log.note('stream', 'destroyed', duplex.destroyed);
    });

    differ(`${role} writes chunks with ${JSON.stringify(options)}`, async (ws, log) => {
      const side = await openSide(role, ws, log);
      const duplex = wrap(ws, log, side, options);
      duplex.resume();
      const closed = gone(duplex);
      for (const chunk of ['text', Buffer.from('bytes'), new Uint8Array([1, 2])]) {
        log.attempt('stream', 'write', () => duplex.write(chunk, log.callback('written', String(chunk))));
      }
      log.attempt('stream', 'end', () => duplex.end('last', log.callback('written', 'end')));
      await side.wire.framesToClose();
      await side.end();
      await closed;
    });
  }

  differ(`${role} ends the stream, and the peer follows`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    duplex.resume();
    const closed = gone(duplex);
    duplex.end();
    await side.end();
    await closed;
  });

  differ(`${role} destroys the stream`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    const closed = gone(duplex);
    duplex.destroy();
    await closed;
    side.probe();
  });

  differ(`${role} destroys the stream with an error`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    const closed = gone(duplex);
    duplex.destroy(new Error('mine'));
    await closed;
    side.probe();
  });

  differ(`${role} destroys the stream after an error of the peer`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    const closed = gone(duplex);
    duplex.resume();
    side.say(3);
    await side.drain();
    await closed;
  });

  differ(`${role} loses the connection`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    duplex.resume();
    const closed = gone(duplex);
    duplex.on('end', () => duplex.end());
    side.peer.stream.destroy();
    await closed;
    side.probe();
  });

  differ(`${role} writes when the socket is closed`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side);
    duplex.resume();
    await side.end();
    const closed = gone(duplex);
    duplex.write('late', log.callback('written', 'late'));
    await closed;
  });

  differ(`${role} wraps a socket that is closed`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    await side.end();
    const duplex = wrap(ws, log, side);
    const closed = gone(duplex);
    duplex.destroy();
    await closed;
  });

  differ(`${role} pauses the socket while nobody reads`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    const duplex = wrap(ws, log, side, { readableHighWaterMark: 4 }, ['end', 'finish', 'error', 'close']);
    for (let i = 0; i < 8; i++) side.say(BINARY, Buffer.alloc(4, i));
    await once(duplex, 'readable');
    log.note('stream', 'buffered', duplex.readableLength > 0, side.socket.isPaused);
    let bytes = Buffer.alloc(0);
    const closed = gone(duplex);
    duplex.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
    duplex.on('end', () => {
      log.note('stream', 'all', bytes);
      duplex.end();
    });
    await side.end();
    await closed;
  });

  differ(`${role} reads a stream as an async iterator`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const duplex = wrap(ws, log, side, { readableObjectMode: true }, ['end', 'finish', 'error', 'close']);
    side.say(TEXT, 'one');
    side.say(TEXT, 'two');
    side.say(CLOSE, closePayload(1000));
    const drained = side.drain();
    for await (const chunk of duplex) log.note('iterator', 'next', chunk);
    await drained;
  });
});

describe('a stream over a client that connects', () => {
  differ('client writes and ends before it is open', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    const duplex = ws.createWebSocketStream(socket);
    log.watch('stream', duplex, STREAM_EVENTS);
    duplex.resume();
    duplex.write('early', log.callback('written', 'early'));
    duplex.end('last');
    const closed = gone(duplex);
    const peer = await raw.open();
    for (let i = 0; i < 3; i++) {
      const { opcode, payload } = await peer.frame();
      log.note('wire', 'frame', opcode, payload);
    }
    peer.write(Buffer.from([0x88, 0]));
    peer.stream.end();
    await closed;
  });

  differ('client destroys before it is open', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    const duplex = ws.createWebSocketStream(socket);
    log.watch('stream', duplex, STREAM_EVENTS);
    const closed = gone(duplex);
    duplex.destroy();
    await closed;
  });

  differ('client cannot connect', async (ws, log) => {
    const raw = await startRawServer();
    const socket = new ws.WebSocket(raw.url);
    watchSocket(log, socket);
    const duplex = ws.createWebSocketStream(socket);
    log.watch('stream', duplex, STREAM_EVENTS);
    const closed = gone(duplex);
    const peer = await raw.accept();
    await peer.head();
    peer.write('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n');
    await closed;
  });
});
