import { globals } from '../engine/globals.ts';
import type { CookieJar, Platform } from '../engine/platform.ts';
import { Fetch } from '../engine/transports/fetch.ts';
import { WS } from '../engine/transports/websocket.ts';
import { WT } from '../engine/transports/webtransport.ts';
import { XHR } from '../engine/transports/xhr.ts';

// A DOM that test runners lay over Node, such as jsdom, has neither these nor WebTransport, which alone needs them.
const encoder = globals.TextEncoder && new globals.TextEncoder();
const decoder = globals.TextDecoder && new globals.TextDecoder('utf-8', { ignoreBOM: true });

/** As many arguments as a call takes everywhere. */
const CHUNK_BYTES = 0x2000;

export const natives: Platform['natives'] = {
  allocate: (size) => new Uint8Array(size),
  utf8Length: (text) => encoder?.encode(text).length ?? new Blob([text]).size,
  writeUtf8: (target, text, offset) => encoder!.encodeInto(text, target.subarray(offset)).written,
  readUtf8: (bytes) => decoder!.decode(bytes),
  encodeBase64: (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
    }
    return btoa(text);
  },
  decodeBase64: (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
};

// A service worker has no XMLHttpRequest.
const polling: Platform['transports']['polling'] = globals.XMLHttpRequest ? XHR : Fetch;

export const transports: Platform['transports'] = { polling, websocket: WS, webtransport: WT };

export const defaultBinaryType = 'arraybuffer';

export const toBinary: Platform['toBinary'] = (data, binaryType) => {
  if (binaryType === 'blob') return data instanceof Blob ? data : new Blob([data as ArrayBuffer]);
  return ArrayBuffer.isView(data)
    ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
    : data;
};

// `arrayBuffer` of blobs is missing in jsdom and in React Native.
export const readBlob: Platform['readBlob'] = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new globals.FileReader!();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });

/** The browser keeps them. */
export const createCookieJar = (): CookieJar | undefined => undefined;

export const nextTick: Platform['nextTick'] = (callback) => queueMicrotask(callback);

export { WS as NodeWebSocket, XHR as NodeXHR };
