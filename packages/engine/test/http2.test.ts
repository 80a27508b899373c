import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket } from '@hawser/engine';
import { WebSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Queue } from './rig/queue.ts';
import { endOf } from './rig/sessions.ts';

interface Answer {
  readonly status: unknown;
  readonly text: string;
}

/** Starts an engine on a server of HTTP/2, and connects to it. */
async function startHttp2(options: ServerOptions = {}) {
  const http = createServer((_request, response) => {
    response.end("the user's own");
  });
  const engine = new Server(options);
  const sessions = new Queue<Socket>();
  engine.on('connection', (session: Socket) => sessions.push(session));
  engine.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => client.once('remoteSettings', resolve));
  onTestFinished(() => {
    client.destroy();
    engine.close();
    http.close();
  });
  return { engine, sessions, client, port };
}

async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const stream = client.request(headers, { endStream: false });
  stream.setEncoding('utf8');
  if (headers[':method'] !== 'CONNECT') stream.end(body);
  let status: unknown;
  let text = '';
  stream.on('response', (answered) => {
    status = answered[':status'];
  });
  for await (const part of stream) text += part;
  return { status, text };
}

/** Returns the head of a WebSocket's stream. */
function connectHead(path: string, protocol = 'websocket'): Record<string, string> {
  return {
    ':method': 'CONNECT',
    ':protocol': protocol,
    ':scheme': 'http',
    ':authority': '127.0.0.1',
    ':path': path,
    'sec-websocket-version': '13',
  };
}

const PATH = '/engine.io/?EIO=4&transport=polling';

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
});
