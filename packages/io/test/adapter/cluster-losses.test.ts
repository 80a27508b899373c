import { EventEmitter } from 'node:events';
import { ClusterAdapterWithHeartbeat, type ClusterMessage, type ClusterResponse } from '@hawser/io/adapter';
import { expect, test } from 'vitest';
import { connected, openClient } from '../rig/clients.ts';
import { type Rig, startServer } from '../rig/servers.ts';

/** Returns an adapter for servers in this process; what travels is a copy, as over a broker. */
function onBus(bus: EventEmitter) {
  return class extends ClusterAdapterWithHeartbeat {
    readonly #listener = (message: ClusterMessage) => this.onMessage(message);

    // The constructor of the class above is for those who extend it.
    constructor(nsp: never) {
      super(nsp);
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
    const rig: Rig = await startServer({ adapter: onBus(bus) as never });
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
