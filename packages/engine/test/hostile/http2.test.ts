import type { ServerOptions } from '@hawser/engine';
import { describe, expect, test, vi } from 'vitest';
import { ask, connectHead, connectTo, startHttp2 } from '../rig/http2.ts';
import { Queue } from '../rig/queue.ts';

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
