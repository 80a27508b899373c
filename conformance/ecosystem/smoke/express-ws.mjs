import assert from 'node:assert/strict';
import { once } from 'node:events';
import express from 'express';
import expressWs from 'express-ws';
import WebSocket from 'ws';

const { app, getWss } = expressWs(express());
app.ws('/echo/:name', (socket, request) => {
  socket.on('message', (text) => socket.send(`${request.params.name}: ${text}`));
});
app.get('/plain', (_request, response) => response.send('plain'));
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();

const client = new WebSocket(`ws://127.0.0.1:${port}/echo/ada`);
await once(client, 'open');
assert.equal(getWss().clients.size, 1);
client.send('hello');
const [data] = await once(client, 'message');
assert.equal(data.toString(), 'ada: hello');
assert.equal(await (await fetch(`http://127.0.0.1:${port}/plain`)).text(), 'plain');
client.close();
await once(client, 'close');
server.close();
