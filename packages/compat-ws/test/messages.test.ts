import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { captureUncaught } from '../../ws/test/rig/uncaught.ts';
import type { BinaryType } from '../src/payload.ts';
import type { WebSocket } from '../src/websocket.ts';
import { connectPair, nextTexts, openClient } from './rig.ts';

describe('messages', () => {
  it('server echoes text and binary to a client', async () => {
    const { client, peer } = await connectPair();
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
    client.send('täxt');
    expect(await once(client, 'message')).toEqual([Buffer.from('täxt'), false]);
    client.send(new Uint16Array([1]));
    expect(await once(client, 'message')).toEqual([Buffer.from([1, 0]), true]);
  });

  it.each<[string, (peer: WebSocket, callback: () => void) => void]>([
    ['a message', (peer, callback) => peer.send('a', callback)],
    ['a ping', (peer, callback) => peer.ping('a', undefined, callback)],
    ['frames', (peer, callback) => peer._sender!.sendFrame([Buffer.from([0x81, 1, 97])], callback)],
  ])('the callback of %s comes before any promise goes on, as that of the next', async (_, send) => {
    const { peer } = await connectPair();
    const order = await new Promise((resolve) => {
      const told: string[] = [];
      setTimeout(() => {
        send(peer, () => {
          told.push('written');
          send(peer, () => told.push('the next too'));
        });
        Promise.resolve().then(() => told.push('promise'));
        setImmediate(() => resolve(told));
      });
    });
    expect(order).toEqual(['written', 'the next too', 'promise']);
  });

  it.each([
    ['a number', 7, Buffer.from('7'), false],
    ['nothing', undefined, Buffer.alloc(0), true],
    ['a DataView', new DataView(new ArrayBuffer(2)), Buffer.alloc(2), true],
    ['an ArrayBuffer', new ArrayBuffer(1), Buffer.alloc(1), true],
    ['a list of bytes', [1, 2], Buffer.from([1, 2]), true],
    ['a Blob', new Blob(['ab']), Buffer.from('ab'), true],
  ])('client sends %s', async (_, data, expected, isBinary) => {
    const { client, peer } = await connectPair();
    client.send(data);
    expect(await once(peer, 'message')).toEqual([expected, isBinary]);
  });

  it.each<[BinaryType, unknown]>([
    ['nodebuffer', Buffer.from('ab')],
    ['arraybuffer', new Uint8Array([97, 98]).buffer],
    ['fragments', [Buffer.from('ab')]],
  ])('client gets binary messages as %s', async (type, expected) => {
    const { client, peer } = await connectPair();
    client.binaryType = type;
    peer.send(Buffer.from('ab'));
    expect(await once(client, 'message')).toEqual([expected, true]);
  });

  it('client gets binary messages as blobs, and ignores a type that is none', async () => {
    const { client, peer } = await connectPair();
    client.binaryType = 'blob';
    client.binaryType = 'foo' as BinaryType;
    peer.send(Buffer.from('ab'));
    const [blob] = (await once(client, 'message')) as [Blob];
    expect(await blob.text()).toBe('ab');
  });

  it.each([false, true])(
    'callbacks come in the context of who sent, compressed: %s',
    async (perMessageDeflate) => {
      const { client, peer } = await connectPair({ perMessageDeflate }, { perMessageDeflate });
      const storage = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      const note = () => seen.push(storage.getStore());
      storage.run('a', () => peer.send('x'.repeat(2000), note));
      storage.run('b', () => client.send('y'.repeat(2000), note));
      storage.run('c', () => peer.ping('', false, note));
      storage.run('d', () => peer._sender!.sendFrame([Buffer.from([0x81, 1, 0x7a])], note));
      await expect.poll(() => seen.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    },
  );

  it('server sends a message in fragments, with a ping between them', async () => {
    const { client, peer } = await connectPair();
    const events: string[] = [];
    client.on('ping', (data) => events.push(`ping ${data}`));
    peer.send('a', { fin: false });
    peer.ping('p');
    peer.send('b', { fin: false });
    peer.send('c');
    const [data, isBinary] = await once(client, 'message');
    expect([String(data), isBinary, events]).toEqual(['abc', false, ['ping p']]);
  });

  it('client keeps the order behind a blob that is being read', async () => {
    const { client, peer } = await connectPair();
    const events: string[] = [];
    peer.on('message', (data) => events.push(String(data)));
    peer.on('ping', (data) => events.push(`ping ${data}`));
    client.send('1');
    client.send(new Blob(['2']));
    client.send('3');
    client.ping('4');
    client.close(1000, 'done');
    await once(peer, 'close');
    expect(events).toEqual(['1', '2', '3', 'ping 4']);
  });

  it('client keeps the order behind a message that takes its time to compress', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: true });
    const events: string[] = [];
    peer.on('message', (data: Buffer) => events.push(`message of ${data.length}`));
    peer.on('ping', (data) => events.push(`ping ${data}`));
    peer.on('pong', (data) => events.push(`pong ${data}`));
    client.send(Buffer.alloc(3_000_000));
    client.ping('1');
    // Behind the turn, the message is with another thread.
    await new Promise(setImmediate);
    const payload = Buffer.from('2');
    client.pong(payload);
    payload.fill('x');
    client.send('next');
    await new Promise((resolve) => client.ping('3', undefined, resolve));
    client.close();
    await once(peer, 'close');
    expect(events).toEqual(['message of 3000000', 'ping 1', 'pong 2', 'message of 4', 'ping 3']);
  });

  it('server calls back when a message has left, and with an error when it cannot any more', async () => {
    const { peer } = await connectPair();
    await new Promise<void>((resolve, reject) =>
      peer.send('a', (error) => (error ? reject(error) : resolve())),
    );
    peer.terminate();
    const error = await new Promise((resolve) => peer.send('abc', resolve));
    expect((error as Error).message).toBe('WebSocket is not open: readyState 2 (CLOSING)');
    expect(peer.bufferedAmount).toBe(3);
  });

  it('server writes once for all that one turn sends', async () => {
    const { peer, client } = await connectPair();
    const socket = peer._socket!;
    let writes = 0;
    const write = socket.write;
    socket.write = ((...args: Parameters<typeof write>) => {
      writes++;
      return write.apply(socket, args);
    }) as typeof write;
    for (let i = 0; i < 32; i++) peer.send(`message ${i}`);
    peer.ping();
    await nextTexts(client, 32);
    expect(writes).toBe(1);
  });

  it('server sends the same text to all, encoded once, and mixed with others', async () => {
    const { server, peer, client } = await connectPair();
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    for (const text of ['one', 'one', 'two', 'one', 'one', 'one']) {
      for (const socket of server.clients) socket.send(text);
    }
    peer.close();
    await once(client, 'close');
    expect(texts).toEqual(['one', 'one', 'two', 'one', 'one', 'one']);
  });

  it('server sends a view to all, each time as long as its memory is then', async () => {
    const { url, server, client } = await connectPair();
    const clients = [client];
    for (let i = 0; i < 2; i++) {
      clients.push(openClient(url));
      await once(server, 'connection');
    }
    const received = Promise.all(clients.map((each) => once(each, 'message')));
    // The types do not know yet that memory can be resized.
    const memory = Reflect.construct(ArrayBuffer, [100, { maxByteLength: 100 }]);
    const view = new Uint8Array(memory);
    for (const [index, peer] of [...server.clients].entries()) {
      if (index === 2) memory.resize(50);
      peer.send(view);
    }
    expect((await received).map(([data]) => data.length)).toEqual([100, 100, 50]);
  });

  it('server continues a message with a text that it just sent to others', async () => {
    const { url, server, peer, client } = await connectPair();
    const other = openClient(url);
    const [second] = await once(server, 'connection');
    peer.send('one ', { fin: false });
    for (let i = 0; i < 3; i++) second.send('two');
    peer.send('two');
    expect(await nextTexts(client, 1)).toEqual(['one two']);
    other.terminate();
  });

  it('server delivers what was sent before it was terminated', async () => {
    const { peer, client } = await connectPair();
    peer.send('last words');
    peer.terminate();
    expect(String((await once(client, 'message'))[0])).toBe('last words');
    expect((await once(client, 'close'))[0]).toBe(1006);
  });

  it('client counts what waits in memory, and not what leaves with this turn', async () => {
    const { client, peer } = await connectPair();
    client.send('abc');
    expect(client.bufferedAmount).toBe(0);
    peer.pause();
    const chunk = Buffer.alloc(65_536);
    while (client.bufferedAmount === 0) client.send(chunk);
    expect(client.bufferedAmount).toBe(client._socket!.writableLength);
  });

  it('server counts a small message that the kernel does not take', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: false });
    const socket = peer._socket as Socket & { readonly _handle: { readonly writeQueueSize: number } };
    client.pause();
    while (socket._handle.writeQueueSize === 0) {
      peer.send('x'.repeat(12_000));
      await turn();
    }
    expect(socket.writableLength).toBe(0);
    expect(peer.bufferedAmount).toBe(12_004);
    client.resume();
    while (peer.bufferedAmount > 0) await turn();
    expect(socket._handle.writeQueueSize).toBe(0);
  });

  it.each([100_000, 400_000, 4_000_000])('server gives %i bytes memory of their own', async (byteLength) => {
    const { client, peer } = await connectPair();
    client.send(Buffer.alloc(byteLength));
    const [data] = (await once(peer, 'message')) as [Buffer];
    expect([data.byteOffset, data.buffer.byteLength]).toEqual([0, byteLength]);
  });

  it('client pauses and resumes', async () => {
    const { client, peer } = await connectPair();
    let count = 0;
    client.on('message', () => count++);
    client.pause();
    expect([client.isPaused, client._socket!.isPaused()]).toEqual([true, true]);
    peer.send('a');
    await new Promise<void>((resolve) => peer.ping('', false, () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    expect(count).toBe(0);
    client.resume();
    expect([count, client._socket!.isPaused()]).toEqual([0, false]);
    await once(client, 'message');
    expect([count, client.isPaused]).toEqual([1, false]);
  });

  it('client that gives each message a turn pauses and resumes', async () => {
    const { client, peer } = await connectPair({}, { allowSynchronousEvents: false });
    const texts: string[] = [];
    client.on('message', (data) => {
      if (texts.push(String(data)) === 2) client.pause();
    });
    for (const text of ['1', '2', '3', '4']) peer.send(text);
    while (!client.isPaused) await turn();
    for (let i = 0; i < 5; i++) await turn();
    expect(texts).toEqual(['1', '2']);
    client.resume();
    peer.close();
    await once(client, 'close');
    expect(texts).toEqual(['1', '2', '3', '4']);
  });

  it('client lets promise reactions run between messages when told so', async () => {
    const { client, peer } = await connectPair({}, { allowSynchronousEvents: false });
    const events: string[] = [];
    client.on('message', (data) => {
      events.push(`message ${data}`);
      void Promise.resolve().then(() => events.push(`reaction ${data}`));
    });
    peer.send('1');
    peer.send('2');
    peer.close();
    await once(client, 'close');
    expect(events).toEqual(['message 1', 'reaction 1', 'message 2', 'reaction 2']);
  });

  it('server sends a compressed message in fragments, though they wait behind a large one', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: true });
    const received = nextTexts(client, 3);
    const large = 'large '.repeat(20_000);
    const fragments = Array.from({ length: 300 }, (_, i) => `${i} `.repeat(1_000));
    peer.send(large);
    fragments.forEach((fragment, i) => {
      peer.send(fragment, { fin: i === fragments.length - 1 });
    });
    peer.send('behind');
    expect(await received).toEqual([large, fragments.join(''), 'behind']);
  });

  it('server whose options zlib refuses keeps no other server of the process from sending', async () => {
    const uncaught = captureUncaught();
    const broken = await connectPair({ perMessageDeflate: { zlibDeflateOptions: { level: 99 } } });
    const { client, peer } = await connectPair();
    broken.peer.send('compressed '.repeat(200));
    peer.send('first');
    expect(await nextTexts(client, 1)).toEqual(['first']);
    expect(await uncaught.next()).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    peer.send('second');
    expect(await nextTexts(client, 1)).toEqual(['second']);
  });

  it('client surfaces what a listener throws, and goes on', async () => {
    const { client, peer } = await connectPair();
    const uncaught = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener);
        resolve(error.message);
      });
    });
    client.once('message', () => {
      throw new Error('oops');
    });
    peer.send('1');
    peer.send('2');
    expect(await uncaught).toBe('oops');
    peer.send('3');
    await once(client, 'message');
    expect(client.readyState).toBe(client.OPEN);
  });

  it.each([
    [{ perMessageDeflate: true }, {}],
    [{ perMessageDeflate: { serverNoContextTakeover: true, threshold: 0 } }, {}],
    [{ perMessageDeflate: true }, { perMessageDeflate: { clientMaxWindowBits: 9, threshold: 0 } }],
  ])('both ends compress with %o and %o', async (options, clientOptions) => {
    const { client, peer } = await connectPair(options, clientOptions);
    expect([client.extensions, peer.extensions]).toEqual(['permessage-deflate', 'permessage-deflate']);
    peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
    for (const text of ['short', 'long '.repeat(1000), 'long '.repeat(100_000)]) {
      client.send(text);
      expect(String((await once(client, 'message'))[0]) === text).toBe(true);
    }
  });
});
