import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import { type ServerSocket, WebSocketServer } from '@hawser/ws';
import { Chat, type ChatPeer, type ChatSession } from './chat.ts';
import { MAX_CHAT_MESSAGE_BYTES } from './limits.ts';

// Rooms and the list of rooms are topics of the same server: a prefix keeps them apart.
const ROOM_TOPIC = 'room:';
const ROOM_LIST_TOPIC = 'rooms';
// A hundred people arriving at once make one new list, not a hundred.
const ROOM_LIST_DELAY_MS = 50;

/** A running chat. */
export interface ChatServer {
  /** Close every connection with 1001 and wait until they are gone. */
  close(): Promise<void>;
}

interface SocketData {
  session?: ChatSession;
}

/**
 * Serve the chat on the WebSocket upgrades that an HTTP server receives for one path.
 *
 * @param http - the server that also serves the page
 * @param path - the path of the WebSocket address
 * @param onError - is told of failures that no one else owns
 */
export function attachChat(http: Server, path: string, onError: (error: Error) => void): ChatServer {
  let roomListTimer: NodeJS.Timeout | undefined;
  const publishRoomList = () => {
    roomListTimer = undefined;
    server.publish(ROOM_LIST_TOPIC, JSON.stringify({ type: 'rooms', rooms: chat.rooms }));
  };
  const server = new WebSocketServer<SocketData>({
    maxMessageBytes: MAX_CHAT_MESSAGE_BYTES,
    upgrade: () => ({ data: {} }),
    open(socket) {
      socket.subscribe(ROOM_LIST_TOPIC);
      socket.data.session = chat.connect(peerOf(socket));
    },
    message({ data: { session } }, data, isBinary) {
      if (session === undefined) return;
      if (isBinary) chat.receiveBinary(session, data);
      else chat.receiveText(session, data.toString());
    },
    close({ data: { session } }) {
      if (session !== undefined) chat.disconnect(session);
    },
    error: onError,
  });
  const chat = new Chat(
    {
      publish: (room, data) => server.publish(ROOM_TOPIC + room, data),
      roomsChanged: () => {
        roomListTimer ??= setTimeout(publishRoomList, ROOM_LIST_DELAY_MS);
      },
    },
    { now: () => performance.timeOrigin + performance.now(), newId: randomUUID },
  );
  server.attach(http, { path });
  return {
    async close() {
      await server.close({ code: 1001, reason: 'the server is shutting down' });
      clearTimeout(roomListTimer);
    },
  };
}

function peerOf(socket: ServerSocket<SocketData>): ChatPeer {
  return {
    reply: (message) => socket.send(JSON.stringify(message)),
    enterRoom: (room) => socket.subscribe(ROOM_TOPIC + room),
    leaveRoom: (room) => socket.unsubscribe(ROOM_TOPIC + room),
  };
}
