// ws uses bufferutil when it is installed, as most of its users have it.
import 'bufferutil';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { WebSocketServer } from 'ws';
import { packageVersion } from '../servers/package-version.mjs';
import { serveBenchmark } from '../servers/server-process.mjs';
import { cert, key } from './certificate.mjs';

const { isTls, compression } = JSON.parse(process.argv[2]);

const http = isTls ? createHttpsServer({ cert, key }) : createHttpServer();
const server = new WebSocketServer({
  server: http,
  perMessageDeflate: compression !== undefined && {
    serverNoContextTakeover: compression === 'no takeover',
    clientNoContextTakeover: compression === 'no takeover',
  },
});
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
http.listen(0, '127.0.0.1');
await once(http, 'listening');
serveBenchmark({ port: http.address().port, version: packageVersion('ws') });
