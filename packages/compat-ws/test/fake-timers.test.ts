import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ServerOptions } from '../src/server.ts';
import { closeOf, connectPair, nextTexts, startServer } from './rig.ts';

afterEach(() => void vi.useRealTimers());

const SETTINGS: [string, ServerOptions][] = [
  ['by default', {}],
  ['compressing', { perMessageDeflate: { threshold: 10 } }],
  ['with events in turns of their own', { allowSynchronousEvents: false }],
];

const LARGE = 'on another thread '.repeat(10_000);

/** As `ws`, which writes within `send`, so that suites may fake timers. */
describe.each(SETTINGS)('with fake timers, %s', (_, options) => {
  it('client and server that are made then open, echo and close', async () => {
    vi.useFakeTimers();
    await echoAndClose(await connectPair(options, options as object));
  });

  it('client and server that are open by then echo and close', async () => {
    const pair = await connectPair(options, options as object);
    vi.useFakeTimers();
    await echoAndClose(pair);
  });

  async function echoAndClose({ client, peer }: Awaited<ReturnType<typeof connectPair>>): Promise<void> {
    const answers = nextTexts(client, 4);
    peer.on('message', (data) => peer.send(data, { binary: false }));
    client.send('short');
    client.send('with a callback', () => client.send('behind it'));
    client.send(LARGE);
    expect((await answers).toSorted()).toEqual(['behind it', LARGE, 'short', 'with a callback'].toSorted());
    const closes = Promise.all([closeOf(client), closeOf(peer)]);
    client.close(4000, 'done');
    expect(await closes).toEqual([
      [4000, 'done'],
      [4000, 'done'],
    ]);
  }
});

describe('with fake timers', () => {
  it('server closes', async () => {
    const { server } = await startServer();
    vi.useFakeTimers();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
});
