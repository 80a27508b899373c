import { once } from 'node:events';
import { createServer } from 'node:net';
import { BareConnection, switchingProtocols } from './bare-connection.mjs';
import { createFanOut } from './bare-fan-out.mjs';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const { isFanOut, isText, message } = serverSettings();
const { subscribers, publish } = createFanOut([isText ? 0x81 : 0x82, message.length], message);

const server = createServer({ noDelay: true }, (socket) => {
  socket.once('data', (chunk) => {
    const head = chunk.latin1Slice();
    socket.write(switchingProtocols(/\r\nSec-WebSocket-Key: (\S+)\r\n/i.exec(head)[1]));
    if (isFanOut && !head.startsWith('GET /publisher')) subscribers.add(socket);
    const connection = new BareConnection(socket, isFanOut ? publish : undefined);
    socket.on('data', (more) => connection.receive(more));
  });
  socket.on('error', () => {});
  socket.on('close', () => subscribers.delete(socket));
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serveBenchmark({ port: server.address().port, version: `Node ${process.versions.node}` });
