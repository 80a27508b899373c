import type { WebSocket } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient, openToRaw } from './rig/clients.ts';
import { Queue } from './rig/queue.ts';
import { CLOSE, closePayload, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';

const ATTRIBUTES = ['onopen', 'onmessage', 'onerror', 'onclose'] as const;

function makeIdle(): WebSocket {
  return makeClient('ws://127.0.0.1:1/');
}

describe('WHATWG event handlers', () => {
  test.each(ATTRIBUTES)('client has %s, which is null at first', (name) => {
    const client = makeIdle();
    expect(client[name]).toBeNull();
    const handler = () => {};
    client[name] = handler;
    expect(client[name]).toBe(handler);
    client[name] = null;
    expect(client[name]).toBeNull();
  });

  test.each(ATTRIBUTES)('client takes what is no function for %s as null', (name) => {
    const client = makeIdle();
    for (const value of ['string', 5, true, undefined, Symbol('x')]) {
      client[name] = () => {};
      client[name] = value as unknown as null;
      expect(client[name]).toBeNull();
    }
  });

  test('client calls each handler with the event and itself', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const calls = new Queue<[string, unknown, unknown]>();
    for (const name of ATTRIBUTES) {
      client[name] = function (this: unknown, event: Event) {
        calls.push([event.type, this, event.target]);
      };
    }
    const peer = await server.open();
    peer.write(serverFrame(TEXT, 'hello'), serverFrame(3, ''));
    await peer.frame();
    peer.stream.end();
    const seen = await calls.take(4);
    expect(seen.map(([type]) => type)).toEqual(['open', 'message', 'error', 'close']);
    for (const [, self, target] of seen) expect([self, target]).toEqual([client, client]);
  });

  test('client calls handlers and listeners in the order in which they were set', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.addEventListener('message', () => calls.push('listener 1'));
    client.onmessage = () => calls.push('replaced');
    client.addEventListener('message', () => calls.push('listener 2'));
    // A new handler takes the place of the old one.
    client.onmessage = () => calls.push('handler');
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.take(3)).toEqual(['listener 1', 'handler', 'listener 2']);
  });

  test('client puts a handler at the end when it was null before', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.onmessage = () => calls.push('old');
    client.addEventListener('message', () => calls.push('listener'));
    client.onmessage = null;
    client.onmessage = () => calls.push('new');
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.take(2)).toEqual(['listener', 'new']);
  });

  test('client calls a handler and a listener that are the same function twice', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<true>();
    const both = () => calls.push(true);
    client.onmessage = both;
    client.addEventListener('message', both);
    client.addEventListener('message', both);
    peer.write(serverFrame(TEXT, ''), serverFrame(CLOSE, closePayload(1000)));
    await peer.close();
    expect(calls).toHaveLength(2);
  });

  test('client keeps a handler that is removed as a listener', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<true>();
    const handler = () => calls.push(true);
    client.onmessage = handler;
    client.removeEventListener('message', handler);
    peer.write(serverFrame(TEXT, ''));
    await calls.next();
  });
});

describe('WHATWG listeners', () => {
  test('client calls a listener once', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    client.addEventListener('message', () => calls.push('once'), { once: true });
    client.addEventListener('message', () => calls.push('always'));
    peer.write(serverFrame(TEXT, ''), serverFrame(TEXT, ''));
    expect(await calls.take(3)).toEqual(['once', 'always', 'always']);
  });

  test('client removes a listener by its signal', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    const controller = new AbortController();
    client.addEventListener('message', () => calls.push('with signal'), { signal: controller.signal });
    client.addEventListener('message', () => calls.push('without'));
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.take(2)).toEqual(['with signal', 'without']);
    controller.abort();
    peer.write(serverFrame(TEXT, ''));
    expect(await calls.next()).toBe('without');
  });

  test('client calls the handleEvent of an object, as it is then', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<[string, unknown]>();
    const listener = {
      handleEvent(this: unknown, event: MessageEvent) {
        calls.push([event.data, this]);
      },
    };
    client.addEventListener('message', listener);
    peer.write(serverFrame(TEXT, '1'));
    expect(await calls.next()).toEqual(['1', listener]);
    client.removeEventListener('message', listener);
    client.addEventListener('message', ({ data }) => calls.push([data, null]));
    peer.write(serverFrame(TEXT, '2'));
    expect(await calls.next()).toEqual(['2', null]);
  });

  test('client calls a listener that is added twice once', async () => {
    const { client, peer } = await openToRaw();
    const calls = new Queue<string>();
    const listener = ({ data }: MessageEvent) => calls.push(data);
    client.addEventListener('message', listener);
    client.addEventListener('message', listener);
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'));
    expect(await calls.take(2)).toEqual(['1', '2']);
    client.removeEventListener('message', listener);
    client.addEventListener('message', () => calls.push('other'));
    peer.write(serverFrame(TEXT, '3'));
    expect(await calls.next()).toBe('other');
  });

  test('client dispatches the events of others', () => {
    const client = makeIdle();
    let seen = 0;
    client.onmessage = () => {
      seen++;
    };
    client.dispatchEvent(new Event('message'));
    expect(seen).toBe(1);
  });
});

test('client goes on when a DOM with events of its own is laid over the globals', async () => {
  const globals = { Event: globalThis.Event, MessageEvent: globalThis.MessageEvent };
  onTestFinished(() => void Object.assign(globalThis, globals));
  class ForeignEvent {}
  Object.assign(globalThis, { Event: ForeignEvent, MessageEvent: ForeignEvent });
  const server = await startRawServer();
  const client = makeClient(server.url);
  const seen = new Queue<string>();
  for (const name of ATTRIBUTES) client[name] = ({ type }: Event) => seen.push(type);
  const peer = await server.open();
  expect(await seen.next()).toBe('open');
  peer.write(serverFrame(TEXT, 'x'));
  expect(await seen.next()).toBe('message');
  client.close();
  peer.write(serverFrame(CLOSE, closePayload(1000)));
  peer.stream.end();
  expect(await seen.next()).toBe('close');
});
