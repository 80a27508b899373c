import type { Server } from 'node:http';
import { type ServerSocket, WebSocketServer } from '@hawser/ws';
import type { Answer, Chat, ChatPeer, ChatSession } from './chat.ts';
import type { ChatWire } from './chat-wire.ts';
import { encodeFileFrame } from './file-frame.ts';
import { MAX_CHAT_MESSAGE_BYTES } from './limits.ts';
import type { ServerMessage } from './messages.ts';
import { parseClientMessage, parseFileMessage } from './parse-message.ts';

// Rooms and everyone are topics of the same server: a prefix keeps them apart.
const ROOM_TOPIC = 'room:';
const EVERYONE_TOPIC = 'everyone';

interface SocketData {
  session?: ChatSession;
}

type ChatSocket = ServerSocket<SocketData>;

/**
 * Lead plain WebSocket connections into the chat: a JSON text per message, a binary frame per file.
 *
 * @param chat - the rules
 * @param http - the server whose upgrades are taken
 * @param path - the path of the WebSocket address
 * @param onError - is told of failures that no one else owns
 */
export function attachWebSocketWire(
  chat: Chat,
  http: Server,
  path: string,
  onError: (error: Error) => void,
): ChatWire {
  const server = new WebSocketServer<SocketData>({
    maxMessageBytes: MAX_CHAT_MESSAGE_BYTES,
    upgrade: () => ({ data: {} }),
    open(socket) {
      socket.subscribe(EVERYONE_TOPIC);
      socket.data.session = chat.connect(peerOf(socket));
    },
    message(socket, data, isBinary) {
      const { session } = socket.data;
      if (session === undefined) return;
      const message = isBinary ? parseFileMessage(data) : parseClientMessage(data.toString());
      answer(socket, chat.receive(session, message));
    },
    close({ data: { session } }) {
      if (session !== undefined) chat.disconnect(session);
    },
    error: onError,
  });
  server.attach(http, { path });
  return {
    publish: (room, message, body) => server.publish(ROOM_TOPIC + room, encode(message, body)),
    publishToAll: (message) => server.publish(EVERYONE_TOPIC, encode(message)),
    close: () => server.close({ code: 1001, reason: 'the server is shutting down' }),
  };
}

// What was accepted comes back to its sender with everyone else: that is its confirmation.
function answer(socket: ChatSocket, message: Answer | undefined): void {
  if (message !== undefined && message.type !== 'accepted') socket.send(encode(message));
}

function encode(message: ServerMessage): string;
function encode(message: ServerMessage, body: Uint8Array | undefined): string | Uint8Array;
function encode(message: ServerMessage, body?: Uint8Array): string | Uint8Array {
  return body === undefined ? JSON.stringify(message) : encodeFileFrame(message, body);
}

function peerOf(socket: ChatSocket): ChatPeer {
  return {
    reply: (message) => socket.send(encode(message)),
    enterRoom: (room) => socket.subscribe(ROOM_TOPIC + room),
    leaveRoom: (room) => socket.unsubscribe(ROOM_TOPIC + room),
  };
}
