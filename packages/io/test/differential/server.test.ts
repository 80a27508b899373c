import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server, Socket } from '@hawser/io';
import { describe, test } from 'vitest';
import { connected, eventOf, openClient } from '../rig/clients.ts';
import { playBoth } from './both.ts';

/** Makes a server of the same make as `io`. */
function another(io: Server, ...args: unknown[]): Server {
  return new (io.constructor as new (...all: unknown[]) => Server)(...args);
}

describe('a server', () => {
  test('listens on a port of its own', () =>
    playBoth(async ({ io, note }) => {
      for (const start of [() => another(io, 0), () => another(io).listen(0), () => another(io).attach(0)]) {
        const server = start();
        if (!server.httpServer.listening) await eventOf(server.httpServer as never, 'listening');
        const { port } = server.httpServer.address() as AddressInfo;
        const client = await connected(openClient(`http://127.0.0.1:${port}`));
        const response = await fetch(`http://127.0.0.1:${port}/elsewhere`);
        note(response.status, await response.text());
        const told = eventOf(client as never, 'disconnect');
        await server.close();
        note((await told)[0], server.httpServer.listening, server.engine.clientsCount);
      }
    }));

  test('is attached under a path, beside a program that has all others', () =>
    playBoth(async ({ io, note }) => {
      const http = createServer((request, response) => response.end(`program: ${request.url}`));
      const server = another(io, http, { path: '/chat', serveClient: false });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      for (const path of [
        '/',
        '/socket.io/?EIO=4&transport=polling',
        '/chat',
        '/chat/?EIO=3&transport=polling',
        '/chat/socket.io.js',
      ]) {
        const response = await fetch(url + path);
        note(path, response.status, await response.text());
      }
      await connected(openClient(url, { path: '/chat' }));
      note(server.engine.clientsCount);
      await server.close();
    }));

  test('closes all it has, once', () =>
    playBoth(async ({ io, note, url, http }) => {
      const sockets: Socket[] = [];
      io.of('/other');
      for (const name of ['/', '/other']) io.of(name).on('connection', (socket) => sockets.push(socket));
      const clients = [await connected(openClient(url)), await connected(openClient(`${url}/other`))];
      for (const socket of sockets) socket.on('disconnect', (reason) => note(socket.nsp.name, reason));
      const told = Promise.all(clients.map((client) => eventOf(client as never, 'disconnect')));
      await new Promise<void>((resolve) => {
        void io.close((error) => {
          note(error);
          resolve();
        });
      });
      note(
        (await told).map(([reason]) => reason),
        http.listening,
        io.sockets.sockets.size,
      );
    }));

  test('tells the error of an HTTP server that did not listen', () =>
    playBoth(async ({ io, note }) => {
      const server = another(io, createServer());
      note(await new Promise((resolve) => void server.close(resolve)));
    }));

  test('knows who connected, and how', () =>
    playBoth(async ({ io, note, url }) => {
      io.on('connection', (socket) => {
        const { headers, time, address, xdomain, secure, issued, url: asked, query, auth } = socket.handshake;
        const { t: _cacheBuster, ...rest } = query;
        note(
          headers['x-mine'],
          new Date(time).getTime() - issued <= 0,
          address,
          xdomain,
          secure,
          asked.split('?')[0],
          rest,
          auth,
        );
        note(
          Object.keys(socket.handshake),
          socket.request.headers === headers,
          socket.conn === socket.client.conn,
        );
        socket.handshake.auth.changed = true;
        note(socket.handshake.auth, socket.handshake.auth === auth);
      });
      for (const transports of [['websocket'], ['polling']] as const) {
        const extraHeaders = {
          'x-mine': 'yes',
          ...(transports[0] === 'polling' ? { origin: 'http://elsewhere' } : {}),
        };
        await connected(
          openClient(url, {
            transports: [...transports],
            auth: { token: 1 },
            query: { a: 'b' },
            extraHeaders,
          }),
        );
        const auth = (set: (data: object) => void): void => set({ token: 2 });
        await connected(openClient(url, { transports: [...transports], auth, extraHeaders }));
      }
    }));

  test('emits between servers only what an adapter can carry', () =>
    playBoth(async ({ io, note }) => {
      for (const name of ['connection', 'connect', 'new_namespace']) {
        try {
          io.serverSideEmit(name);
        } catch (error) {
          note(error);
        }
      }
    }));
});

describe('recovery of stock clients', () => {
  const options = { connectionStateRecovery: {} };

  test('session goes on after the connection was lost, with its rooms and data', () =>
    playBoth(async ({ io, note, url }) => {
      const arrivals: Socket[] = [];
      io.on('connection', (socket) => arrivals.push(socket));
      const client = await connected(openClient(url, { reconnection: true, reconnectionDelay: 10 }));
      const socket = arrivals[0]!;
      socket.data.name = 'x';
      socket.join('room');
      const first = eventOf(client as never, 'first');
      io.emit('first');
      await first;
      const got: unknown[] = [];
      client.onAny((name, value) => got.push([name, typeof value === 'string' ? 'offset' : value]));
      const lost = eventOf(socket as never, 'disconnect');
      client.io.engine.close();
      note((await lost)[0]);
      io.emit('to all', 1);
      io.to('room').emit('to the room', 2);
      io.to('elsewhere').emit('to others', 3);
      io.to(socket.id).emit('to it alone', 4);
      io.volatile.emit('volatile', 5);
      io.emit('bytes', Buffer.from([6]));
      await eventOf(client as never, 'connect');
      const again = arrivals[1]!;
      const end = eventOf(client as never, 'end');
      again.emit('end');
      await end;
      note(
        client.recovered,
        again.recovered,
        again.id === socket.id,
        again.data,
        again.rooms.has('room'),
        got.map(String),
      );
    }, options));

  test('session begins anew where it was left on purpose, or is not known', () =>
    playBoth(async ({ io, note, url }) => {
      const arrivals: Socket[] = [];
      io.on('connection', (socket) => arrivals.push(socket));
      const client = await connected(openClient(url, { reconnection: true, reconnectionDelay: 10 }));
      const first = eventOf(client as never, 'first');
      io.emit('first');
      await first;
      const told = eventOf(client as never, 'disconnect');
      arrivals[0]!.disconnect();
      note((await told)[0]);
      client.connect();
      await eventOf(client as never, 'connect');
      note(client.recovered, arrivals[1]!.recovered, arrivals[1]!.id === arrivals[0]!.id);
      const stranger = await connected(openClient(url, { auth: { pid: 'x', offset: 'y' } }));
      note(stranger.recovered, arrivals[2]!.recovered);
    }, options));

  test.each([[true], [false]])('middlewares are passed over: %s', (skipMiddlewares) =>
    playBoth(
      async ({ io, note, url }) => {
        let runs = 0;
        io.use((_socket, next) => {
          runs++;
          next();
        });
        const client = await connected(openClient(url, { reconnection: true, reconnectionDelay: 10 }));
        const first = eventOf(client as never, 'first');
        io.emit('first');
        await first;
        const again = eventOf(client as never, 'connect');
        client.io.engine.close();
        await again;
        note(client.recovered, runs);
      },
      { connectionStateRecovery: { skipMiddlewares } },
    ),
  );
});
