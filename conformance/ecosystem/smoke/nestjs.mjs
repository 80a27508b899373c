import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { from, map } from 'rxjs';
import WebSocket from 'ws';

const calls = [];

class Gateway {
  multiply(factor) {
    return from([1, 2, 3]).pipe(map((value) => ({ event: 'product', data: value * factor })));
  }

  handleConnection() {
    calls.push('connection');
  }

  handleDisconnect() {
    calls.push('disconnect');
  }
}

// What the decorators do in TypeScript.
WebSocketGateway({ path: '/gateway' })(Gateway);
const method = Object.getOwnPropertyDescriptor(Gateway.prototype, 'multiply');
SubscribeMessage('multiply')(Gateway.prototype, 'multiply', method);
MessageBody()(Gateway.prototype, 'multiply', 0);
class App {}
Module({ providers: [Gateway] })(App);

const app = await NestFactory.create(App, { logger: false });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0, '127.0.0.1');
const url = `ws://127.0.0.1:${app.getHttpServer().address().port}`;

const client = new WebSocket(`${url}/gateway`);
await once(client, 'open');
const products = [];
const arrived = new Promise((resolve) => {
  client.on('message', (data) => {
    if (products.push(JSON.parse(data).data) === 3) resolve();
  });
});
client.send(JSON.stringify({ event: 'multiply', data: 5 }));
await arrived;
assert.deepEqual(products, [5, 10, 15]);

const stranger = new WebSocket(`${url}/elsewhere`);
await once(stranger, 'error');
client.close();
await once(client, 'close');
await app.close();
assert.deepEqual(calls, ['connection', 'disconnect']);
