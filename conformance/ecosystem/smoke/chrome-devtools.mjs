import assert from 'node:assert/strict';
import { once } from 'node:events';
import CDP from 'chrome-remote-interface';
import puppeteer from 'puppeteer-core';
import { WebSocketServer } from 'ws';

/** What a browser answers to a client that connects. */
const RESULTS = {
  'Browser.getVersion': { product: 'Chrome/1.2.3', userAgent: 'none', protocolVersion: '1.3' },
  'Target.getBrowserContexts': { browserContextIds: [] },
};
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) =>
  socket.on('message', (data) => {
    const { id, method } = JSON.parse(data);
    socket.send(JSON.stringify({ id, result: RESULTS[method] ?? {} }));
  }),
);
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}/devtools/browser/1`;

const browser = await puppeteer.connect({ browserWSEndpoint: url });
assert.equal(await browser.version(), 'Chrome/1.2.3');
await browser.disconnect();

const client = await CDP({ target: url, local: true });
const { product } = await client.send('Browser.getVersion');
assert.equal(product, 'Chrome/1.2.3');
await client.close();
server.close();
