/** Programs as people write them for `socket.io`, to be compiled against these types: they are never run. */
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import {
  type BroadcastOperator,
  type DefaultEventsMap,
  type DisconnectReason,
  type Event,
  type ExtendedError,
  type Namespace,
  type RemoteSocket,
  Server,
  type ServerOptions,
  type Socket,
} from '@hawser/io';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';

/** Compiles only where both are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

interface ClientToServer {
  say: (text: string, urgent: boolean) => void;
  ask: (question: string, answer: (reply: number) => void) => void;
  nothing: () => void;
}

interface ServerToClient {
  said: (text: string) => void;
  quiz: (question: string, answer: (reply: number) => void) => void;
  quizOrNot: (question: string, answer: (error: Error, reply: number) => void) => void;
  nothing: () => void;
  ackOnly: (answer: () => void) => void;
}

interface BetweenServers {
  hello: (name: string) => void;
  count: (what: string, answer: (n: number) => void) => void;
}

interface Data {
  user: string;
  visits: number;
}

const options: Partial<ServerOptions> = {
  path: '/x',
  serveClient: false,
  connectTimeout: 1,
  cors: { origin: '*', methods: ['GET'] },
  transports: ['websocket', 'polling'],
  pingInterval: 1,
  maxHttpBufferSize: 1e8,
  allowEIO3: true,
  perMessageDeflate: { threshold: 1 },
  cookie: { name: 'io', httpOnly: true },
  connectionStateRecovery: { maxDisconnectionDuration: 1, skipMiddlewares: true },
  cleanupEmptyChildNamespaces: true,
  adapter: createAdapter(new Redis(), new Redis()),
  allowRequest: (req, callback) => callback(null, req.headers.origin === undefined),
};

new Server();
new Server(3000);
new Server(options);
new Server(createServer(), options);
new Server(createHttpsServer(), options);
new Server(createSecureServer(), { serveClient: true });
new Server({
  slowConsumer: 'keep-latest',
  maxBufferedBytes: 1,
  latestKey: (event, args) => `${event}${args[0]}`,
});

const io = new Server<ClientToServer, ServerToClient, BetweenServers, Data>(3000, options);

io.on('connection', (socket) => {
  same<typeof socket, Socket<ClientToServer, ServerToClient, BetweenServers, Data>>(true);
  socket.on('say', (text, urgent) => {
    same<typeof text, string>(true);
    same<typeof urgent, boolean>(true);
  });
  socket.on('ask', async (question, answer) => {
    same<typeof question, string>(true);
    answer(question.length);
    // @ts-expect-error a number is asked for
    answer('7');
  });
  // @ts-expect-error there is no such event
  socket.on('shout', () => {});
  socket.once('nothing', () => {});
  socket.on('disconnect', (reason, description) => {
    same<typeof reason, DisconnectReason>(true);
    console.log(description.anything);
  });
  socket.on('disconnecting', () => console.log([...socket.rooms].join()));
  socket.on('error', (error) => console.log(error.message));
  socket.on('drain', () => {});
  socket.emit('said', 'x');
  // @ts-expect-error text is said
  socket.emit('said', 1);
  socket.emit('quiz', 'x', (reply) => same<typeof reply, number>(true));
  socket.timeout(5).emit('quiz', 'x', (error, reply) => {
    same<typeof error, Error>(true);
    same<typeof reply, number>(true);
  });
  socket.emitWithAck('quiz', 'x').then((reply) => same<typeof reply, number>(true));
  socket
    .timeout(5)
    .emitWithAck('quiz', 'x')
    .then((reply) => same<typeof reply, number>(true));
  // @ts-expect-error nothing is answered to this one
  socket.emitWithAck('said', 'x');
  socket.broadcast.emit('said', 'x');
  socket.to('a').except(['b']).local.volatile.compress(true).emit('nothing');
  socket.broadcast.timeout(5).emit('quiz', 'x', (error, replies) => {
    same<typeof error, Error>(true);
    same<typeof replies, number[]>(true);
  });
  socket.data.visits += 1;
  same<typeof socket.data, Data>(true);
  // @ts-expect-error nobody said so
  socket.data.other = 1;
  const event: Event = ['say', 'x'];
  socket.use(([name, ...args], next) => next(name === event[0] && args.length ? undefined : new Error('no')));
  socket.onAny((name: string, ...args: unknown[]) => console.log(name, args));
  socket
    .prependAny(() => {})
    .offAny()
    .onAnyOutgoing(() => {})
    .prependAnyOutgoing(() => {})
    .offAnyOutgoing();
  socket.volatile.emit('said', 'x');
  socket.compress(false).emit('said', 'x');
  const { headers, time, address, xdomain, secure, issued, url, query, auth } = socket.handshake;
  console.log(
    headers.origin,
    time.length,
    address.length,
    xdomain,
    secure,
    issued.toFixed(),
    url,
    query.EIO,
    auth.token,
  );
  console.log(
    socket.id,
    socket.connected,
    socket.disconnected,
    socket.recovered,
    socket.request.headers,
    socket.conn.id,
  );
  socket.conn.on('upgrade', () => console.log(socket.conn.transport.name));
  socket.join('a');
  Promise.resolve(socket.join(['a', 'b'])).then(() => socket.leave('a'));
  const isOnItsWay: boolean = socket.emit('nothing');
  console.log(isOnItsWay, socket.bufferedBytes, socket.recoveryRefusal);
  socket.backpressure({ slowConsumer: 'drop-oldest', maxBufferedBytes: 1 }).disconnect(true).disconnect();
});

io.use((socket, next) => {
  socket.data.user = socket.handshake.auth.user;
  const error: ExtendedError = new Error('no');
  error.data = { why: 'because' };
  next(socket.data.user ? undefined : error);
});

io.emit('said', 'x');
// @ts-expect-error many answer only where a time is given
io.emit('quiz', 'x', () => {});
io.timeout(5).emit('quiz', 'x', (error, replies) => {
  same<typeof error, Error>(true);
  same<typeof replies, number[]>(true);
});
io.timeout(5).emit('quizOrNot', 'x', (error, replies) => {
  same<typeof error, Error>(true);
  same<typeof replies, number[]>(true);
});
io.timeout(5)
  .emitWithAck('quiz', 'x')
  .then((replies) => same<typeof replies, number[]>(true));
io.to('a').in(['b']).except('c').volatile.local.compress(true).emit('nothing');
io.serverSideEmit('hello', 'x');
io.serverSideEmit('count', 'x', (error, answers) => {
  same<typeof error, Error>(true);
  same<typeof answers, number[]>(true);
});
io.serverSideEmitWithAck('count', 'x').then((answers) => same<typeof answers, number[]>(true));
io.on('hello', (name) => same<typeof name, string>(true));
io.on('new_namespace', (nsp) => console.log(nsp.name));
io.fetchSockets().then((sockets) => {
  same<typeof sockets, RemoteSocket<ServerToClient, Data>[]>(true);
  for (const { id, handshake, rooms, data, ...remote } of sockets)
    console.log(id, handshake.url, rooms.size, data.user, remote);
  sockets[0]?.join('a');
  sockets[0]?.emit('said', 'x');
  sockets[0]?.timeout(5).emit('quiz', 'x', (error, reply) => console.log(error, reply));
  sockets[0]?.disconnect();
});
io.in('a').socketsJoin(['b']);
io.socketsLeave('a');
io.disconnectSockets(true);
io.allSockets().then((ids) => same<typeof ids, Set<string>>(true));
io.engine.on('connection_error', (error) => console.log(error.code, error.context));
io.engine.on('initial_headers', (headers, _request) => {
  headers['x-header'] = '1';
});
io.engine.use((_req: unknown, _res: unknown, next: () => void) => next());
console.log(io.engine.clientsCount, io.path(), io.serveClient(), io.connectTimeout(), io.adapter());
io.path('/x').serveClient(true).connectTimeout(1).adapter(createAdapter(new Redis(), new Redis()));
io.attach(createServer(), { path: '/y' }).listen(3001);
io.close(() => {}).then(() => {});
io.of('/').adapter.on('join-room', (room: string, id: string) =>
  console.log(room, id, io.of('/').adapter.rooms.get(room)?.size),
);
console.log(io.of('/').adapter.sids.size, io.sockets.sockets.get('id')?.data.user);

const admin: Namespace<ClientToServer, ServerToClient, BetweenServers, Data> = io.of('/admin');
admin.use((_socket, next) => next()).on('connection', (socket) => socket.emit('nothing'));
io.of(/^\/x/, (socket) => console.log(socket.nsp.name));
io.of((name, auth, next) => next(null, name === auth.name));
io.of('/typed').on('connect', (socket) =>
  console.log(socket.client.conn.remoteAddress, socket.nsp.server === io),
);

function broadcastTo(target: BroadcastOperator<ServerToClient, Data>): void {
  target.emit('said', 'x');
}
broadcastTo(io.to('x') as unknown as BroadcastOperator<ServerToClient, Data>);

// Without types everything goes.
const untyped = new Server();
untyped.on('connection', (socket: Socket) => {
  socket.on('anything', (a, b, callback) => callback(a.b.c, b));
  socket.emit('anything', 1, { a: 2 }, (answer: unknown) => console.log(answer));
  socket.on('later', async (a: string) => console.log(a));
  socket.emitWithAck('anything').then((answer) => console.log(answer.x));
  socket.data.anything = 1;
  socket.send('x').write('y');
});
untyped.emit('anything', 1);
untyped.timeout(5).emit('anything', (error: Error, answers: unknown[]) => console.log(error, answers));
untyped.send('x');
untyped.serverSideEmit('anything', 1, () => {});
untyped.of('/a').to('b').emit('c');
same<typeof untyped, Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap>>(true);

/** Helpers that are generic over the events. */
function welcome<L extends DefaultEventsMap, E extends DefaultEventsMap>(socket: Socket<L, E>): string {
  return socket.id;
}
console.log(welcome);
