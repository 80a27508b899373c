import { describe, expect, it } from 'vitest';
import type { ViolationCode } from '../../src/websocket/errors.ts';
import { type MessageHandler, MessageReader } from '../../src/websocket/message-reader.ts';
import { bytes, concat, cut, encodeFrame, hex, pattern } from './frame-notation.ts';
import { endpointOptions, type SessionOptions, TestNatives } from './recorder.ts';

/** Writes down messages, control frames and violations. */
class MessageRecorder implements MessageHandler {
  allowsRsv1 = false;
  readonly trace: string[] = [];
  readonly deliveries: { readonly bytes: Uint8Array; readonly headroom: number }[] = [];

  onMessageData(data: Uint8Array, headroom: number, isBinary: boolean, isCompressed: boolean): void {
    this.deliveries.push({ bytes: data, headroom });
    const message = `${isCompressed ? 'compressed ' : ''}${isBinary ? 'binary' : 'text'}`;
    this.trace.push(`${message} ${hex(data.subarray(headroom))}`.trimEnd());
  }

  onTextData(text: string): void {
    this.trace.push(`read ${text}`);
  }

  onControlFrame(opcode: number, payload: Uint8Array): void {
    this.trace.push(`control ${opcode} ${hex(payload)}`.trimEnd());
  }

  onFrameViolation(code: ViolationCode): void {
    this.trace.push(code);
  }
}

function open({ allowsRsv1 = false, ...limits }: SessionOptions): {
  reader: MessageReader;
  recorder: MessageRecorder;
} {
  const reader = new MessageReader(new TestNatives(), endpointOptions(limits));
  const recorder = new MessageRecorder();
  recorder.allowsRsv1 = allowsRsv1;
  reader.handler = recorder;
  return { reader, recorder };
}

/** What a client makes of unmasked frames. */
function read(chunk: string, options: SessionOptions = {}): string[] {
  const { reader, recorder } = open({ role: 'client', ...options });
  reader.read(bytes(chunk), 0);
  return recorder.trace;
}

