import { describe, expect, it } from 'vitest';
import { Outbox } from '../../src/websocket/outbox.ts';
import { PreparedMessage, prepareMessage } from '../../src/websocket/prepared-message.ts';
import { ReceivedMessage } from '../../src/websocket/received-message.ts';
import { Slab } from '../../src/websocket/slab.ts';
import { bytes, concat, encodeFrame, hex, pattern, utf8 } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

describe('prepared message', () => {
  it.each([
    ['text from a string', 'Grüße', false, encodeFrame(0x81, utf8('Grüße'), null)],
    ['binary from a string', 'a', true, encodeFrame(0x82, utf8('a'), null)],
    ['text from bytes', utf8('Grüße'), false, encodeFrame(0x81, utf8('Grüße'), null)],
    ['binary from bytes', bytes('00ff'), true, encodeFrame(0x82, bytes('00ff'), null)],
    ['a large message', pattern(70_000), true, encodeFrame(0x82, pattern(70_000), null)],
  ] as const)('server encodes %s once for all recipients', (_, data, isBinary, frame) => {
    const slab = new Slab(new TestNatives());
    const message = prepareMessage(slab, data, isBinary);
    const { used } = slab;
    expect(message.byteLength).toBe(frame.length);
    for (const outbox of [new Outbox(slab), new Outbox(slab)]) {
      message.appendTo(outbox);
      expect(outbox.byteLength).toBe(frame.length);
      expect(hex(concat(outbox.take()))).toBe(hex(frame));
    }
    expect(slab.used).toBe(used);
  });

  it('server tells where the payload lies that it copied', () => {
    const slab = new Slab(new TestNatives());
    const small = prepareMessage(slab, bytes('010203'), true);
    expect(hex(small.copied!.subarray(small.end - 3, small.end))).toBe('010203');
    expect(prepareMessage(slab, pattern(5000), true).copied).toBeNull();
  });

  it('server appends nothing of what holds nothing', () => {
    const outbox = new Outbox(new Slab(new TestNatives()));
    new PreparedMessage().appendTo(outbox);
    expect(outbox.byteLength).toBe(0);
  });

  it('server joins what it prepared in a row into one run', () => {
    const slab = new Slab(new TestNatives());
    const outbox = new Outbox(slab);
    for (const text of ['a', 'b', 'c']) prepareMessage(slab, text, false).appendTo(outbox);
    expect(hex(outbox.takeSingle()!)).toBe('810161810162810163');
  });

  it('server prepares the message that is being delivered without a copy', () => {
    const slab = new Slab(new TestNatives());
    slab.received = new ReceivedMessage(pattern(5004), 4);
    const message = prepareMessage(slab, slab.received.data, true);
    const outbox = new Outbox(slab);
    message.appendTo(outbox);
    expect(outbox.takeSingle()!.buffer).toBe(slab.received.bytes.buffer);
    expect(slab.used).toBe(0);
  });
});
