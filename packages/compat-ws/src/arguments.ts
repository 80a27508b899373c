import { isWireCloseCode, MAX_CLOSE_REASON_BYTES } from '@hawser/protocol/websocket';
import type { WriteCallback } from '@hawser/ws/internal';
import { toBuffer } from './payload.ts';

const MAX_CONTROL_PAYLOAD_BYTES = 125;

/**
 * Checks what `close` was called with, and returns the reason as text.
 * @throws TypeError when a close frame must not carry `code`, RangeError when the reason is too long
 */
export function checkCloseArguments(code: unknown, data: string | Uint8Array | undefined): string {
  if (code === undefined) return '';
  if (typeof code !== 'number' || !isWireCloseCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  if (!data?.length) return '';
  if (Buffer.byteLength(data) > MAX_CLOSE_REASON_BYTES) {
    throw new RangeError(`The message must not be greater than ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  return typeof data === 'string' ? data : reasonText(data);
}

/** @throws RangeError when a ping or a pong cannot carry so many bytes */
export function checkControlPayload(byteLength: number): void {
  if (byteLength > MAX_CONTROL_PAYLOAD_BYTES) {
    throw new RangeError(`The data size must not be greater than ${MAX_CONTROL_PAYLOAD_BYTES} bytes`);
  }
}

/** Returns what `ping` and `pong` were called with, whatever was left out before the callback. */
export function controlArguments(
  data: unknown,
  mask: boolean | WriteCallback | undefined,
  callback: WriteCallback | undefined,
): [data: unknown, mask: boolean | undefined, callback: WriteCallback | undefined] {
  if (typeof data === 'function') return [undefined, undefined, data as WriteCallback];
  if (typeof mask === 'function') return [data, undefined, mask];
  return [data, mask, callback];
}

/** Returns bytes as the text that a close frame has to carry: what is no UTF-8 takes more, and what is too much is cut. */
function reasonText(bytes: Uint8Array): string {
  const text = toBuffer(bytes).toString();
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_CLOSE_REASON_BYTES));
  return text.slice(0, read);
}
