import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocket } from '@hawser/ws';
import { io } from 'socket.io-client';
import { afterEach, describe, expect, test } from 'vitest';
import { LAB_LIMITS } from '../../src/lab/limits.ts';
import { TRANSPORT_NAMES, type TransportName } from '../../src/lab/messages.ts';
import { startTransport, type TransportServer } from '../../src/lab/transport-server.ts';
import { TRANSPORTS } from '../../src/lab/transports/index.ts';

const STREAM = 'a-stream';
const running: TransportServer[] = [];
const agent = new Agent({ keepAlive: true });

afterEach(async () => {
  agent.destroy();
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function start(name: TransportName): Promise<TransportServer> {
  const server = await startTransport(await TRANSPORTS[name](), '127.0.0.1');
  running.push(server);
  server.open(STREAM);
  return server;
}

const urlOf = ({ port }: TransportServer, query = '') =>
  `http://127.0.0.1:${port}/events?stream=${STREAM}${query}`;

async function fetchText(
  url: string,
): Promise<{ readonly response: IncomingMessage; readonly body: string }> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  return { response, body: await text(response) };
}

const event = (seq: number, bytes = 16) => ({ seq, at: 1000 + seq, bytes });

/** Receives events as a page does. */
interface Receiver {
  readonly received: { readonly seq: number; readonly at: number; readonly data: string }[];
  readonly isReady: Promise<unknown>;
  stop(): void;
}

const RECEIVERS: Readonly<Record<TransportName, (server: TransportServer) => Receiver>> = {
  'short-polling': (server) => poll(server, 20),
  'long-polling': (server) => poll(server, 0),
  'server-sent-events': (server) => {
    const received: Receiver['received'] = [];
    const request = get(urlOf(server));
    const isReady = once(request, 'response').then(([response]) => {
      let unread = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (unread + chunk).split('\n\n');
        unread = blocks.pop() ?? '';
        received.push(...blocks.map((block) => JSON.parse(block.replace(/^data: /, ''))));
      });
    });
    request.on('error', () => {});
    return { received, isReady, stop: () => request.destroy() };
  },
  'socket-io': ({ port }) => {
    const received: Receiver['received'] = [];
    const socket = io(`http://127.0.0.1:${port}`, { query: { stream: STREAM }, forceNew: true });
    socket.on('event', (sent) => received.push(sent));
    const isReady = new Promise<void>((resolve) => {
      socket.io.on('open', () => socket.io.engine.on('upgrade', () => resolve()));
    });
    return { received, isReady, stop: () => socket.disconnect() };
  },
  websocket: ({ port }) => {
    const received: Receiver['received'] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?stream=${STREAM}`);
    socket.onmessage = ({ data }) => received.push(JSON.parse(String(data)));
    return { received, isReady: once(socket, 'open'), stop: () => socket.close() };
  },
};

function poll(server: TransportServer, pauseMs: number): Receiver {
  const received: Receiver['received'] = [];
  let isStopped = false;
  let after: number | undefined;
  const ask = async () => {
    const { body } = await fetchText(urlOf(server, after === undefined ? '' : `&after=${after}`));
    const answer = JSON.parse(body);
    after = answer.last;
    received.push(...answer.events);
  };
  const loop = async () => {
    while (!isStopped) {
      await ask();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  // The first answer says where the stream is.
  const isReady = ask().then(() => void loop().catch(() => {}));
  return {
    received,
    isReady,
    stop: () => {
      isStopped = true;
    },
  };
}

const UPGRADE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Send a request as it is written, and read until the server closes. */
function ask(port: number, target: string, headers: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  return text(socket);
}

describe.each(TRANSPORT_NAMES)('%s', (name) => {
  test('brings every event in order with its payload, and counts its cost', async () => {
    const server = await start(name);
    const receiver = RECEIVERS[name](server);
    await receiver.isReady;
    const before = server.totals()[STREAM]!;
    for (let seq = 1; seq <= 20; seq++) {
      server.deliver(STREAM, [event(seq, 1000)]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(20);
    expect(receiver.received.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(receiver.received[4]).toEqual({ seq: 5, at: 1005, data: expect.stringMatching(/^5:\w{998}$/) });
    const after = server.totals()[STREAM]!;
    expect(after.bytesDown - before.bytesDown).toBeGreaterThan(20 * 1000);
    expect(after.bytesDown - before.bytesDown).toBeLessThan(20 * 2000);
    expect(after.requests).toBeGreaterThan(0);
    expect([before.lastSeq, after.lastSeq]).toEqual([0, 20]);
    expect(after.bytesUp).toBeGreaterThan(50);
    receiver.stop();
  });

  test('turns away who names no stream', async () => {
    const { port } = await start(name);
    const target = name === 'socket-io' ? '/socket.io/?EIO=4&transport=polling&stream=x' : '/events?stream=x';
    const answer = await ask(port, target, name === 'websocket' ? UPGRADE : 'Connection: close\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 40[034] /);
  });

  test('turns away who asks for what is no address', async () => {
    const { port } = await start(name);
    const isUpgrade = name === 'websocket' || name === 'socket-io';
    const answer = await ask(port, '//', isUpgrade ? UPGRADE : 'Connection: close\r\n');
    // An upgrade to where it is not is left to others, and ended.
    expect(answer).toMatch(name === 'socket-io' ? /^$/ : /^HTTP\/1\.1 404 /);
  });

  test('ends the connections of a stream that is closed', async () => {
    const server = await start(name);
    const receiver = RECEIVERS[name](server);
    await receiver.isReady;
    server.close(STREAM);
    expect(server.totals()).toEqual({});
    server.deliver(STREAM, [event(1)]);
    receiver.stop();
    expect(receiver.received).toEqual([]);
  });
});

describe('the count', () => {
  test('is exact for a request and its answer', async () => {
    const server = await start('short-polling');
    const { response, body } = await fetchText(urlOf(server));
    const head = `HTTP/1.1 200 OK\r\n${response.rawHeaders
      .map((part, index) => part + (index % 2 === 0 ? ': ' : '\r\n'))
      .join('')}\r\n`;
    await expect.poll(() => server.totals()[STREAM]?.bytesDown).toBe(head.length + body.length);
    expect(server.totals()[STREAM]).toMatchObject({ requests: 1, connections: 1 });
  });

  test('keeps apart streams that come over one connection', async () => {
    const server = await start('short-polling');
    server.open('another');
    server.deliver(STREAM, [event(1, 10_000)]);
    await fetchText(urlOf(server, '&after=0'));
    await fetchText(urlOf(server).replace(STREAM, 'another'));
    await expect.poll(() => server.totals().another?.bytesDown).toBeGreaterThan(0);
    const totals = server.totals();
    expect(totals.another?.bytesDown).toBeLessThan(1000);
    expect(totals[STREAM]?.bytesDown).toBeGreaterThan(10_000);
    expect(totals).toMatchObject({ another: { requests: 1 }, [STREAM]: { requests: 1 } });
  });
});

describe('a page that reads nothing', () => {
  /** `40`, which connects to the main namespace of Socket.IO, as a frame that is masked with zeros. */
  const CONNECT = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]);

  test.each([
    ['server-sent-events', '/events?'],
    ['websocket', '/events?'],
    ['socket-io', '/socket.io/?EIO=4&transport=websocket&'],
  ] as const)('over %s makes no more wait than the bound', async (name, target) => {
    const server = await start(name);
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET ${target}stream=${STREAM} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(socket, 'data');
    if (name === 'socket-io') {
      socket.write(CONNECT);
      for (let text = ''; !text.includes('40{'); ) text += (await once(socket, 'data'))[0];
    }
    socket.pause();
    const { max } = LAB_LIMITS.payloadBytes;
    const before = process.memoryUsage();
    for (let seq = 1; seq <= 1000; seq++) {
      server.deliver(STREAM, [event(seq, max)]);
      if (seq % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { bytesDown } = server.totals()[STREAM]!;
    // 64 MB were offered: what was taken is the bound, and what the kernel holds.
    expect(bytesDown).toBeLessThan(LAB_LIMITS.waitingBytes + 16 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
    // Nor is what waited, and is sent when the page reads on.
    let receivedBytes = 0;
    let tail = '';
    socket.on('data', (chunk) => {
      receivedBytes += chunk.length;
      tail = tail.slice(-100) + chunk.toString('latin1');
    });
    socket.resume();
    const isLast = () => /"seq":2\d{3}/.test(tail);
    for (let seq = 2000; !isLast(); seq++) {
      server.deliver(STREAM, [event(seq)]);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(receivedBytes).toBeLessThan(LAB_LIMITS.waitingBytes + 16 * 1024 * 1024);
    socket.destroy();
  });
});
