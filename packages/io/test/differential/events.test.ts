import type { Socket } from '@hawser/io';
import { describe, test } from 'vitest';
import { connected, eventOf, openClient, openOldClient } from '../rig/clients.ts';
import { playBoth, type Stage } from './both.ts';

const VALUES: unknown[][] = [
  [],
  [1, 'zwei', null, true, [1, [2]], { a: { b: 'ü' } }],
  [Buffer.from([1, 2, 3])],
  [{ deep: [{ bytes: Buffer.from('x') }] }, 'then text', Buffer.alloc(0)],
  [new Date(0), { toJSON: () => 'json' }],
  [undefined, 'after nothing'],
  ['😀 utf-8 ünder', '\u0000'],
];

/** Waits for one connection at each end. */
async function connectOne({ io, url }: Stage, options: object = {}) {
  const arrival = new Promise<Socket>((resolve) => io.once('connection', resolve));
  const client = await connected(openClient(url, options));
  return { client, socket: await arrival };
}

describe('events', () => {
  test.each([['polling'], ['websocket']])('values keep their shape both ways over %s', (transport) =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage, { transports: [transport] });
      for (const values of VALUES) {
        const up = eventOf(socket as never, 'up');
        client.emit('up', ...values);
        stage.note('up', await up);
        const down = eventOf(client as never, 'down');
        socket.emit('down', ...values);
        stage.note('down', await down);
        const all = eventOf(client as never, 'all');
        stage.io.emit('all', ...values);
        stage.note('all', await all);
      }
    }),
  );

  test('server acknowledges, once, with any values', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      for (const values of VALUES) {
        socket.once('ask', (answer: (...args: unknown[]) => void) => {
          answer(...values);
          answer('again');
        });
        stage.note(await new Promise((resolve) => client.emit('ask', (...args: unknown[]) => resolve(args))));
      }
    }));

  test('client acknowledges, with and without a time limit', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      client.on('ask', (value: unknown, answer: (...args: unknown[]) => void) => answer(value, 'and more'));
      stage.note(
        await new Promise((resolve) => socket.emit('ask', 1, (...args: unknown[]) => resolve(args))),
      );
      stage.note(
        await new Promise((resolve) =>
          socket.timeout(5000).emit('ask', 2, (...args: unknown[]) => resolve(args)),
        ),
      );
      stage.note(await socket.emitWithAck('ask', 3));
      stage.note(await socket.timeout(5000).emitWithAck('ask', 4));
      stage.note(await new Promise((resolve) => socket.timeout(20).emit('silence', resolve)));
      stage.note(
        await socket
          .timeout(20)
          .emitWithAck('silence')
          .catch((error) => error),
      );
    }));

  test('callback of an answer is called on the socket', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      client.on('ask', (answer: () => void) => answer());
      stage.note(
        await new Promise((resolve) =>
          socket.emit('ask', function (this: unknown) {
            resolve(this === socket);
          }),
        ),
      );
    }));

  test('reserved names are refused', () =>
    playBoth(async (stage) => {
      const { socket } = await connectOne(stage);
      const emitters = [socket, stage.io, stage.io.of('/x'), socket.broadcast, stage.io.to('room')];
      for (const name of [
        'connect',
        'disconnect',
        'disconnecting',
        'newListener',
        'connect_error',
        'error',
      ]) {
        for (const emitter of emitters) {
          try {
            stage.note(name, typeof emitter.emit(name));
          } catch (error) {
            stage.note(name, error);
          }
        }
      }
    }));

  test('listeners for what goes out hear what is emitted on a socket that is gone', () =>
    playBoth(async (stage) => {
      const arrival = new Promise<Socket>((resolve) => stage.io.once('connection', resolve));
      const client = await connected(openClient(stage.url));
      const socket = await arrival;
      socket.onAnyOutgoing((...args: unknown[]) => stage.note(args));
      const gone = eventOf(socket as never, 'disconnect');
      client.disconnect();
      await gone;
      socket.emit('late', 1);
      socket.timeout(10).emit('ask', 2, () => {});
    }));

  test('listeners for any event, of both directions', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      const log =
        (label: string) =>
        (...args: unknown[]) =>
          stage.note(
            label,
            args.map((arg) => (typeof arg === 'function' ? 'function' : arg)),
          );
      const first = log('first');
      socket.onAny(first);
      socket.prependAny(log('before'));
      socket.onAnyOutgoing(log('out'));
      socket.prependAnyOutgoing(log('out before'));
      socket.use(([name], next) => {
        stage.note('middleware', name);
        next();
      });
      socket.on('a', () => stage.note('listener'));
      await new Promise((resolve) => {
        socket.on('a', (_value, answer) => answer());
        client.emit('a', 1, resolve);
      });
      socket.emit('down', 1);
      stage.io.emit('all', 2);
      stage.note(socket.listenersAny().length, socket.listenersAnyOutgoing().length);
      socket.offAny(first).offAnyOutgoing();
      stage.note(socket.listenersAny().length, socket.listenersAnyOutgoing().length);
      socket.offAny();
      stage.note(socket.listenersAny().length);
    }));

  test('middlewares of a socket judge, change and turn away events', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      socket.use((event, next) => {
        event[1] = Number(event[1]) + 1;
        next();
      });
      socket.use(([name], next) => next(name === 'bad' ? new Error('not that') : undefined));
      const error = eventOf(socket as never, 'error');
      socket.on('bad', () => stage.note('never'));
      client.emit('bad', 1);
      stage.note(await error);
      const good = eventOf(socket as never, 'good');
      client.emit('good', 1);
      stage.note(await good);
    }));

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'error', 'message', ''])(
    'an event may be called %j',
    (name) =>
      playBoth(async (stage) => {
        const { client, socket } = await connectOne(stage);
        client.emit(name, 'without a listener');
        const up = eventOf(socket as never, 'fence');
        client.emit('fence');
        await up;
        const own = eventOf(socket as never, name);
        client.emit(name, 1);
        stage.note(await own);
        const down = eventOf(client as never, name);
        socket.emit(name, 2);
        stage.note(await down);
      }),
  );

  test('send and write are the event message', () =>
    playBoth(async (stage) => {
      const { client, socket } = await connectOne(stage);
      for (const send of [
        () => socket.send('a'),
        () => socket.write('b'),
        () => stage.io.send('c'),
        () => stage.io.write('d'),
      ]) {
        const message = eventOf(client as never, 'message');
        const returned = send();
        stage.note(returned === (socket as unknown) || returned === (stage.io as unknown), await message);
      }
    }));

  test('volatile events go out when there is nothing else to send', () =>
    playBoth(async (stage) => {
      for (const transport of ['websocket', 'polling']) {
        const { client, socket } = await connectOne(stage, { transports: [transport] });
        const seen: unknown[] = [];
        client.onAny((...args) => seen.push(args));
        const fence = async (name: string): Promise<void> => {
          const done = eventOf(client as never, name);
          // The round trip lets the connection come to rest.
          await new Promise((resolve) => {
            client.once(name, resolve);
            socket.once(name, () => setTimeout(() => socket.emit(name), 20));
            client.emit(name);
          });
          await done;
          await new Promise((resolve) => setTimeout(resolve, 50));
        };
        await fence('f1');
        socket.volatile.emit('one');
        await fence('f2');
        socket.volatile.emit('first');
        socket.volatile.emit('second');
        await fence('f3');
        socket.emit('regular');
        socket.volatile.emit('behind it');
        socket.emit('regular again');
        await fence('f4');
        stage.io.volatile.emit('to all');
        stage.io.volatile.emit('to all again');
        await fence('f5');
        stage.note(transport, seen);
        client.disconnect();
      }
    }));
});

