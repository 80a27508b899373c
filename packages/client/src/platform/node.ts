import { NodeCookieJar } from '../engine/cookie-jar.ts';
import type { Platform } from '../engine/platform.ts';

export const natives: Platform['natives'] = {
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  utf8Length: (text) => Buffer.byteLength(text),
  writeUtf8: (target, text, offset) => (target as Buffer).write(text, offset),
  readUtf8: (bytes) => toBuffer(bytes).toString(),
  encodeBase64: (bytes) => toBuffer(bytes).toString('base64'),
  decodeBase64: (text) => Buffer.from(text, 'base64'),
};

export const platformOptions: Platform['platformOptions'] = {
  agent: false,
  withCredentials: false,
  rememberUpgrade: false,
  rejectUnauthorized: true,
  perMessageDeflate: { threshold: 1024 },
  closeOnBeforeunload: false,
};

export const defaultBinaryType = 'nodebuffer';

export const toBinary: Platform['toBinary'] = (data, binaryType) => {
  if (data instanceof Blob) return data;
  const buffer = ArrayBuffer.isView(data) ? toBuffer(data) : Buffer.from(data);
  return binaryType === 'arraybuffer' ? new Uint8Array(buffer).buffer : buffer;
};

// Async: a DOM that is laid over Node may have blobs without `arrayBuffer`, which is an error as any other.
export const readBlob: Platform['readBlob'] = async (blob) => blob.arrayBuffer();

export const createCookieJar: Platform['createCookieJar'] = () => new NodeCookieJar();

/** Taken before a test can stop the clock: what is sent leaves nevertheless, as upstream. */
export const { nextTick } = process;

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
