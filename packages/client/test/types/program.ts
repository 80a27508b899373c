/** A program as people write them for `socket.io-client`, to be compiled against these types: it is never run. */

/** A program as people write them for `socket.io-client`, to be compiled against these types: it is never run. */
import defaultIo, {
  connect,
  type DisconnectDescription,
  type ExtendedError,
  Fetch,
  io,
  Manager,
  type ManagerOptions,
  NodeWebSocket,
  NodeXHR,
  protocol,
  Socket,
  type SocketOptions,
  WebSocket,
  WebTransport,
  XHR,
} from '@hawser/client';
import {
  Socket as Engine,
  type SocketOptions as EngineOptions,
  installTimerFunctions,
  nextTick,
  parse,
  type Transport,
  type TransportError,
  transports,
} from '@hawser/client/engine';
import * as customParser from 'socket.io-msgpack-parser';

interface ServerToClient {
  news: (text: string, count: number) => void;
  ask: (question: string, answer: (value: number) => void) => void;
}

interface ClientToServer {
  hello: (name: string) => void;
  sum: (a: number, b: number, answer: (total: number) => void) => void;
  binary: (data: ArrayBuffer, done: (error: Error | null, bytes: ArrayBuffer) => void) => void;
}

const options: Partial<ManagerOptions & SocketOptions> = {
  forceNew: true,
  multiplex: false,
  path: '/there',
  reconnection: true,
  reconnectionAttempts: 3,
  reconnectionDelay: 1,
  reconnectionDelayMax: 2,
  randomizationFactor: 0.3,
  timeout: 4,
  autoConnect: false,
  parser: customParser,
  auth: { token: 'x' },
  retries: 3,
  ackTimeout: 5,
  transports: ['polling', 'websocket'],
  extraHeaders: { a: 'b' },
  query: { a: 1 },
  withCredentials: true,
  closeOnBeforeunload: true,
  perMessageDeflate: { threshold: 3 },
  transportOptions: { polling: { extraHeaders: {} } },
  protocols: ['a'],
  ca: ['x'],
  rejectUnauthorized: false,
  agent: false,
};

const socket: Socket<ServerToClient, ClientToServer> = io('http://localhost', options);
io(options).connect();
connect('/nsp');
defaultIo().open();
io.connect('http://localhost');
const untyped: Socket = io();

socket.on('news', (text, count) => text.slice(count));
socket.once('ask', (question, answer) => answer(question.length));
socket.on('connect', () => socket.id?.slice(1));
socket.on('connect_error', (error: ExtendedError) => error.data?.anything);
socket.on('disconnect', (reason: Socket.DisconnectReason, description?: DisconnectDescription) => {
  if (reason === 'io server disconnect') socket.connect();
  if (description && 'description' in description) description.context;
});
socket
  .emit('hello', 'world')
  .compress(false)
  .emit('sum', 1, 2, (total) => total.toFixed());
socket.timeout(5).emit('sum', 1, 2, (error, total) => (error ? error.message : total.toFixed()));
socket.volatile.emit('hello', 'x');
const total: Promise<number> = socket.emitWithAck('sum', 1, 2);
const later: Promise<number> = socket.timeout(4).emitWithAck('sum', 1, 2);
// @ts-expect-error: no such event
socket.emit('unknown');
// @ts-expect-error: the name is a string
socket.emit('hello', 1);
// @ts-expect-error: the count is a number
socket.on('news', (_text: string, count: string) => count.length);

untyped.on('anything', (a, b) => a.b + b.c);
untyped.emit('anything', 1, 'x', (answer: string) => answer.length);
untyped.emitWithAck('anything').then((value) => value.anything);
untyped.onAny((event, ...args) => console.log(event, args)).offAny();
untyped.prependAny((event) => event.length).onAnyOutgoing((event) => event.length);
untyped.listenersAny().length + untyped.listenersAnyOutgoing().length;
untyped.auth = (done) => done({ token: 'y' });
untyped.auth = { token: 'z' };
untyped.sendBuffer = [];
untyped.receiveBuffer.length;
untyped.io.engine.transport.name.length;
untyped.io.on('reconnect_attempt', (attempt) => attempt.toFixed());
untyped.io.on('error', (error) => error.message);
untyped.io.engine.on('packet', ({ type, data }) => `${type} ${data}`);
untyped.io.engine.once('upgrade', (transport: Transport) => transport.name);
untyped.io.opts.query = { b: 2 };
untyped.off('anything').removeAllListeners();
untyped.hasListeners('anything') && untyped.listeners('anything')[0]?.();

const manager = new Manager('http://localhost', { reconnectionDelayMax: 10_000 });
const admin = manager.socket('/admin', { auth: { token: 'x' } });
manager
  .reconnection(false)
  .timeout(1)
  .reconnectionAttempts(3)
  .open((error) => error?.message);
const isOn: boolean = manager.reconnection();
manager.on('close', (reason, description) => [reason, description]);

const engineOptions: EngineOptions = { transports: [XHR, WebSocket], upgrade: false };
const engine = new Engine('ws://localhost', engineOptions);
engine.on('message', (data) => data.length);
engine.on('error', (error) => (error as TransportError).description);
engine.on('close', (reason, details) => [reason, details]);
engine.send('x', { compress: true }, () => {}).write(Buffer.from('y'));
installTimerFunctions({}, { useNativeTimers: true });
nextTick(() => parse('http://localhost').pathNames.length);

function disconnectAll<Listen extends Record<string, never>>(one: Socket<Listen>): void {
  one.disconnect().close();
}

export {
  admin,
  disconnectAll,
  Fetch,
  isOn,
  later,
  NodeWebSocket,
  NodeXHR,
  protocol,
  Socket,
  total,
  transports,
  WebTransport,
};
