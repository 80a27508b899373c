import { randomBytes } from 'node:crypto';
import { type CompressionOptions, type ServerSocket, WebSocket, WebSocketServer } from '@hawser/ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer, WebSocket as WsSocket } from 'ws';
import { makeClient, next, openClient } from '../rig/clients.ts';
import { recordCloses } from '../rig/closes.ts';
import { compressible, deflate, inflate, OFFER, RSV1 } from '../rig/compressed.ts';
import { Queue } from '../rig/queue.ts';
import { BINARY, frame, PING, TEXT } from '../rig/raw-frame.ts';
import { openRaw, requestRaw } from '../rig/raw-peer.ts';
import { startRawServer } from '../rig/raw-server.ts';
import { startServer } from '../rig/servers.ts';

/** Starts a server that echoes, compressed. */
function startEcho(compression: boolean | CompressionOptions = true, maxMessageBytes = 10_000_000) {
  return startServer({
    compression,
    maxMessageBytes,
    message: (socket, data, isBinary) => void socket.send(data, { binary: isBinary }),
  });
}

const WINDOWS = [
  [8, 15],
  [9, 10],
  [15, 15],
] as const;

/** Every combination of who takes the context over, with a few windows. */
const AGREEMENTS: CompressionOptions[] = [true, false].flatMap((serverNoContextTakeover) =>
  [true, false].flatMap((clientNoContextTakeover) =>
    WINDOWS.map(([serverMaxWindowBits, clientMaxWindowBits]) => ({
      serverNoContextTakeover,
      clientNoContextTakeover,
      serverMaxWindowBits,
      clientMaxWindowBits,
      thresholdBytes: 0,
    })),
  ),
);

/** Small and large, empty, alike and unlike, compressible and not. */
const SAMPLES: Buffer[] = [
  '',
  'a',
  compressible('first'),
  compressible('second'),
  compressible('large', 200_000),
  randomBytes(3000),
  compressible('behind the large one'),
  randomBytes(100_000),
  compressible('last', 70_000),
].map((data) => Buffer.from(data as string));

describe.each(AGREEMENTS)('RFC 7692 7.1 agreement %o', (options) => {
  test('server and client of ours exchange messages of all sizes', async () => {
    const { url } = await startEcho(options);
    const client = await openClient(url, [], { compression: options });
    expect(client.extensions).toContain('permessage-deflate');
    client.binaryType = 'arraybuffer';
    const received = new Queue<Buffer>();
    client.addEventListener('message', ({ data }) => received.push(Buffer.from(data)));
    for (const round of [1, 2]) {
      for (const sample of SAMPLES) client.send(sample);
      const echoes = await received.take(SAMPLES.length);
      expect([round, ...echoes.map((data, i) => data.equals(SAMPLES[i]!))]).toEqual([
        round,
        ...SAMPLES.map(() => true),
      ]);
    }
  });

  test('server exchanges messages with a client of ws', async () => {
    const { url } = await startEcho(options);
    const socket = new WsSocket(url, {
      perMessageDeflate: { ...options, threshold: 0 } as object,
    });
    onTestFinished(() => socket.terminate());
    const received = new Queue<Buffer>();
    socket.on('message', (data) => received.push(data as Buffer));
    await new Promise((resolve) => socket.once('open', resolve));
    for (const sample of [...SAMPLES, ...SAMPLES]) socket.send(sample);
    const echoes = await received.take(2 * SAMPLES.length);
    expect(echoes.map((data, i) => data.equals(SAMPLES[i % SAMPLES.length]!))).not.toContain(false);
  });

  test('client exchanges messages with a server of ws', async () => {
    // `ws` refuses an offer that does not let it limit our window as it was told to.
    const server = new WsServer({
      host: '127.0.0.1',
      port: 0,
      perMessageDeflate: { ...options, clientMaxWindowBits: undefined, threshold: 0 } as object,
    });
    onTestFinished(() => server.close());
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const client = await openClient(`ws://127.0.0.1:${port}/`, [], { compression: options });
    client.binaryType = 'arraybuffer';
    const received = new Queue<Buffer>();
    client.addEventListener('message', ({ data }) => received.push(Buffer.from(data)));
    for (const sample of [...SAMPLES, ...SAMPLES]) client.send(sample);
    const echoes = await received.take(2 * SAMPLES.length);
    expect(echoes.map((data, i) => data.equals(SAMPLES[i % SAMPLES.length]!))).not.toContain(false);
  });
});

