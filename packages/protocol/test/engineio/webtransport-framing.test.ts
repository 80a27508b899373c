import { createPacketDecoderStream, createPacketEncoderStream } from 'engine.io-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/engineio/codec.ts';
import type { ViolationCode } from '../../src/engineio/errors.ts';
import type { Packet } from '../../src/engineio/packet.ts';
import {
  encodeStreamFrame,
  encodeStreamParts,
  type StreamHandler,
  StreamReader,
} from '../../src/engineio/webtransport-framing.ts';
import { cuts } from '../websocket/arbitraries.ts';
import { bytes, concat, cut, hex, isPaddingIntact, pattern, utf8 } from '../websocket/frame-notation.ts';
import { packetV4 } from './arbitraries.ts';
import { EngineTestNatives } from './natives.ts';

const MAX_FRAME_BYTES = 100_000;

class Recorder implements StreamHandler {
  readonly trace: (Packet | ViolationCode)[] = [];
  /** Called after each packet. */
  react: () => void = () => {};

  onPacket(packet: Packet): void {
    this.trace.push(packet);
    this.react();
  }

  onViolation(code: ViolationCode): void {
    this.trace.push(code);
  }
}

function openStream(maxFrameBytes = MAX_FRAME_BYTES) {
  const natives = new EngineTestNatives();
  const codec = createCodec(4, natives, { maxPayloadLength: 0, maxPackets: 0 });
  const recorder = new Recorder();
  const reader = new StreamReader(recorder, codec, natives, maxFrameBytes);
  const encode = ({ type, data }: Packet) => encodeStreamFrame(natives, codec.encodeFrame(type, data));
  return { reader, recorder, trace: recorder.trace, natives, encode };
}

/** Long data compare as one string, which is quicker. */
function inWords(call: Packet | ViolationCode): string {
  if (typeof call === 'string') return call;
  return `${call.type} ${typeof call.data === 'string' ? call.data : hex(call.data)}`;
}

/** Made once: the longest is what most of the time would go into. */
const LARGE = [120, 6000, 70_000].map(pattern);

const message = (data: string | Uint8Array): Packet => ({ type: 'message', data });

/** Frames of all three header forms, some with a payload that means nothing. */
const wire = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: packetV4.map((packet) => openStream().encode(packet)) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...LARGE).map((data) => openStream().encode(message(data))),
      },
      { weight: 1, arbitrary: fc.constantFrom('00', '0139', '80', 'fe0000', 'ff00', '7f').map(bytes) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    ),
    { maxLength: 6 },
  )
  .map(concat);

