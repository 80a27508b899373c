'use strict';

const client = require('./dist/cjs/index.js');

const { io } = client;

io.protocol = client.protocol;
io.SocketError = client.SocketError;
io.Fetch = client.Fetch;
io.NodeXHR = client.NodeXHR;
io.XHR = client.XHR;
io.NodeWebSocket = client.NodeWebSocket;
io.WebSocket = client.WebSocket;
io.WebTransport = client.WebTransport;
io.default = io;

module.exports = io;
