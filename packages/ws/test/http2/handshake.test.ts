import type { OutgoingHttpHeaders } from 'node:http2';
import type { TraceEvent, WebSocketServerOptions } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { connectSession, openStream, requestStream, responseOf } from '../rig/http2-peers.ts';
import { startH2, startOverH2c } from '../rig/http2-servers.ts';
import { Queue } from '../rig/queue.ts';
import { TEXT } from '../rig/raw-frame.ts';
import { makeServer } from '../rig/servers.ts';
import { defer } from '../rig/upgrades.ts';

/** Asks a server of its own for one connection, and returns its refusal. */
async function refusalOf(
  options: WebSocketServerOptions<undefined>,
  headers: OutgoingHttpHeaders = {},
  request: { endStream?: boolean } = {},
) {
  const { port } = await startOverH2c(options);
  const session = await connectSession(port);
  const peer = requestStream(session, headers, request);
  const response = await responseOf(peer);
  const body = (await peer.readToEnd()).toString();
  expect(await peer.closed).toBeUndefined();
  expect(peer.stream.rstCode).toBe(0);
  expect(session.destroyed).toBe(false);
  return { status: response[':status'], headers: response, body };
}

describe('RFC 8441 refusals', () => {
  test('server refuses with the status, headers and message of upgrade, and ends the stream', async () => {
    const headers = { 'WWW-Authenticate': 'Basic', Upgrade: 'websocket', 'Set-Cookie': ['a=1', 'b=2'] };
    const refusal = await refusalOf({ upgrade: () => ({ status: 401, message: 'who are you?', headers }) });
    expect(refusal).toMatchObject({ status: 401, body: 'who are you?' });
    expect(refusal.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '12',
      'www-authenticate': 'Basic',
      'set-cookie': ['a=1', 'b=2'],
    });
    expect(refusal.headers.upgrade).toBeUndefined();
  });

  test('server refuses with a body of many flow-control windows', async () => {
    const message = 'x'.repeat(300_000);
    expect(await refusalOf({ upgrade: () => ({ status: 400, message }) })).toMatchObject({ body: message });
  });

  test('server refuses a foreign origin with 403, and takes its own', async () => {
    expect(await refusalOf({}, { origin: 'http://foreign.test' })).toMatchObject({ status: 403 });
    const { port } = await startOverH2c();
    await openStream(await connectSession(port), { origin: 'http://example.test' });
  });

  test('server refuses a page of plain HTTP over TLS', async () => {
    const server = makeServer();
    const { port } = await startH2({}, (http) => server.attach(http));
    const session = await connectSession(port, { secure: true });
    const refused = requestStream(session, { origin: 'http://example.test' });
    expect((await responseOf(refused))[':status']).toBe(403);
    await openStream(session, { origin: 'https://example.test' });
  });

  test.each<[string, OutgoingHttpHeaders, number]>([
    ['version 8', { 'sec-websocket-version': '8' }, 400],
    ['no version', { 'sec-websocket-version': undefined }, 400],
    ['another protocol', { ':protocol': 'connect-udp' }, 501],
    ['another scheme', { ':scheme': 'ftp' }, 400],
    ['a subprotocol that is none', { 'sec-websocket-protocol': 'a b' }, 400],
    ['a malformed extension', { 'sec-websocket-extensions': ';' }, 400],
    ['a body', { 'content-length': '5' }, 400],
  ])('server refuses %s with %i', async (_, headers, status) => {
    expect(await refusalOf({}, headers)).toMatchObject({ status });
  });

  test('server refuses a request that ends the stream', async () => {
    expect(await refusalOf({}, {}, { endStream: true })).toMatchObject({ status: 400 });
  });

  test('server names its version', async () => {
    const { headers } = await refusalOf({}, { 'sec-websocket-version': '12' });
    expect(headers).toMatchObject({ 'sec-websocket-version': '13' });
  });

  test('server refuses a plain CONNECT, as no proxy', async () => {
    const headers = { ':protocol': undefined, ':scheme': undefined, ':path': undefined };
    expect(await refusalOf({}, headers)).toMatchObject({ status: 501, body: /proxy/ });
  });

  test('server answers 500 when upgrade throws, or gives a header that cannot be sent', async () => {
    const errors = new Queue<Error>();
    const error = (thrown: Error) => errors.push(thrown);
    const upgrade = () => {
      throw new Error('broken');
    };
    expect(await refusalOf({ upgrade, error })).toMatchObject({ status: 500, body: 'internal error' });
    expect(await errors.next()).toMatchObject({ message: 'broken' });
    const headers = { 'X-A': 'a\r\nb' };
    expect(await refusalOf({ upgrade: () => ({ headers }), error })).toMatchObject({ status: 500 });
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_HEADER_ARGUMENT' });
    const twice = { 'Content-Type': ['a/b', 'c/d'] };
    expect(await refusalOf({ upgrade: () => ({ headers: twice }), error })).toMatchObject({ status: 500 });
    expect(await errors.next()).toMatchObject({ code: 'ERR_HTTP2_HEADER_SINGLE_VALUE' });
  });

  test('server answers 500 where upgrade refuses with 200, by which clients would be let in', async () => {
    const errors = new Queue<Error>();
    const error = (thrown: Error) => errors.push(thrown);
    expect(await refusalOf({ upgrade: () => ({ status: 200 }), error })).toMatchObject({ status: 500 });
    expect(await errors.next()).toMatchObject({ code: 'WS_ERR_OPTION' });
  });

  test('server refuses with 503 when it is full, and traces it', async () => {
    const traced = new Queue<TraceEvent>();
    const { port } = await startOverH2c({ maxConnections: 2, trace: (event) => traced.push(event) });
    const session = await connectSession(port);
    await openStream(session);
    await openStream(session);
    const third = requestStream(session, { ':path': '/third' });
    expect((await responseOf(third))[':status']).toBe(503);
    expect(await traced.next()).toEqual({
      type: 'refused',
      status: 503,
      message: 'the server is full',
      url: '/third',
      remoteAddress: '127.0.0.1',
    });
  });
});

