import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Client, Server } from 'rpc-websockets';

const server = new Server({ port: 0, host: '127.0.0.1' });
await once(server, 'listening');
server.register('sum', ([left, right]) => left + right);
server.event('changed');

const client = new Client(`ws://127.0.0.1:${server.wss.address().port}`, { reconnect: false });
await new Promise((resolve) => client.once('open', resolve));
assert.equal(await client.call('sum', [5, 3]), 8);
await client.subscribe('changed');
const changed = new Promise((resolve) => client.once('changed', (...args) => resolve(args)));
server.emit('changed', 'now', 2);
assert.deepEqual(await changed, ['now', 2]);
client.close();
await server.close();
