import { describe, expect, it } from 'vitest';
import { ReceivedMessage } from '../../src/websocket/received-message.ts';
import { bytes, hex } from './frame-notation.ts';

describe('received message', () => {
  it('data is what follows the headroom, in the same memory', () => {
    const memory = bytes('aabb 0102');
    const message = new ReceivedMessage(memory, 2);
    expect(hex(message.data)).toBe('0102');
    expect(message.data.buffer).toBe(memory.buffer);
    expect(message.bytes).toBe(memory);
  });

  it('claim grants the headroom to the first header and its equals', () => {
    const message = new ReceivedMessage(bytes('aabb 0102'), 2);
    expect([0x82, 0x81, 0x82].map((firstByte) => message.claim(firstByte))).toEqual([true, false, true]);
  });
});
