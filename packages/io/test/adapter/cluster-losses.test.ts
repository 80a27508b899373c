import { EventEmitter } from 'node:events';
import { ClusterAdapterWithHeartbeat, type ClusterMessage, type ClusterResponse } from '@hawser/io/adapter';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connected, openClient } from '../rig/clients.ts';
import { type Rig, startServer } from '../rig/servers.ts';

/** Returns an adapter for servers in this process; what travels is a copy, as over a broker. */
function onBus(bus: EventEmitter) {
  return class extends ClusterAdapterWithHeartbeat {
    readonly #listener = (message: ClusterMessage) => this.onMessage(message);

    // The constructor of the class above is for those who extend it.
    constructor(nsp: never) {
      // Time is the test's, and nobody is lost in it.
      super(nsp, { heartbeatTimeout: 1e9 });
    }

    override init() {
      bus.on('message', this.#listener);
      return super.init();
    }

    override close() {
      bus.off('message', this.#listener);
      return super.close();
    }

    protected async doPublish(message: ClusterMessage): Promise<string> {
      bus.emit('message', structuredClone(message));
      return '';
    }

    protected async doPublishResponse(_: string, response: ClusterResponse): Promise<void> {
      bus.emit('message', structuredClone(response));
    }
  };
}

/** Starts two servers, each with a client. */
async function startPair() {
  const bus = new EventEmitter();
  const start = async () => {
    const rig: Rig = await startServer({ adapter: onBus(bus) as never, pingInterval: 1e9 });
    return { rig, client: await connected(openClient(rig.url)), socket: await rig.sockets.next() };
  };
  const [near, far] = [await start(), await start()];
  near.client.on('ask', (answer: (value: string) => void) => answer('near'));
  return { near, far };
}

test('an event for many settles at once when a client of another server leaves without an answer', async () => {
  const { near, far } = await startPair();
  far.client.on('ask', () => far.client.disconnect());
  const error: unknown = await near.rig.io
    .timeout(600_000)
    .emitWithAck('ask')
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'IO_ERR_DISCONNECTED', responses: ['near'] });
});

test('and when a client of another server is not sent it', async () => {
  const { near, far } = await startPair();
  far.client.on('ask', (answer: (value: string) => void) => answer('far'));
  expect(await near.rig.io.timeout(600_000).emitWithAck('ask')).toHaveLength(2);
  far.socket.emit('something that waits in the same turn');
  const error: unknown = await near.rig.io.volatile
    .timeout(600_000)
    .emitWithAck('ask')
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'IO_ERR_DROPPED', responses: ['near'] });
});

test('an event for many without a limit has the answer that comes from another server after minutes', async () => {
  const { near, far } = await startPair();
  const asked = new Promise<(value: string) => void>((resolve) => far.client.once('ask', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const answers = near.rig.io.in([]).emitWithAck('ask');
  const answer = await asked;
  await vi.advanceTimersByTimeAsync(300_000);
  answer('far');
  expect(await answers).toEqual(['near', 'far']);
});
