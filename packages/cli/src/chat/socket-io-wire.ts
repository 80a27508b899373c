import type { Server, Socket } from '../socket-io.ts';
import type { Answer, Chat, ChatPeer, ChatSession } from './chat.ts';
import type { ChatWire } from './chat-wire.ts';
import { checkClientMessage, checkFile } from './parse-message.ts';

const ROOM_PREFIX = 'room:';
/** How long a recovered session may take to join again. */
const REJOIN_MS = 5000;

/** Lead Socket.IO connections into the chat: an event per message, named by its type; files as attachments. */
export function attachSocketIoWire(chat: Chat, io: Server): ChatWire {
  io.on('connection', (socket) => accept(chat, socket));
  return {
    publish(room, message, body) {
      const target = io.to(ROOM_PREFIX + room);
      if (body === undefined) target.emit(message.type, message);
      // What is kept for those who lost their connection outlives the call.
      else target.emit(message.type, message, Buffer.from(body));
    },
    publishToAll: (message) => io.emit(message.type, message),
    close: () => io.close(),
  };
}

function accept(chat: Chat, socket: Socket): void {
  const session = chat.connect(peerOf(socket));
  socket.onAny((event: string, ...args: unknown[]) => {
    const answer = chat.receive(session, parse(event, args));
    reply(socket, args.at(-1), answer);
  });
  socket.on('disconnect', () => chat.disconnect(session));
  if (socket.recovered) awaitJoin(socket, session);
}

// Until it joins again it hears its room, so that nothing is missed, but nobody sees it there: that it does once.
function awaitJoin(socket: Socket, session: ChatSession): void {
  if (socket.data.isUnseen) {
    leaveRoomsBut(socket);
    return;
  }
  socket.data.isUnseen = true;
  const timer = setTimeout(() => {
    if (session.room === undefined) leaveRoomsBut(socket);
  }, REJOIN_MS);
  socket.on('disconnect', () => clearTimeout(timer));
}

function parse(event: string, [payload, body]: readonly unknown[]) {
  if (event === 'file') return checkFile(payload, body);
  const fields = typeof payload === 'object' ? payload : {};
  return checkClientMessage({ ...fields, type: event });
}

// Who asked with an acknowledgement gets the answer there, or waits no longer; to others it comes as an event.
function reply(socket: Socket, acknowledge: unknown, answer: Answer | undefined): void {
  if (typeof acknowledge === 'function') acknowledge(...(answer === undefined ? [] : [answer]));
  else if (answer !== undefined && answer.type !== 'accepted') socket.emit(answer.type, answer);
}

function peerOf(socket: Socket): ChatPeer {
  return {
    reply: (message) => socket.emit(message.type, message),
    enterRoom(room) {
      // A recovered session is in its room already; the user may have gone on to another one meanwhile.
      leaveRoomsBut(socket, ROOM_PREFIX + room);
      socket.join(ROOM_PREFIX + room);
      socket.data.isUnseen = false;
    },
    leaveRoom: (room) => socket.leave(ROOM_PREFIX + room),
  };
}

function leaveRoomsBut(socket: Socket, kept?: string): void {
  for (const entered of socket.rooms) {
    if (entered.startsWith(ROOM_PREFIX) && entered !== kept) socket.leave(entered);
  }
}
