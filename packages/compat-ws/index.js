'use strict';

const hawser = require('./dist/index.js');

const { WebSocket } = hawser;

WebSocket.createWebSocketStream = hawser.createWebSocketStream;
WebSocket.extension = { format: hawser.extension.format, parse: hawser.extension.parse };
WebSocket.PerMessageDeflate = hawser.PerMessageDeflate;
WebSocket.Receiver = hawser.Receiver;
WebSocket.Sender = hawser.Sender;
WebSocket.Server = hawser.WebSocketServer;
WebSocket.subprotocol = { parse: hawser.subprotocol.parse };
WebSocket.WebSocket = WebSocket;
WebSocket.WebSocketServer = hawser.WebSocketServer;

module.exports = WebSocket;
