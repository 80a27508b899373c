import { connectRaw, type RawPeer } from './raw-peer.ts';

/** Frame types of HTTP/2 (RFC 9113 section 6). */
export const DATA = 0;
export const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;

export const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** One frame of HTTP/2, as it came in. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The fields of a correct request. */
export const CONNECT_FIELDS: readonly (readonly [string, string])[] = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'example.test'],
  ['sec-websocket-version', '13'],
];

/** Writes a frame, byte by byte. */
export function http2Frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

/** Writes a request: every field as a literal that enters no table (RFC 7541 section 6.2.2). */
export function requestFrame(
  id: number,
  fields: readonly (readonly [string, string])[] = CONNECT_FIELDS,
  flags = 0,
): Buffer {
  const parts = fields.map(([name, value]) =>
    Buffer.concat([Buffer.from([0]), literal(name), literal(value)]),
  );
  return http2Frame(HEADERS, END_HEADERS | flags, id, Buffer.concat(parts));
}

/** Writes a reset with `code`. */
export function resetFrame(id: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return http2Frame(RST_STREAM, 0, id, payload);
}

/** A client of HTTP/2 that says just what a test has it say. */
export class RawHttp2 {
  readonly peer: RawPeer;

  private constructor(peer: RawPeer) {
    this.peer = peer;
  }

  static async connect(port: number): Promise<RawHttp2> {
    const peer = await connectRaw(port);
    peer.write(PREFACE, http2Frame(SETTINGS, 0, 0), http2Frame(SETTINGS, ACK, 0));
    return new RawHttp2(peer);
  }

  /** Waits for the next frame that is about a stream. */
  async frame(): Promise<Http2Frame> {
    for (;;) {
      const header = await this.peer.read(9);
      const payload = Buffer.from(await this.peer.read(header.readUIntBE(0, 3)));
      const frame = { type: header[3]!, flags: header[4]!, id: header.readUInt32BE(5), payload };
      if (frame.id !== 0) return frame;
    }
  }

  /** Waits for a reset, and returns its code. */
  async reset(): Promise<{ id: number; code: number }> {
    for (;;) {
      const { type, id, payload } = await this.frame();
      if (type === RST_STREAM) return { id, code: payload.readUInt32BE() };
    }
  }
}

function literal(text: string): Buffer {
  if (text.length > 126) throw new Error('a longer literal needs more than one byte for its length');
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}
