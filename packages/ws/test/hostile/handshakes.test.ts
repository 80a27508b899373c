import { createServer } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { Queue } from '../rig/queue.ts';
import { frame, TEXT } from '../rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from '../rig/raw-peer.ts';
import { makeServer, startHttp, startServer } from '../rig/servers.ts';

const LINES = [
  'Host: example.test',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/** Sends `bytes` to a server of its own, and returns the status of its answer. */
async function statusOf(bytes: string | Buffer): Promise<number> {
  const { port } = await startServer({ handshakeTimeoutMs: 200 });
  const peer = await connectRaw(port);
  peer.write(bytes);
  const { status } = await peer.response();
  await peer.ended;
  return status;
}

describe('RFC 9112 malformed requests', () => {
  test.each<[string, string]>([
    ['bare LF between headers', `GET / HTTP/1.1\r\n${LINES.join('\n')}\r\n\r\n`],
    ['bare CR in a header', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nX: a\rb\r\n\r\n`],
    ['NUL in a header', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nX: a\0b\r\n\r\n`],
    ['a control character in a header', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nX: a\x07b\r\n\r\n`],
    ['DEL in a header', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nX: a\x7fb\r\n\r\n`],
    ['a folded header', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nX: a\r\n b\r\n\r\n`],
    ['a space before the colon', `GET / HTTP/1.1\r\nHost : a\r\n${LINES.slice(1).join('\r\n')}\r\n\r\n`],
    ['a header without a colon', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nnonsense\r\n\r\n`],
    ['a header without a name', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\n: x\r\n\r\n`],
    ['Host twice', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nHost: b\r\n\r\n`],
    ['the key twice', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\n${LINES[3]}\r\n\r\n`],
    ['a space in the target', `GET /a b HTTP/1.1\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['no target', `GET HTTP/1.1\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['a method that is no token', `G(T / HTTP/1.1\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['HTTP/1.0', `GET / HTTP/1.0\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['HTTP/2.0', `GET / HTTP/2.0\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['no HTTP version', `GET /\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['two spaces in the request line', `GET  / HTTP/1.1\r\n${LINES.join('\r\n')}\r\n\r\n`],
    ['nothing but empty lines', '\r\n\r\n\r\n'],
    ['a body of known length', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nContent-Length: 5\r\n\r\nhello`],
    [
      'a chunked body',
      `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n`,
    ],
    ['a negative length', `GET / HTTP/1.1\r\n${LINES.join('\r\n')}\r\nContent-Length: -1\r\n\r\n`],
  ])('server refuses %s', async (_, request) => {
    const status = await statusOf(Buffer.from(request, 'latin1'));
    expect([400, 405, 505]).toContain(status);
  });

  test('server opens nothing for a request that ends its lines with bare LF', async () => {
    expect([400, 408]).toContain(await statusOf(`GET / HTTP/1.1\n${LINES.join('\n')}\n\n`));
  });

  test('server accepts an empty body', async () => {
    const { port } = await startServer();
    await openRaw(port, { 'Content-Length': '0' });
  });

  test('server takes header names of Object.prototype as any others', async () => {
    const headers = new Queue<object>();
    const { port } = await startServer({ upgrade: (request) => headers.push(request.headers) });
    await openRaw(port, { ['__proto__']: 'x', constructor: 'y', 'has-own-property': 'z' });
    expect(Object.entries(await headers.next())).toEqual(expect.arrayContaining([['constructor', 'y']]));
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test.each([
    ['Content-Length', { 'Content-Length': '5' }],
    ['Transfer-Encoding', { 'Transfer-Encoding': 'chunked' }],
  ])('attached server refuses a body announced by %s', async (_, headers) => {
    const { http, port } = await startHttp();
    makeServer().attach(http);
    const peer = await connectRaw(port);
    peer.write(handshakeRequest(headers), 'hello');
    expect((await peer.response()).status).toBe(400);
  });
});

describe('handshakes that are never finished', () => {
  test('server answers 408 to bytes that drip, however many come', async () => {
    const { server, port } = await startServer({ handshakeTimeoutMs: 300 });
    const peer = await connectRaw(port);
    const request = handshakeRequest();
    let at = 0;
    const drip = setInterval(() => peer.write(request[at++] ?? 'x'), 50);
    try {
      expect((await peer.response()).status).toBe(408);
      expect(at).toBeLessThan(request.length);
      await peer.ended;
    } finally {
      clearInterval(drip);
    }
    expect(server.connectionCount).toBe(0);
  });

  test.each([
    ['nothing, then drips on', ''],
    ['a plain request, then drips on', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['garbage, then drips on', '\r\n\r\n'],
  ])('server cuts a client that sends %s behind its refusal', async (_, bytes) => {
    const { port } = await startServer({ handshakeTimeoutMs: 60, closeTimeoutMs: 60 });
    const peer = await connectRaw(port, { allowHalfOpen: true });
    peer.write(bytes);
    const drip = setInterval(() => peer.write('x'), 20);
    try {
      await peer.ended;
      await peer.closed;
    } finally {
      clearInterval(drip);
    }
  });

  test('server serves others while 500 handshakes hang', async () => {
    const { server, port } = await startServer({ message: (socket, data) => void socket.send(data) });
    const hanging = await Promise.all(Array.from({ length: 500 }, () => connectRaw(port)));
    for (const peer of hanging) peer.write('GET / HTTP/1.1\r\nHost: a\r\n');
    const peer = await openRaw(port);
    peer.sendFrame(TEXT, 'served');
    expect(await peer.text()).toBe('served');
    expect(server.connectionCount).toBe(1);
    for (const { stream } of hanging) stream.destroy();
  });

  test('server drops further clients when as many as may connect hang in their handshake', async () => {
    const { port } = await startServer({ maxConnections: 3, handshakeTimeoutMs: 5_000 });
    const hanging = await Promise.all([connectRaw(port), connectRaw(port), connectRaw(port)]);
    const further = await connectRaw(port);
    await further.closed;
    hanging[0]!.stream.destroy();
    await vi.waitFor(async () => {
      const peer = await requestRaw(port);
      expect((await peer.response()).status).toBe(101);
    });
  });

  test('server waits for the answer of a slow handler no longer than for the client', async () => {
    const { server, port } = await startServer({
      handshakeTimeoutMs: 60,
      upgrade: () => new Promise<undefined>(() => {}),
    });
    const peers = await Promise.all(Array.from({ length: 50 }, () => requestRaw(port)));
    for (const peer of peers) expect((await peer.response()).status).toBe(408);
    await server.close({ timeoutMs: 5_000 });
  });
});

describe('oversized requests', () => {
  test('server answers 431 to a head of a gigabyte as soon as it is too long', async () => {
    const { port } = await startServer();
    const peer = await connectRaw(port);
    let isAnswered = false;
    const answer = peer.response().then((response) => {
      isAnswered = true;
      return response.status;
    });
    const flood = Buffer.alloc(65_536, 'x');
    peer.write('GET / HTTP/1.1\r\nX: ');
    for (let i = 0; i < 16_384 && !isAnswered; i++) {
      if (!peer.stream.write(flood)) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answer).toBe(431);
  });

  test('server answers 431 to many small headers', async () => {
    const headers = Array.from({ length: 2_000 }, (_, i) => `x${i}: y\r\n`).join('');
    expect(await statusOf(`GET / HTTP/1.1\r\n${headers}\r\n`)).toBe(431);
  });

  test('server refuses a hundred thousand subprotocols, or reads them, without stalling', async () => {
    const { port } = await startServer({ maxHeaderBytes: 1_000_000 });
    const list = Array.from({ length: 100_000 }, (_, i) => `p${i}`).join(',');
    const peer = await requestRaw(port, { 'Sec-WebSocket-Protocol': list });
    expect((await peer.response()).status).toBe(101);
  });

  test.each([
    ['quotes', `x; a="${'\\"'.repeat(7_000)}`],
    ['semicolons', ';'.repeat(15_000)],
    ['parameters', `x${'; a=b'.repeat(3_000)}`],
    ['open quotes', '"'.repeat(15_000)],
    ['spaces', `x${' '.repeat(15_000)}y`],
  ])('server reads extensions full of %s without stalling', async (_, value) => {
    const { port } = await startServer();
    const started = process.cpuUsage();
    const peer = await requestRaw(port, { 'Sec-WebSocket-Extensions': value });
    expect([101, 400]).toContain((await peer.response()).status);
    // A regular expression that backtracks would take minutes.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });
});

describe('garbage', () => {
  test('server answers garbage in place of a handshake, and goes on', async () => {
    const { port } = await startServer({ handshakeTimeoutMs: 100 });
    for (const garbage of [
      Buffer.alloc(1_000, 0xff),
      Buffer.from('16030100a5010000a1', 'hex'),
      Buffer.alloc(40_000),
      frame(TEXT, 'no handshake'),
    ]) {
      const peer = await connectRaw(port);
      peer.write(garbage);
      expect([400, 408, 431]).toContain((await peer.response()).status);
    }
    await openRaw(port);
  });

  test('server reads a second request behind the handshake as frames', async () => {
    const { port } = await startServer();
    const peer = await connectRaw(port);
    peer.write(handshakeRequest(), handshakeRequest());
    expect((await peer.response()).status).toBe(101);
    expect((await peer.close()).code).toBe(1002);
  });

  test('server leaves an http server that it was closed on as it was', async () => {
    const http = createServer();
    const server = makeServer();
    server.attach(http);
    await server.close();
    expect(http.eventNames()).not.toContain('upgrade');
  });
});
