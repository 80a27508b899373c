import { globals } from '../engine/globals.ts';
import { defer } from '../engine/guard.ts';
import type { Platform } from '../engine/platform.ts';

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
  decodeBase64: (text) => {
    const binary = atob(text);
    // A loop: by `Uint8Array.from` it takes fourteen times as long.
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  },
};

/** What is not there is off, and costs each page nothing. */
export const platformOptions: Platform['platformOptions'] = {};

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
export const createCookieJar = undefined as Platform['createCookieJar'];

export { defer as nextTick };
