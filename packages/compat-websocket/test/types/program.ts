/** What users of `websocket` and `@types/websocket` write: compiled against both, never run. */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { parse } from 'node:url';
import websocket, {
  connection as Connection,
  type connection,
  deprecation,
  type frame as Frame,
  type IBinaryMessage,
  type IClientConfig,
  type ICloseEvent,
  type IConfig,
  type ICookie,
  type IExtension,
  type IMessageEvent,
  type IRouterRequest,
  type IServerConfig,
  type IStringified,
  type IUtf8Message,
  type Message,
  type request,
  version,
  w3cwebsocket as W3CWebSocket,
  client as WebSocketClient,
  router as WebSocketRouter,
  server as WebSocketServer,
} from 'websocket';

const common: IConfig = { maxReceivedFrameSize: 1, fragmentationThreshold: 2, closeTimeout: undefined };
const config: IServerConfig = {
  ...common,
  httpServer: createServer(),
  autoAcceptConnections: false,
  keepalive: true,
  keepaliveInterval: 1,
  dropConnectionOnKeepaliveTimeout: true,
  keepaliveGracePeriod: 1,
  useNativeKeepalive: false,
  ignoreXForwardedFor: true,
};

const server: WebSocketServer = new WebSocketServer(config);
new WebSocketServer().mount({ httpServer: [createServer(), createTlsServer()] });

const clients: connection[] = [];
const byAddress = new Map<string, connection>();

function onRequest(incoming: request): void {
  if (incoming.origin !== 'http://example.test') incoming.reject();
  const { resourceURL, requestedProtocols, remoteAddress, remoteAddresses, httpRequest, host, key } =
    incoming;
  const token: string | string[] | undefined = resourceURL.query.token;
  const names: string = incoming.cookies.map((cookie) => cookie.name).join();
  const message: IncomingMessage = httpRequest;
  if (token === undefined) incoming.reject(401, 'a token is needed', { 'X-Why': 'none' });
  const cookies: ICookie[] = [{ name: 'a', value: 'b', maxage: 5, expires: new Date(), secure: true }];
  const accepted: connection = incoming.accept(requestedProtocols[0] ?? null, incoming.origin, cookies);
  incoming.accept('chat');
  incoming.accept(null, undefined);
  clients.push(accepted);
  byAddress.set(accepted.remoteAddress, accepted);
  console.log(
    names,
    message.url,
    remoteAddress,
    remoteAddresses.length,
    host,
    key,
    incoming.webSocketVersion,
  );
  serve(accepted);
}

function serve(peer: Connection): void {
  peer.on('message', (message) => echo(peer, message));
  peer.on('message', (message: Message) => echo(peer, message));
  peer.on('frame', (frame: Frame) => console.log(frame.opcode, frame.binaryPayload.length, frame.fin));
  peer.on('close', (code: number, description: string) => console.log(code, description));
  peer.on('error', (error) => console.log(error.message));
  peer.once('drain', () => peer.resume());
  peer.addListener('pong', (data) => console.log(data.toString()));
  peer.on('ping', (cancel, data) => data.length > 0 && cancel());
  peer.on('pause', () => {}).on('resume', () => {});
  const extensions: IExtension[] = peer.extensions;
  const state: string = peer.state;
  const reason: string = `${peer.closeReasonCode} ${peer.closeDescription} ${peer.protocol}`;
  if (peer.connected && !peer.outputBufferFull && !peer.inputPaused) peer.ping('now');
  peer.pong(Buffer.from('x'));
  peer.close(Connection.CLOSE_REASON_GOING_AWAY, Connection.CLOSE_DESCRIPTIONS[1001]);
  peer.drop(1002, 'reason', true);
  console.log(peer.socket.remotePort, extensions.length, state, reason, peer.webSocketVersion);
}

function echo(peer: connection, message: Message): void {
  if (message.type === 'utf8') peer.sendUTF(message.utf8Data, (error) => error && console.log(error.message));
  else if (message.type === 'binary') peer.sendBytes(message.binaryData);
  const text: IUtf8Message = { type: 'utf8', utf8Data: 'x' };
  const bytes: IBinaryMessage = { type: 'binary', binaryData: Buffer.alloc(1) };
  const stringified: IStringified = { toString: () => 'own' };
  peer.send(JSON.stringify([text, bytes]));
  peer.send(5);
  peer.send(stringified, (error?: Error) => console.log(error?.message));
}

server.on('request', onRequest);
server.on('connect', (peer) => peer.sendUTF('welcome'));
server.on('close', (peer: connection, reason: number, description: string) => {
  clients.splice(clients.indexOf(peer), 1);
  console.log(reason, description.length);
});
server.broadcast('all');
server.broadcastUTF({ toString: () => 'all' });
server.broadcastBytes(Buffer.alloc(1));
const counts: number = server.connections.length + server.pendingRequests.length;
server.closeAllConnections();
server.unmount();
server.shutDown();

const router = new WebSocketRouter({ server });
router.mount('/chat', 'chat', (incoming: IRouterRequest) => {
  const peer: connection = incoming.accept(incoming.origin);
  peer.sendUTF(incoming.protocol ?? 'none');
});
router.mount(/^\/x/, null, (incoming) => incoming.reject(404, 'no'));
router.unmount('/chat', 'chat');
router.attachServer(server);
router.detachServer();

const clientConfig: IClientConfig = { webSocketVersion: 13, tlsOptions: { rejectUnauthorized: false } };
const client: WebSocketClient = new WebSocketClient(clientConfig);
client.on('connectFailed', (error) => console.log(error.toString(), error.message));
client.on('connect', (peer) => serve(peer));
client.on('httpResponse', (response, self) => self === client && console.log(response.statusCode));
client.connect('ws://127.0.0.1/', 'chat', 'http://example.test', { Authorization: 'x' }, { family: 4 });
client.connect('ws://127.0.0.1/', ['chat', 'other']);
client.connect(parse('ws://127.0.0.1/'));
client.abort();

class Reconnecting extends W3CWebSocket {
  tries = 0;
}
const socket = new Reconnecting('ws://127.0.0.1/', ['chat'], 'origin', {}, {}, clientConfig);
socket.onopen = () => {
  if (socket.readyState === socket.OPEN || socket.readyState === W3CWebSocket.OPEN) socket.send('text');
};
socket.onmessage = (message) => {
  if (typeof message.data === 'string') console.log(message.data.length);
};
socket.onmessage = (message: IMessageEvent) => console.log(message.data);
socket.onclose = (event: ICloseEvent) => console.log(event.code, event.reason, event.wasClean);
socket.onerror = (error: Error) => console.log(error.name);
socket.onerror = () => {};
socket.binaryType = 'arraybuffer';
socket.send(new Uint8Array(1));
socket.send(new ArrayBuffer(1));
socket.close(1000, 'done');
const address: string = socket.url + (socket.protocol ?? '') + socket.bufferedAmount;

deprecation.disableWarnings = true;
const warning: string | undefined = deprecation.deprecationWarningMap.old;
const first: ICookie | undefined = ([] as request[])[0]?.cookies[0];
const whole: typeof WebSocketClient = websocket.client;

export { address, byAddress, counts, first, version, warning, whole };
