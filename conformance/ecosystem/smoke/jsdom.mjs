import assert from 'node:assert/strict';
import { once } from 'node:events';
import { JSDOM } from 'jsdom';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  port: 0,
  host: '127.0.0.1',
  handleProtocols: (protocols) => [...protocols].at(-1),
});
server.on('connection', (socket, request) => {
  socket.send(request.headers.origin);
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
await once(server, 'listening');

const { window } = new JSDOM('', { url: 'https://origin.test/', runScripts: 'outside-only' });
window.address = `ws://127.0.0.1:${server.address().port}/path`;
const told = await new Promise((resolve) => {
  window.report = resolve;
  window.eval(`
    const told = [];
    const socket = new WebSocket(address, ['one', 'two']);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      told.push(socket.readyState, socket.protocol);
      socket.send('text');
      socket.send(new Uint8Array([1, 2]));
      socket.send(new Blob(['blob']));
    };
    socket.onmessage = ({ data, origin }) => {
      told.push(typeof data === 'string' ? data : new Uint8Array(data).join());
      if (told.length === 6) socket.close(4000, 'enough');
    };
    socket.onclose = ({ code, reason, wasClean }) => report([...told, code, reason, wasClean].join('|'));
    socket.onerror = () => report('error');
  `);
});
assert.equal(told, '1|two|https://origin.test|text|1,2|98,108,111,98|4000|enough|true');
window.close();
server.close();
