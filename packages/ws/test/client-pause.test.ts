import { describe, expect, test } from 'vitest';
import { makeClient, next, openClient, openToRaw, recordEvents } from './rig/clients.ts';
import { Queue } from './rig/queue.ts';
import { CLOSE, closePayload, PING, serverFrame, TEXT } from './rig/raw-frame.ts';
import { startRawServer } from './rig/raw-server.ts';
import { startServer } from './rig/servers.ts';
import { MORE_THAN_THE_KERNEL, turn } from './rig/slow-peers.ts';

describe('pause and resume', () => {
  test('client delivers nothing while it is paused, and all of it afterwards', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.pause();
    peer.write(serverFrame(TEXT, '1'), serverFrame(TEXT, '2'), serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    client.send('what is sent goes out');
    await peer.text();
    await turn();
    expect([client.readyState, events.length]).toEqual([1, 0]);
    client.resume();
    expect(events).toHaveLength(0);
    expect(await events.take(3)).toEqual(['message 1', 'message 1', 'close 3']);
  });

  test('client that is paused by a listener delivers nothing more, though it has it', async () => {
    const { client, peer } = await openToRaw();
    const messages = new Queue<string>();
    client.onmessage = ({ data }) => {
      messages.push(data);
      client.pause();
    };
    peer.write(...['1', '2', '3'].map((text) => serverFrame(TEXT, text)));
    for (const text of ['1', '2', '3']) {
      expect(await messages.next()).toBe(text);
      await turn();
      await turn();
      expect(messages).toHaveLength(0);
      client.resume();
    }
  });

  test('client can be paused and resumed in one go, in any order', async () => {
    const { client, peer } = await openToRaw();
    const messages = new Queue<string>();
    client.onmessage = ({ data }) => {
      client.pause();
      client.pause();
      client.resume();
      queueMicrotask(() => {
        client.pause();
        client.resume();
        client.resume();
      });
      messages.push(data);
    };
    client.addEventListener('ping', () => {
      client.pause();
      client.resume();
    });
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`);
    peer.write(...texts.flatMap((text) => [serverFrame(TEXT, text), serverFrame(PING, text)]));
    expect(await messages.take(20)).toEqual(texts);
  });

  test('client that is paused while connecting opens, and delivers nothing', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const events = recordEvents(client);
    client.pause();
    await server.open({}, serverFrame(TEXT, 'with the 101'));
    expect(await events.next()).toBe('open 1');
    await turn();
    await turn();
    expect(events).toHaveLength(0);
    client.resume();
    expect(await events.next()).toBe('message 1');
  });

  test('client that is paused in vain while connecting opens as usual', async () => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    client.pause();
    client.resume();
    const message = next(client, 'message');
    await server.open({}, serverFrame(TEXT, 'with the 101'));
    expect((await message).data).toBe('with the 101');
  });

  test('client that is paused makes the server wait', async () => {
    const { client, peer } = await openToRaw();
    client.pause();
    peer.stream.write(serverFrame(TEXT, 'x'.repeat(MORE_THAN_THE_KERNEL)));
    const written = new Promise<string>((resolve) => peer.stream.write('', () => resolve('written')));
    // An answer to a later question comes, so that the server's bytes had their time.
    client.send('still sends');
    expect(await peer.text()).toBe('still sends');
    for (let i = 0; i < 20; i++) await turn();
    expect(peer.stream.writableLength).toBeGreaterThan(0);
    const message = next(client, 'message');
    client.resume();
    expect(await written).toBe('written');
    expect((await message).data).toHaveLength(MORE_THAN_THE_KERNEL);
  });

  test('client that is closed while paused hears the close frame, and drops what is before it', async () => {
    const { client, peer } = await openToRaw();
    const events = recordEvents(client);
    client.pause();
    peer.write(serverFrame(TEXT, 'unheard'));
    await turn();
    client.close(3000);
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(3000)));
    peer.stream.end();
    expect(await events.next()).toBe('close 3');
  });

  test('client that is paused and resumed at the wrong time stays as it is', async () => {
    const { client, peer } = await openToRaw();
    client.close();
    client.pause();
    await peer.close();
    peer.write(serverFrame(CLOSE, closePayload(1000)));
    peer.stream.end();
    await next(client, 'close');
    client.pause();
    client.resume();
    expect(client.readyState).toBe(3);
    const refused = makeClient('ws://127.0.0.1:1/');
    refused.pause();
    await next(refused, 'close');
    refused.resume();
    expect(refused.readyState).toBe(3);
  });

  test('client that is paused does not take the server for dead, and does again behind it', async () => {
    const { client, peer } = await openToRaw({ pingIntervalMs: 20, pingTimeoutMs: 20 });
    const events = recordEvents(client);
    client.pause();
    peer.write(serverFrame(TEXT, 'waits'));
    // Many times both bounds.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([client.readyState, events.length]).toEqual([1, 0]);
    client.resume();
    expect(await events.take(3)).toEqual(['message 1', 'error 3', 'close 3']);
  });

  test('client that is terminated while paused is gone', async () => {
    const { client, peer } = await openToRaw();
    const closed = next(client, 'close');
    client.pause();
    peer.write(serverFrame(TEXT, 'unheard'));
    client.terminate();
    expect(await closed).toMatchObject({ code: 1006, wasClean: false });
  });
});

describe('drain', () => {
  test('client tells when all that was sent in a turn has left', async () => {
    const { client, peer } = await openToRaw();
    let count = 0;
    client.addEventListener('drain', () => count++);
    const drained = next(client, 'drain');
    client.send('1');
    client.send('22');
    expect(client.bufferedAmount).toBe(3);
    expect(count).toBe(0);
    await drained;
    expect([client.bufferedAmount, count]).toEqual([0, 1]);
    expect([await peer.text(), await peer.text()]).toEqual(['1', '22']);
    await turn();
    expect(count).toBe(1);
  });

  test('client tells once a slow server has taken it', async () => {
    const { client, peer } = await openToRaw();
    const amounts = new Queue<number>();
    client.addEventListener('drain', () => amounts.push(client.bufferedAmount));
    peer.stream.pause();
    client.send(new Uint8Array(MORE_THAN_THE_KERNEL));
    client.send('behind');
    for (let i = 0; i < 20; i++) await turn();
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(amounts).toHaveLength(0);
    peer.stream.resume();
    expect(await amounts.next()).toBe(0);
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(await peer.text()).toBe('behind');
  });

  test('client tells behind Blobs', async () => {
    const { client, peer } = await openToRaw();
    const amounts = new Queue<number>();
    client.addEventListener('drain', () => amounts.push(client.bufferedAmount));
    client.send(new Blob(['x'.repeat(100_000)]));
    client.send('behind');
    expect(await amounts.next()).toBe(0);
    await peer.frame();
    expect(await peer.text()).toBe('behind');
  });

  test('client that sends more at each drain sends it all', async () => {
    let received = 0;
    const done = new Queue<number>();
    const { url } = await startServer({
      message: (_socket, data) => {
        received += data.length;
        if (received === 2_000 * 16_384) done.push(received);
      },
    });
    const client = await openClient(url);
    let sent = 0;
    let most = 0;
    const pump = () => {
      while (sent < 2_000 && client.bufferedAmount < 1_000_000) {
        client.send(new Uint8Array(16_384));
        sent++;
      }
      most = Math.max(most, client.bufferedAmount);
    };
    client.addEventListener('drain', pump);
    pump();
    expect(await done.next()).toBe(2_000 * 16_384);
    expect(most).toBeLessThan(1_000_000 + 16_384);
  });

  test('client tells nothing when nothing was to be sent, or it did not leave', async () => {
    const { client, peer } = await openToRaw();
    let count = 0;
    client.addEventListener('drain', () => count++);
    client.send('');
    client.ping('x');
    await peer.frame();
    await peer.frame();
    await turn();
    peer.stream.pause();
    client.send(new Uint8Array(MORE_THAN_THE_KERNEL));
    await turn();
    client.terminate();
    await next(client, 'close');
    await turn();
    expect(count).toBe(0);
  });
});
