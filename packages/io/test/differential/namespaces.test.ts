import type { Namespace, Socket } from '@hawser/io';
import { describe, expect, test } from 'vitest';
import { connected, eventOf, openClient } from '../rig/clients.ts';
import { openRaw } from '../rig/raw.ts';
import { playBoth, type Stage } from './both.ts';

/** Connects clients to a namespace, one after another, and returns both ends of each. */
async function connectSome({ io, url }: Stage, count: number, name = '/') {
  const ends = [];
  for (let i = 0; i < count; i++) {
    const arrival = new Promise<Socket>((resolve) => io.of(name).once('connection', resolve));
    const client = await connected(openClient(url + name));
    ends.push({ client, socket: await arrival });
  }
  return ends;
}

/** Collects what clients get, by their places, up to an event `end` to all. */
function collect(ends: Awaited<ReturnType<typeof connectSome>>): Promise<unknown[]> {
  return Promise.all(
    ends.map(
      ({ client }) =>
        new Promise((resolve) => {
          const got: unknown[] = [];
          const listener = (...args: unknown[]): void => {
            if (args[0] !== 'end') {
              got.push(args);
              return;
            }
            client.offAny(listener);
            resolve(got);
          };
          client.onAny(listener);
        }),
    ),
  );
}

describe('namespaces', () => {
  test('are made once, by name', () =>
    playBoth(async ({ io, note }) => {
      const made: string[] = [];
      io.on('new_namespace', (nsp: Namespace) => made.push(nsp.name));
      note(io.of('/a') === io.of('a'), io.of('/') === io.sockets, io.of('') === io.of('/'), io.of('/a').name);
      io.of('/b');
      note(made, [...io._nsps.keys()]);
    }));

  test('one connection carries many, and keeps them apart', () =>
    playBoth(async (stage) => {
      const [main, other] = [await connectSome(stage, 1), await connectSome(stage, 1, '/other')];
      const got = collect([...main, ...other]);
      stage.io.emit('main');
      stage.io.of('/other').emit('other');
      for (const { socket } of [...main, ...other]) socket.emit('end');
      stage.note(await got);
      const left = eventOf(other[0]!.socket as never, 'disconnect');
      other[0]!.client.disconnect();
      stage.note(await left, main[0]!.socket.connected);
    }));

  test('an unknown one is refused, with a reason', () =>
    playBoth(async (stage) => {
      stage.note(await eventOf(openClient(`${stage.url}/unknown`) as never, 'connect_error'));
    }));

  test('middlewares run in order, and their errors reach the client with data', () =>
    playBoth(async (stage) => {
      const { io, note, url } = stage;
      io.use((socket, next) => {
        note('first', socket.handshake.auth, socket.connected, socket.rooms.size);
        socket.data.user = socket.handshake.auth.user;
        setTimeout(next, 1);
      });
      io.use((socket, next) => {
        note('second', socket.data);
        if (socket.data.user) next();
        else next(Object.assign(new Error('who are you?'), { data: { code: 401 } }));
      });
      io.on('connection', (socket) => note('connection', socket.data, socket.connected));
      note(await eventOf(openClient(url) as never, 'connect_error'));
      await connected(openClient(url, { auth: { user: 'x' } }));
      note(io.sockets.sockets.size, io.engine.clientsCount);
    }));

  test('patterns and functions make them when they are asked for', () =>
    playBoth(async (stage) => {
      const { io, note, url } = stage;
      io.on('new_namespace', (nsp: Namespace) => note('new', nsp.name));
      const pattern = io.of(/^\/dynamic-\d+$/, (socket) => note('connection', socket.nsp.name));
      pattern.use((socket, next) => {
        note('middleware', socket.nsp.name);
        next();
      });
      io.of((name, auth, next) => next(null, name === '/by-function' && auth.ok === 1));
      const one = await connected(openClient(`${url}/dynamic-1`));
      const two = await connected(openClient(`${url}/dynamic-2`));
      await connected(openClient(`${url}/by-function`, { auth: { ok: 1 } }));
      note(await eventOf(openClient(`${url}/by-function-2`) as never, 'connect_error'));
      note(await eventOf(openClient(`${url}/dynamic-x`) as never, 'connect_error'));
      const got = [eventOf(one as never, 'hi'), eventOf(two as never, 'hi')];
      pattern.emit('hi', 'all');
      note(await Promise.all(got));
      const rooms = [eventOf(one as never, 'room'), eventOf(two as never, 'room')];
      io.of('/dynamic-1').socketsJoin('r');
      io.of('/dynamic-2').socketsJoin('r');
      pattern.to('r').emit('room');
      note(await Promise.all(rooms));
      note(io.of('/dynamic-3').name);
      try {
        await pattern.fetchSockets();
      } catch (error) {
        note(error);
      }
      note(pattern.serverSideEmit('to other servers'), [...(await pattern.allSockets())]);
    }));

  test('empty children go where that is asked for', () =>
    playBoth(
      async ({ io, url, note }) => {
        const pattern = io.of(/^\/dynamic-\d+$/);
        const arrival = new Promise<Socket>((resolve) => pattern.on('connection', resolve));
        const client = await connected(openClient(`${url}/dynamic-1`));
        const socket = await arrival;
        note([...io._nsps.keys()]);
        const left = eventOf(socket as never, 'disconnect');
        client.disconnect();
        await left;
        note([...io._nsps.keys()]);
        await connected(openClient(`${url}/dynamic-1`));
        note([...io._nsps.keys()]);
      },
      { cleanupEmptyChildNamespaces: true },
    ));
});

