import type { WebSocket } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { makeClient, next, openToRaw } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, CLOSE, closePayload, serverFrame, TEXT } from '../rig/raw-frame.ts';

function set(client: WebSocket, value: unknown): void {
  client.binaryType = value as 'blob';
}

describe('WHATWG binaryType', () => {
  test('client has blob at first, and takes either', () => {
    const client = makeClient('ws://127.0.0.1:1/');
    expect(client.binaryType).toBe('blob');
    for (const type of ['arraybuffer', 'blob'] as const) {
      client.binaryType = type;
      expect(client.binaryType).toBe(type);
    }
  });

  test.each(['', 'Blob', 'ARRAYBUFFER', 'text', 'nodebuffer', ' blob', 'blob\0', null, undefined, 0, {}])(
    'client ignores %j',
    (value) => {
      const client = makeClient('ws://127.0.0.1:1/');
      for (const type of ['arraybuffer', 'blob'] as const) {
        client.binaryType = type;
        set(client, value);
        expect(client.binaryType).toBe(type);
      }
    },
  );

  test('client converts what it is given', () => {
    const client = makeClient('ws://127.0.0.1:1/');
    set(client, { toString: () => 'arraybuffer' });
    expect(client.binaryType).toBe('arraybuffer');
    set(client, ['blob']);
    expect(client.binaryType).toBe('blob');
    expect(() => set(client, Symbol('blob'))).toThrow(TypeError);
  });

  test('client takes it in every state', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    client.close();
    client.binaryType = 'blob';
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    client.binaryType = 'arraybuffer';
    expect(client.binaryType).toBe('arraybuffer');
  });

  test.each([0, 1, 5, 70_000])('client delivers %i bytes as it says', async (size) => {
    const { client, peer } = await openToRaw();
    const bytes = Buffer.alloc(size, 'abc');
    for (const type of ['blob', 'arraybuffer'] as const) {
      client.binaryType = type;
      const message = next(client, 'message');
      peer.write(serverFrame(BINARY, bytes));
      const data = (await message).data as Blob | ArrayBuffer;
      if (type === 'blob') {
        expect(data).toBeInstanceOf(Blob);
        expect(data).toMatchObject({ size, type: '' });
        expect(Buffer.from(await (data as Blob).arrayBuffer()).equals(bytes)).toBe(true);
      } else {
        expect(data).toBeInstanceOf(ArrayBuffer);
        expect((data as ArrayBuffer).byteLength).toBe(size);
        expect(Buffer.from(data as ArrayBuffer).equals(bytes)).toBe(true);
      }
    }
  });

  test('client takes it from the moment of each message', async () => {
    const { client, peer } = await openToRaw();
    const kinds = new Queue<string>();
    client.onmessage = ({ data }) => {
      kinds.push(Object.prototype.toString.call(data));
      client.binaryType = client.binaryType === 'blob' ? 'arraybuffer' : 'blob';
    };
    peer.write(
      serverFrame(BINARY, 'a'),
      serverFrame(TEXT, 'b'),
      serverFrame(BINARY, 'c'),
      serverFrame(BINARY),
    );
    expect(await kinds.take(4)).toEqual([
      '[object Blob]',
      '[object String]',
      '[object Blob]',
      '[object ArrayBuffer]',
    ]);
  });

  test('client does not let it touch text', async () => {
    const { client, peer } = await openToRaw();
    for (const type of ['blob', 'arraybuffer'] as const) {
      client.binaryType = type;
      const message = next(client, 'message');
      peer.write(serverFrame(TEXT, '\ufeffgrüß'));
      expect((await message).data).toBe('\ufeffgrüß');
    }
  });

  test('client gives each ArrayBuffer away for good', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    const buffers = new Queue<ArrayBuffer>();
    client.onmessage = ({ data }) => buffers.push(data);
    peer.write(serverFrame(BINARY, 'first'), serverFrame(BINARY, 'second'));
    const [first, second] = await buffers.take(2);
    structuredClone(first, { transfer: [first as ArrayBuffer] });
    expect(first?.byteLength).toBe(0);
    expect(Buffer.from(second as ArrayBuffer).toString()).toBe('second');
  });
});
