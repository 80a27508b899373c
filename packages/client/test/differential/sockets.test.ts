import { type AddressInfo, createServer } from 'node:net';
import type { Server, Socket as ServerSocket } from 'socket.io';
import { expect, test } from 'vitest';
import { once, runBoth, type Subject } from './both.ts';

function echo(io: Server): void {
  for (const nsp of [io.of('/'), io.of('/other'), io.of('/日本')]) {
    nsp.on('connection', (socket: ServerSocket) => {
      socket.onAny((event: string, ...args: unknown[]) => {
        const answer = args.at(-1);
        if (event === 'bye') socket.disconnect();
        else if (event === 'hang') return;
        else if (typeof answer === 'function') answer(...args.slice(0, -1));
        else socket.emit(event, ...args);
      });
    });
  }
}

const names = ['connect', 'connect_error', 'disconnect'] as const;
const managerNames = [
  'open',
  'error',
  'close',
  'reconnect',
  'reconnect_attempt',
  'reconnect_error',
  'reconnect_failed',
  'packet',
];

function noteAll({ note }: Subject, socket: ReturnType<Subject['connect']>): void {
  for (const name of names) {
    socket.on(name, ((...args: unknown[]) =>
      note(name, args, {
        connected: socket.connected,
        active: socket.active,
        recovered: !!socket.recovered,
        disconnected: socket.disconnected,
        id: typeof socket.id,
      })) as never);
  }
  for (const name of managerNames) {
    socket.io.on(name as 'open', (...args: unknown[]) => note(`io.${name}`, args));
  }
}

