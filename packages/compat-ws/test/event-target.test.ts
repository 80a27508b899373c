import { describe, expect, it } from 'vitest';
import { CloseEvent, ErrorEvent, MessageEvent } from '../src/events.ts';
import { openClient } from './rig.ts';

describe('event target', () => {
  it('client calls handlers with events, objects and functions alike, each once', () => {
    const client = openClient('ws://127.0.0.1:1');
    const seen: unknown[] = [];
    const handler = (event: MessageEvent): void => void seen.push(event.data);
    client.addEventListener('message', handler);
    client.addEventListener('message', handler);
    client.addEventListener('message', { handleEvent: (event: MessageEvent) => seen.push(event.type) });
    client.addEventListener('message', (event: MessageEvent) => seen.push(event.target === client), {
      once: true,
    });
    client.emit('message', Buffer.from('text'), false);
    client.emit('message', Buffer.from([1]), true);
    expect(seen).toEqual(['text', 'message', true, Buffer.from([1]), 'message']);
    client.removeEventListener('message', handler);
    expect(client.listenerCount('message')).toBe(1);
  });

  it('client has one handler for each attribute', () => {
    const client = openClient('ws://127.0.0.1:1');
    const seen: string[] = [];
    client.onerror = () => seen.push('replaced');
    client.onerror = (event: ErrorEvent) => seen.push(event.message);
    expect(client.onerror).toBeTypeOf('function');
    client.emit('error', new Error('oops'));
    client.onclose = (event: CloseEvent) => seen.push(`${event.code} ${event.reason} ${event.wasClean}`);
    client.emit('close', 1000, Buffer.from('bye'));
    client.onclose = 'nothing';
    expect([client.onclose, client.onopen]).toEqual([null, null]);
    expect(seen).toEqual(['oops', '1000 bye false']);
  });

  it('client has no events but the four', () => {
    const client = openClient('ws://127.0.0.1:1');
    client.addEventListener('ping', () => {});
    expect(client.listenerCount('ping')).toBe(0);
  });

  it('events have their defaults', () => {
    expect(new CloseEvent('close')).toMatchObject({ code: 0, reason: '', wasClean: false, target: null });
    expect(new ErrorEvent('error')).toMatchObject({ error: null, message: '' });
    expect(new MessageEvent('message').data).toBeNull();
  });
});