describe('handshake bounds', () => {
  test('server refuses with 408 when upgrade takes too long, and cuts who stays', async () => {
    const { port } = await startOverH2c({
      upgrade: () => new Promise<undefined>(() => {}),
      handshakeTimeoutMs: 40,
    });
    const peer = requestStream(await connectSession(port));
    expect((await responseOf(peer))[':status']).toBe(408);
    await peer.closed;
  });

  test('server bounds the handshakes under way', async () => {
    const { port } = await startOverH2c({
      upgrade: () => new Promise<undefined>(() => {}),
      maxConnections: 3,
    });
    const session = await connectSession(port);
    const peers = Array.from({ length: 5 }, () => requestStream(session));
    expect((await responseOf(peers[4]!))[':status']).toBe(503);
  });

  test.each([0, 2, 8])(
    'server forgets a client that resets its stream with %i while upgrade decides',
    async (code) => {
      const decision = defer<undefined>();
      const asked = new Queue<void>();
      const events = new Queue<string>();
      const { port, server } = await startOverH2c({
        upgrade: () => {
          asked.push();
          return decision.promise;
        },
        open: () => events.push('open'),
        error: (error) => events.push(error.message),
      });
      const session = await connectSession(port);
      const peer = requestStream(session);
      await asked.next();
      peer.sendFrame(TEXT, 'too early');
      peer.stream.close(code);
      await peer.closed;
      // Its answer is behind the reset.
      await new Promise((resolve) => session.ping(resolve));
      // Nobody is waited for.
      await server.close({ timeoutMs: 60_000 });
      decision.resolve(undefined);
      await decision.promise;
      expect(events).toHaveLength(0);
    },
  );
});
