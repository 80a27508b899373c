import { CloseEvent, ErrorEvent, WebSocket, WebSocketError } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient, next, openClient, openToRaw, recordEvents } from './rig/clients.ts';
import { Queue } from './rig/queue.ts';
import { CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';
import { startServer } from './rig/servers.ts';

function domException(name: string) {
  return expect.objectContaining({ name, constructor: DOMException });
}

describe('WHATWG constructor', () => {
  test.each([
    ['ws://127.0.0.1:1/path?query', 'ws://127.0.0.1:1/path?query'],
    ['ws://127.0.0.1:1', 'ws://127.0.0.1:1/'],
    ['WS://LOCALHOST:1/A', 'ws://localhost:1/A'],
    ['http://127.0.0.1:1/path', 'ws://127.0.0.1:1/path'],
    ['https://127.0.0.1:1/path', 'wss://127.0.0.1:1/path'],
    ['wss://127.0.0.1:1/', 'wss://127.0.0.1:1/'],
    [' ws://127.0.0.1:1/a b ', 'ws://127.0.0.1:1/a%20b'],
    ['ws://127.0.0.1:1/☃?☃', 'ws://127.0.0.1:1/%E2%98%83?%E2%98%83'],
  ])('client takes the URL %s', (url, expected) => {
    expect(makeClient(url).url).toBe(expected);
  });

  test('client drops the default port of the scheme that it comes to', () => {
    expect(makeClient('ws://127.0.0.1:80/').url).toBe('ws://127.0.0.1/');
    expect(makeClient('https://127.0.0.1:443/').url).toBe('wss://127.0.0.1/');
    expect(makeClient('https://127.0.0.1:80/').url).toBe('wss://127.0.0.1:80/');
  });

  test('client takes a URL object, and does not change it', () => {
    const url = new URL('http://127.0.0.1:1/path');
    expect(makeClient(url).url).toBe('ws://127.0.0.1:1/path');
    expect(url.href).toBe('http://127.0.0.1:1/path');
  });

  test.each([
    ['relative', '/path'],
    ['empty', ''],
    ['without a host', 'ws://'],
    ['with a port that is no number', 'ws://a:b/'],
    ['with a port out of range', 'ws://127.0.0.1:65536/'],
    ['with another scheme', 'ftp://127.0.0.1/'],
    ['mailto', 'mailto:a@b.test'],
    ['with a fragment', 'ws://127.0.0.1:1/#fragment'],
    ['with an empty fragment', 'ws://127.0.0.1:1/#'],
  ])('client throws a SyntaxError when the URL is %s', (_, url) => {
    expect(() => new WebSocket(url)).toThrow(domException('SyntaxError'));
  });

  test('client throws a TypeError when it is given no URL', () => {
    expect(() => Reflect.construct(WebSocket, [])).toThrow(TypeError);
  });

  test('client throws a TypeError when it is called without new', () => {
    expect(() => (WebSocket as unknown as (url: string) => void)('ws://127.0.0.1:1/')).toThrow(TypeError);
  });

  test.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['with a comma', 'a,b'],
    ['with a control character', 'a\n'],
    ['beyond ASCII', 'ä'],
    ['with a quote', '"a"'],
    ['in a list', ['a', 'b c']],
    ['repeated', ['a', 'b', 'a']],
    ['repeated in another case', ['a', 'A']],
    ['no string at all', {} as string],
    ['the options in its place', { headers: {} } as unknown as string],
  ])('client throws a SyntaxError when a protocol is %s', (_, protocols) => {
    expect(() => new WebSocket('ws://127.0.0.1:1/', protocols)).toThrow(domException('SyntaxError'));
  });

  test('client takes any iterable of protocols, and what converts to a string', async () => {
    const server = await startRawServer();
    makeClient(server.url, new Set(['a', 'b']) as unknown as string[]);
    const list = (await (await server.accept()).head()).headers['sec-websocket-protocol'];
    expect(list).toEqual(['a, b']);
    makeClient(server.url, 7 as unknown as string);
    expect((await (await server.accept()).head()).headers['sec-websocket-protocol']).toEqual(['7']);
  });

  test('client is open to be subclassed', async () => {
    class Chat extends WebSocket {
      say(text: string): void {
        this.send(text);
      }
    }
    const server = await startRawServer();
    const chat = new Chat(server.url);
    const peer = await server.open();
    await next(chat, 'open');
    chat.say('hi');
    expect(await peer.text()).toBe('hi');
    chat.terminate();
  });
});

