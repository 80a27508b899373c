import { describe } from 'vitest';
import { BINARY, TEXT } from '../../../ws/test/rig/raw-frame.ts';
import { differ } from './rig/differ.ts';
import { openSide, ROLES, startServer } from './rig/sides.ts';

const TYPES = ['open', 'message', 'close', 'error'] as const;
const ATTRIBUTES = ['onopen', 'onmessage', 'onclose', 'onerror'] as const;

type Loose = Record<string, unknown> & {
  addEventListener(type: string, listener: unknown, options?: unknown): unknown;
  removeEventListener(type: string, listener: unknown): unknown;
};

describe.each(ROLES)('the event target of a %s', (role) => {
  differ(`${role} reports events as objects`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    for (const type of TYPES) {
      side.socket.addEventListener(type as 'open', function (this: unknown, event) {
        const { target } = event;
        log.note('listener', type, event, this === side.socket, target === side.socket);
      });
    }
    side.say(TEXT, 'text');
    side.say(BINARY, 'bytes');
    side.say(3);
    await side.drain();
  });

  differ(`${role} reports a clean close`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.onclose = (event) =>
      log.note('listener', 'close', event, event.wasClean, event.code, event.reason);
    await side.end(4000, 'clean');
  });

  differ(`${role} reports an unclean close`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.onclose = (event) => log.note('listener', 'close', event);
    side.peer.stream.destroy();
    await side.closed;
  });

  differ(`${role} reports a close that only it asked for`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    side.socket.onclose = (event) => log.note('listener', 'close', event);
    side.socket.close(1000);
    await side.wire.frames(1);
    side.peer.stream.end();
    await side.closed;
  });

  differ(`${role} calls each handler once, in order, and handleEvent`, async (ws, log) => {
    const side = await openSide(role, ws, log);
    const socket = side.socket as unknown as Loose;
    const first = log.callback('listener', 'first');
    const object = {
      handleEvent(event: unknown) {
        log.note('listener', 'handleEvent', event, this === object);
      },
    };
    const once = log.callback('listener', 'once');
    for (let i = 0; i < 2; i++) {
      log.attempt('socket', 'add', () => socket.addEventListener('message', first));
      log.attempt('socket', 'add', () => socket.addEventListener('message', object));
      log.attempt('socket', 'add', () => socket.addEventListener('message', once, { once: true }));
    }
    side.socket.on('message', () => log.note('listener', 'on', side.socket.listenerCount('message')));
    side.peer.write(side.encode(TEXT, '1'), side.encode(TEXT, '2'));
    await side.end();
    log.note('socket', 'count', side.socket.listenerCount('message'));
    log.attempt('socket', 'remove', () => socket.removeEventListener('message', first));
    log.attempt('socket', 'remove', () => socket.removeEventListener('message', first));
    log.attempt('socket', 'remove', () => socket.removeEventListener('message', object));
    log.attempt('socket', 'remove', () => socket.removeEventListener('nope', object));
    log.note('socket', 'count', side.socket.listenerCount('message'));
  });

  differ(`${role} has attributes`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    const socket = side.socket as unknown as Loose;
    for (const name of ATTRIBUTES) {
      const type = name.slice(2);
      const count = () => log.note('socket', name, socket[name], side.socket.listenerCount(type));
      count();
      const handler = log.callback('listener', name);
      for (const value of [
        handler,
        handler,
        null,
        handler,
        'text',
        handler,
        { handleEvent: handler },
        undefined,
        handler,
      ]) {
        log.attempt('socket', `${name} =`, () => {
          socket[name] = value;
        });
        count();
      }
      log.note('socket', 'is it', socket[name] === handler);
      socket.addEventListener(type, handler);
      count();
      socket.removeEventListener(type, handler);
      count();
      log.note('socket', 'is it', socket[name] === handler);
      side.socket.removeAllListeners(type);
      count();
      socket[name] = handler;
    }
    side.say(TEXT, 'x');
    side.peer.stream.end();
    await new Promise((resolve) => side.socket.on('close', resolve));
  });

  differ(`${role} ignores types that there are not, and odd listeners`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    const socket = side.socket as unknown as Loose;
    for (const type of ['ping', 'upgrade', 'nope', '', 'Message']) {
      log.attempt('socket', `add ${type}`, () => socket.addEventListener(type, () => {}));
      log.note('socket', 'count', side.socket.listenerCount(type));
    }
    for (const listener of [null, undefined, 'text', 5, {}]) {
      log.attempt('socket', `add ${String(listener)}`, () => socket.addEventListener('open', listener));
      log.note('socket', 'count', side.socket.listenerCount('open'));
      log.attempt('socket', `remove ${String(listener)}`, () => socket.removeEventListener('open', listener));
      log.note('socket', 'count', side.socket.listenerCount('open'));
    }
    side.peer.stream.destroy();
    await side.closed;
  });

  differ(`${role} does not see what the emitter's own listeners are`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    const listener = log.callback('listener', 'message');
    side.socket.on('message', listener);
    side.socket.removeEventListener('message', listener as never);
    log.note('socket', 'count', side.socket.listenerCount('message'));
    side.socket.addEventListener('message', listener as never);
    side.socket.off('message', listener);
    log.note('socket', 'count', side.socket.listenerCount('message'), side.socket.onmessage);
    side.say(TEXT, 'seen');
    side.peer.stream.end();
    await side.closed;
  });

  differ(`${role} emits what others have it emit`, async (ws, log) => {
    const side = await openSide(role, ws, log, { isUnwatched: true });
    const { socket } = side;
    socket.onmessage = log.callback('listener', 'onmessage');
    socket.onerror = log.callback('listener', 'onerror');
    socket.onclose = log.callback('listener', 'onclose');
    log.attempt('socket', 'emit', () => socket.emit('message', 'text', false));
    log.attempt('socket', 'emit', () => socket.emit('message', Buffer.from('b'), true));
    log.attempt('socket', 'emit', () => socket.emit('error', new TypeError('mine')));
    log.attempt('socket', 'emit', () => socket.emit('close', 1000, Buffer.from('r')));
    side.peer.stream.destroy();
    await side.closed;
  });
});

describe('events of a client that cannot connect', () => {
  differ('client reports error and close', async (ws, log) => {
    const server = await startServer(ws, log, { verifyClient: () => false });
    const socket = new ws.WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    for (const type of TYPES)
      socket.addEventListener(type as 'open', (event) => log.note('listener', type, event));
    await new Promise((resolve) => socket.once('close', resolve));
  });

  differ('client opens', async (ws, log) => {
    const server = await startServer(ws, log);
    server.on('connection', (peer) => peer.close());
    const socket = new ws.WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    socket.onopen = (event) => log.note('listener', 'open', event, event.target === socket, event.type);
    socket.onclose = (event) => log.note('listener', 'close', event);
    await new Promise((resolve) => socket.once('close', resolve));
  });
});
