import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buildSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';

const schema = buildSchema('type Query { hello: String } type Subscription { count: Int }');
const roots = {
  query: { hello: () => 'world' },
  subscription: {
    async *count() {
      for (let count = 1; count <= 3; count++) yield { count };
    },
  },
};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/graphql' });
await once(server, 'listening');
const handler = useServer({ schema, roots }, server);
const client = createClient({
  url: `ws://127.0.0.1:${server.address().port}/graphql`,
  webSocketImpl: WebSocket,
  keepAlive: 50,
});

const results = [];
for await (const { data } of client.iterate({ query: '{ hello }' })) results.push(data.hello);
for await (const { data } of client.iterate({ query: 'subscription { count }' })) results.push(data.count);
assert.deepEqual(results, ['world', 1, 2, 3]);
await client.dispose();
await handler.dispose();
