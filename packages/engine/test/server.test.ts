import { once } from 'node:events';
import { createServer } from 'node:http';
import { attach, listen, Server, type Socket, Transport } from '@hawser/engine';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient } from './rig/clients.ts';
import { listenOn, startEngine } from './rig/engines.ts';
import { ask, handshake, sendRaw, upgradeHead } from './rig/http.ts';
import { Queue } from './rig/queue.ts';
import { endOf } from './rig/sessions.ts';
import { openSocket } from './rig/sockets.ts';

describe('server', () => {
  test('server gives a silent client up by the time that the handshake names, not before', async () => {
    const { port, sessions } = await startEngine({ pingInterval: 300, pingTimeout: 200 });
    const startMs = performance.now();
    await handshake(port);
    await endOf(await sessions.next());
    const tookMs = performance.now() - startMs;
    // The ping goes out at half of the interval or later; its answer has all of its time.
    expect(tookMs).toBeGreaterThanOrEqual(350);
  });

  test('server knows its sessions by their ids, and forgets them', async () => {
    const { port, sessions, engine } = await startEngine();
    const client = await openClient(4, port);
    const session = await sessions.next();
    expect(engine.clients[client.id]).toBe(session);
    expect(engine.clientsCount).toBe(1);
    expect(session.id).toBe(client.id);
    expect(session.id).toMatch(/^[\w-]{20}$/);
    expect(session.server).toBe(engine);
    expect(session.remoteAddress).toBe('127.0.0.1');
    expect(session.request.headers.host).toBe(`127.0.0.1:${port}`);
    expect(session.transport).toBeInstanceOf(Transport);
    engine.close();
    expect(engine.clientsCount).toBe(0);
  });

  test('what has the sessions by their ids is one object, from whenever it is asked for', async () => {
    const { port, sessions, engine } = await startEngine();
    const clients = [];
    for (let i = 0; i < 2; i++) clients.push(await openClient(4, port, { transports: ['websocket'] }));
    const opened = [await sessions.next(), await sessions.next()];
    const record = engine.clients;
    expect(record).toEqual(Object.fromEntries(opened.map((session) => [session.id, session])));
    await openClient(4, port, { transports: ['websocket'] });
    const third = await sessions.next();
    opened[0]!.close(true);
    expect(Object.keys(record)).toEqual([opened[1]!.id, third.id]);
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(engine.clients).toBe(record);
  });

  test('server that is closed lets nobody in until its HTTP server listens again', async () => {
    const { http, port, engine } = await startEngine();
    engine.close();
    const address = `ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket`;
    const [error] = await once(new WebSocket(address), 'error');
    expect(error.message).toBe('Unexpected server response: 503');
    expect((await ask(port, {})).status).toBe(503);
    expect(engine.clientsCount).toBe(0);
    http.close();
    await once(http, 'close');
    await openClient(4, await listenOn(http), { transports: ['websocket'] });
    expect(engine.clientsCount).toBe(1);
  });

  test.each(['polling', 'websocket'])(
    'server that is closed lets nobody in by %s whom it was deciding on',
    async (transport) => {
      const asked = new Queue<() => void>();
      const { port, engine } = await startEngine({
        allowRequest: (_request, verdict) => asked.push(() => verdict(null, true)),
      });
      const query = `EIO=4&transport=${transport}`;
      const answer =
        transport === 'polling'
          ? ask(port, { query }).then(({ status }) => `HTTP/1.1 ${status}`)
          : sendRaw(port, upgradeHead(query)).ended;
      const letIn = await asked.next();
      engine.close();
      letIn();
      expect(await answer).toMatch(/^HTTP\/1.1 503/);
      expect(engine.clientsCount).toBe(0);
    },
  );

  test('sessions with one id of the user do not take each other from the list', async () => {
    const { port, sessions, engine } = await startEngine({}, (made) => {
      made.generateId = () => 'always-the-same';
    });
    await openClient(4, port, { transports: ['websocket'] });
    const first = await sessions.next();
    await openClient(4, port, { transports: ['websocket'] });
    const second = await sessions.next();
    first.close();
    expect(engine.clients).toEqual({ 'always-the-same': second });
    expect(engine.clientsCount).toBe(1);
  });

  test('listen answers what is no client of it with 501', async () => {
    const port = 0;
    const engine = await new Promise<Server>((resolve) => {
      const made = listen(port, () => resolve(made));
    });
    onTestFinished(() => {
      engine.httpServer?.close();
    });
    const address = engine.httpServer?.address() as { port: number };
    const { status, body } = await ask(address.port, { path: '/' });
    expect({ status, body: body.toString() }).toEqual({ status: 501, body: 'Not Implemented' });
  });

  test('several engines share one HTTP server with listeners of the user', async () => {
    const http = createServer((_request, response) => response.end('mine'));
    const outer = attach(http, { path: '/outer' });
    http.on('request', (_request, response) => {
      if (!response.writableEnded) response.setHeader('x-too', '1');
    });
    const inner = attach(http, { path: '/outer/inner' });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http.close();
      http.closeAllConnections();
      outer.close();
      inner.close();
    });
    const { port } = http.address() as { port: number };
    const query = '?EIO=4&transport=polling';
    expect((await ask(port, { path: '/any' })).body.toString()).toBe('mine');
    await ask(port, { path: `/outer/${query}` });
    await ask(port, { path: `/outer/inner/${query}` });
    expect([outer.clientsCount, inner.clientsCount]).toEqual([1, 1]);
  });

  test('handleUpgrade throws where the socket is one that it has let in', async () => {
    const [engine, http, sessions] = [new Server(), createServer(), new Queue<Socket>()];
    engine.on('connection', (session: Socket) => sessions.push(session));
    onTestFinished(() => void engine.close());
    const thrown = new Promise((resolve) => {
      http.on('upgrade', (request, socket, head) => {
        engine.handleUpgrade(request, socket, head);
        try {
          engine.handleUpgrade(request, socket, head);
        } catch (error) {
          resolve(error);
        }
      });
    });
    const { socket, messages } = await openSocket(await listenOn(http));
    expect(await thrown).toMatchObject({ message: 'handleUpgrade was called twice for the same socket' });
    const session = await sessions.next();
    session.on('message', (data) => session.send(data));
    socket.send('4once');
    expect(await messages.next()).toBe('4once');
    expect(engine.clientsCount).toBe(1);
  });
});
