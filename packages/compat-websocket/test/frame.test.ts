import { describe, expect, test } from 'vitest';
import type { frame as Frame } from 'websocket';
import { CLOSE, closePayload, frame, frameHeader, PING, TEXT } from '../../ws/test/rig/raw-frame.ts';
import { LIBRARIES, type Library } from './rig/libraries.ts';

/** The bytes that `addData` reads from, as simple as that can be. */
class Bytes {
  #bytes = Buffer.alloc(0);

  get length(): number {
    return this.#bytes.length;
  }

  write(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  take(count: number): Buffer {
    return this.#bytes.subarray(0, count);
  }

  joinInto(target: Buffer, offset: number, start: number, end: number): Buffer {
    this.#bytes.copy(target, offset, start, end);
    return target;
  }

  advance(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
  }
}

function make(library: Library, config: object = { maxReceivedFrameSize: 1000 }): Frame {
  return Reflect.construct(library.frame, [Buffer.alloc(4), Buffer.alloc(10), config]);
}

function read(library: Library, bytes: Buffer): unknown {
  const parsed = make(library);
  const list = new Bytes();
  const steps: boolean[] = [];
  for (const byte of Buffer.concat([bytes])) {
    list.write(Uint8Array.of(byte));
    steps.push(parsed.addData(list as never));
    if (steps.at(-1)) break;
  }
  const { fin, rsv1, opcode, mask, length, closeStatus, protocolError, frameTooLarge, dropReason } = parsed;
  const payload = protocolError || frameTooLarge ? null : parsed.binaryPayload?.toString();
  const errors = [Boolean(protocolError), Boolean(frameTooLarge), parsed.invalidCloseFrameLength, dropReason];
  return [steps.at(-1), fin, Boolean(rsv1), opcode, mask, length, closeStatus, payload, errors];
}

const INPUT: Record<string, Buffer> = {
  'a masked text': frame(TEXT, 'grüße'),
  'an unmasked text': frame(TEXT, 'grüße', { mask: false }),
  'an empty fragment': frame(TEXT, '', { fin: false }),
  'a length of 16 bits': frame(TEXT, 'x'.repeat(300)),
  'a close': frame(CLOSE, closePayload(4000, 'bye')),
  'half a close code': frame(CLOSE, 'x'),
  'a fragmented ping': frame(PING, 'x', { fin: false }),
  'half a frame': frame(TEXT, 'x'.repeat(20)).subarray(0, 15),
};

const OUTPUT: Record<string, Partial<Frame>> = {
  'a text': { opcode: 1, fin: true, binaryPayload: Buffer.from('text') },
  'no payload': { opcode: 9, fin: true },
  'a masked frame': { opcode: 2, fin: false, mask: true as never, binaryPayload: Buffer.from('x') },
  'reserved bits': { opcode: 2, rsv1: true, rsv2: true, rsv3: true },
  'a length of 16 bits': { opcode: 2, binaryPayload: Buffer.alloc(200) },
  'a length of 64 bits': { opcode: 2, mask: true as never, binaryPayload: Buffer.alloc(70_000) },
  'a close': { opcode: 8, fin: true, closeStatus: 1000, binaryPayload: Buffer.from('bye') },
  'a bare close': { opcode: 8, fin: true, closeStatus: 1000 },
};

describe('frame', () => {
  test.each(Object.entries(INPUT))('reads %s', (_, bytes) => {
    expect(read(LIBRARIES.ours, bytes)).toEqual(read(LIBRARIES.upstream, bytes));
  });

  test('refuses what is too large at its header, and skips it', () => {
    const bytes = Buffer.concat([frameHeader(0x82, 1_001, true), Buffer.alloc(4 + 1_001)]);
    const [theirs, mine] = [LIBRARIES.upstream, LIBRARIES.ours].map((library) => {
      const list = new Bytes();
      list.write(bytes);
      const parsed = make(library);
      const isDone = parsed.addData(list as never);
      const { frameTooLarge, dropReason, length } = parsed;
      const isSkipped = parsed.throwAwayPayload(list as never);
      return { isDone, frameTooLarge, dropReason, length, isSkipped, left: list.length };
    });
    expect(mine).toEqual(theirs);
  });

  test('refuses a length that does not fit 32 bits', () => {
    const list = new Bytes();
    list.write(Buffer.concat([frameHeader(0x82, 2 ** 32, false), Buffer.alloc(1)]));
    const parsed = make(LIBRARIES.ours);
    expect(parsed.addData(list as never)).toBe(true);
    expect([parsed.protocolError, parsed.dropReason]).toEqual([
      true,
      'Unsupported 64-bit length frame received',
    ]);
  });

  test.each(Object.entries(OUTPUT))('writes %s', (_, fields) => {
    const [theirs, mine] = [LIBRARIES.upstream, LIBRARIES.ours].map((library) => {
      const made: Frame = Object.assign(make(library), { fin: false, mask: false } as object, fields);
      const bytes = made.toBuffer(true).toString('hex');
      return { bytes, length: made.length, text: String(made) };
    });
    expect(mine).toEqual(theirs);
  });

  test('masks with a key of its own unless told otherwise', () => {
    const made = Object.assign(make(LIBRARIES.ours), {
      opcode: 1,
      mask: true,
      binaryPayload: Buffer.alloc(64),
    });
    expect((made as unknown as { toBuffer(): Buffer }).toBuffer().subarray(6).equals(Buffer.alloc(64))).toBe(
      false,
    );
  });

  test('throws for a close frame without a code', () => {
    for (const library of Object.values(LIBRARIES)) {
      expect(() => Object.assign(make(library), { opcode: 8 }).toBuffer(true)).toThrow(RangeError);
    }
  });
});
