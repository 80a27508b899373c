import { describe, expect, test } from 'vitest';
import { failClient, makeClient, next, openClient, openToRaw } from '../rig/clients.ts';
import { deflate, RSV1 } from '../rig/compressed.ts';
import { flood } from '../rig/flood.ts';
import { usedBytes } from '../rig/memory.ts';
import { BINARY, CONTINUATION, frame, PING, serverFrame } from '../rig/raw-frame.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { MORE_THAN_THE_KERNEL } from '../rig/slow-peers.ts';

const MB = 1_000_000;

describe('answers to the handshake', () => {
  test('client fails at a head without end', async () => {
    const server = await startRawServer();
    const failed = failClient(makeClient(server.url));
    const peer = await server.accept();
    await peer.head();
    peer.write('HTTP/1.1 101 Switching Protocols\r\n');
    await flood(peer, Buffer.from(`X-Filler: ${'x'.repeat(100)}\r\n`), () => peer.stream.closed);
    expect((await failed).error.error).toMatchObject({ code: 'WS_ERR_CONNECT_FAILED' });
  });

  test('client waits for no answer behind informational ones longer than for any', async () => {
    const server = await startRawServer();
    const failed = failClient(makeClient(server.url, [], { handshakeTimeoutMs: 100 }));
    const peer = await server.accept();
    await peer.head();
    const hints = Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(10));
    await flood(peer, hints, () => peer.stream.closed);
    expect((await failed).error.error).toMatchObject({ code: 'WS_ERR_HANDSHAKE_TIMEOUT' });
  });
});

describe('floods', () => {
  test('client bounds its answers to a ping flood', async () => {
    const { client, peer } = await openToRaw();
    let count = 0;
    client.addEventListener('ping', () => count++);
    peer.stream.pause();
    const ping = serverFrame(PING, Buffer.alloc(125));
    const chunk = Buffer.concat(Array.from({ length: 500 }, () => ping));
    // Its answers fill the kernel: then what is kept here must stop growing.
    const filling = MORE_THAN_THE_KERNEL / ping.length;
    await flood(peer, chunk, () => count > filling);
    const before = await usedBytes();
    await flood(peer, chunk, () => count > filling + 100_000);
    expect((await usedBytes()) - before).toBeLessThan(3 * MB);
    peer.write(serverFrame(PING, 'the last one'));
    peer.stream.resume();
    let last = '';
    while (last !== 'the last one') last = await peer.text();
  });

  test('client keeps tiny fragments in little more than their bytes', async () => {
    const { client, peer } = await openToRaw();
    client.binaryType = 'arraybuffer';
    const before = await usedBytes();
    peer.write(serverFrame(BINARY, 'x', false));
    const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => serverFrame(CONTINUATION, 'x', false)));
    for (let sent = 0; sent < 50; sent++) peer.write(chunk);
    const pinged = next(client, 'ping');
    peer.write(serverFrame(PING, 'all sent'));
    await pinged;
    expect((await usedBytes()) - before).toBeLessThan(4 * MB);
    peer.write(serverFrame(CONTINUATION, 'x'));
    expect((await next(client, 'message')).data.byteLength).toBe(500_002);
  });
});

describe('compressed data', () => {
  test.each([
    ['on this thread', 2_000],
    ['on another thread', 2_000_000],
  ])('client cuts a bomb %s with 1009', async (_, maxMessageBytes) => {
    const server = await startRawServer();
    const opening = openClient(server.url, [], { maxMessageBytes });
    const peer = await server.open({
      'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover',
    });
    const failed = failClient(await opening);
    peer.write(frame(BINARY, deflate(Buffer.alloc(50_000_000)), { rsv: RSV1, mask: false }));
    expect((await peer.close()).code).toBe(1009);
    peer.stream.end();
    expect((await failed).close).toMatchObject({ code: 1006, wasClean: false });
  });
});