describe('RFC 6455 5.4 fragmentation', () => {
  it.each([
    ['an unfragmented message', '8203 010203', ['binary 010203']],
    ['two fragments', '0103 48656c 8002 6c6f', ['text 48656c6c6f']],
    ['empty fragments', '0200 0000 0001 01 0000 8000', ['binary 01']],
    ['an empty message in two fragments', '0200 8000', ['binary']],
    ['an empty text', '8100', ['text']],
    ['two messages in a row', '0101 61 8001 62 8201 63', ['text 6162', 'binary 63']],
  ])('client delivers %s', (_, chunk, trace) => {
    expect(read(chunk)).toEqual(trace);
  });

  it('client reports control frames between fragments at once', () => {
    expect(read('0101 61 8901 01 0001 62 8a00 8001 63')).toEqual([
      'control 9 01',
      'control 10',
      'text 616263',
    ]);
  });

  it.each([
    ['a continuation without a message', '8001 61', 'WS_ERR_UNEXPECTED_CONTINUATION'],
    ['a continuation after a complete message', '8101 61 8001 61', 'WS_ERR_UNEXPECTED_CONTINUATION'],
    ['a text inside a message', '0101 61 8101 61', 'WS_ERR_EXPECTED_CONTINUATION'],
    ['an unfinished binary inside a message', '0101 61 0201 61', 'WS_ERR_EXPECTED_CONTINUATION'],
  ])('client rejects %s', (_, chunk, code) => {
    expect(read(chunk).at(-1)).toBe(code);
  });

  it('reader is at rest between messages only', () => {
    const { reader } = open({ role: 'client' });
    const states = ['', '0101', '61', '8900', '8001', '62', '8802', '03e8'].map((chunk) => {
      reader.read(bytes(chunk), 0);
      return reader.isAtRest;
    });
    expect(states).toEqual([true, false, false, false, false, true, false, true]);
  });

  it.each([
    ['RSV1 before a reserved opcode', 'server', '4300', 'WS_ERR_UNEXPECTED_RSV_1'],
    ['RSV1 before the opcode', 'server', 'c000', 'WS_ERR_UNEXPECTED_RSV_1'],
    ['RSV1 before FIN', 'server', '4900', 'WS_ERR_UNEXPECTED_RSV_1'],
    ['the opcode before the mask', 'server', '8000', 'WS_ERR_UNEXPECTED_CONTINUATION'],
    ['FIN before the length', 'client', '08fe 0001 00000000', 'WS_ERR_EXPECTED_FIN'],
    ['the length before the mask', 'server', '8801', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
    ['a close frame of one byte at its header', 'client', '8801', 'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH'],
  ] as const)('reader names %s', (_, role, header, code) => {
    const { reader, recorder } = open({ role });
    reader.read(bytes(header), 0);
    expect(recorder.trace).toEqual([code]);
  });

  it.each([
    ['FIN before RSV1', '4900', 'WS_ERR_EXPECTED_FIN'],
    ['RSV1 of a control frame before its length', 'c801', 'WS_ERR_UNEXPECTED_RSV_1'],
    ['a reserved opcode whatever RSV1 is', 'c300', 'WS_ERR_INVALID_OPCODE'],
  ])('reader with the extension names %s', (_, header, code) => {
    const { reader, recorder } = open({ role: 'client', allowsRsv1: true });
    reader.read(bytes(header), 0);
    expect(recorder.trace).toEqual([code]);
  });

  it('reader stops and resumes as the frames do', () => {
    const { reader, recorder } = open({ role: 'client' });
    reader.stop();
    expect(reader.read(bytes('8101 61'), 0)).toBe(0);
    expect(reader.isAtRest).toBe(false);
    reader.resume();
    expect(reader.read(bytes('8101 61'), 0)).toBe(3);
    expect(recorder.trace).toEqual(['text 61']);
  });
});

describe('RFC 6455 5.5 control frames', () => {
  it('client puts a control frame together that comes in pieces', () => {
    const { reader, recorder } = open({ role: 'client' });
    for (const piece of cut(bytes('8905 0102030405'), [1, 3, 4, 6])) reader.read(piece, 0);
    expect(recorder.trace).toEqual(['control 9 0102030405']);
  });

  it('server puts fragments and control frames in pieces together', () => {
    const { reader, recorder } = open({ role: 'server' });
    const frames = [
      encodeFrame(0x02, bytes('010203'), -2),
      encodeFrame(0x8a, bytes('aabbcc'), 7),
      encodeFrame(0x80, bytes('040506'), -3),
    ];
    for (const byte of concat(frames)) reader.read(Uint8Array.of(byte), 0);
    expect(recorder.trace).toEqual(['control 10 aabbcc', 'binary 010203040506']);
  });
});

describe('RFC 6455 5.2 reserved bits', () => {
  it.each([
    ['a text', 'c100'],
    ['a ping', 'c900'],
    ['a continuation', '0100 c000'],
  ])('client rejects RSV1 on %s where no extension was negotiated', (_, chunk) => {
    expect(read(chunk)).toEqual(['WS_ERR_UNEXPECTED_RSV_1']);
  });

  it.each([
    ['a ping', 'c900'],
    ['a continuation', '4100 c000'],
  ])('client rejects RSV1 on %s where permessage-deflate was negotiated', (_, chunk) => {
    expect(read(chunk, { allowsRsv1: true })).toEqual(['WS_ERR_UNEXPECTED_RSV_1']);
  });

  it('client delivers compressed messages as they came, whatever their bytes', () => {
    const trace = read('c101 ff 4201 01 8001 02 8101 61', { allowsRsv1: true });
    expect(trace).toEqual(['compressed text ff', 'compressed binary 0102', 'text 61']);
  });
});

describe('RFC 6455 8.1 UTF-8', () => {
  it.each([
    ['a bad byte', '8103 61ff62'],
    ['a bad byte of an unfinished frame', '8105 61ff'],
    ['a bad byte of an unfinished message', '0102 c328'],
    ['a character that the next fragment does not go on', '0102 e282 0001 61'],
    ['a character that the message cuts short', '8102 e282'],
    ['a character that an empty last fragment cuts short', '0102 e282 8000'],
  ])('client rejects %s at once', (_, chunk) => {
    expect(read(chunk)).toEqual(['WS_ERR_INVALID_UTF8']);
  });

  it('client delivers a character that is cut by frames, pieces and a ping', () => {
    const { reader, recorder } = open({ role: 'client' });
    for (const piece of ['0102 f0', '9f 8900', '0000 8002 98', '80']) reader.read(bytes(piece), 0);
    expect(recorder.trace).toEqual(['control 9', 'text f09f9880']);
  });

  it('server rejects ASCII inside a character that a later fragment would complete', () => {
    const { reader, recorder } = open({ role: 'server' });
    const frames = [
      encodeFrame(0x01, bytes('e282'), 7),
      encodeFrame(0x00, bytes('61'), 7),
      encodeFrame(0x80, bytes('ac'), 7),
    ];
    reader.read(concat(frames), 0);
    expect(recorder.trace).toEqual(['WS_ERR_INVALID_UTF8']);
  });

  it('client takes any bytes for binary', () => {
    expect(read('8202 c328')).toEqual(['binary c328']);
  });

  it('reader reports nothing behind text that is not UTF-8', () => {
    expect(read('8101 ff 8101 61 8900')).toEqual(['WS_ERR_INVALID_UTF8']);
  });
});

describe('message limit', () => {
  const options = { maxMessageBytes: 4 };

  it.each([
    ['a message at the limit', '8204 01020304', ['binary 01020304']],
    ['fragments at the limit', '0202 0102 0000 8002 0304', ['binary 01020304']],
    ['messages in a row', '8204 01020304 8204 05060708', ['binary 01020304', 'binary 05060708']],
    ['a control frame over the limit', '8905 0102030405', ['control 9 0102030405']],
  ])('client delivers %s', (_, chunk, trace) => {
    expect(read(chunk, options)).toEqual(trace);
  });

  it.each([
    ['a message over the limit', '8205'],
    ['a fragment that crosses the limit', '0204 01020304 0001'],
    ['a message of 2^63 - 1 bytes', '827f 7fffffffffffffff'],
    ['a last fragment of 2^63 - 1 bytes', '0201 01 807f 7fffffffffffffff'],
  ])('client rejects %s at its header', (_, chunk) => {
    expect(read(chunk, options)).toEqual(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
  });
});

describe('headroom', () => {
  function deliver(role: 'server' | 'client', ...chunks: readonly Uint8Array[]) {
    const { reader, recorder } = open({ role });
    for (const chunk of chunks) reader.read(chunk, 0);
    return recorder.deliveries[0]!;
  }

  it.each([
    [4096, 0],
    [4097, 4],
    [65_535, 4],
    [65_536, 10],
  ])('server leaves in front of %i bytes room for %i of header', (byteLength, headroom) => {
    const frame = encodeFrame(0x82, pattern(byteLength), 7);
    const delivery = deliver('server', frame);
    expect(delivery.headroom).toBe(headroom);
    expect(delivery.bytes.buffer).toBe(frame.buffer);
    expect(hex(delivery.bytes.subarray(headroom))).toBe(hex(pattern(byteLength)));
  });

  it.each([
    [1, 0],
    [3, 0],
    [4, 4],
    [7, 4],
    [8, 4],
  ])('server finds in a chunk with %i bytes of the header %i of headroom', (count, headroom) => {
    const frame = encodeFrame(0x82, pattern(5000), 7);
    const [first, second] = cut(frame, [8 - count]);
    const delivery = deliver('server', first!, second!);
    expect(delivery.headroom).toBe(headroom);
    expect(hex(delivery.bytes.subarray(headroom))).toBe(hex(pattern(5000)));
  });

  it('server leaves room in front of a message that it joins', () => {
    const { bytes: data, headroom } = deliver(
      'server',
      ...cut(encodeFrame(0x82, pattern(60_000), 7), [9000, 30_000]),
    );
    expect(headroom).toBe(4);
    expect(hex(data.subarray(headroom))).toBe(hex(pattern(60_000)));
  });

  it('server leaves none in front of a larger one, whose memory begins with it', () => {
    const chunks = cut(encodeFrame(0x82, pattern(70_000), 7), [9000, 30_000]);
    const { bytes: data, headroom } = deliver('server', ...chunks);
    expect([headroom, data.byteOffset]).toEqual([0, 0]);
    expect(hex(data)).toBe(hex(pattern(70_000)));
  });

  it('client, which masks what it sends, leaves no room', () => {
    expect(deliver('client', encodeFrame(0x82, pattern(5000), null)).headroom).toBe(0);
    expect(deliver('client', ...cut(encodeFrame(0x82, pattern(9000), null), [5000])).headroom).toBe(0);
  });
});