const scripts: Record<string, (subject: Subject) => Promise<unknown>> = {
  'connect, echo, disconnect': async (subject) => {
    const socket = subject.connect('', { transports: ['websocket'] });
    noteAll(subject, socket);
    subject.note(socket.connected, socket.active, socket.id, socket.sendBuffer.length);
    await once(socket, 'connect');
    const back = once(socket, 'text');
    subject.note(socket.emit('text', 'ü', 1, null, undefined, { a: [1] }) === socket);
    subject.note(await back);
    const bytes = once(socket, 'bytes');
    socket.emit('bytes', Buffer.from([1, 2]), { deep: [Buffer.from([3])] });
    subject.note(await bytes);
    subject.note(socket.disconnect() === socket, socket.connected, socket.active, socket.id);
  },
  'send and message': async (subject) => {
    const socket = subject.connect();
    const message = once(socket, 'message');
    socket.send('a', 'b');
    return message;
  },
  'acknowledgements of every kind': async (subject) => {
    const socket = subject.connect();
    const answer = (...args: unknown[]) => new Promise((resolve) => socket.emit('ask', ...args, resolve));
    subject.note(await answer(1), await answer(null), await answer(false), await answer({ a: 1 }));
    subject.note(await socket.emitWithAck('ask', 'x', 'y'));
    subject.note(
      await new Promise((resolve) =>
        socket.timeout(5000).emit('ask', 1, 2, (...args: unknown[]) => resolve(args)),
      ),
    );
    subject.note(
      await new Promise((resolve) => socket.timeout(20).emit('hang', (...args: unknown[]) => resolve(args))),
    );
    subject.note(
      await socket
        .timeout(20)
        .emitWithAck('hang')
        .catch((error: unknown) => error),
    );
    const hanging = socket.emitWithAck('hang').catch((error: unknown) => error);
    let isCalled = false;
    socket.emit('hang', () => {
      isCalled = true;
    });
    const timed = new Promise((resolve) =>
      socket.timeout(60_000).emit('hang', (...args: unknown[]) => resolve(args)),
    );
    socket.disconnect();
    subject.note(await hanging, await timed, isCalled);
  },
  'ackTimeout as an option': async (subject) => {
    const socket = subject.connect('', { ackTimeout: 1000 });
    await once(socket, 'connect');
    subject.note(await new Promise((resolve) => socket.emit('hang', (...args: unknown[]) => resolve(args))));
    subject.note(
      await new Promise((resolve) => socket.emit('ask', 1, (...args: unknown[]) => resolve(args))),
    );
    subject.note(await socket.emitWithAck('ask', 2));
  },
  'events before the connection wait': async (subject) => {
    const socket = subject.connect('', { autoConnect: false });
    noteAll(subject, socket);
    socket.onAnyOutgoing((...args) => subject.note('outgoing', args));
    socket.emit('first', 1);
    socket.volatile.emit('volatile');
    socket.emit('second', 2);
    subject.note(
      socket.sendBuffer.map(({ data }) => data),
      socket.active,
    );
    const second = once(socket, 'second');
    socket.connect();
    subject.note(socket.active);
    await second;
    subject.note(socket.sendBuffer.length);
  },
  'the server disconnects': async (subject) => {
    const socket = subject.connect('', { transports: ['websocket'] });
    noteAll(subject, socket);
    await once(socket, 'connect');
    socket.emit('bye');
    await once(socket, 'disconnect');
    subject.note(socket.active);
    socket.connect();
    await once(socket, 'connect');
  },
  'namespaces share a connection': async (subject) => {
    const main = subject.connect('', { forceNew: false });
    const other = subject.io(`${subject.rig.url}/other`);
    const unicode = subject.io(`${subject.rig.url}/日本?x=1`);
    const again = subject.io(subject.rig.url);
    subject.note(main.io === other.io, main.io === unicode.io, main.io === again.io);
    await Promise.all([
      once(main, 'connect'),
      once(other, 'connect'),
      once(again, 'connect'),
      once(unicode, 'connect'),
    ]);
    subject.note(await other.emitWithAck('ask', 'other'), await unicode.emitWithAck('ask', 'unicode'));
    other.disconnect();
    subject.note(other.active, main.connected, main.io._readyState);
    main.disconnect();
    unicode.disconnect();
    subject.note(main.io._readyState);
    again.disconnect();
  },
  'an unknown namespace': async (subject) => {
    const socket = subject.connect('/nowhere');
    noteAll(subject, socket);
    await once(socket, 'connect_error');
    subject.note(socket.active, socket.io.engine?.readyState);
  },
  'no server': async (subject) => {
    await subject.rig.kill();
    const socket = subject.connect('', { reconnectionAttempts: 2, transports: ['websocket'] });
    noteAll(subject, socket);
    await once(socket.io as never, 'reconnect_failed');
    subject.note(socket.active);
  },
  'no server, by polling': async (subject) => {
    await subject.rig.kill();
    const socket = subject.connect('', { reconnection: false, transports: ['polling'] });
    const [error] = (await once(socket, 'connect_error')) as [Error];
    subject.note(error.message, (error as { type?: string }).type, socket.active);
  },
  'a timeout of zero': async (subject) => {
    // One that answers might do so within the millisecond that zero is.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent as never, 'listening');
    const { port } = silent.address() as AddressInfo;
    const options = { timeout: 0, reconnectionAttempts: 2, reconnectionDelay: 10, autoConnect: false };
    const socket = subject.io(`http://127.0.0.1:${port}`, options);
    noteAll(subject, socket);
    socket.connect();
    await once(socket.io as never, 'reconnect_failed');
    socket.disconnect();
    silent.close();
  },
  'reserved events': async (subject) => {
    const socket = subject.connect('', { autoConnect: false });
    for (const name of [
      'connect',
      'connect_error',
      'disconnect',
      'disconnecting',
      'newListener',
      'removeListener',
      'error',
    ]) {
      try {
        socket.emit(name);
        subject.note(name, 'sent');
      } catch (error) {
        subject.note(name, error);
      }
    }
  },
  'catch-all listeners': async (subject) => {
    const socket = subject.connect();
    const first = (...args: unknown[]) => subject.note('first', args);
    const second = (...args: unknown[]) => subject.note('second', args);
    subject.note(socket.onAny(first) === socket, socket.prependAny(second) === socket);
    socket.onAnyOutgoing(first).prependAnyOutgoing(second);
    subject.note(socket.listenersAny().length, socket.listenersAnyOutgoing().length);
    const text = once(socket, 'text');
    socket.emit('text', 1, () => {});
    socket.emit('text', 1);
    await text;
    socket.offAny(first).offAnyOutgoing();
    subject.note(socket.listenersAny().length, socket.listenersAnyOutgoing().length);
  },
  retries: async (subject) => {
    const socket = subject.connect('', { retries: 2, ackTimeout: 500 });
    await once(socket, 'connect');
    const order: unknown[] = [];
    socket.emit('ask', 1, (...args: unknown[]) => order.push(args));
    socket.emit('hang', (...args: unknown[]) => order.push(args));
    await new Promise<void>((resolve) =>
      socket.emit('ask', 3, (...args: unknown[]) => {
        order.push(args);
        resolve();
      }),
    );
    subject.note(order);
  },
  'emitter methods': async (subject) => {
    const socket = subject.connect('', { autoConnect: false });
    const listener = () => {};
    socket.on('a', listener).once('a', listener);
    subject.note(
      socket.hasListeners('a'),
      socket.listeners('a').length,
      socket.hasListeners('c'),
      socket.listeners('c'),
    );
    socket.off('a', listener);
    subject.note(socket.listeners('a').length);
    socket.removeListener('a', listener);
    subject.note(socket.listeners('a').length, socket.hasListeners('a'));
    socket.on('a', listener).removeAllListeners('a');
    socket.on('a', listener).off();
    subject.note(socket.hasListeners('a'));
  },
  'off with what is undefined': async (subject) => {
    const socket = subject.connect('', { autoConnect: false });
    const remove = (...args: unknown[]) => {
      socket.off();
      for (const name of ['a', 'a', 'b']) socket.on(name, () => {});
      socket.once('c', () => {}).on('undefined', () => {});
      socket.off(...(args as [never]));
      subject.note(
        args,
        ['a', 'b', 'c', 'undefined'].map((name) => socket.listeners(name).length),
      );
    };
    remove(undefined);
    remove(undefined, () => {});
    remove('a', undefined);
    remove('c', undefined);
    remove('a');
    remove();
  },
  'events named by numbers': async (subject) => {
    const socket = subject.connect();
    const heard = Promise.all([once(socket, '1'), once(socket, 2 as never)]);
    socket.emit(1 as never, 'from a number').emit('2', 'from a string');
    subject.note(await heard);
    socket.on('3', () => {});
    subject.note(socket.hasListeners(3 as never), socket.listeners(3 as never).length);
    socket.off(3 as never);
    subject.note(socket.hasListeners('3'), socket.hasListeners('constructor'));
  },
  'manager settings': async (subject) => {
    const manager = subject.connect('', { autoConnect: false }).io;
    subject.note(
      manager.reconnection(),
      manager.reconnectionAttempts(),
      manager.reconnectionDelay(),
      manager.reconnectionDelayMax(),
      manager.randomizationFactor(),
      manager.timeout(),
      manager.opts.path,
      manager._readyState,
      manager.engine,
    );
    manager
      .reconnection(false)
      .reconnectionAttempts(1)
      .reconnectionDelay(2)
      .reconnectionDelayMax(3)
      .randomizationFactor(0.1)
      .timeout(4);
    subject.note(
      manager.reconnection(),
      manager.reconnectionAttempts(),
      manager.reconnectionDelay(),
      manager.reconnectionDelayMax(),
      manager.randomizationFactor(),
      manager.timeout(),
    );
  },
  'the end of the connection, as the engine tells it': async (subject) => {
    for (const end of ['the socket', 'the engine', 'the server']) {
      const socket = subject.connect('', { transports: ['websocket'], reconnection: false });
      await once(socket, 'connect');
      const { engine } = socket.io;
      for (const name of ['drain', 'close'] as const) {
        engine.on(name, ((reason: unknown) => subject.note(end, `engine.${name}`, reason)) as never);
      }
      socket.io.on('close', (reason) => subject.note(end, 'io.close', reason));
      const closed = once(engine as never, 'close');
      if (end === 'the socket') socket.disconnect();
      else if (end === 'the engine') engine.close();
      else subject.rig.io.disconnectSockets(true);
      await closed;
      subject.note(engine.readyState);
    }
  },
  'auth and query': async (subject) => {
    const seen: unknown[] = [];
    subject.rig.io.on('connection', ({ handshake: { auth, query } }) => {
      const { EIO, t: _t, transport, ...rest } = query;
      seen.push(auth, rest, EIO, transport);
    });
    const a = subject.connect('?from=url&x=a%20b', { auth: { token: 1 } });
    await once(a, 'connect');
    let count = 0;
    const b = subject.connect('', { auth: (done) => done({ count: ++count }), query: { of: 'option' } });
    await once(b, 'connect');
    b.disconnect().connect();
    await once(b, 'connect');
    return seen;
  },
};

test.each(Object.entries(scripts))('client does as socket.io-client does: %s', async (_name, script) => {
  const { upstream, ours } = await runBoth({}, echo, script);
  expect(ours).toEqual(upstream);
});