describe('clients of protocol 4', () => {
  test('connect without asking, and have the id of their connection', () =>
    playBoth(
      async (stage) => {
        const arrival = new Promise<Socket>((resolve) => stage.io.once('connection', resolve));
        const client = openOldClient(stage.url, { query: { token: 'x' } });
        await eventOf(client, 'connect');
        const socket = await arrival;
        stage.note(socket.id === socket.client.id, client.id === socket.id);
        stage.note(socket.handshake.query.token, socket.handshake.auth);
        const up = eventOf(socket as never, 'up');
        client.emit('up', { bytes: Buffer.from([1]) }, 'x');
        stage.note(await up);
        const down = eventOf(client, 'down');
        stage.io.emit('down', Buffer.from([2]));
        stage.note(await down);
        stage.note(
          await new Promise((resolve) => {
            socket.on('ask', (answer: (...args: unknown[]) => void) => answer(1, Buffer.from('2')));
            client.emit('ask', (...args: unknown[]) => resolve(args));
          }),
        );
        const end = eventOf(socket as never, 'disconnect');
        client.disconnect();
        stage.note(await end);
      },
      { allowEIO3: true },
    ));

  test('connect to namespaces, with a query of their own, and get errors as text', () =>
    playBoth(
      async (stage) => {
        stage.io.of('/admin').use((socket, next) => {
          stage.note(socket.handshake.query.secret, { ...socket.handshake.auth });
          next(socket.handshake.auth.secret === 'yes' ? undefined : new Error('not you'));
        });
        const refused = openOldClient(`${stage.url}/admin`);
        stage.note(await eventOf(refused, 'error'));
        const arrival = new Promise<Socket>((resolve) => stage.io.of('/admin').once('connection', resolve));
        const client = openOldClient(`${stage.url}/admin?secret=yes`);
        await eventOf(client, 'connect');
        const socket = await arrival;
        stage.note(socket.id === `/admin#${socket.client.id}`, client.id === socket.id);
        const unknown = openOldClient(`${stage.url}/unknown`);
        stage.note(await eventOf(unknown, 'error'));
      },
      { allowEIO3: true },
    ));
});
