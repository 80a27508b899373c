import type { Natives } from './natives.ts';

/** State between two pieces of one text: no character is open. */
export const UTF8_ACCEPT = 0;
/** The bytes seen so far cannot begin any valid text; no later byte can mend it. */
export const UTF8_REJECT = -1;

/**
 * Above this many bytes the runtime's own validator is worth its call.
 * Paid for by `bench/src/micro/utf8.mjs`.
 */
const NATIVE_MIN_BYTES = 64;

/*
 * A state is an integer: 0, or `remaining | low << 8 | high << 16`, where `remaining` (1 to 3) continuation
 * bytes are owed and the next of them must lie in `low..high` (RFC 3629 section 4: the second byte after E0,
 * ED, F0 and F4 has a narrower range, which is what keeps out overlong forms, surrogates and > U+10FFFF).
 */
const ANY_1 = owed(1, 0x80, 0xbf);
const ANY_2 = owed(2, 0x80, 0xbf);
const ANY_3 = owed(3, 0x80, 0xbf);
const AFTER_E0 = owed(2, 0xa0, 0xbf);
const AFTER_ED = owed(2, 0x80, 0x9f);
const AFTER_F0 = owed(3, 0x90, 0xbf);
const AFTER_F4 = owed(3, 0x80, 0x8f);

/**
 * Validates one more piece of a text and returns the state for the next: {@link UTF8_ACCEPT} between two
 * characters, {@link UTF8_REJECT} from the first bad byte on, anything else inside a character.
 *
 * @param state - what the previous piece returned, {@link UTF8_ACCEPT} for the first
 * @param bytes - borrowed for the call; the piece is `bytes[start..end)`
 * @see RFC 6455 section 8.1, RFC 3629 section 4
 */
export function validateUtf8(
  natives: Natives,
  state: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (state === UTF8_REJECT) return state;
  if (end - start < NATIVE_MIN_BYTES) return stepThrough(state, bytes, start, end);
  while (state > UTF8_ACCEPT) state = step(state, bytes[start++]!);
  if (state === UTF8_REJECT) return state;
  const tail = startOfLastCharacter(bytes, end);
  if (!natives.isUtf8(bytes.subarray(start, tail))) return UTF8_REJECT;
  return stepThrough(UTF8_ACCEPT, bytes, tail, end);
}

/** Tells whether `bytes` are valid UTF-8 as a whole. */
export function isUtf8(natives: Natives, bytes: Uint8Array): boolean {
  return validateUtf8(natives, UTF8_ACCEPT, bytes, 0, bytes.length) === UTF8_ACCEPT;
}

function stepThrough(state: number, bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x80 && state === UTF8_ACCEPT) continue;
    state = step(state, byte);
    if (state === UTF8_REJECT) return state;
  }
  return state;
}

function step(state: number, byte: number): number {
  if (state === UTF8_ACCEPT) return stateAfterLead(byte);
  if (byte < ((state >> 8) & 0xff) || byte > ((state >> 16) & 0xff)) return UTF8_REJECT;
  const remaining = (state & 0xff) - 1;
  return remaining === 0 ? UTF8_ACCEPT : owed(remaining, 0x80, 0xbf);
}

/** `byte` is not ASCII: that needs no state. */
function stateAfterLead(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return UTF8_REJECT;
  if (byte < 0xe0) return ANY_1;
  if (byte < 0xf0) return byte === 0xe0 ? AFTER_E0 : byte === 0xed ? AFTER_ED : ANY_2;
  return byte === 0xf0 ? AFTER_F0 : byte === 0xf4 ? AFTER_F4 : ANY_3;
}

/** Where the last character of `bytes[..end)` begins, at most four bytes back: what follows may be cut short. */
function startOfLastCharacter(bytes: Uint8Array, end: number): number {
  let start = end - 1;
  while (end - start < 4 && (bytes[start]! & 0xc0) === 0x80) start--;
  return start;
}

function owed(remaining: number, low: number, high: number): number {
  return remaining | (low << 8) | (high << 16);
}