describe('Engine.IO 4 over WebTransport', () => {
  it.each([
    [message('hello'), `06${hex(utf8('4hello'))}`],
    [message('€'), `04${hex(utf8('4€'))}`],
    [message(bytes('01ff')), '8201ff'],
    [{ type: 'ping', data: '' } as const, '0132'],
  ])('both ends write and read %j', (packet, notation) => {
    const { reader, trace, encode } = openStream();
    expect(hex(encode(packet))).toBe(notation);
    reader.receive(bytes(notation));
    expect(trace).toEqual([packet]);
  });

  it.each([
    [125, 'fd'],
    [126, 'fe007e'],
    [65_535, 'feffff'],
    [65_536, 'ff0000000000010000'],
  ])('both ends write the length %i as %s', (length, header) => {
    const { reader, trace, encode } = openStream();
    const frame = encode(message(pattern(length)));
    expect(hex(frame.subarray(0, header.length / 2))).toBe(header);
    reader.receive(frame);
    expect(trace).toEqual([message(pattern(length))]);
  });

  it('both ends write empty binary data as text, and read it either way', () => {
    const { reader, trace, encode } = openStream();
    expect(hex(encode(message(new Uint8Array(0))))).toBe('0162');
    reader.receive(bytes('0162 80'));
    expect(trace).toEqual([message(new Uint8Array(0)), message(new Uint8Array(0))]);
  });

  it.each([
    ['an empty text frame', '00', 'EIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['an unknown type', '0139', 'EIO_ERR_UNKNOWN_PACKET_TYPE'],
    ['bad base64', '026241', 'EIO_ERR_INVALID_BASE64'],
    ['a frame over the limit', '65', 'EIO_ERR_PAYLOAD_TOO_LARGE'],
    ['a frame over the limit in 16 bits', '7e0065', 'EIO_ERR_PAYLOAD_TOO_LARGE'],
    ['a frame over the limit in 64 bits', 'ffffffffffffffffff', 'EIO_ERR_PAYLOAD_TOO_LARGE'],
  ])('both ends refuse %s and read no more', (_, notation, code) => {
    const { reader, trace } = openStream(100);
    reader.receive(bytes(`0132${notation}0133`));
    reader.receive(bytes('0133'));
    expect(trace).toEqual([{ type: 'ping', data: '' }, code]);
  });

  it('both ends bound what follows by a limit that is set at a packet', () => {
    const { reader, recorder, trace } = openStream(100);
    recorder.react = () => {
      reader.maxFrameBytes = 1;
    };
    reader.receive(bytes('033261610133023261'));
    expect(trace).toEqual([
      { type: 'ping', data: 'aa' },
      { type: 'pong', data: '' },
      'EIO_ERR_PAYLOAD_TOO_LARGE',
    ]);
  });

  it('both ends write the same in two parts, of which the second is the binary payload itself', () => {
    const { natives } = openStream();
    const binaries = [0, 1, 125, 126, 65_535, 65_536].map(pattern);
    for (const frame of [...binaries, '', '2', `4${'ü'.repeat(62)}`, `4${'a'.repeat(125)}`]) {
      const parts = encodeStreamParts(natives, frame);
      expect(hex(concat(parts))).toBe(hex(encodeStreamFrame(natives, frame)));
      if (typeof frame !== 'string' && frame.length > 0) expect(parts[1]).toBe(frame);
    }
  });

  it('both ends take a frame at the limit', () => {
    const { reader, trace, encode } = openStream(100);
    reader.receive(encode(message(pattern(100))));
    expect(trace).toEqual([message(pattern(100))]);
  });

  it('both ends read on after what is not UTF-8', () => {
    const { reader, trace } = openStream();
    reader.receive(bytes('03 34 ff 61 0132'));
    expect(trace).toEqual([message('\ufffda'), { type: 'ping', data: '' }]);
  });

  it('both ends stop within a chunk when the handler says so', () => {
    const { reader, recorder, trace } = openStream();
    recorder.react = () => reader.stop();
    reader.receive(bytes('0131 0133'));
    expect(trace).toEqual([{ type: 'close', data: '' }]);
  });

  it('both ends do the same whatever the bytes were cut into', () => {
    fc.assert(
      fc.property(wire, cuts, (data, places) => {
        const whole = openStream();
        whole.reader.receive(data.slice());
        const inPieces = openStream();
        const pieces = cut(data, places(data.length));
        for (const piece of pieces) inPieces.reader.receive(piece);
        expect(inPieces.trace.map(inWords)).toEqual(whole.trace.map(inWords));
        expect(pieces.every(isPaddingIntact)).toBe(true);
        const oneByOne = openStream();
        for (const byte of data.subarray(0, 300)) oneByOne.reader.receive(Uint8Array.of(byte));
        expect(whole.trace.slice(0, oneByOne.trace.length).map(inWords)).toEqual(oneByOne.trace.map(inWords));
      }),
      { numRuns: 60 },
    );
  });

  it('both ends keep no more than a small factor of what came', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 300 }), (size, step) => {
        const { reader, natives, encode } = openStream();
        const frame = encode(message(pattern(60_000)));
        natives.allocatedBytes = 0;
        for (let at = 0; at < size; at += step) reader.receive(frame.slice(at, Math.min(at + step, size)));
        expect(natives.allocatedBytes).toBeLessThanOrEqual(4 * size + 512);
      }),
      { numRuns: 30 },
    );
  });
});

describe('Engine.IO 4 over WebTransport against engine.io-parser 5', () => {
  const packets = fc.array(packetV4, { minLength: 1, maxLength: 5 });

  it('both ends read what upstream wrote, and upstream what they wrote', async () => {
    await fc.assert(
      fc.asyncProperty(packets, async (sent) => {
        // Upstream writes a frame that it refuses itself where there is no data to write.
        const writable = sent.filter(({ data }) => data.length > 0);
        const { reader, trace, encode } = openStream();
        for (const chunk of await through(createPacketEncoderStream(), writable))
          reader.receive(chunk.slice());
        expect(trace).toEqual(writable);
        const decoder = createPacketDecoderStream(MAX_FRAME_BYTES, 'arraybuffer');
        const read = await through(decoder, sent.map(encode));
        expect(read.map(normalize)).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });
});

/** Upstream leaves out data that is empty, and was asked for ArrayBuffers. */
function normalize({ type, data }: { type: string; data?: string | ArrayBuffer }): unknown {
  return { type, data: typeof data === 'object' ? new Uint8Array(data) : (data ?? '') };
}

/** Returns all that comes out of `stream` for what goes in. */
async function through(stream: TransformStream, inputs: readonly unknown[]) {
  const writer = stream.writable.getWriter();
  const writing = (async () => {
    for (const input of inputs) await writer.write(input);
    await writer.close();
  })();
  const outputs = [];
  for await (const output of stream.readable) outputs.push(output);
  await writing;
  return outputs;
}
