import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import WebSocket, { WebSocketServer } from 'ws';

const trpc = initTRPC.create();
const router = trpc.router({
  hello: trpc.procedure.query(() => 'world'),
  count: trpc.procedure.subscription(async function* count() {
    for (let value = 1; value <= 3; value++) yield value;
  }),
});
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
applyWSSHandler({ wss: server, router, keepAlive: { enabled: true, pingMs: 20, pongWaitMs: 5000 } });

const wsClient = createWSClient({ url: `ws://127.0.0.1:${server.address().port}`, WebSocket });
const client = createTRPCClient({ links: [wsLink({ client: wsClient })] });
assert.equal(await client.hello.query(), 'world');
const counted = await new Promise((resolve, reject) => {
  const values = [];
  client.count.subscribe(undefined, {
    onData: (value) => values.push(value),
    onComplete: () => resolve(values),
    onError: reject,
  });
});
assert.deepEqual(counted, [1, 2, 3]);
await wsClient.close();
server.close();
