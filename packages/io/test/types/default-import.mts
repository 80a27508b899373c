/** A program as people write it for `socket.io` in ESM, with the default import as a namespace: it is never run. */
import { createServer } from 'node:http';
import SocketIO, { type ExtendedError, type Server, type Socket } from 'socket.io';

interface Events {
  say: (text: string) => void;
}

const options: Partial<SocketIO.ServerOptions> = { path: '/x' };
const io: SocketIO.Server<Events> = new SocketIO.Server<Events>(createServer(), options);
const same: Server<Events> = io;
const namespace: SocketIO.Namespace<Events> = same.of('/x');
namespace.use((socket: SocketIO.Socket<Events>, next: (error?: SocketIO.ExtendedError) => void) => {
  const error: ExtendedError = new Error(socket.id);
  next(error);
});
const operator: SocketIO.BroadcastOperator<Events, unknown> = io.to('room');
operator.emit('say', 'x');
// @ts-expect-error text is said
operator.emit('say', 1);

function leave(reason: SocketIO.DisconnectReason, [event]: SocketIO.Event): SocketIO.DefaultEventsMap {
  return { [reason]: () => event };
}

class Own extends SocketIO.Server {}
new Own(createServer()).on('connection', (socket: Socket) => socket.on('disconnect', () => leave));
