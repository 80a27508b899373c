import { WebSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { WebSocketServer as WsServer } from 'ws';
import { ask, connectHead, PATH, startHttp2 } from './rig/http2.ts';
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
});
