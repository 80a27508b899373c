import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/websocket/chunk.ts';
import type { ViolationCode } from '../../src/websocket/errors.ts';
import { type FrameHandler, type FrameHeader, FrameReader } from '../../src/websocket/frame-reader.ts';
import { bytes, concat, cut, encodeFrame, hex, naiveMask, pattern } from './frame-notation.ts';
import { TestNatives } from './recorder.ts';

/** Writes down headers, violations and the pieces of payloads. */
class FrameRecorder implements FrameHandler {
  readonly trace: string[] = [];
  reader: FrameReader | null = null;
  verdict: ViolationCode | null = null;
  stopsAtHeader = false;
  stopsAtPayload = false;

  onFrameStart(): null {
    return null;
  }

  onFrameHeader({ fin, rsv1, opcode, payloadBytes }: FrameHeader): ViolationCode | null {
    this.trace.push(`header ${fin ? 'fin ' : ''}${rsv1 ? 'rsv1 ' : ''}${opcode} ${payloadBytes}`);
    if (this.stopsAtHeader) this.reader!.stop();
    return this.verdict;
  }

  onFramePayload(chunk: Chunk, start: number, end: number, isAscii: boolean, isFrameEnd: boolean): void {
    const flags = `${isAscii ? ' ascii' : ''}${isFrameEnd ? ' end' : ''}`;
    this.trace.push(`piece ${hex(chunk.slice(start, end))}${flags}`);
    if (this.stopsAtPayload) this.reader!.stop();
  }

  onFrameViolation(code: ViolationCode): void {
    this.trace.push(code);
  }
}

function open(role: 'server' | 'client'): { reader: FrameReader; recorder: FrameRecorder; trace: string[] } {
  const recorder = new FrameRecorder();
  const reader = new FrameReader(recorder, new TestNatives(), role === 'server');
  recorder.reader = reader;
  return { reader, recorder, trace: recorder.trace };
}

function read(role: 'server' | 'client', ...chunks: readonly string[]): string[] {
  const { reader, trace } = open(role);
  for (const chunk of chunks) reader.read(bytes(chunk), 0);
  return trace;
}

/** The trace with the pieces of each payload joined: what must not depend on how the bytes were cut. */
function joined(trace: readonly string[]): string[] {
  const frames: string[] = [];
  let payload = '';
  for (const line of trace) {
    const piece = /^piece ([0-9a-f]*)/.exec(line);
    if (piece === null) frames.push(line);
    else payload += piece[1];
    if (piece === null || !line.endsWith('end')) continue;
    frames.push(payload);
    payload = '';
  }
  return frames;
}

