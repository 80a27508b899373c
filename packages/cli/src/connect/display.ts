import { printable } from '../terminal.ts';

/** A message as the client's `message` event hands it over. */
export type MessageData = string | ArrayBuffer;

// A screen is for looking; whoever needs every byte uses a pipe.
const MAX_SHOWN_BYTES = 1024;

/**
 * Write a message for a pipe: the text as it is, binary as hexadecimal digits.
 *
 * @returns the line without its line break
 */
export function formatForPipe(data: MessageData): string {
  return typeof data === 'string' ? data : Buffer.from(data).toString('hex');
}

/**
 * Write a message for a person: control characters made harmless, binary as spaced hexadecimal digits
 * with its size.
 *
 * @returns text that may hold line breaks
 */
export function formatForScreen(data: MessageData): string {
  if (typeof data === 'string') return printable(data, true);
  const bytes = Buffer.from(data);
  const digits = bytes
    .subarray(0, MAX_SHOWN_BYTES)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  const rest = bytes.length > MAX_SHOWN_BYTES ? ' …' : '';
  return `${digits}${rest} (binary, ${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'})`;
}
