import { WebSocket } from '@hawser/ws';
import { describe, expect, test, vi } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { ask, beginPolling, connectHead, PATH, startHttp2 } from './rig/http2.ts';
import { Queue } from './rig/queue.ts';
import { endOf } from './rig/sessions.ts';

describe('engine over HTTP/2', () => {
  test('server polls', async () => {
    const { client, sessions, engine } = await startHttp2({
      cors: { origin: '*' },
      httpCompression: { threshold: 10 },
    });
    expect((await ask(client, { ':path': '/other' })).text).toBe("the user's own");
    expect((await ask(client, { ':path': `${PATH}&sid=nobody` })).status).toBe(400);
    const handshake = await ask(client, { ':path': PATH });
    const session = await sessions.next();
    session.on('message', (data) => session.send(`${data} `.repeat(50)));
    const { sid } = JSON.parse(handshake.text.slice(1));
    const path = `${PATH}&sid=${sid}`;
    const polling = ask(client, { ':path': path });
    expect(await ask(client, { ':path': path, ':method': 'POST' }, '4hello')).toEqual({
      status: 200,
      text: 'ok',
    });
    expect((await polling).text).toBe(`4${'hello '.repeat(50)}`);
    expect((await ask(client, { ':path': path, ':method': 'POST' }, 'x')).status).toBe(400);
    expect(engine.clientsCount).toBe(0);
  });

  test('server takes WebSockets as streams, new ones and those that a session moves to', async () => {
    const { client, port, sessions } = await startHttp2();
    const handshake = await ask(client, { ':path': PATH });
    const moving = await sessions.next();
    const { sid } = JSON.parse(handshake.text.slice(1));
    for (const query of ['', `&sid=${sid}`]) {
      const url = `ws://127.0.0.1:${port}/engine.io/?EIO=4&transport=websocket${query}`;
      const socket = new WebSocket(url, [], { http2: client });
      const messages = new Queue<unknown>();
      socket.onmessage = ({ data }) => messages.push(data);
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      if (query !== '') {
        socket.send('2probe');
        expect(await messages.next()).toBe('3probe');
        socket.send('5');
        await new Promise((resolve) => moving.once('upgrade', resolve));
      } else {
        expect(await messages.next()).toMatch(/^0/);
      }
      const session = query === '' ? await sessions.next() : moving;
      expect(session.remoteAddress).toBe('127.0.0.1');
      session.on('message', (data) => session.send(data));
      socket.send('4hello');
      expect(await messages.next()).toBe('4hello');
      const ending = endOf(session);
      socket.close();
      expect((await ending).reason).toBe('transport close');
    }
  });

  test('server refuses streams as it refuses upgrades', async () => {
    const { client, engine } = await startHttp2();
    const unknown = await ask(client, connectHead('/engine.io/?EIO=4&transport=websocket&sid=nobody'));
    expect(unknown).toEqual({ status: 400, text: 'Session ID unknown' });
    const path = '/engine.io/?EIO=4&transport=websocket';
    const version = { ...connectHead(path), 'sec-websocket-version': '8' };
    expect((await ask(client, version)).status).toBe(400);
    expect((await ask(client, connectHead('/elsewhere'))).status).toBe(405);
    expect((await ask(client, connectHead(path, 'other'))).status).toBe(405);
    expect(engine.clientsCount).toBe(0);
  });

  test('server with a WebSocket server of the option wsEngine refuses streams, and polls', async () => {
    const { client, engine } = await startHttp2({ wsEngine: WsServer });
    expect((await ask(client, connectHead('/engine.io/?EIO=4&transport=websocket'))).status).toBe(501);
    expect((await ask(client, { ':path': PATH })).status).toBe(200);
    expect(engine.clientsCount).toBe(1);
  });

  test('a poll whose response ends while the next is being answered ends nothing else', async () => {
    const { client, sessions } = await startHttp2();
    const { session, path } = await beginPolling({ client, sessions });
    const flushed: number[] = [];
    session.on('flush', (packets: unknown[]) => flushed.push(packets.length));
    session.on('message', (data) => {
      for (let i = 0; i < (data === 'many' ? 12 : 1); i++) session.send(`${i}${'x'.repeat(50_000)}`);
    });
    const open = client.request({ ':path': path }, { endStream: false });
    const first = new Promise((resolve) => open.setEncoding('utf8').once('data', resolve));
    await ask(client, { ':path': path, ':method': 'POST' }, '4one');
    expect(await first).toMatch(/^40x/);
    open.resume();
    session.transport.takeHeard();
    const post = client.request({ ':path': path, ':method': 'POST' }, { endStream: false });
    post.write('4man');
    await vi.waitFor(() => expect(session.transport.takeHeard()).toBe(true));
    const second = ask(client, { ':path': path });
    await vi.waitFor(() => expect(session.transport.writable).toBe(true));
    // Both leave in one write: the first poll's stream closes when the second is about to be answered.
    post.end('y');
    open.end();
    post.resume();
    const texts = (await second).text.split('\x1e');
    while (texts.length < 12) texts.push(...(await ask(client, { ':path': path })).text.split('\x1e'));
    expect(texts.map((text) => text.slice(0, text.indexOf('x')))).toEqual(
      Array.from({ length: 12 }, (_, i) => `4${i}`),
    );
    expect(flushed).not.toContain(0);
  });
});
