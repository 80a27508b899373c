import { describe, expect, test, vi } from 'vitest';
import { makeClient, next, openClient, openToRaw } from '../rig/clients.ts';
import { Queue } from '../rig/queue.ts';
import { CLOSE, closePayload, serverFrame } from '../rig/raw-frame.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { startServer } from '../rig/servers.ts';
import { MORE_THAN_THE_KERNEL, turn } from '../rig/slow-peers.ts';

describe('WHATWG bufferedAmount', () => {
  test.each<[string, string | Uint8Array | ArrayBuffer | Blob, number]>([
    ['nothing', '', 0],
    ['text', 'hello', 5],
    ['text of two bytes a character', '¥¥¥', 6],
    ['a pair of surrogates', '😀', 4],
    ['a lone surrogate, which takes three bytes', '\ud800', 3],
    ['an ArrayBuffer', new ArrayBuffer(10), 10],
    ['an empty ArrayBuffer', new ArrayBuffer(0), 0],
    ['a view', new Uint8Array(10).subarray(3), 7],
    ['a Blob', new Blob(['¥', new Uint8Array(3)]), 5],
    ['70 000 bytes', new Uint8Array(70_000), 70_000],
  ])('client counts the payload of %s at once', async (_, data, size) => {
    const { client, peer } = await openToRaw();
    expect(client.bufferedAmount).toBe(0);
    client.send(data);
    expect(client.bufferedAmount).toBe(size);
    await peer.frame();
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(0));
  });

  test('client adds up what is sent in one turn, microtasks included', async () => {
    const { client } = await openToRaw();
    let total = 0;
    for (let size = 1; size < 50; size++) {
      client.send('x'.repeat(size));
      total += size;
      await Promise.resolve();
      expect(client.bufferedAmount).toBe(total);
    }
    await turn();
    expect(client.bufferedAmount).toBe(0);
  });

  test('client counts megabytes of one turn in full', async () => {
    const { client, peer } = await openToRaw();
    for (let i = 1; i <= 4; i++) {
      client.send(new Uint8Array(1_000_000));
      expect(client.bufferedAmount).toBe(i * 1_000_000);
    }
    for (let i = 0; i < 4; i++) await peer.frame();
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(0));
  });

  test('client counts anew after each turn', async () => {
    const { client } = await openToRaw();
    for (let i = 0; i < 3; i++) {
      client.send('12345');
      expect(client.bufferedAmount).toBe(5);
      await turn();
      expect(client.bufferedAmount).toBe(0);
    }
  });

  test('client does not count pings', async () => {
    const { client } = await openToRaw();
    client.send('12345');
    await turn();
    client.ping('ping');
    expect(client.bufferedAmount).toBe(0);
    client.send('123');
    expect(client.bufferedAmount).toBe(3);
  });

  test('client counts nothing that it refused', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    expect(() => client.send('early')).toThrow();
    expect(client.bufferedAmount).toBe(0);
    await server.open();
    await next(client, 'open');
    expect(client.bufferedAmount).toBe(0);
  });

  test('client does not reset it to zero when it closes', async () => {
    const { client, peer } = await openToRaw();
    client.send('sent');
    client.close();
    expect(client.bufferedAmount).toBe(4);
    client.send('late');
    client.send(new Blob(['later']));
    expect(client.bufferedAmount).toBe(13);
    expect(await peer.text()).toBe('sent');
    await peer.close();
    // What could be sent has left; what came too late is counted for ever.
    await vi.waitFor(() => expect(client.bufferedAmount).toBe(9));
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    expect(client.bufferedAmount).toBe(9);
    client.send(new Uint8Array(1));
    await turn();
    expect(client.bufferedAmount).toBe(10);
  });

  test('client keeps growing it after a failure', async () => {
    const client = makeClient('ws://127.0.0.1:1/');
    await next(client, 'close');
    for (let i = 1; i <= 3; i++) {
      client.send('x');
      expect(client.bufferedAmount).toBe(i);
    }
  });

  test('client keeps what the server did not take when the connection breaks', async () => {
    const { client, peer } = await openToRaw();
    peer.stream.pause();
    client.send(new Uint8Array(MORE_THAN_THE_KERNEL));
    await turn();
    const before = client.bufferedAmount;
    expect(before).toBeGreaterThan(0);
    peer.stream.destroy();
    await next(client, 'close');
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(client.bufferedAmount).toBeLessThanOrEqual(MORE_THAN_THE_KERNEL);
  });

  test.each([2_000, 100_000])(
    'client counts %i bytes that are compressed in full within the turn',
    async (size) => {
      const { url } = await startServer({ compression: true });
      const client = await openClient(url);
      const drains = new Queue<number>();
      client.addEventListener('drain', () => drains.push(client.bufferedAmount));
      for (const times of [1, 2, 3]) {
        client.send('a'.repeat(size));
        await Promise.resolve();
        expect(client.bufferedAmount).toBe(times * size);
      }
      expect(await drains.next()).toBe(0);
      client.send('a'.repeat(size));
      expect(client.bufferedAmount).toBe(size);
      expect(await drains.next()).toBe(0);
      expect(drains.length).toBe(0);
    },
  );
});
