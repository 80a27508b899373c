import type { WebSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient, next, openToRaw } from '../rig/clients.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from '../rig/raw-frame.ts';
import { startRawServer } from '../rig/raw-server.ts';

type Sendable = Parameters<WebSocket['send']>[0];

/** 16 bytes that all differ, of which views are taken. */
const BYTES = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + i);

async function sendOne(data: unknown) {
  const { client, peer } = await openToRaw();
  client.send(data as Sendable);
  return peer.frame();
}

describe('WHATWG send() of text', () => {
  test.each([
    ['empty', ''],
    ['ASCII', 'message to send'],
    ['two bytes a character', '¥¥¥¥¥¥'],
    ['three bytes a character', '☃ﾊﾛｰ'],
    ['pairs of surrogates', '\ud801\udc07 😀'],
    ['NUL', 'a\0b'],
    ['a byte order mark', '\ufefftext'],
  ])('client sends text: %s', async (_, text) => {
    const frame = await sendOne(text);
    expect(frame).toMatchObject({ opcode: TEXT, fin: true, rsv: 0, isMasked: true });
    expect(frame.payload.toString()).toBe(text);
  });

  test.each([
    ['a high one', 'a\ud800b', 'a\ufffdb'],
    ['a low one', 'a\udfffb', 'a\ufffdb'],
    ['one at the end', 'a\ud83d', 'a\ufffd'],
    ['the wrong order', '\udc07\ud801', '\ufffd\ufffd'],
    ['two high ones before a low one', '\ud801\ud801\udc07', '\ufffd\ud801\udc07'],
  ])('client sends U+FFFD for a lone surrogate: %s', async (_, text, sent) => {
    expect((await sendOne(text)).payload.toString()).toBe(sent);
  });

  test.each<[string, unknown, string]>([
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['a number', 1.5, '1.5'],
    ['a boolean', false, 'false'],
    ['a BigInt', 5n, '5'],
    ['an object', {}, '[object Object]'],
    ['a list', ['a', 'b'], 'a,b'],
    ['an object with toString', { toString: () => 'text' }, 'text'],
    ['a String object', Object('text'), 'text'],
    ['a list of bytes', [1, 2], '1,2'],
  ])('client sends %s as the text that it converts to', async (_, data, sent) => {
    const { opcode, payload } = await sendOne(data);
    expect([opcode, payload.toString()]).toEqual([TEXT, sent]);
  });

  test('client throws what the conversion throws, and sends nothing', async () => {
    const { client, peer } = await openToRaw();
    const error = new Error('no string');
    const data = {
      toString: () => {
        throw error;
      },
    };
    expect(() => client.send(data as unknown as string)).toThrow(error);
    expect(() => client.send(Symbol('x') as unknown as string)).toThrow(TypeError);
    expect(client.bufferedAmount).toBe(0);
    client.send('next');
    expect(await peer.text()).toBe('next');
  });
});

