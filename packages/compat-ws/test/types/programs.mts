/** A program against `ws` in ESM: what `@types/ws` lets through has to pass here as well. */
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import WebSocket, {
  type ClientOptions,
  createWebSocketStream,
  type Data,
  type MessageEvent,
  WebSocket as Named,
  type RawData,
  type ServerOptions,
  type VerifyClientCallbackSync,
  WebSocketServer,
} from 'ws';

class Player extends WebSocket {
  name = '';
}

const options: ServerOptions<typeof Player> = {
  port: 0,
  WebSocket: Player,
  perMessageDeflate: { threshold: 10 },
};
const server = new WebSocketServer<typeof Player>(options, () => {});
server.on('connection', (player, request) => {
  player.name = request.url ?? '';
  player.on('message', (data: RawData, isBinary: boolean) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN && client.name !== '') client.send(data, { binary: isBinary });
    }
  });
  player.on('close', function (code, reason) {
    const text: string = reason.toString() + code + this.url;
    player.emit(text);
  });
  player.once('error', (error) => console.error(error.message));
});
server.on('headers', (headers, request) => headers.push(`X-Url: ${request.url}`));
server.on('wsClientError', (error, socket: Duplex) => socket.end(error.message));
server.on('anything', (...args) => console.log(args));
const address = server.address();
const port: number = typeof address === 'object' ? (address?.port ?? 0) : 0;

const clientOptions: ClientOptions = { headers: { a: 'b' }, handshakeTimeout: 10, perMessageDeflate: false };
const client: WebSocket = new Named(`ws://127.0.0.1:${port}`, ['a', 'b'], clientOptions);
client.binaryType = 'arraybuffer';
client.onmessage = (event: MessageEvent) => {
  const data: Data = event.data;
  console.log(data, event.target.url, event.type);
};
client.onclose = ({ code, reason, wasClean }) => console.log(code + 1, reason.length, !wasClean);
client.addEventListener('open', () => client.send('a', (error) => console.log(error?.message)), {
  once: true,
});
client.removeEventListener('error', { handleEvent: ({ error, message }) => console.log(error, message) });
client.on('unexpected-response', (request, response) => console.log(request.path, response.statusCode));
client.on('upgrade', (response) => console.log(response.headers));
client.on('redirect', (url, request) => console.log(url.length, request.getHeader('a')));
client.send(new Uint8Array(3), { fin: false, compress: true, mask: true });
client.send([1, 2, 3]);
client.send(1);
client.ping('x', true, (error) => console.log(error.message));
client.close(1000, Buffer.from('bye'));
const state: 0 | 1 | 2 | 3 = client.readyState;
const stream: Duplex = createWebSocketStream(client, { encoding: 'utf8' });
stream.pipe(process.stdout);
console.log(state === WebSocket.CLOSED, client.OPEN);

const noServer = new WebSocketServer({
  noServer: true,
  handleProtocols: (protocols) => [...protocols][0] ?? false,
});
createServer().on('upgrade', (request: IncomingMessage, socket, head) => {
  noServer.handleUpgrade(request, socket, head, (socket, upgraded) =>
    noServer.emit('connection', socket, upgraded),
  );
});
const isWelcome: VerifyClientCallbackSync = ({ origin, secure, req }) =>
  secure && origin === req.headers.host;
new WebSocketServer({ port: 0, verifyClient: isWelcome });
new WebSocketServer({ port: 0, verifyClient: (info, done) => done(info.secure, 401, 'no', { a: 'b' }) });
const nothing: WebSocketServer | undefined = undefined;
console.log(nothing);
