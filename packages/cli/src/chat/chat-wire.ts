import type { ServerMessage } from './messages.ts';

/** One way into the chat. All of them lead into the same rooms. */
export interface ChatWire {
  /** Send to every connection of this wire that is in the room. `body` is only borrowed for the call. */
  publish(room: string, message: ServerMessage, body?: Uint8Array): void;
  /** Send to every connection of this wire. */
  publishToAll(message: ServerMessage): void;
  /** Close every connection and wait until they are gone. */
  close(): Promise<void>;
}
