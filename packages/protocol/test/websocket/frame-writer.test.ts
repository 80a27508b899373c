import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstByteOf, headerLength, writeFrame, writeTextFrame } from '../../src/websocket/frame-writer.ts';
import { Outbox } from '../../src/websocket/outbox.ts';
import { ReceivedMessage } from '../../src/websocket/received-message.ts';
import { Slab } from '../../src/websocket/slab.ts';
import { anyText } from './arbitraries.ts';
import {
  bytes,
  concat,
  decodeFrames,
  EXAMPLE_KEY,
  encodeFrame,
  hex,
  pattern,
  utf8,
} from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

function open(): { outbox: Outbox; slab: Slab } {
  const slab = new Slab(new TestNatives());
  return { outbox: new Outbox(slab), slab };
}

function written(firstByte: number, payload: Uint8Array | string, mask: number | null): Uint8Array {
  const { outbox, slab } = open();
  if (typeof payload === 'string') writeTextFrame(outbox, slab, firstByte, payload, mask);
  else writeFrame(outbox, slab, firstByte, payload, mask);
  return concat(outbox.take());
}

describe('RFC 6455 5.2 base framing', () => {
  it.each([
    [0x1, true, false, 0x81],
    [0x2, false, false, 0x02],
    [0x1, true, true, 0xc1],
    [0x0, false, true, 0x40],
  ])('firstByteOf puts opcode %i, FIN %s, RSV1 %s into %i', (opcode, fin, rsv1, firstByte) => {
    expect(firstByteOf(opcode, fin, rsv1)).toBe(firstByte);
  });

  it('server writes the "Hello" of section 5.7 unmasked', () => {
    expect(hex(written(0x81, utf8('Hello'), null))).toBe('810548656c6c6f');
    expect(hex(written(0x81, 'Hello', null))).toBe('810548656c6c6f');
  });

  it('client writes the "Hello" of section 5.7 masked', () => {
    expect(hex(written(0x81, utf8('Hello'), EXAMPLE_KEY))).toBe('818537fa213d7f9f4d5158');
    expect(hex(written(0x81, 'Hello', EXAMPLE_KEY))).toBe('818537fa213d7f9f4d5158');
  });

  it.each([
    [0, 'null', '8200'],
    [0, EXAMPLE_KEY, '828037fa213d'],
    [125, 'null', '827d'],
    [126, 'null', '827e007e'],
    [65_535, 'null', '827effff'],
    [65_536, 'null', '827f0000000000010000'],
    [65_536, EXAMPLE_KEY, '82ff000000000001000037fa213d'],
  ])('writer announces %i bytes under the mask %s as %s', (byteLength, key, header) => {
    const mask = typeof key === 'number' ? key : null;
    const frame = written(0x82, new Uint8Array(byteLength), mask);
    expect(hex(frame.subarray(0, header.length / 2))).toBe(header);
    expect(headerLength(byteLength, mask)).toBe(header.length / 2);
    expect(frame).toHaveLength(header.length / 2 + byteLength);
  });

  it('server copies a payload of 4 KiB behind its header', () => {
    const { outbox, slab } = open();
    const payload = pattern(4096);
    writeFrame(outbox, slab, 0x82, payload, null);
    payload.fill(0);
    expect(hex(outbox.takeSingle()!)).toBe(hex(encodeFrame(0x82, pattern(4096), null)));
  });

  it('server borrows a payload above 4 KiB', () => {
    const { outbox, slab } = open();
    const payload = pattern(4097);
    writeFrame(outbox, slab, 0x82, payload, null);
    const parts = outbox.take();
    expect(parts.map(({ length }) => length)).toEqual([4, 4097]);
    expect(parts[1]!.buffer).toBe(payload.buffer);
  });

  it('client leaves the payload as it was when it masks', () => {
    const payload = pattern(5000);
    const frame = written(0x82, payload, EXAMPLE_KEY);
    expect(hex(payload)).toBe(hex(pattern(5000)));
    expect(hex(frame)).toBe(hex(encodeFrame(0x82, payload, EXAMPLE_KEY)));
  });

  it('writer puts frames one behind the other', () => {
    const { outbox, slab } = open();
    writeFrame(outbox, slab, 0x82, bytes('01'), null);
    writeTextFrame(outbox, slab, 0x81, 'é', null);
    writeFrame(outbox, slab, 0x89, bytes(''), null);
    expect(hex(outbox.takeSingle()!)).toBe('820101 8102c3a9 8900'.replaceAll(' ', ''));
  });

  it('writer goes on in a new slab when one is full, and leaves what waits in the old one alone', () => {
    const { outbox, slab } = open();
    const frames: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      const payload = pattern(300 + i);
      writeFrame(outbox, slab, 0x82, payload, null);
      frames.push(encodeFrame(0x82, payload, null));
    }
    expect(hex(concat(outbox.take()))).toBe(hex(concat(frames)));
  });
});