describe('rooms and broadcasts', () => {
  test('reach whom they are for', () =>
    playBoth(async (stage) => {
      const ends = await connectSome(stage, 4);
      const [a, b, c, d] = ends.map(({ socket }) => socket) as [Socket, Socket, Socket, Socket];
      a.join(['red', 'blue']);
      b.join('red');
      c.join('blue');
      const got = collect(ends);
      stage.io.emit('all');
      stage.io.to('red').emit('red');
      stage.io.in(['red', 'blue']).emit('either');
      stage.io.to('red').to('blue').emit('either again');
      stage.io.except('red').emit('not red');
      stage.io.to('blue').except(a.id).emit('blue without a');
      a.broadcast.emit('all but a');
      a.to('red').emit('red but a');
      a.except('blue').emit('not blue, not a');
      a.broadcast.to('red').except(b.id).emit('nobody');
      stage.io.to(d.id).emit('d alone');
      b.leave('red');
      stage.io.to('red').emit('red without b');
      stage.io.local.emit('local');
      a.local.emit('local but a');
      stage.io.compress(false).emit('as it is', Buffer.from([1, 2]));
      stage.io.emit('end');
      stage.note(await got);
      stage.note(a.rooms.size, b.rooms.size, c.rooms.has('blue'), (await stage.io.allSockets()).size);
    }));

  test('sockets can be had, moved and disconnected together', () =>
    playBoth(async (stage) => {
      const ends = await connectSome(stage, 3);
      ends[0]!.socket.join('r');
      ends[1]!.socket.join('r');
      ends[0]!.socket.data = { mine: 1 };
      const found = await stage.io.in('r').fetchSockets();
      stage.note(
        found.length,
        found.map(({ data }) => data),
        found[0] === (ends[0]!.socket as unknown),
      );
      stage.io.in('r').socketsJoin(['s', 't']);
      stage.io.in('s').socketsLeave('r');
      stage.note(
        ends.map(({ socket }) => socket.rooms.size),
        (await stage.io.in('r').fetchSockets()).length,
      );
      const gone = Promise.all([0, 1].map((i) => eventOf(ends[i]!.socket as never, 'disconnect')));
      const told = Promise.all([0, 1].map((i) => eventOf(ends[i]!.client as never, 'disconnect')));
      stage.io.in('s').disconnectSockets();
      stage.note(
        await gone,
        (await told).map(([reason]) => reason),
        stage.io.sockets.sockets.size,
      );
      const closed = eventOf(ends[2]!.socket as never, 'disconnect');
      stage.io.disconnectSockets(true);
      stage.note(await closed);
    }));

  test('listeners for rooms move sockets that are being moved', () =>
    playBoth(async (stage) => {
      const ends = await connectSome(stage, 3);
      const { adapter, sockets } = stage.io.sockets;
      const names = new Map(ends.map(({ socket }, i) => [socket.id, i]));
      for (const { socket } of ends) socket.join('lobby');
      adapter.on('leave-room', (room, id) => {
        if (room !== 'lobby') return;
        stage.note(room, names.get(id));
        sockets.get(id)?.join('lobby');
      });
      stage.io.in('lobby').socketsLeave('lobby');
      stage.note(ends.map(({ socket }) => socket.rooms.size));
    }));

  test('listeners for what goes out move sockets in the midst of it', () =>
    playBoth(async (stage) => {
      const ends = await connectSome(stage, 3);
      const [a, b] = [ends[0]!.socket, ends[1]!.socket];
      b.join('waiting');
      const seen = ends.map(({ client }) => {
        const names: string[] = [];
        client.onAny((name: string) => names.push(name));
        return names;
      });
      a.onAnyOutgoing((name: string) => {
        if (name === 'turn') b.leave('waiting');
        if (name !== 'again') return;
        a.leave('r');
        a.join('r');
      });
      stage.io.except('waiting').emit('turn');
      for (const { socket } of ends) socket.join('r');
      stage.io.to('r').emit('again');
      const last = Promise.all(ends.map(({ client }) => eventOf(client as never, 'end')));
      stage.io.emit('end');
      await last;
      stage.note(seen);
    }));

  test('many acknowledge, or not all in time', () =>
    playBoth(async (stage) => {
      const ends = await connectSome(stage, 3);
      for (const [i, { client }] of ends.entries()) {
        client.on('ask', (answer: (value: number) => void) => answer(i));
        if (i > 0) client.on('ask some', (answer: (value: number) => void) => answer(i));
      }
      const ask = (name: string, timeoutMs: number) =>
        new Promise<unknown[]>((resolve) =>
          stage.io
            .timeout(timeoutMs)
            .emit(name, (error: Error | null, answers: number[]) => resolve([error, answers.toSorted()])),
        );
      stage.note(await ask('ask', 5000), await ask('ask some', 100));
      stage.note((await stage.io.timeout(5000).emitWithAck('ask')).toSorted());
      stage.note(
        await stage.io
          .timeout(50)
          .emitWithAck('silence')
          .catch((error: Error) => error),
      );
      stage.note(await stage.io.to('nobody').timeout(50).emitWithAck('ask'));
      const sockets = await stage.io.fetchSockets();
      stage.note(
        await new Promise((resolve) =>
          sockets[0]!.timeout(5000).emit('ask', (...args: unknown[]) => resolve(args.length)),
        ),
      );
      stage.note(ends.map(({ socket }) => socket.acks.size > 0));
    }));

  test('middleware can join rooms, and what it joined is left when it turns the client away', () =>
    playBoth(async ({ io, url, note }) => {
      io.use((socket, next) => {
        socket.join('r');
        note(io.sockets.adapter.rooms.has('r'));
        next(new Error('no'));
      });
      await eventOf(openClient(url) as never, 'connect_error');
      note(io.sockets.adapter.rooms.size, io.sockets.adapter.sids.size);
    }));
});

