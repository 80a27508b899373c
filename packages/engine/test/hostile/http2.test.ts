import type { ServerOptions } from '@hawser/engine';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ask, beginPolling, connectHead, connectTo, PATH, startHttp2, streamEnd } from '../rig/http2.ts';
import { Queue } from '../rig/queue.ts';
import { endOf, untilWritable } from '../rig/sessions.ts';

const WEBSOCKET = connectHead('/engine.io/?EIO=4&transport=websocket');

type Verdict = (error: string | null, isAllowed: boolean) => void;

/** Starts an engine whose requests wait for the test's verdict. */
async function startUndecided(options: ServerOptions = {}) {
  const verdicts = new Queue<Verdict>();
  const allowRequest: ServerOptions['allowRequest'] = (_request, verdict) => verdicts.push(verdict);
  return { ...(await startHttp2({ allowRequest, ...options })), verdicts };
}

describe('who leaves while being decided on', () => {
  test.each([
    ['resets its stream', false],
    ['cuts its connection', true],
  ])('server refuses a WebSocket whose client %s', async (_how, isConnection) => {
    const { port, client, engine, streams, verdicts } = await startUndecided();
    const leaving = await connectTo(port);
    const stream = leaving.request(WEBSOCKET, { endStream: false });
    const verdict = await verdicts.next();
    if (isConnection) leaving.destroy();
    else stream.close(8);
    await vi.waitUntil(() => streams.size === 0);
    verdict('no', false);
    // The process lives.
    expect((await ask(client, { ':path': '/other' })).status).toBe(200);
    expect(engine.clientsCount).toBe(0);
  });

  test('server refuses a WebSocket whose client resets its stream while a middleware fails', async () => {
    const { client, engine, streams } = await startHttp2();
    const failures = new Queue<(error: Error) => void>();
    engine.use((_request, _response, next) => failures.push(next));
    const stream = client.request(WEBSOCKET, { endStream: false });
    const fail = await failures.next();
    stream.close(8);
    await vi.waitUntil(() => streams.size === 0);
    fail(new Error('no'));
    expect(engine.clientsCount).toBe(0);
  });

  test.each([
    ['resets its poll', false],
    ['cuts its connection', true],
  ])('server begins no session by polling with a client that %s', async (_how, isConnection) => {
    const { port, engine, streams, verdicts } = await startUndecided();
    const leaving = await connectTo(port);
    const poll = leaving.request({ ':path': PATH });
    poll.on('error', () => {});
    const verdict = await verdicts.next();
    if (isConnection) leaving.destroy();
    else poll.close(8);
    await vi.waitUntil(() => streams.size === 0);
    verdict(null, true);
    expect(engine.clientsCount).toBe(0);
  });

  test('server ends the session of a client that resets its poll while a middleware takes its time', async () => {
    const rig = await startHttp2();
    const { session, path } = await beginPolling(rig);
    const nexts = new Queue<() => void>();
    rig.engine.use((_request, _response, next) => nexts.push(next));
    const poll = rig.client.request({ ':path': path });
    const next = await nexts.next();
    poll.close(8);
    await vi.waitUntil(() => rig.streams.size === 0);
    const ending = endOf(session);
    next();
    expect((await ending).description).toMatchObject({ message: 'request closed prematurely' });
  });

  test('server lets nobody in over a stream that a listener for headers resets', async () => {
    const { client, engine, sessions } = await startHttp2();
    engine.on('headers', (_headers, { stream }) => stream.close(8));
    const stream = client.request(WEBSOCKET, { endStream: false });
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).toBe(8);
    await sessions.next();
    await vi.waitUntil(() => engine.clientsCount === 0);
  });
});

describe('bodies over HTTP/2 that never end', () => {
  /** Begins a session and, with the first bytes of a body, a POST. */
  async function startPosting(options: ServerOptions = {}) {
    const rig = await startHttp2(options);
    const { session, path } = await beginPolling(rig);
    const post = rig.client.request({ ':path': path, ':method': 'POST' }, { endStream: false });
    post.write('4aaa');
    return { ...rig, session, path, post };
  }

  test('server answers 408 and takes no more', async () => {
    const { post, session, streams } = await startPosting({ pingInterval: 60, pingTimeout: 40 });
    const ending = endOf(session);
    const trickle = setInterval(() => post.closed || post.write('a'), 20);
    onTestFinished(() => clearInterval(trickle));
    expect(await streamEnd(post)).toEqual({
      status: 408,
      text: 'payload took longer than 200 ms',
      rstCode: 0,
    });
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_REQUEST_TIMEOUT' });
    await vi.waitUntil(() => streams.size === 0);
  });

  test('server answers 413, and cuts who sends on', async () => {
    const { post, streams } = await startPosting({ maxHttpBufferSize: 100_000 });
    post.write('a'.repeat(100_000));
    await new Promise((resolve) => post.once('response', resolve));
    post.write('a'.repeat(2_000_000));
    expect(await streamEnd(post)).toMatchObject({ rstCode: 0 });
    await vi.waitUntil(() => streams.size === 0);
  });

  test('server cuts a POST whose session it closes, and the connection is let go with its client', async () => {
    const { post, session, client, connections } = await startPosting();
    await vi.waitUntil(() => session.transport.takeHeard());
    session.close(true);
    expect(await streamEnd(post)).toEqual({ status: undefined, text: '', rstCode: 8 });
    client.destroy();
    await vi.waitUntil(() => connections.size === 0);
  });

  test('server lets go of a connection whose POSTs overlapped, and were cut by their client', async () => {
    const { post, path, client, connections } = await startPosting();
    post.write('a'.repeat(60_000));
    expect((await ask(client, { ':path': path, ':method': 'POST' }, '4x')).status).toBe(400);
    post.close(0);
    client.destroy();
    await vi.waitUntil(() => connections.size === 0);
  });
});

describe('polls over HTTP/2', () => {
  test.each([0, 8])('server ends the session of a poll that its client resets with %i', async (code) => {
    const rig = await startHttp2();
    const { session, path } = await beginPolling(rig);
    const poll = rig.client.request({ ':path': path });
    await untilWritable(session);
    const ending = endOf(session);
    poll.close(code);
    expect((await ending).description).toMatchObject({ code: 'EIO_ERR_REQUEST_CUT' });
  });
});

describe('who takes no answers over HTTP/2', () => {
  const REFUSED = '/engine.io/?EIO=4&transport=nonsense';

  test.each<[string, Record<string, string>, string | undefined]>([
    ['a request that is refused', { ':path': REFUSED }, undefined],
    ['a body that is refused', { ':path': REFUSED, ':method': 'POST' }, '4hello'],
    ['a handshake', { ':path': PATH }, undefined],
  ])('server lets go of the connection of a client that leaves the answer to %s', async (_of, head, body) => {
    const { port, connections } = await startHttp2();
    const client = await connectTo(port, { settings: { initialWindowSize: 0 } });
    const stream = client.request(head, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    await new Promise((resolve) => stream.once('response', resolve));
    stream.close(0);
    await new Promise((resolve) => client.ping(resolve));
    client.destroy();
    await vi.waitUntil(() => connections.size === 1);
  });

  test('server bounds the time of a body that it refuses', async () => {
    const { client, streams } = await startHttp2({ pingInterval: 60, pingTimeout: 40 });
    const stream = client.request({ ':path': REFUSED, ':method': 'POST' }, { endStream: false });
    stream.write('a');
    expect(await streamEnd(stream)).toMatchObject({ status: 400 });
    await vi.waitUntil(() => streams.size === 0);
  });
});
