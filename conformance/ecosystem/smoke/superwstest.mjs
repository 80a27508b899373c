import { createServer } from 'node:http';
import request from 'superwstest';
import { WebSocketServer } from 'ws';
import { listen } from './servers.mjs';

const http = createServer();
const server = new WebSocketServer({ noServer: true });
http.on('upgrade', (upgrade, socket, head) => {
  if (upgrade.headers.authorization === 'let me in') {
    server.handleUpgrade(upgrade, socket, head, (accepted) => server.emit('connection', accepted, upgrade));
  } else {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  }
});
server.on('connection', (socket) => {
  socket.send('welcome');
  socket.on('message', (data, isBinary) => {
    if (String(data) === 'bye') socket.close(4001, 'as you wish');
    else socket.send(isBinary ? data : `${data}!`);
  });
});
await listen(http);

await request(http).ws('/').expectConnectionError(401);
await request(http)
  .ws('/', { headers: { authorization: 'let me in' } })
  .expectText('welcome')
  .sendText('hello')
  .expectText('hello!')
  .sendBinary([1, 2, 3])
  .expectBinary([1, 2, 3])
  .sendText('bye')
  .expectClosed(4001, 'as you wish');
await request(http)
  .ws('/')
  .set('authorization', 'let me in')
  .expectText('welcome')
  .close(4002, 'enough')
  .expectClosed(4002, 'enough');
http.close();
