/** A program as people write them for `engine.io`, to be compiled against these types: it is never run. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AttachOptions, BaseServer, ErrorCallback, ServerOptions } from '@hawser/engine';
import {
  attach,
  listen,
  parser,
  protocol,
  Server,
  type Socket,
  type Transport,
  transports,
  uServer,
} from '@hawser/engine';
import cors from 'cors';
import express from 'express';
import { WebSocketServer as WsServer } from 'ws';

const options: ServerOptions & AttachOptions = {
  pingTimeout: 1,
  pingInterval: 2,
  upgradeTimeout: 3,
  maxHttpBufferSize: 4,
  allowRequest: (req, fn) => {
    fn(req.headers.origin === undefined ? null : 'no origin here', true);
  },
  transports: ['polling', 'websocket', 'webtransport'],
  allowUpgrades: true,
  perMessageDeflate: { threshold: 1, zlibDeflateOptions: { level: 3 }, serverMaxWindowBits: 10 },
  httpCompression: true,
  wsEngine: WsServer,
  initialPacket: 'hello',
  cookie: { name: 'io', httpOnly: false, sameSite: 'strict', maxAge: 86_400 },
  cors: { origin: ['https://example.org'], credentials: true },
  allowEIO3: true,
  path: '/path',
  destroyUpgrade: false,
  destroyUpgradeTimeout: 5,
  addTrailingSlash: false,
};

const engine: Server = new Server(options);
const base: BaseServer = engine;
const http = createServer();
attach(http, options).attach(http, { path: '/other' });
listen(0, options, () => {}).httpServer?.close();
listen(0);

declare const app: Parameters<uServer['attach']>[0];
new uServer(options).attach(app, { path: '/path', compression: 1, idleTimeout: 60, maxBackpressure: 4096 });

engine.use(cors());
engine.use(express.json());
engine.use((req: express.Request, res: express.Response, next: express.NextFunction) => {
  res.setHeader('x', req.path);
  next();
});
engine.generateId = (req: IncomingMessage) => String(req.url);
engine.generateId = async () => 'later';
engine.on('connection', (socket: Socket) => {
  const transport: Transport = socket.transport;
  const names: [string, number, string, boolean, string, boolean] = [
    socket.readyState,
    socket.protocol,
    socket.remoteAddress,
    socket.upgraded,
    transport.name,
    transport.writable,
  ];
  socket.send(names.join()).write(Buffer.from('b'), { compress: false }, (used: Transport) => used.discard());
  socket.send(new ArrayBuffer(1), {}, () => socket.close(true));
  socket.on('close', (reason: string, description?: Error) => console.log(reason, description?.message));
  socket.once('upgrade', (next: Transport) => next.on('drain', () => {}));
  console.log(socket.request.headers.cookie, socket.request.socket.remoteAddress);
});
engine.on(
  'connection_error',
  (error: { req: IncomingMessage; code: number; message: string; context: object }) => {
    console.log(error.code === Server.errors.FORBIDDEN, Server.errorMessages[4]);
  },
);
engine.on('initial_headers', (headers: Record<string, string>, req: IncomingMessage) => {
  headers.test = String(req.url);
});
http.on('request', (req: IncomingMessage, res: ServerResponse) => engine.handleRequest(req, res));
http.on('upgrade', (req, socket, head) => engine.handleUpgrade(req, socket, head));
console.log(base.clientsCount, base.opts.pingInterval, engine.close() === engine, engine.upgrades('polling'));
console.log(protocol === 4, transports.polling, parser.decodePacket('4a', 'nodebuffer').type);

export class MyServer extends Server {
  override generateId(req: IncomingMessage): string {
    return req.headers.host ?? '';
  }

  protected override verify(...args: Parameters<Server['verify']>): void {
    const fn: ErrorCallback = args[2];
    fn(Server.errors.FORBIDDEN, { message: 'nobody' });
  }
}
