import { CloseEvent, ErrorEvent, WebSocketError } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { next, openToRaw } from '../rig/clients.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from '../rig/raw-frame.ts';

describe('WHATWG CloseEvent', () => {
  test('CloseEvent has defaults', () => {
    const event = new CloseEvent('any');
    expect(event).toBeInstanceOf(Event);
    expect(event).toMatchObject({ type: 'any', wasClean: false, code: 0, reason: '' });
    expect(event).toMatchObject({ bubbles: false, cancelable: false, composed: false });
    expect(Object.prototype.toString.call(event)).toBe('[object CloseEvent]');
  });

  test('CloseEvent takes what it is given', () => {
    const init = { wasClean: true, code: 7, reason: 'why', bubbles: true, cancelable: true, composed: true };
    expect(new CloseEvent('any', init)).toMatchObject(init);
  });

  test('CloseEvent throws a TypeError without a type', () => {
    expect(() => Reflect.construct(CloseEvent, [])).toThrow(TypeError);
    expect(CloseEvent).toHaveLength(1);
  });

  test.each<[unknown, number]>([
    ['7', 7],
    [65_535, 65_535],
    [65_536, 0],
    [65_537.9, 1],
    [-1, 65_535],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [null, 0],
    [undefined, 0],
  ])('CloseEvent takes the code %j modulo 65536', (code, expected) => {
    expect(new CloseEvent('any', { code: code as number }).code).toBe(expected);
  });

  test('CloseEvent converts the others too', () => {
    const init = { wasClean: 'yes', reason: 5 } as unknown as { wasClean: boolean; reason: string };
    expect(new CloseEvent('any', init)).toMatchObject({ wasClean: true, reason: '5' });
    const symbol = { reason: Symbol('x') } as unknown as { reason: string };
    expect(() => new CloseEvent('any', symbol)).toThrow(TypeError);
    const nothing = new CloseEvent('any', null as unknown as undefined);
    expect(nothing.code).toBe(0);
  });

  test.each(['wasClean', 'code', 'reason'])('CloseEvent has %s as an accessor that cannot be set', (name) => {
    const event = new CloseEvent('any', { wasClean: true, code: 5, reason: 'x' });
    const descriptor = Object.getOwnPropertyDescriptor(CloseEvent.prototype, name);
    expect(descriptor).toMatchObject({ enumerable: true, configurable: true, set: undefined });
    expect(() => descriptor?.get?.call({})).toThrow(TypeError);
    expect(Object.hasOwn(event, name)).toBe(false);
    expect(Reflect.set(event, name, 0)).toBe(false);
  });

  test('CloseEvent has no method from old drafts', () => {
    expect('initCloseEvent' in new CloseEvent('any')).toBe(false);
  });
});

describe('beyond the standard, ErrorEvent', () => {
  test('ErrorEvent carries an error', () => {
    const error = new WebSocketError('WS_ERR_CONNECTION_FAILED', 'why');
    const event = new ErrorEvent('error', error);
    expect([event.error, event.message, event.cancelable]).toEqual([error, 'why', false]);
    expect(Object.hasOwn(event, 'error')).toBe(false);
  });
});

describe('WHATWG events that a client fires', () => {
  const PLAIN = { bubbles: false, cancelable: false, composed: false, defaultPrevented: false };

  test('client fires MessageEvents', async () => {
    const { client, peer, server } = await openToRaw();
    client.binaryType = 'arraybuffer';
    for (const [opcode, kind] of [[TEXT, 'string'] as const, [BINARY, 'object'] as const]) {
      const message = next(client, 'message');
      peer.write(serverFrame(opcode, 'x'));
      const event = await message;
      expect(event).toBeInstanceOf(MessageEvent);
      expect(typeof event.data).toBe(kind);
      expect(event).toMatchObject({ ...PLAIN, target: client, origin: `ws://127.0.0.1:${server.port}` });
      expect(event).toMatchObject({ type: 'message', lastEventId: '', source: null, ports: [] });
      expect(Reflect.set(event, 'data', 'other')).toBe(false);
    }
  });

  test('client fires a CloseEvent', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    peer.write(serverFrame(CLOSE, closePayload(3000, 'grüß')));
    peer.stream.end();
    const event = await closed;
    expect(event).toBeInstanceOf(CloseEvent);
    expect(event).toMatchObject({ ...PLAIN, target: client, wasClean: true, code: 3000, reason: 'grüß' });
  });

  test('client fires an error event before the CloseEvent of a failure', async () => {
    const { client, peer } = await openToRaw();
    const types: string[] = [];
    for (const type of ['error', 'close'] as const) client.addEventListener(type, () => types.push(type));
    const [failed, closed] = [next(client, 'error'), next(client, 'close')];
    peer.stream.destroy();
    expect(await failed).toMatchObject({ ...PLAIN, type: 'error', target: client });
    expect(await closed).toMatchObject({ wasClean: false, code: 1006, reason: '' });
    expect(types).toEqual(['error', 'close']);
  });
});
