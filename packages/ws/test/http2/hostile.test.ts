import { constants } from 'node:http2';
import { describe, expect, test, vi } from 'vitest';
import { recordCloses } from '../rig/closes.ts';
import { connectSession, openStream } from '../rig/http2-peers.ts';
import { startH2c, startOverH2c } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { frame, TEXT } from '../rig/raw-frame.ts';
import {
  CONNECT_FIELDS,
  DATA,
  END_STREAM,
  HEADERS,
  http2Frame,
  RawHttp2,
  requestFrame,
  resetFrame,
} from '../rig/raw-http2.ts';
import { makeServer } from '../rig/servers.ts';
import { captureUncaught } from '../rig/uncaught.ts';

const {
  NGHTTP2_CANCEL,
  NGHTTP2_FLOW_CONTROL_ERROR,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
} = constants;

/** Proves that `port` still serves: a new socket opens. */
async function expectAlive(port: number): Promise<void> {
  await openStream(await connectSession(port));
}

describe('malformed requests', () => {
  const without = (name: string) => CONNECT_FIELDS.filter(([field]) => field !== name);
  const plus = (...fields: [string, string][]) => [...CONNECT_FIELDS, ...fields];

  test.each<[string, readonly (readonly [string, string])[]]>([
    ['no :path', without(':path')],
    ['no :scheme', without(':scheme')],
    ['no :authority', without(':authority')],
    ['no :method', without(':method')],
    ['an unknown pseudo-header', [[':frotz', 'x'], ...CONNECT_FIELDS]],
    ['a pseudo-header behind a field', plus([':protocol', 'websocket'])],
    ['a method other than CONNECT', [[':method', 'GET'], ...without(':method')]],
    ['Connection', plus(['connection', 'upgrade'])],
    ['Upgrade', plus(['upgrade', 'websocket'])],
    ['a body in chunks', plus(['transfer-encoding', 'chunked'])],
    ['a name in upper case', plus(['Origin', 'http://example.test'])],
  ])('server resets a stream with %s, and the session goes on', async (_, fields) => {
    const { port, server } = await startOverH2c();
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1, fields));
    expect(await client.reset()).toEqual({ id: 1, code: NGHTTP2_PROTOCOL_ERROR });
    client.peer.write(requestFrame(3));
    expect(await client.frame()).toMatchObject({ type: HEADERS, id: 3 });
    expect(server.connectionCount).toBe(1);
  });

  test('server sees no header whose value would break out of its line', async () => {
    const seen = new Queue<unknown>();
    const { port } = await startOverH2c({ upgrade: ({ headers }) => seen.push(headers['x-a']) });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1, plus(['x-a', 'a\r\nb: c'])));
    expect(await seen.next()).toBeUndefined();
  });

  test('server refuses a request that ends the stream, and reads no frame from it', async () => {
    const { port, server } = await startOverH2c();
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1, CONNECT_FIELDS, END_STREAM));
    expect(await client.frame()).toMatchObject({ type: HEADERS, id: 1 });
    expect(server.connectionCount).toBe(0);
    await expectAlive(port);
  });
});

describe('resets', () => {
  test.each([NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL, 0xdead])(
    'server survives a request and its reset with %i in one write',
    async (code) => {
      const uncaught = captureUncaught();
      const { port, server } = await startOverH2c();
      const client = await RawHttp2.connect(port);
      client.peer.write(requestFrame(1), resetFrame(1, code));
      await expectAlive(port);
      await vi.waitFor(() => expect(server.connectionCount).toBe(1));
      expect(uncaught.drain()).toEqual([]);
    },
  );

  test('so does a router of the user', async () => {
    const uncaught = captureUncaught();
    const server = makeServer();
    const { port } = await startH2c((http) => {
      http.updateSettings({ enableConnectProtocol: true });
      http.on('stream', (stream, headers) => server.handleConnect(stream, headers));
    });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1), resetFrame(1, NGHTTP2_INTERNAL_ERROR));
    await expectAlive(port);
    expect(uncaught.drain()).toEqual([]);
  });

  test('server survives a reset with an unknown code of an open stream, and one in the middle of a message', async () => {
    const { closes, close } = recordCloses();
    const { port } = await startOverH2c({ close });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1), requestFrame(3));
    expect(await client.frame()).toMatchObject({ type: HEADERS, id: 1 });
    expect(await client.frame()).toMatchObject({ type: HEADERS, id: 3 });
    client.peer.write(resetFrame(1, 0xdead));
    client.peer.write(http2Frame(DATA, 0, 3, frame(TEXT, 'half of it').subarray(0, 9)), resetFrame(3, 8));
    expect((await closes.take(2)).map(({ code }) => code)).toEqual([1006, 1006]);
    await expectAlive(port);
  });

  test('server opens and forgets a thousand streams that are reset at once', async () => {
    const { port, server } = await startOverH2c();
    // Node itself ends a session that resets too fast (CVE-2023-44487).
    for (let round = 0; round < 10; round++) {
      const client = await RawHttp2.connect(port);
      const ids = Array.from({ length: 100 }, (_, i) => 2 * i + 1);
      client.peer.write(...ids.flatMap((id) => [requestFrame(id), resetFrame(id, NGHTTP2_CANCEL)]));
    }
    await expectAlive(port);
    await vi.waitFor(() => expect(server.connectionCount).toBe(1));
  });
});

describe('streams of an open connection', () => {
  test('server takes a message in DATA frames of one byte and of none', async () => {
    const { port } = await startOverH2c({ message: (socket, data) => void socket.send(`got ${data}`) });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1));
    expect(await client.frame()).toMatchObject({ type: HEADERS });
    for (const byte of frame(TEXT, 'hello')) {
      client.peer.write(http2Frame(DATA, 0, 1), http2Frame(DATA, 0, 1, Buffer.from([byte])));
    }
    const { type, payload } = await client.frame();
    expect([type, payload.subarray(2).toString()]).toEqual([DATA, 'got hello']);
  });

  test('a client that sends beyond its window loses its stream, or its session, and the server goes on', async () => {
    const isAsked = new Queue<void>();
    const { closes, close } = recordCloses();
    const { port, server } = await startOverH2c({
      upgrade: ({ url }) => {
        if (url === '/ok') return undefined;
        isAsked.push();
        return new Promise<undefined>(() => {});
      },
      close,
    });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1));
    await isAsked.next();
    for (let i = 0; i < 6; i++) client.peer.write(http2Frame(DATA, 0, 1, Buffer.alloc(16_384)));
    // Which of the two depends on the version of Node.
    const reset = client.reset().then(({ code }) => expect(code).toBe(NGHTTP2_FLOW_CONTROL_ERROR));
    await Promise.race([reset.catch(() => {}), client.peer.closed]);
    await openStream(await connectSession(port), { ':path': '/ok' });
    expect(server.connectionCount).toBe(1);
    expect(closes).toHaveLength(0);
  });

  test('server cuts who never reads its refusal', async () => {
    const { port, sessions } = await startOverH2c({
      upgrade: () => ({ status: 403, message: 'x'.repeat(200_000) }),
      handshakeTimeoutMs: 60,
      closeTimeoutMs: 60,
    });
    const client = await RawHttp2.connect(port);
    client.peer.write(requestFrame(1));
    expect(await client.reset()).toEqual({ id: 1, code: NGHTTP2_CANCEL });
    expect(sessions[0]!.destroyed).toBe(false);
  });
});