describe('WHATWG constants', () => {
  test.each([
    ['CONNECTING', 0],
    ['OPEN', 1],
    ['CLOSING', 2],
    ['CLOSED', 3],
  ] as const)('client has %s on class and instance, unchangeable', (name, value) => {
    const client = makeClient('ws://127.0.0.1:1/');
    expect([WebSocket[name], client[name]]).toEqual([value, value]);
    const expected = { value, writable: false, enumerable: true, configurable: false };
    expect(Object.getOwnPropertyDescriptor(WebSocket, name)).toEqual(expected);
    expect(Object.getOwnPropertyDescriptor(WebSocket.prototype, name)).toEqual(expected);
  });

  test('client names itself', () => {
    const client = makeClient('ws://127.0.0.1:1/');
    expect(Object.prototype.toString.call(client)).toBe('[object WebSocket]');
    expect(WebSocket.name).toBe('WebSocket');
    expect(WebSocket).toHaveLength(1);
    expect(client).toBeInstanceOf(EventTarget);
  });
});

describe('WHATWG attributes', () => {
  test('client walks through its states', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    expect(client.readyState).toBe(0);
    const peer = await server.open();
    expect(await events.next()).toBe('open 1');
    peer.write(serverFrame(TEXT, 'hello'));
    expect(await events.next()).toBe('message 1');
    client.close();
    expect(client.readyState).toBe(2);
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
    expect(client.readyState).toBe(3);
  });

  test('client is closing from the close frame of the server on', async () => {
    const { client, peer } = await openToRaw();
    peer.write(serverFrame(CLOSE, closePayload(1001)));
    expect(await peer.close()).toEqual({ code: 1001, reason: '' });
    expect(client.readyState).toBe(2);
    peer.stream.end();
    await next(client, 'close');
    expect(client.readyState).toBe(3);
  });

  test('client has neither protocol nor extensions before it is open', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url, ['a', 'b']);
    expect([client.protocol, client.extensions]).toEqual(['', '']);
    await server.open({ 'Sec-WebSocket-Protocol': 'b' });
    await next(client, 'open');
    expect([client.protocol, client.extensions]).toEqual(['b', '']);
    client.terminate();
    await next(client, 'close');
    expect(client.protocol).toBe('b');
  });

  test('client ignores a binaryType that there is not', () => {
    const client = makeClient('ws://127.0.0.1:1/');
    expect(client.binaryType).toBe('blob');
    client.binaryType = 'arraybuffer';
    for (const value of ['nodebuffer', '', 'Blob', 'BLOB', null, undefined, 5]) {
      client.binaryType = value as 'blob';
      expect(client.binaryType).toBe('arraybuffer');
    }
    client.binaryType = 'blob';
    expect(client.binaryType).toBe('blob');
  });

  test.each(['url', 'readyState', 'protocol', 'extensions', 'bufferedAmount'])(
    'client has a read-only %s',
    (name) => {
      const client = makeClient('ws://127.0.0.1:1/') as unknown as Record<string, unknown>;
      const before = client[name];
      expect(() => {
        client[name] = 'other';
      }).toThrow(TypeError);
      expect(client[name]).toBe(before);
    },
  );
});

describe('beyond the standard', () => {
  test('client pings, and hears pings and pongs', async () => {
    const pings = new Queue<string>();
    const { url } = await startServer({
      open: (socket) => void socket.ping('from the server'),
      ping: (_socket, data) => pings.push(data.toString()),
    });
    const client = makeClient(url);
    const ping = next(client, 'ping');
    expect(client.ping('early')).toBe(false);
    await next(client, 'open');
    expect(Buffer.from((await ping).data).toString()).toBe('from the server');
    const pong = next(client, 'pong');
    expect(client.ping('from the client')).toBe(true);
    expect(Buffer.from((await pong).data).toString()).toBe('from the client');
    expect(await pings.next()).toBe('from the client');
    expect(() => client.ping('x'.repeat(126))).toThrow(
      expect.objectContaining({ code: 'WS_ERR_CONTROL_PAYLOAD_ARGUMENT' }),
    );
    client.close();
    expect(client.ping()).toBe(false);
  });

  test('client says that a ping is on its way although much is before it', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.pause();
    client.send(Buffer.alloc(16_000_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(client.ping('behind')).toBe(true);
    peer.stream.resume();
    await peer.frame();
    expect((await peer.frame()).payload.toString()).toBe('behind');
  });

  test('client has the events of its package', () => {
    expect(new CloseEvent('close', { code: 1000 })).toMatchObject({
      code: 1000,
      reason: '',
      wasClean: false,
    });
    expect(new CloseEvent('close')).toMatchObject({ type: 'close', code: 0 });
    expect(new ErrorEvent('error', new WebSocketError('WS_ERR_CONNECT_FAILED', 'why'))).toMatchObject({
      message: 'why',
    });
  });

  test('a client that was never listened to fails quietly', async () => {
    const client = makeClient('ws://127.0.0.1:1/');
    await next(client, 'close');
    expect(client.readyState).toBe(3);
  });

  test('two clients of one process do not meet', async () => {
    const { url } = await startServer({ message: (socket, data) => void socket.send(data.toString()) });
    const clients = await Promise.all([openClient(url), openClient(url)]);
    const answers = clients.map((client) => next(client, 'message'));
    clients.forEach((client, i) => {
      client.send(`${i}`);
    });
    expect((await Promise.all(answers)).map(({ data }) => data)).toEqual(['0', '1']);
  });
});
