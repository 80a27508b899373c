import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';

@WebSocketGateway()
class ChatGateway {
  @WebSocketServer()
  server!: Server;

  @SubscribeMessage('say')
  say(@MessageBody() text: string, @ConnectedSocket() socket: Socket): number {
    this.server.emit('said', { from: socket.id, text });
    return this.server.of('/').sockets.size;
  }
}

@Controller()
class HelloController {
  @Get('hello')
  hello(): string {
    return 'hello from nest';
  }
}

@Module({ controllers: [HelloController], providers: [ChatGateway] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
await app.listen(Number(process.env.PORT ?? 3000));
console.log(`listening on port ${app.getHttpServer().address().port}`);