describe('WHATWG send() of bytes', () => {
  const { buffer } = BYTES;

  test.each<[string, unknown, Uint8Array]>([
    ['an ArrayBuffer', buffer, BYTES],
    ['an empty ArrayBuffer', new ArrayBuffer(0), new Uint8Array(0)],
    ['an Int8Array', new Int8Array(buffer), BYTES],
    ['a Uint8ClampedArray', new Uint8ClampedArray(buffer), BYTES],
    ['an Int16Array from an offset on', new Int16Array(buffer, 2), BYTES.subarray(2)],
    ['a Uint16Array of a length', new Uint16Array(buffer, 0, 3), BYTES.subarray(0, 6)],
    ['an Int32Array', new Int32Array(buffer), BYTES],
    ['a Uint32Array from an offset on, of a length', new Uint32Array(buffer, 4, 2), BYTES.subarray(4, 12)],
    ['a Float32Array', new Float32Array(buffer, 4), BYTES.subarray(4)],
    ['a Float64Array', new Float64Array(buffer, 8, 1), BYTES.subarray(8)],
    ['a BigInt64Array', new BigInt64Array(buffer), BYTES],
    ['a Uint8Array from an offset on, of a length', new Uint8Array(buffer, 3, 5), BYTES.subarray(3, 8)],
    ['an empty view at the end', new Uint8Array(buffer, 16), new Uint8Array(0)],
    ['a DataView', new DataView(buffer), BYTES],
    ['a DataView from an odd offset on', new DataView(buffer, 1, 3), BYTES.subarray(1, 4)],
    ['a Buffer', Buffer.from(buffer, 5, 4), BYTES.subarray(5, 9)],
    ['a Blob', new Blob([BYTES, 'ä']), Buffer.concat([BYTES, Buffer.from('ä')])],
    ['an empty Blob', new Blob([]), new Uint8Array(0)],
    ['a slice of a Blob', new Blob([BYTES]).slice(2, 4), BYTES.subarray(2, 4)],
    ['a File', new File(['text'], 'name.txt'), Buffer.from('text')],
  ])('client sends %s as binary', async (_, data, bytes) => {
    const frame = await sendOne(data);
    expect(frame).toMatchObject({ opcode: BINARY, fin: true, rsv: 0, isMasked: true });
    expect(Buffer.from(bytes).equals(frame.payload)).toBe(true);
  });

  test('client takes the bytes as they are at the call', async () => {
    const { client, peer } = await openToRaw();
    for (const size of [4, 70_000]) {
      const bytes = new Uint8Array(size).fill(1);
      client.send(bytes);
      client.send(new Blob([bytes]));
      bytes.fill(2);
      for (let i = 0; i < 2; i++) expect((await peer.frame()).payload.every((byte) => byte === 1)).toBe(true);
    }
  });
});

describe('WHATWG send(), extended payload lengths', () => {
  // RFC 6455 5.2: 7 bits, 7 + 16 bits, 7 + 64 bits; and where the network cuts.
  const SIZES = [0, 1, 125, 126, 127, 65_000, 65_534, 65_535, 65_536, 65_537, 130_000, 1_000_000];

  test.each(SIZES)('client sends %i bytes of each kind, and gets them back', async (size) => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    const bytes = Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz');
    const text = bytes.toString();
    for (const data of [text, bytes, Uint8Array.from(bytes).buffer, new Blob([bytes])]) {
      client.send(data);
      const frame = await peer.frame();
      expect(frame.opcode).toBe(data === text ? TEXT : BINARY);
      expect(frame.payload.equals(bytes)).toBe(true);
      const message = next(client, 'message');
      peer.write(serverFrame(frame.opcode, frame.payload));
      const { data: received } = await message;
      if (data === text) expect(received === text).toBe(true);
      else expect(Buffer.from(received as ArrayBuffer).equals(bytes)).toBe(true);
    }
  });
});

describe('WHATWG send(), states', () => {
  test('client throws an InvalidStateError while it connects, behind the conversion', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const invalidState = expect.objectContaining({ name: 'InvalidStateError', constructor: DOMException });
    for (const data of ['', 'text', BYTES, BYTES.buffer, new Blob([BYTES])]) {
      expect(() => client.send(data)).toThrow(invalidState);
    }
    expect(() => Reflect.apply(client.send, client, [])).toThrow(TypeError);
    expect(() => client.send(Symbol('x') as unknown as string)).toThrow(TypeError);
    expect(client.bufferedAmount).toBe(0);
  });

  test('client throws a TypeError when it is given nothing, in every state', async () => {
    const { client, peer } = await openToRaw();
    expect(() => Reflect.apply(client.send, client, [])).toThrow(TypeError);
    client.close();
    expect(() => Reflect.apply(client.send, client, [])).toThrow(TypeError);
    await peer.close();
    peer.stream.end();
    await next(client, 'close');
    expect(() => Reflect.apply(client.send, client, [])).toThrow(TypeError);
  });

  test('client sends nothing once it is closing, and does not complain', async () => {
    const { client, peer } = await openToRaw();
    client.close();
    for (const data of ['late', BYTES, new Blob([BYTES])]) expect(client.send(data)).toBeUndefined();
    expect((await peer.close()).code).toBe(1005);
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    expect(client.send('too late')).toBeUndefined();
    await peer.closed;
    expect(peer.unreadBytes).toBe(0);
  });

  test('client sends nothing once the server has closed', async () => {
    const { client, peer } = await openToRaw();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    await peer.close();
    client.send('late');
    peer.stream.end();
    await next(client, 'close');
    expect([client.bufferedAmount, peer.unreadBytes]).toEqual([4, 0]);
  });
});
