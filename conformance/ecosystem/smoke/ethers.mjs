import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocketProvider } from 'ethers';
import { WebSocketServer } from 'ws';

const RESULTS = { eth_chainId: '0x1', eth_blockNumber: '0x2a', eth_subscribe: '0x1', eth_unsubscribe: true };
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) =>
  socket.on('message', (data) => {
    const { id, method } = JSON.parse(data);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] }));
  }),
);
await once(server, 'listening');

const provider = new WebSocketProvider(`ws://127.0.0.1:${server.address().port}`);
assert.equal(await provider.getBlockNumber(), 42);
assert.equal((await provider.getNetwork()).chainId, 1n);
await provider.destroy();
server.close();
