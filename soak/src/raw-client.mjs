import { once } from 'node:events';
import net from 'node:net';

const REQUEST = [
  'Host: 127.0.0.1',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/** The head of a request for `path`. */
export function requestHead(path) {
  return `${[`GET /${path} HTTP/1.1`, ...REQUEST].join('\r\n')}\r\n\r\n`;
}

/** Connect TCP; errors end the connection and are nobody's. */
export async function connectTcp(port) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** Connect and do the handshake, and read nothing more. */
export async function connectRaw(port, path) {
  const socket = await connectTcp(port);
  socket.write(requestHead(path));
  const [head] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.pause();
  if (!String(head).startsWith('HTTP/1.1 101 ')) throw new Error(`no handshake: ${head}`);
  return socket;
}

/** Wait until the server has ended or reset a connection, reading all that comes. */
export async function untilEnded(socket) {
  if (!socket.readableEnded && !socket.destroyed) {
    const ended = Promise.race([once(socket, 'end'), once(socket, 'close')]);
    socket.resume();
    await ended;
  }
  socket.destroy();
}
