import { parser, protocol } from '@hawser/engine';
import * as upstream from 'engine.io-parser';
import { describe, expect, test } from 'vitest';

type AnyParser = typeof parser;

const PARSERS = { upstream: upstream as unknown as AnyParser, ours: parser };

/** Returns what both give. */
function both<T>(run: (subject: AnyParser) => T): { upstream: T; ours: T } {
  return { upstream: run(PARSERS.upstream), ours: run(PARSERS.ours) };
}

const BINARY = Buffer.from([1, 2, 255]);

describe('parser, as engine.io-parser has it', () => {
  test('it has the same names', () => {
    expect(Object.keys(parser).sort()).toEqual(
      Object.keys(upstream)
        .filter((name) => name !== '__esModule' && name !== 'default')
        .sort(),
    );
    expect(protocol).toBe(upstream.protocol);
  });

  test.each([true, false])('it encodes packets alike, binary supported: %s', (supportsBinary) => {
    for (const packet of [
      { type: 'message', data: 'ü' },
      { type: 'message', data: BINARY },
      { type: 'message', data: new Uint8Array(BINARY).buffer },
      { type: 'ping' },
      { type: 'open', data: '{}' },
    ] as const) {
      const encoded = both((subject) => {
        let result: unknown;
        subject.encodePacket(packet as never, supportsBinary, (value) => {
          result = value;
        });
        return result;
      });
      expect(encoded.ours).toEqual(encoded.upstream);
    }
  });

  test.each(['4ü', '4', '2probe', '6', 'bAQL/', '9', '', 'x'])('it decodes %j alike', (encoded) => {
    for (const binaryType of ['nodebuffer', 'arraybuffer'] as const) {
      const decoded = both((subject) => subject.decodePacket(encoded, binaryType));
      expect(decoded.ours).toEqual(decoded.upstream);
    }
  });

  test('it decodes binary messages alike', () => {
    for (const binaryType of ['nodebuffer', 'arraybuffer'] as const) {
      const decoded = both((subject) => subject.decodePacket(BINARY, binaryType));
      expect(decoded.ours).toEqual(decoded.upstream);
    }
  });

  test('it hands on an ArrayBuffer as it is', () => {
    const encoded = new ArrayBuffer(3);
    const decoded = both((subject) => subject.decodePacket(encoded, 'arraybuffer').data === encoded);
    expect(decoded).toEqual({ ours: true, upstream: true });
  });

  test('it decodes to a Buffer for a binary type that is none', () => {
    const decoded = both((subject) => subject.decodePacket(BINARY, 'blob' as never));
    expect(decoded.ours).toEqual(decoded.upstream);
    expect(Buffer.isBuffer(decoded.ours.data)).toBe(true);
  });

  test('it encodes and decodes payloads alike', () => {
    const packets = [
      { type: 'message', data: 'a' },
      { type: 'message', data: BINARY },
      { type: 'noop' },
    ] as never;
    const encoded = both((subject) => {
      let result = '';
      subject.encodePayload(packets, (value) => {
        result = value;
      });
      return result;
    });
    expect(encoded.ours).toBe(encoded.upstream);
    for (const payload of [encoded.upstream, '4a\x1e9\x1e4b']) {
      const decoded = both((subject) => subject.decodePayload(payload));
      expect(decoded.ours).toEqual(decoded.upstream);
    }
  });

  test('its streams understand those of engine.io-parser', async () => {
    for (const [encoding, decoding] of [
      [PARSERS.ours, PARSERS.upstream],
      [PARSERS.upstream, PARSERS.ours],
    ] as const) {
      const encoder = encoding.createPacketEncoderStream();
      const decoder = decoding.createPacketDecoderStream(100_000, 'nodebuffer');
      const writer = encoder.writable.getWriter();
      const reader = encoder.readable.pipeThrough(decoder).getReader();
      for (const packet of [
        { type: 'message', data: 'ü'.repeat(100) },
        { type: 'message', data: Buffer.alloc(70_000, 7) },
        { type: 'ping', data: 'probe' },
      ] as const) {
        void writer.write(packet);
        const { value } = await reader.read();
        expect({ ...value, data: String(value?.data) }).toEqual({ ...packet, data: String(packet.data) });
      }
    }
  });

  test('its encoder stream gives the same chunks: a header, and the payload itself', async () => {
    const read = async ({ createPacketEncoderStream }: typeof parser, data: string | Uint8Array) => {
      const { writable, readable } = createPacketEncoderStream();
      void writable.getWriter().write({ type: 'message', data: data as Buffer });
      const reader = readable.getReader();
      return [(await reader.read()).value, (await reader.read()).value];
    };
    const texts = ['', 'ü', 'a'.repeat(124), 'a'.repeat(125), 'a'.repeat(70_000)];
    const binaries = [1, 125, 126, 65_535, 65_536].map((length) => new Uint8Array(length));
    for (const data of [...texts, ...binaries]) {
      const ours = await read(PARSERS.ours, data);
      const upstream = await read(PARSERS.upstream as typeof parser, data);
      expect(ours.map((part) => Buffer.from(part!))).toEqual(upstream.map((part) => Buffer.from(part!)));
      if (typeof data !== 'string') expect(ours[1]).toBe(data);
    }
  });

  test('its decoder stream refuses what is over the limit', async () => {
    const decoder = parser.createPacketDecoderStream(3, 'nodebuffer');
    void decoder.writable.getWriter().write(Buffer.from([4, 0x34, 0x34, 0x34, 0x34]));
    expect((await decoder.readable.getReader().read()).value).toEqual({
      type: 'error',
      data: 'parser error',
    });
  });
});
