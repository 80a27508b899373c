import { CloseEvent, ErrorEvent, WebSocket, WebSocketStream } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient } from '../rig/clients.ts';

const URL_OF_NOBODY = 'ws://127.0.0.1:1/';
const READ_ONLY = ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol'];
const WRITABLE = ['onopen', 'onerror', 'onclose', 'onmessage', 'binaryType'];

function descriptorOf(object: object, name: string | symbol): PropertyDescriptor {
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  if (descriptor === undefined) throw new Error(`there is no own ${String(name)}`);
  return descriptor;
}

describe('WHATWG interface object', () => {
  test('WebSocket is a constructor with one needed argument', () => {
    expect([WebSocket.name, WebSocket.length]).toEqual(['WebSocket', 1]);
    expect(() => Reflect.construct(WebSocket, [])).toThrow(TypeError);
    expect(() => (WebSocket as unknown as (url: string) => void)(URL_OF_NOBODY)).toThrow(TypeError);
  });

  test('WebSocket inherits from EventTarget directly', () => {
    expect(Object.getPrototypeOf(WebSocket)).toBe(EventTarget);
    expect(Object.getPrototypeOf(WebSocket.prototype)).toBe(EventTarget.prototype);
    expect(makeClient(URL_OF_NOBODY)).toBeInstanceOf(EventTarget);
  });

  test('WebSocket has a prototype that stays', () => {
    const { writable, enumerable, configurable } = descriptorOf(WebSocket, 'prototype');
    expect({ writable, enumerable, configurable }).toEqual({
      writable: false,
      enumerable: false,
      configurable: false,
    });
    expect(descriptorOf(WebSocket.prototype, 'constructor')).toEqual({
      value: WebSocket,
      writable: true,
      enumerable: false,
      configurable: true,
    });
  });

  test.each([
    ['WebSocket', WebSocket],
    ['WebSocketStream', WebSocketStream],
    ['CloseEvent', CloseEvent],
    ['ErrorEvent', ErrorEvent],
  ])('%s has its name for a tag', (name, type) => {
    expect(descriptorOf(type.prototype, Symbol.toStringTag)).toEqual({
      value: name,
      writable: false,
      enumerable: false,
      configurable: true,
    });
  });
});

describe('WHATWG constants', () => {
  const constants = Object.entries({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });

  test.each(constants)('%s is %i on class and prototype, for good', (name, value) => {
    for (const object of [WebSocket, WebSocket.prototype]) {
      const expected = { value, writable: false, enumerable: true, configurable: false };
      expect(descriptorOf(object, name)).toEqual(expected);
      expect(Reflect.deleteProperty(object, name)).toBe(false);
      expect(Reflect.set(object, name, 5)).toBe(false);
      expect(Reflect.get(object, name)).toBe(value);
    }
    const client = makeClient(URL_OF_NOBODY);
    expect(Reflect.get(client, name)).toBe(value);
    expect(Object.hasOwn(client, name)).toBe(false);
  });
});

describe('WHATWG attributes', () => {
  test.each([...READ_ONLY, ...WRITABLE])('%s is an enumerable accessor of the prototype', (name) => {
    const { get, set, enumerable, configurable } = descriptorOf(WebSocket.prototype, name);
    expect({ enumerable, configurable }).toEqual({ enumerable: true, configurable: true });
    expect([get?.name, get?.length]).toEqual([`get ${name}`, 0]);
    if (WRITABLE.includes(name)) expect([set?.name, set?.length]).toEqual([`set ${name}`, 1]);
    else expect(set).toBeUndefined();
    expect(Object.hasOwn(makeClient(URL_OF_NOBODY), name)).toBe(false);
  });

  test.each([...READ_ONLY, ...WRITABLE])('%s throws a TypeError on what is no WebSocket', (name) => {
    const { get, set } = descriptorOf(WebSocket.prototype, name);
    expect(() => get?.call({})).toThrow(TypeError);
    expect(() => Reflect.get(WebSocket.prototype, name)).toThrow(TypeError);
    if (set !== undefined) expect(() => set.call({}, 'blob')).toThrow(TypeError);
  });

  test.each(READ_ONLY)('%s cannot be set', (name) => {
    const client = makeClient(URL_OF_NOBODY);
    const before = Reflect.get(client, name);
    expect(Reflect.set(client, name, 'other')).toBe(false);
    expect(Reflect.get(client, name)).toBe(before);
    expect(Reflect.deleteProperty(client, name)).toBe(true);
    expect(Reflect.get(client, name)).toBe(before);
  });

  test('what is in a client shows all of the interface', () => {
    const names: string[] = [];
    for (const name in makeClient(URL_OF_NOBODY)) names.push(name);
    const constants = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
    expect(names).toEqual(expect.arrayContaining([...READ_ONLY, ...WRITABLE, ...constants, 'send', 'close']));
    expect(Object.keys(makeClient(URL_OF_NOBODY))).toEqual([]);
  });

  test('an own property can hide an attribute', () => {
    const client = makeClient(URL_OF_NOBODY);
    Object.defineProperty(client, 'bufferedAmount', { value: 'hidden' });
    expect(client.bufferedAmount).toBe('hidden');
  });
});

describe('WHATWG operations', () => {
  test.each([
    ['close', 0],
    ['send', 1],
  ])('%s is an enumerable method of the prototype that needs %i arguments', (name, length) => {
    const { value, ...attributes } = descriptorOf(WebSocket.prototype, name);
    expect(attributes).toEqual({ writable: true, enumerable: true, configurable: true });
    expect([value.name, value.length]).toEqual([name, length]);
    expect(() => value.call({}, 'x')).toThrow(TypeError);
    expect(() => Reflect.construct(value, [])).toThrow(TypeError);
  });
});

describe('WHATWG initial state', () => {
  test('client is connecting, and has nothing yet', () => {
    const client = makeClient(URL_OF_NOBODY);
    expect({
      readyState: client.readyState,
      bufferedAmount: client.bufferedAmount,
      extensions: client.extensions,
      protocol: client.protocol,
      binaryType: client.binaryType,
      onopen: client.onopen,
      onerror: client.onerror,
      onclose: client.onclose,
      onmessage: client.onmessage,
    }).toEqual({
      readyState: 0,
      bufferedAmount: 0,
      extensions: '',
      protocol: '',
      binaryType: 'blob',
      onopen: null,
      onerror: null,
      onclose: null,
      onmessage: null,
    });
  });
});
