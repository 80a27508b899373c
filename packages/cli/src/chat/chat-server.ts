import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Server as SocketIoServer } from '../socket-io.ts';
import { Chat } from './chat.ts';
import type { ChatWire } from './chat-wire.ts';
import { attachSocketIoWire } from './socket-io-wire.ts';
import { attachWebSocketWire } from './websocket-wire.ts';

// A hundred people arriving at once make one new list, not a hundred.
const ROOM_LIST_DELAY_MS = 50;

/** What the chat is reached through. */
export interface ChatEntrances {
  /** The server that also serves the page. */
  readonly http: Server;
  /** The path of the plain WebSocket address. */
  readonly path: string;
  /** The Socket.IO server; its main namespace is the chat's. */
  readonly io: SocketIoServer;
  /** Is told of failures that no one else owns. */
  readonly onError: (error: Error) => void;
}

/** A running chat. */
export interface ChatServer {
  /** Close every connection, the plain ones with 1001, and wait until they are gone. */
  close(): Promise<void>;
}

/** Serve one chat to Socket.IO and to plain WebSocket connections. */
export function attachChat({ http, path, io, onError }: ChatEntrances): ChatServer {
  const wires: ChatWire[] = [];
  let roomListTimer: NodeJS.Timeout | undefined;
  const publishRoomList = () => {
    roomListTimer = undefined;
    for (const wire of wires) wire.publishToAll({ type: 'rooms', rooms: chat.rooms });
  };
  const chat = new Chat(
    {
      publish(room, message, body) {
        for (const wire of wires) wire.publish(room, message, body);
      },
      roomsChanged: () => {
        roomListTimer ??= setTimeout(publishRoomList, ROOM_LIST_DELAY_MS);
      },
    },
    { now: () => performance.timeOrigin + performance.now(), newId: randomUUID },
  );
  wires.push(attachWebSocketWire(chat, http, path, onError), attachSocketIoWire(chat, io));
  return {
    async close() {
      await Promise.all(wires.map((wire) => wire.close()));
      clearTimeout(roomListTimer);
    },
  };
}
