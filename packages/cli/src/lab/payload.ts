import { LAB_LIMITS } from './limits.ts';
import type { LabEvent, SentEvent } from './messages.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Text without pattern, the same in every process. One byte a character, also in JSON. */
const BLOCK = makeText(LAB_LIMITS.payloadBytes.max);

/** Put the payload into an event: text of its size that differs from one event to the next. */
export function withPayload({ seq, at, bytes }: LabEvent): SentEvent {
  const head = `${seq}:`.slice(0, bytes);
  return { seq, at, data: head + BLOCK.slice(0, bytes - head.length) };
}

function makeText(length: number): string {
  let text = '';
  let state = 1;
  while (text.length < length) {
    // The generator of Lehmer, as in C++'s minstd_rand.
    state = (state * 48_271) % 2_147_483_647;
    text += LETTERS[state % LETTERS.length];
  }
  return text;
}