describe('RFC 6455 5.6 text', () => {
  const texts = [
    ['nothing', ''],
    ['125 letters', 'a'.repeat(125)],
    ['126 letters', 'a'.repeat(126)],
    ['letters whose bytes outgrow the short length', 'é'.repeat(100)],
    ['letters whose bytes outgrow the length in 16 bits', '€'.repeat(40_000)],
    ['4096 letters of three bytes', '€'.repeat(4096)],
    ['4097 letters', 'a'.repeat(4097)],
    ['characters beyond the BMP', '😀'.repeat(70)],
  ] as const;

  it.each(texts)('server writes %s', (_, text) => {
    expect(hex(written(0x81, text, null))).toBe(hex(encodeFrame(0x81, utf8(text), null)));
  });

  it.each(texts)('client writes %s', (_, text) => {
    expect(hex(written(0x81, text, EXAMPLE_KEY))).toBe(hex(encodeFrame(0x81, utf8(text), EXAMPLE_KEY)));
  });

  it('writer turns a lone surrogate into U+FFFD', () => {
    expect(hex(written(0x81, 'a\ud800b', null))).toBe('810561efbfbd62');
  });

  it('writer writes the frame of any text in both roles', () => {
    fc.assert(
      fc.property(anyText(200), fc.constantFrom(null, EXAMPLE_KEY), (value, mask) => {
        const [frame] = decodeFrames(written(0x81, value, mask));
        expect(frame).toEqual({ firstByte: 0x81, key: mask, payload: utf8(value) });
      }),
      { numRuns: 150 },
    );
  });
});

describe('relay of a received message', () => {
  function relay(): { outbox: Outbox; slab: Slab; received: ReceivedMessage; payload: Uint8Array } {
    const { outbox, slab } = open();
    const payload = pattern(5000);
    const received = new ReceivedMessage(concat([bytes('eeeeeeee'), payload]), 4);
    slab.received = received;
    return { outbox, slab, received, payload };
  }

  it('server writes the header in front of the message that is being delivered', () => {
    const { outbox, slab, received, payload } = relay();
    writeFrame(outbox, slab, 0x82, received.data, null);
    const single = outbox.takeSingle()!;
    expect(single.buffer).toBe(received.bytes.buffer);
    expect(hex(single)).toBe(hex(encodeFrame(0x82, payload, null)));
    expect(slab.used).toBe(0);
  });

  it('server writes the same frame to a second recipient without a copy', () => {
    const { outbox, slab, received, payload } = relay();
    for (let i = 0; i < 3; i++) writeFrame(outbox, slab, 0x82, received.data, null);
    const frame = encodeFrame(0x82, payload, null);
    expect(hex(concat(outbox.take()))).toBe(hex(concat([frame, frame, frame])));
    expect(slab.used).toBe(0);
  });

  it('server spoils no frame when the same message is sent under another first byte', () => {
    const { outbox, slab, received, payload } = relay();
    writeFrame(outbox, slab, 0x81, received.data, null);
    writeFrame(outbox, slab, 0x82, received.data, null);
    writeFrame(outbox, slab, 0x81, received.data, null);
    const frames = [0x81, 0x82, 0x81].map((firstByte) => encodeFrame(firstByte, payload, null));
    expect(hex(concat(outbox.take()))).toBe(hex(concat(frames)));
  });

  it('server takes another view of the same bytes for a message like any other', () => {
    const { outbox, slab, received, payload } = relay();
    writeFrame(outbox, slab, 0x82, received.data.subarray(0), null);
    expect(hex(received.bytes.subarray(0, 4))).toBe('eeeeeeee');
    expect(hex(concat(outbox.take()))).toBe(hex(encodeFrame(0x82, payload, null)));
  });

  it('client masks a copy of a received message', () => {
    const { outbox, slab, received, payload } = relay();
    writeFrame(outbox, slab, 0x82, received.data, EXAMPLE_KEY);
    expect(hex(received.bytes.subarray(0, 4))).toBe('eeeeeeee');
    expect(hex(concat(outbox.take()))).toBe(hex(encodeFrame(0x82, payload, EXAMPLE_KEY)));
  });
});
