import { once } from 'node:events';
import { createServer } from 'node:http';
import { textEvent } from '../generator/protocols/socketio-packets.mjs';
import { BareConnection, switchingProtocols } from './bare-connection.mjs';
import { createFanOut } from './bare-fan-out.mjs';
import { serveBenchmark, serverSettings } from './server-process.mjs';

const TEXT = 0x81;
/** As long as everybody's. */
const ID_LENGTH = 20;

const { isFanOut, message } = serverSettings();
const event = textEvent(Buffer.from(message));
const { subscribers, publish } = createFanOut([TEXT, event.length], event);
let opened = 0;

/** The least that a server of Socket.IO can do: it says what has to be said, and hears when, not what, it is told. */
const server = createServer();
server.on('upgrade', (request, socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  const id = String(opened++).padStart(ID_LENGTH, '0');
  const handshake = {
    sid: id,
    upgrades: [],
    pingInterval: 3_600_000,
    pingTimeout: 20_000,
    maxPayload: 1_000_000,
  };
  socket.cork();
  socket.write(switchingProtocols(request.headers['sec-websocket-key']), 'latin1');
  socket.write(textFrame(`0${JSON.stringify(handshake)}`));
  socket.uncork();
  let connection = new BareConnection(socket, () => {
    socket.write(textFrame(`40{"sid":"${id}"}`));
    connection = new BareConnection(socket, isFanOut ? publish : undefined);
    if (!isFanOut || request.url.endsWith('role=publisher')) return;
    subscribers.add(socket);
    socket.on('close', () => subscribers.delete(socket));
  });
  socket.on('data', (chunk) => connection.receive(chunk));
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
serveBenchmark({ port: server.address().port, version: `Node ${process.versions.node}` });

/** A frame of less than 126 bytes. */
function textFrame(text) {
  return Buffer.from(`\x81${String.fromCharCode(text.length)}${text}`, 'latin1');
}
