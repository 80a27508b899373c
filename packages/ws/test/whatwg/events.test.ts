import { WebSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient, next, openToRaw, recordEvents } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { CLOSE, closePayload, PING, serverFrame, TEXT } from '../rig/raw-frame.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { startServer } from '../rig/servers.ts';
import { captureUncaught } from '../rig/uncaught.ts';

const TYPES = ['open', 'message', 'error', 'close'] as const;
const ATTRIBUTES = ['onopen', 'onmessage', 'onerror', 'onclose'] as const;

describe('WHATWG event handler attributes', () => {
  test.each(ATTRIBUTES)('%s keeps a function or an object, and takes anything else for null', (name) => {
    const client = makeClient('ws://127.0.0.1:1/');
    const handler = () => {};
    const object = { handleEvent: () => {} };
    for (const value of [handler, object, [], new Proxy(handler, {})]) {
      Reflect.set(client, name, value);
      expect(client[name]).toBe(value);
    }
    for (const value of [null, undefined, 0, 1, '', 'handler', true, Symbol('x'), 5n]) {
      client[name] = handler;
      Reflect.set(client, name, value);
      expect(client[name]).toBeNull();
    }
  });

  test('an object as a handler is not called, nor its handleEvent', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    Reflect.set(client, 'onmessage', { handleEvent: () => calls.push('handleEvent') });
    client.addEventListener('message', () => calls.push('listener'));
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.next()).toBe('listener');
    client.onmessage = () => calls.push('handler');
    peer.write(serverFrame(TEXT, ''));
    // The handler has the place that the object had.
    expect(await calls.take(2)).toEqual(['handler', 'listener']);
  });

  test.each(TYPES.map((type, i) => [type, ATTRIBUTES[i]!] as const))(
    'a %s that anybody dispatches comes to %s, on the client, with one argument',
    (type, name) => {
      const client = makeClient('ws://127.0.0.1:1/');
      const event = new Event(type);
      const calls: unknown[] = [];
      client[name] = function (this: unknown, ...args: unknown[]) {
        calls.push(this, ...args);
      };
      client.dispatchEvent(event);
      expect(calls).toEqual([client, event]);
    },
  );

  test('a handler can be replaced, removed and set again in between', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.onmessage = () => {
      calls.push('first');
      client.onmessage = () => {
        calls.push('second');
        client.onmessage = null;
      };
    };
    client.addEventListener('message', ({ data }) => calls.push(data));
    peer.write(serverFrame(TEXT, 'a'), serverFrame(TEXT, 'b'), serverFrame(TEXT, 'c'));
    expect(await calls.take(5)).toEqual(['first', 'a', 'second', 'b', 'c']);
  });

  test('a handler that throws is reported, and the next listener is called', async () => {
    const uncaught = captureUncaught();
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.onmessage = () => {
      throw new Error('in the handler');
    };
    client.addEventListener('message', () => calls.push('listener'));
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.next()).toBe('listener');
    expect(await uncaught.next()).toMatchObject({ message: 'in the handler' });
    expect(client.readyState).toBe(1);
  });

  test('a handler on the prototype chain is none', async () => {
    class Chat extends WebSocket {
      override get onopen() {
        return null;
      }
    }
    const server = await startRawServer();
    const chat = new Chat(server.url);
    onTestFinished(() => chat.terminate());
    const opened = next(chat, 'open');
    await server.open();
    expect((await opened).target).toBe(chat);
  });
});

describe('WHATWG order of events', () => {
  test('client fires nothing in the turn of the constructor', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    await Promise.resolve();
    expect([events.length, client.readyState]).toEqual([0, 0]);
    await server.open();
    expect(await events.next()).toBe('open 1');
  });

  test('client fires open, messages, close', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    const behind = [serverFrame(TEXT, '1'), serverFrame(PING), serverFrame(TEXT, '2')];
    const close = serverFrame(CLOSE, closePayload(1000));
    const peer = await server.open({}, Buffer.concat([...behind, close]));
    peer.stream.end();
    expect(await events.take(4)).toEqual(['open 1', 'message 1', 'message 1', 'close 3']);
    await peer.closed;
    expect(events).toHaveLength(0);
  });

  test('client fires error and close, but never open, when nobody listens', async () => {
    const client = makeClient('ws://127.0.0.1:1/');
    const events = recordEvents(client);
    expect(await events.take(2)).toEqual(['error 3', 'close 3']);
  });

  test.each([
    ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n'],
    ['401', 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'hello\r\n\r\n'],
    ['nothing', ''],
    ['a 101 without an accept', 'HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
  ])('client fires error and close when the answer is %s', async (_, answer) => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    const closed = next(client, 'close');
    const peer = await server.accept();
    await peer.head();
    peer.stream.end(answer);
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(events.drain()).toEqual(['error 3', 'close 3']);
  });

  test.each<[string, Record<string, string>]>([
    ['a wrong accept', { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['another upgrade', { Upgrade: 'other' }],
    ['an extension that was not offered', { 'Sec-WebSocket-Extensions': 'x-unknown' }],
  ])('client fires error and close when the 101 has %s', async (_, headers) => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    await server.open(headers);
    expect(await events.take(2)).toEqual(['error 3', 'close 3']);
  });

  test('client fires each message in a task of its own', async () => {
    const { client, peer } = await openToRaw();
    const order = new Queue<string>();
    client.onmessage = ({ data }) => {
      order.push(data);
      queueMicrotask(() => order.push(`microtask of ${data}`));
    };
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    expect(await order.take(4)).toEqual(['1', 'microtask of 1', '2', 'microtask of 2']);
  });

  test('client fires only what the standard names, but for pings and drains', async () => {
    const { client, peer } = await openToRaw();
    const dispatched: string[] = [];
    const dispatch = client.dispatchEvent;
    client.dispatchEvent = (event) => {
      dispatched.push(event.type);
      return dispatch.call(client, event);
    };
    peer.write(serverFrame(TEXT, ''), serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    expect(dispatched).toEqual(['message', 'close']);
  });

  test('client stays open for long without a message, and nobody has to hold it', async () => {
    const texts = new Queue<string>();
    const { url } = await startServer({ message: (_socket, data) => texts.push(data.toString()) });
    await new Promise<void>((resolve) => {
      const client = makeClient(url);
      client.onopen = () => {
        // Behind some turns in which nothing happens.
        setTimeout(() => resolve(client.send('still there')), 100);
      };
    });
    expect(await texts.next()).toBe('still there');
  });

  test('many clients open at once, and each gets its own answers', async () => {
    const { url } = await startServer({ message: (socket, data) => void socket.send(data.toString()) });
    const answers = Array.from({ length: 50 }, async (_, i) => {
      const client = makeClient(url);
      client.onopen = () => client.send(`${i}`);
      return (await next(client, 'message')).data;
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
  });
});
