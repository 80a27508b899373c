import type { Natives as WebSocketNatives } from '../websocket/natives.ts';

/** What the codecs need from the runtime. The shell passes it in, as it does for the WebSocket machines. */
export interface Natives extends Pick<WebSocketNatives, 'allocate' | 'utf8Length' | 'writeUtf8'> {
  /** Returns the text of `bytes`. What is not UTF-8 reads as U+FFFD; a byte order mark is kept. */
  readUtf8(bytes: Uint8Array): string;
  /** Returns `bytes` as base64 with padding (RFC 4648 section 4). */
  encodeBase64(bytes: Uint8Array): string;
  /** Returns the bytes of `text`, which was checked to be base64, with its padding or without. */
  decodeBase64(text: string): Uint8Array;
}