describe('ends', () => {
  const ENDS: Record<
    string,
    (socket: Socket, client: ReturnType<typeof openClient>, stage: Stage) => unknown
  > = {
    'client disconnects': (_socket, client) => client.disconnect(),
    'client ends the connection': (_socket, client) => client.io.engine.close(),
    'server disconnects from the namespace': (socket) => socket.disconnect(),
    'server ends the connection': (socket) => socket.disconnect(true),
    'server closes': (_socket, _client, stage) => stage.io.close(),
    'connection breaks': (socket) =>
      (socket.conn as unknown as { transport: { onClose?(): void } }) && socket.request.socket.destroy(),
  };
  test.each(Object.entries(ENDS))('both ends are told: %s', (_title, end) =>
    playBoth(async (stage) => {
      const [{ client, socket }] = (await connectSome(stage, 1)) as [
        { client: ReturnType<typeof openClient>; socket: Socket },
      ];
      socket.join('room');
      socket.on('disconnecting', (reason) =>
        stage.note('disconnecting', reason, socket.rooms.size, socket.connected),
      );
      const gone = eventOf(socket as never, 'disconnect');
      const told = eventOf(client as never, 'disconnect');
      await end(socket, client, stage);
      stage.note((await gone)[0], (await told)[0], socket.connected, socket.rooms.size, socket.disconnected);
      stage.note(stage.io.sockets.sockets.size, stage.io.sockets.adapter.rooms.size);
      socket.join('late');
      stage.note(stage.io.sockets.adapter.rooms.size, socket.disconnect() === socket);
    }),
  );

  test('connection that connects to nothing is ended in time', () =>
    playBoth(
      async ({ port, note }) => {
        const raw = await openRaw(port);
        const { code } = await raw.closed;
        note(code);
      },
      { connectTimeout: 50 },
    ));

  test.each<[string, (string | Buffer)[]]>([
    ['no JSON', ['40{bad']],
    ['an array for auth', ['40[]']],
    ['text for auth', ['40"x"']],
    ['null for auth', ['40null']],
    ['an event before it connects', ['42["no namespace"]']],
    ['an event for a namespace that it is not connected to', ['40', '42/other,["x"]']],
    ['a reserved event', ['40', '42["disconnect"]']],
    ['an object for an event', ['40', '42{}']],
    ['an event without a name', ['40', '42[{}]']],
    ['CONNECT_ERROR', ['40', '44{}']],
    ['an unknown type', ['40', '49']],
    ['bytes of nothing', ['40', Buffer.from([1])]],
    ['text for an attachment', ['40', '451-["x",{"_placeholder":true,"num":0}]', '42["x"]']],
    ['an attachment that is not there', ['40', '451-["x",{"_placeholder":true,"num":9}]', Buffer.from([1])]],
    ['an answer to nothing', ['40', '43999[]']],
    ['a good event', ['40{}', '42["x"]']],
    ['a second namespace', ['40/other,', '40']],
    ['a namespace that does not exist, then one that does', ['40/missing,', '40']],
    ['one namespace after another', ['40/other,', '41/other,', '40']],
    ['a number for the name of an event', ['40', '42[5]']],
  ])('connection goes on, or not, after %s', (_title, messages) =>
    playBoth(async ({ port, note, io }) => {
      io.of('/other');
      io.on('connection', (socket) => socket.onAny((...args) => note(args.map(String))));
      const raw = await openRaw(port);
      raw.send(...messages);
      const fate = await Promise.race([
        raw.closed.then(() => 'ended'),
        new Promise((resolve) => setTimeout(resolve, 150, 'goes on')),
      ]);
      note(fate);
    }),
  );
});

test('a server has the listeners of its main namespace', () =>
  playBoth(async ({ io, note }) => {
    const listener = (): void => {};
    note(io.on('connection', listener) === (io.sockets as unknown), io.listeners('connection').length);
    note(io.listenerCount('connection'), io.sockets.listenerCount('connection'), io.eventNames().length);
    note(io.prependListener('connect', listener) === (io.sockets as unknown));
    io.removeAllListeners();
    note(io.eventNames());
    expect(io.getMaxListeners()).toBe(io.sockets.getMaxListeners());
    note(io.path(), io.connectTimeout(), io.serveClient());
    note(
      io.path('/x/') === io,
      io.path(),
      io.connectTimeout(5) === io,
      io.serveClient(false) === io,
      io.serveClient(),
    );
  }));