describe('RFC 7692 5.1 negotiation', () => {
  const answerTo = async (offer: string, compression: boolean | CompressionOptions = true) => {
    const { port } = await startEcho(compression);
    const peer = await requestRaw(port, { 'Sec-WebSocket-Extensions': offer });
    const { status, headers } = await peer.response();
    return [status, headers['sec-websocket-extensions']?.join()];
  };

  test.each([
    ['permessage-deflate', 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'],
    [
      'permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10',
    ],
    [
      'x-unknown; a="b", permessage-deflate; client_max_window_bits',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    ['permessage-deflate; unknown', undefined],
    ['x-webkit-deflate-frame', undefined],
  ])('server answers the offer %s', async (offer, answer) => {
    expect(await answerTo(offer)).toEqual([101, answer]);
  });

  test('server that does not compress by its options answers no offer', async () => {
    expect(await answerTo('permessage-deflate', false)).toEqual([101, undefined]);
  });

  test('server fails a compressed message where nothing was agreed on', async () => {
    const { port } = await startEcho(false);
    const peer = await openRaw(port, OFFER);
    peer.write(frame(TEXT, deflate('Hello'), { rsv: RSV1 }));
    expect(await peer.close()).toEqual({ code: 1002, reason: 'RSV1 is set' });
  });

  test.each([
    ['permessage-deflate; client_max_window_bits', 'a parameter without its value'],
    ['permessage-deflate; client_no_context_takeover', 'less than was asked for'],
    ['permessage-deflate; unknown', 'an unknown parameter'],
    ['permessage-deflate, permessage-deflate', 'the extension twice'],
  ])('client refuses the answer %s: %s', async (answer) => {
    const server = await startRawServer();
    const client = makeClient(server.url);
    const failed = next(client, 'error');
    await server.open({ 'Sec-WebSocket-Extensions': answer });
    expect((await failed).error).toMatchObject({ code: 'WS_ERR_INVALID_EXTENSIONS_HEADER' });
  });

  test('client without compression offers none', async () => {
    const server = await startRawServer();
    makeClient(server.url, [], { compression: false });
    const { headers } = await (await server.accept()).head();
    expect(headers['sec-websocket-extensions']).toBeUndefined();
  });

  test.each([
    [{ thresholdBytes: -1 }, /thresholdBytes must be a number from 0 on, not -1/],
    [{ level: 10 }, /level must be a whole number from 0 to 9, not 10/],
    [{ level: 1.5 }, /level must be a whole number from 0 to 9, not 1.5/],
    [{ serverMaxWindowBits: 9.5 }, /serverMaxWindowBits must be a whole number from 8 to 15, not 9.5/],
    ['yes' as never, /compression must be true, false or its options, not yes/],
    [0 as never, /compression must be true, false or its options, not 0/],
    [{ memLevel: 0 }, /memLevel must be a whole number from 1 to 9/],
    [{ serverMaxWindowBits: 7 }, /serverMaxWindowBits must be a whole number from 8 to 15/],
    [{ clientMaxWindowBits: 'a' as never }, /clientMaxWindowBits must be a whole number from 8 to 15, not a/],
  ])('server and client throw at %o', (compression, message) => {
    expect(() => new WebSocketServer({ compression })).toThrow(message);
    expect(() => new WebSocket('ws://127.0.0.1:1/', [], { compression })).toThrow(message);
  });

  test('server takes the default for an option that is undefined', async () => {
    const compression = {
      level: undefined,
      serverNoContextTakeover: undefined,
    } as unknown as CompressionOptions;
    expect(await answerTo('permessage-deflate', compression)).toEqual([
      101,
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ]);
  });
});

describe('RFC 7692 6.1 sending', () => {
  test.each([
    ['a message below the threshold', 'a'.repeat(1023), 0],
    ['a message of the threshold', 'a'.repeat(1024), RSV1],
    ['a text whose bytes reach the threshold', 'ü'.repeat(512), RSV1],
    ['a text whose bytes do not', 'ü'.repeat(511), 0],
    ['what does not get smaller', randomBytes(2000).toString('latin1'), RSV1],
  ])('server sends %s with RSV1 as it should be', async (_, text, rsv) => {
    for (const serverNoContextTakeover of [true, false]) {
      const { port } = await startServer({
        compression: { serverNoContextTakeover },
        open: (socket) => void socket.send(text),
      });
      const message = await (await openRaw(port, OFFER)).frame();
      expect(message.rsv).toBe(rsv);
      expect(rsv === 0 ? message.payload.toString() : inflate(message.payload)).toBe(text);
    }
  });

  test('server sends bytes that do not get smaller as they are', async () => {
    const bytes = randomBytes(2000);
    const { port } = await startServer({
      compression: true,
      open: (socket) => void socket.send(bytes),
    });
    const message = await (await openRaw(port, OFFER)).frame();
    expect([message.rsv, message.payload.equals(bytes)]).toEqual([0, true]);
  });

  test('server keeps the order of small messages behind large ones', async () => {
    const sent = Array.from({ length: 40 }, (_, i) => compressible(`${i};`, i % 4 === 0 ? 100_000 : 3000));
    const { url } = await startServer({
      compression: true,
      open: (socket) => {
        for (const text of sent) socket.send(text);
      },
    });
    const client = makeClient(url);
    const received = new Queue<string>();
    client.addEventListener('message', ({ data }) => received.push(data));
    expect((await received.take(40)).map((text) => text.split(';')[0])).toEqual(
      sent.map((text) => text.split(';')[0]),
    );
  });

  test('server takes the small message that it was given, though its bytes are changed while it waits', async () => {
    const small = Buffer.from('small');
    const { url } = await startServer({
      compression: true,
      open: (socket) => {
        socket.send(compressible('large', 100_000));
        socket.send(small);
        small.fill(0);
      },
    });
    const client = makeClient(url);
    client.binaryType = 'arraybuffer';
    const received = new Queue<unknown>();
    client.addEventListener('message', ({ data }) => received.push(data));
    const [, second] = await received.take(2);
    expect(Buffer.from(second as ArrayBuffer).toString()).toBe('small');
  });

  test('server tells that what is being compressed waits, and when it has left', async () => {
    const results = new Queue<unknown>();
    const drains = new Queue<number>();
    const { port } = await startServer({
      compression: true,
      open: (socket) => {
        results.push([socket.send(compressible('large', 100_000)), socket.bufferedBytes]);
      },
      drain: (socket) => drains.push(socket.bufferedBytes),
    });
    const peer = await openRaw(port, OFFER);
    const [result, bufferedBytes] = (await results.next()) as [string, number];
    expect(result).toBe('queued');
    expect(bufferedBytes).toBeGreaterThanOrEqual(100_000);
    expect(inflate((await peer.frame()).payload)).toHaveLength(100_000);
    expect(await drains.next()).toBe(0);
  });

  test('server that closes sends what waits to be compressed before', async () => {
    const { url } = await startServer({
      compression: true,
      open: (socket) => {
        socket.send(compressible('large', 100_000));
        socket.send('behind');
        socket.close(4000, 'enough');
      },
    });
    const client = makeClient(url);
    const received: number[] = [];
    client.addEventListener('message', ({ data }) => received.push(data.length));
    expect(await next(client, 'close')).toMatchObject({ code: 4000, wasClean: true });
    expect(received).toEqual([100_000, 6]);
  });

  test('server whose client is gone while it compresses counts what was not sent', async () => {
    const opened = new Queue<ServerSocket>();
    const { closes, close } = recordCloses();
    const { port } = await startServer({ compression: true, open: (socket) => opened.push(socket), close });
    const peer = await openRaw(port, OFFER);
    const socket = await opened.next();
    socket.send(compressible('large', 100_000));
    socket.terminate();
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    // With the header of its frame.
    expect(socket.bufferedBytes).toBe(100_010);
    await peer.closed;
    expect(socket.send('late')).toBe('closed');
  });
});

describe('RFC 7692 6.1 broadcasts', () => {
  async function openSubscribers(compression: CompressionOptions, count: number) {
    const { server, port } = await startServer({
      compression,
      open: (socket) => void socket.subscribe('news'),
    });
    const peers = await Promise.all(Array.from({ length: count }, () => openRaw(port, OFFER)));
    const plain = await openRaw(port);
    return { server, peers, plain };
  }

  test.each([2000, 100_000])(
    'server sends %i bytes to all, compressed or as they are',
    async (byteLength) => {
      const text = compressible('news', byteLength);
      for (const serverNoContextTakeover of [true, false]) {
        const { server, peers, plain } = await openSubscribers({ serverNoContextTakeover }, 3);
        expect(server.publish('news', text)).toBe(4);
        const frames = await Promise.all(peers.map((peer) => peer.frame()));
        expect(frames.map(({ rsv }) => rsv)).toEqual([RSV1, RSV1, RSV1]);
        expect(inflate(frames[0]!.payload)).toBe(text);
        // The very same bytes: they were compressed once.
        for (const { payload } of frames) expect(payload.equals(frames[0]!.payload)).toBe(true);
        expect(await plain.text()).toBe(text);
      }
    },
  );

  test('server keeps the order of broadcasts and messages to one', async () => {
    const sockets: ServerSocket[] = [];
    const { server, url } = await startServer({
      compression: { serverNoContextTakeover: false },
      open: (socket) => {
        socket.subscribe('news');
        sockets.push(socket);
      },
    });
    const clients = await Promise.all(
      [0, 1, 2].map(() => openClient(url, [], { compression: { serverNoContextTakeover: false } })),
    );
    const received = clients.map((client) => {
      const queue = new Queue<string>();
      client.addEventListener('message', ({ data }) => queue.push(data.split(';')[0]));
      return queue;
    });
    const expected: string[] = [];
    for (let i = 0; i < 30; i++) {
      const text = compressible(`${i};`, i % 3 === 0 ? 60_000 : 2000);
      expected.push(`${i}`);
      if (i % 2 === 0) server.publish('news', text);
      else for (const socket of sockets) socket.send(text);
    }
    for (const queue of received) expect(await queue.take(30)).toEqual(expected);
  });
});

describe('RFC 7692 6.2 receiving', () => {
  test('server inflates a message in fragments, with a ping between them', async () => {
    const { port } = await startEcho({ thresholdBytes: 10_000 });
    const peer = await openRaw(port, OFFER);
    const data = deflate('Hello, world');
    peer.write(
      frame(TEXT, data.subarray(0, 3), { fin: false, rsv: RSV1 }),
      frame(PING, 'p'),
      frame(0, '', { fin: false }),
      frame(0, data.subarray(3)),
    );
    expect((await peer.frame()).payload.toString()).toBe('p');
    expect(await peer.text()).toBe('Hello, world');
  });

  test('server takes messages that are not compressed between those that are', async () => {
    const { port } = await startEcho({ thresholdBytes: 10_000 });
    const peer = await openRaw(port, OFFER);
    peer.write(
      frame(TEXT, deflate('one'), { rsv: RSV1 }),
      frame(TEXT, 'two'),
      frame(BINARY, deflate('three'), { rsv: RSV1 }),
    );
    expect([await peer.text(), await peer.text(), await peer.text()]).toEqual(['one', 'two', 'three']);
  });

  test('server delivers in order what it inflates on other threads', async () => {
    const { port } = await startEcho({ thresholdBytes: 10_000_000 });
    const peer = await openRaw(port, OFFER);
    const sent = Array.from({ length: 20 }, (_, i) => compressible(`${i};`, i % 2 === 0 ? 400_000 : 10));
    for (const text of sent) peer.write(frame(TEXT, deflate(text), { rsv: RSV1 }));
    for (const text of sent) expect(await peer.text()).toBe(text);
  });

  test('server answers the close frame that comes behind what it is still inflating, after it', async () => {
    const { port } = await startEcho({ thresholdBytes: 10_000_000 });
    const peer = await openRaw(port, OFFER);
    peer.write(
      frame(TEXT, deflate(compressible('large', 400_000)), { rsv: RSV1 }),
      frame(8, Buffer.from([0x03, 0xe8])),
    );
    expect(await peer.text()).toHaveLength(400_000);
    expect(await peer.close()).toEqual({ code: 1000, reason: '' });
  });

  test.each([
    ['on this thread', 2000],
    ['on another thread', 2_000_000],
  ])('server cuts a bomb %s with 1009', async (_, maxMessageBytes) => {
    const { port } = await startEcho(true, maxMessageBytes);
    const peer = await openRaw(port, OFFER);
    peer.write(frame(TEXT, deflate(Buffer.alloc(50_000_000)), { rsv: RSV1 }));
    const reason = `message is over the limit of ${maxMessageBytes} bytes`;
    expect(await peer.close()).toEqual({ code: 1009, reason });
  });

  test('server takes a compressed message of just the limit', async () => {
    const { port } = await startEcho(true, 2000);
    const peer = await openRaw(port, OFFER);
    peer.write(frame(TEXT, deflate('a'.repeat(2000)), { rsv: RSV1 }));
    expect(inflate((await peer.frame()).payload)).toHaveLength(2000);
    peer.write(frame(TEXT, deflate('a'.repeat(2001)), { rsv: RSV1 }));
    expect((await peer.close()).code).toBe(1009);
  });

  test.each([
    ['corrupt data', Buffer.from('ffffffff', 'hex')],
    ['corrupt data of some size', randomBytes(100_000).fill(0xff, 0, 8)],
    ['an empty payload', Buffer.alloc(0)],
    ['text that was not UTF-8', deflate(Buffer.from('c328', 'hex'))],
  ])('server fails with 1007 at %s', async (_, data) => {
    const { port } = await startEcho();
    const peer = await openRaw(port, OFFER);
    peer.write(frame(TEXT, data, { rsv: RSV1 }));
    expect((await peer.close()).code).toBe(1007);
  });

  test('client fails with 1007 at corrupt data', async () => {
    const { client, peer } = await openToRawCompressed();
    const failed = next(client, 'error');
    peer.write(frame(TEXT, Buffer.from('ffffffff', 'hex'), { rsv: RSV1, mask: false }));
    expect((await failed).error.message).toBe('compressed data is corrupt');
    expect((await peer.close()).code).toBe(1007);
  });

  test('server whose client leaves while it inflates goes on', async () => {
    const { closes, close } = recordCloses();
    const messages: number[] = [];
    const { port } = await startServer({
      compression: true,
      maxMessageBytes: 100_000_000,
      message: (_socket, data) => messages.push(data.length),
      close,
    });
    const peer = await openRaw(port, OFFER);
    peer.write(frame(TEXT, deflate(Buffer.alloc(50_000_000)), { rsv: RSV1 }));
    peer.stream.destroy();
    expect((await closes.next()).code).toBe(1006);
    const other = await openRaw(port, OFFER);
    other.write(frame(TEXT, deflate('still here'), { rsv: RSV1 }));
    other.write(frame(8));
    await other.close();
    expect(messages.at(-1)).toBe(10);
  });

  /** Opens a client to a raw server that agreed to compress. */
  async function openToRawCompressed() {
    const server = await startRawServer();
    const opening = openClient(server.url);
    const peer = await server.open({
      'Sec-WebSocket-Extensions':
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    });
    return { client: await opening, peer };
  }
});