describe('RFC 6455 5.2 base framing', () => {
  it('server reads the masked "Hello" of section 5.7', () => {
    expect(read('server', '8185 37fa213d 7f9f4d5158')).toEqual([
      'header fin 1 5',
      'piece 48656c6c6f ascii end',
    ]);
  });

  it('client reads the unmasked "Hello" of section 5.7', () => {
    expect(read('client', '8105 48656c6c6f')).toEqual(['header fin 1 5', 'piece 48656c6c6f end']);
  });

  it('client reads the fragmented "Hello" of section 5.7', () => {
    expect(read('client', '0103 48656c 8002 6c6f')).toEqual([
      'header 1 3',
      'piece 48656c end',
      'header fin 0 2',
      'piece 6c6f end',
    ]);
  });

  it('server gives an empty payload as one empty piece', () => {
    expect(read('server', '8980 00000000')).toEqual(['header fin 9 0', 'piece  ascii end']);
  });

  it('server tells text that is not ASCII', () => {
    expect(read('server', '8182 01020304 c2ab')).toEqual(['header fin 1 2', 'piece c3a9 end']);
  });

  it('reader leaves RSV1 to its handler', () => {
    expect(read('client', 'c100')).toEqual(['header fin rsv1 1 0', 'piece  ascii end']);
  });

  it.each([
    ['82 7d', 125],
    ['82 7e 007e', 126],
    ['82 7e ffff', 65_535],
    ['82 7f 0000000000010000', 65_536],
    ['82 7f 001fffffffffffff', 2 ** 53 - 1],
    ['82 7f 0020000000000001', 2 ** 53],
    ['82 7f 4000000000000000', 2 ** 62],
  ])('client reads the length of "%s"', (header, payloadBytes) => {
    expect(read('client', header)).toEqual([`header fin 2 ${payloadBytes}`]);
  });

  it('client reads the longest control frame', () => {
    expect(read('client', '897d')).toEqual(['header fin 9 125']);
  });

  it('client takes the largest of 63 bits for a length', () => {
    expect(read('client', '82 7f 7fffffffffffffff')).toEqual([`header fin 2 ${2 ** 63}`]);
  });

  it.each([
    ['RSV2', 'a100', 'WS_ERR_UNEXPECTED_RSV_2_3'],
    ['RSV3', '9100', 'WS_ERR_UNEXPECTED_RSV_2_3'],
    ['all reserved bits', 'f100', 'WS_ERR_UNEXPECTED_RSV_2_3'],
    ['opcode 3', '8300', 'WS_ERR_INVALID_OPCODE'],
    ['opcode 7', '8700', 'WS_ERR_INVALID_OPCODE'],
    ['opcode 11', '8b00', 'WS_ERR_INVALID_OPCODE'],
    ['opcode 15', '8f00', 'WS_ERR_INVALID_OPCODE'],
    ['a masked frame', '8180 00000000', 'WS_ERR_UNEXPECTED_MASK'],
    ['a fragmented close', '0800', 'WS_ERR_EXPECTED_FIN'],
    ['a fragmented ping', '0900', 'WS_ERR_EXPECTED_FIN'],
    ['a fragmented pong', '0a00', 'WS_ERR_EXPECTED_FIN'],
    ['a ping of 126 bytes', '897e 007e', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['a close of 64 KiB', '887f 0000000000010000', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['125 in 16 bits', '827e 007d', 'WS_ERR_INVALID_PAYLOAD_LENGTH'],
    ['65,535 in 64 bits', '827f 000000000000ffff', 'WS_ERR_INVALID_PAYLOAD_LENGTH'],
    ['a ping with its length in 16 bits', '897e 0005', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['a length of 64 bits', '827f 8000000000000000', 'WS_ERR_INVALID_PAYLOAD_LENGTH'],
    ['the largest length', '827f ffffffffffffffff', 'WS_ERR_INVALID_PAYLOAD_LENGTH'],
  ])('client rejects %s at its header', (_, header, code) => {
    expect(read('client', header)).toEqual([code]);
  });

  it.each([
    ['a reserved bit', 'client', 'a27e', 'WS_ERR_UNEXPECTED_RSV_2_3'],
    ['a reserved opcode', 'client', '837f', 'WS_ERR_INVALID_OPCODE'],
    ['a fragmented ping', 'server', '0980', 'WS_ERR_EXPECTED_FIN'],
    ['a ping of more than 125 bytes', 'client', '897e', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['a mask', 'client', '8281', 'WS_ERR_UNEXPECTED_MASK'],
    ['no mask', 'server', '827e', 'WS_ERR_EXPECTED_MASK'],
  ] as const)('%s is enough for a rejection, in one piece and in two (%s)', (_, role, start, code) => {
    expect(read(role, start)).toEqual([code]);
    expect(read(role, start.slice(0, 2), start.slice(2))).toEqual([code]);
    expect(read(role, start.slice(0, 2), `${start.slice(2)}00`, '00')).toEqual([code]);
  });

  it.each([
    ['an unmasked frame', '8105', 'WS_ERR_EXPECTED_MASK'],
    ['an unmasked frame of unknown opcode', '8305', 'WS_ERR_INVALID_OPCODE'],
    ['126 masked bytes in 64 bits', '82ff 000000000000007e 00000000', 'WS_ERR_INVALID_PAYLOAD_LENGTH'],
  ])('server rejects %s at its header', (_, header, code) => {
    expect(read('server', header)).toEqual([code]);
  });

  it('reader reads nothing behind a violation', () => {
    const { reader, trace } = open('client');
    expect(reader.read(bytes('8100 8300 8100'), 0)).toBe(4);
    expect(reader.read(bytes('8100'), 0)).toBe(0);
    expect(trace).toEqual(['header fin 1 0', 'piece  ascii end', 'WS_ERR_INVALID_OPCODE']);
  });

  it('reader fails with the verdict of its handler, before any payload', () => {
    const { reader, recorder, trace } = open('client');
    recorder.verdict = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    reader.read(bytes('8202 ffff'), 0);
    expect(trace).toEqual(['header fin 2 2', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
  });

  it('reader stays stopped after a violation when it is resumed', () => {
    const { reader, trace } = open('client');
    reader.read(bytes('8300'), 0);
    reader.resume();
    reader.read(bytes('8100'), 0);
    expect(trace).toEqual(['WS_ERR_INVALID_OPCODE']);
  });
});

describe('frames in pieces', () => {
  const masked = [
    encodeFrame(0x81, bytes('48656c6c6f'), 0x3d21fa37),
    encodeFrame(0x02, pattern(130), 0x0badf00d | 0),
    encodeFrame(0x89, bytes(''), -1),
    encodeFrame(0x80, pattern(66_000), 0x01020304),
  ];

  it('server reads frames that come byte by byte as those that come at once', () => {
    const frames = masked.slice(0, 3);
    const { reader, trace } = open('server');
    for (const byte of concat(frames)) reader.read(Uint8Array.of(byte), 0);
    expect(joined(trace)).toEqual(joined(read('server', frames.map(hex).join(''))));
  });

  it.each(Array.from({ length: 14 }, (_, i) => i + 1))(
    'server reads a header of 14 bytes cut at byte %i',
    (at) => {
      const frame = masked[3]!;
      const { reader, trace } = open('server');
      for (const piece of cut(frame, [at])) reader.read(piece, 0);
      expect(joined(trace)).toEqual(['header fin 0 66000', hex(pattern(66_000))]);
    },
  );

  it('server reads any frames in any pieces as those that come at once', () => {
    const whole = concat(masked);
    const expected = joined(read('server', hex(whole)));
    const position = fc.oneof(fc.nat(250), fc.nat(whole.length));
    fc.assert(
      fc.property(fc.array(position, { maxLength: 12 }), (positions) => {
        const { reader, trace } = open('server');
        for (const piece of cut(whole, positions)) expect(reader.read(piece, 0)).toBe(piece.length);
        expect(joined(trace)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('server unmasks in the chunk itself', () => {
    const { reader } = open('server');
    const chunk = encodeFrame(0x82, pattern(300), -2);
    reader.read(chunk, 0);
    expect(hex(chunk.subarray(8))).toBe(hex(pattern(300)));
  });

  it('client leaves the chunk as it was', () => {
    const { reader } = open('client');
    const chunk = encodeFrame(0x82, pattern(300), null);
    reader.read(chunk, 0);
    expect(hex(chunk.subarray(4))).toBe(hex(pattern(300)));
  });

  it('server unmasks by the vector code of the runtime across pieces', () => {
    const natives = new TestNatives();
    natives.mask = (chunk, start, end, key) => {
      const data = naiveMask(chunk.subarray(start, end), key);
      chunk.set(data, start);
      return data.every((byte) => byte < 0x80);
    };
    const recorder = new FrameRecorder();
    const reader = new FrameReader(recorder, natives, true);
    for (const piece of cut(encodeFrame(0x82, pattern(9000), 0x3d21fa37), [2013, 4027, 4028]))
      reader.read(piece, 0);
    expect(joined(recorder.trace)).toEqual(['header fin 2 9000', hex(pattern(9000))]);
  });
});

describe('stopping', () => {
  it('reader is at rest between frames only', () => {
    const { reader } = open('client');
    const states = ['', '81', '02', '48', '69', '89', '00'].map((chunk) => {
      reader.read(bytes(chunk), 0);
      return reader.isAtRest;
    });
    expect(states).toEqual([true, false, false, false, true, false, true]);
  });

  it('reader stops behind the piece in hand and goes on from there', () => {
    const { reader, recorder, trace } = open('client');
    const chunk = bytes('8101 61 8101 62');
    recorder.stopsAtPayload = true;
    expect(reader.read(chunk, 0)).toBe(3);
    expect(reader.isAtRest).toBe(false);
    expect(reader.read(chunk, 3)).toBe(3);
    reader.resume();
    expect(reader.isAtRest).toBe(true);
    expect(reader.read(chunk, 3)).toBe(6);
    expect(trace).toEqual(['header fin 1 1', 'piece 61 end', 'header fin 1 1', 'piece 62 end']);
  });

  it('reader stopped by the handler of a header goes on with the payload of that frame', () => {
    const { reader, recorder, trace } = open('client');
    const chunk = bytes('8102 6162 8900');
    recorder.stopsAtHeader = true;
    const at = reader.read(chunk, 0);
    recorder.stopsAtHeader = false;
    reader.resume();
    reader.read(chunk, at);
    expect(joined(trace)).toEqual(['header fin 1 2', '6162', 'header fin 9 0', '']);
  });
});
