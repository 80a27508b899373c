import { once } from 'node:events';
import { createServer } from 'node:net';
import { BareConnection } from './bare-connection.mjs';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const { isFanOut, isText, message } = serverSettings();
const publishedFrame = Buffer.concat([
  Buffer.from([isText ? 0x81 : 0x82, message.length]),
  Buffer.from(message),
]);
const subscribers = new Set();

/** Several publications that arrive together leave together: one write per subscriber. */
function publish(count) {
  const bytes = count === 1 ? publishedFrame : Buffer.concat(Array(count).fill(publishedFrame));
  for (const socket of subscribers) socket.write(bytes);
}

const server = createServer({ noDelay: true }, (socket) => {
  const connection = new BareConnection(socket, isFanOut ? publish : undefined, (path) => {
    if (isFanOut && path !== '/publisher') subscribers.add(socket);
  });
  socket.on('data', (chunk) => connection.receive(chunk));
  socket.on('error', () => {});
  socket.on('close', () => subscribers.delete(socket));
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serveBenchmark({ port: server.address().port, version: `Node ${process.versions.node}` });
