/** Events for many that are to be answered, over adapters that are not ours. */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Namespace, Server } from '@hawser/io';
import { ClusterAdapterWithHeartbeat, type ClusterMessage, type ClusterResponse } from 'socket.io-adapter';
import { io as connect } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';

const DAYS_25_MS = 2 ** 31 - 1;

/** Returns the adapter of `socket.io-adapter` on a bus in this process, and the limits that it was given. */
function onBus() {
  const bus = new EventEmitter();
  const limits: unknown[] = [];
  class OnBus extends ClusterAdapterWithHeartbeat {
    readonly #onMessage = (message: ClusterMessage) => this.onMessage(message);

    constructor(nsp: Namespace) {
      super(nsp as never, {});
      bus.on(this.nsp.name, this.#onMessage);
      this.init();
    }

    override close(): void {
      super.close();
      bus.off(this.nsp.name, this.#onMessage);
    }

    override broadcastWithAck(...args: Parameters<ClusterAdapterWithHeartbeat['broadcastWithAck']>): void {
      limits.push(args[1].flags?.timeout);
      super.broadcastWithAck(...args);
    }

    protected async doPublish(message: ClusterMessage): Promise<string> {
      bus.emit(this.nsp.name, structuredClone(message));
      return '';
    }

    protected async doPublishResponse(_: string, response: ClusterResponse): Promise<void> {
      bus.emit(this.nsp.name, structuredClone(response));
    }
  }
  return { OnBus, limits };
}

async function startWithClient(adapter: unknown, name: string, nsp: RegExp | string) {
  const http = createServer();
  const io = new Server(http, { adapter: adapter as never });
  const asked = io.of(nsp).on('connection', (socket) => socket.join('all'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}/room`, { forceNew: true, transports: ['websocket'] });
  client.on('name', (answer: (name: string) => void) => answer(name));
  onTestFinished(async () => {
    client.close();
    await io.close();
  });
  await new Promise<void>((resolve) => client.on('connect', resolve));
  return asked;
}

test.each([
  ['a namespace', '/room'],
  ['a pattern of namespaces', /^\/room$/],
])('clients of all servers are waited for, without and with a limit, in %s', async (_, nsp) => {
  const { OnBus, limits } = onBus();
  const asked = await startWithClient(OnBus, 'here', nsp);
  await startWithClient(OnBus, 'there', nsp);
  for (const operator of [
    asked.to('all'),
    asked.to('all').timeout(5000),
    asked.to('all').timeout(Number.POSITIVE_INFINITY),
  ]) {
    expect((await operator.emitWithAck('name')).sort()).toEqual(['here', 'there']);
  }
  // Nobody would say that a client is gone.
  expect(limits).toEqual([60_000, 5000, DAYS_25_MS]);
});
