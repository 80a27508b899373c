import { createHash, createHmac, X509Certificate } from 'node:crypto';
import type { ReadableStream as NodeReadable } from 'node:stream/web';
import Logger, { LogLevel } from '@matrixai/logger';
import { events, QUICConnection, QUICServer, type QUICStream } from '@matrixai/quic';
import { onTestFinished } from 'vitest';
import type { WebTransportSession, WebTransportStream } from '../../../engine/src/webtransport.ts';
import { makeCertificate } from '../../../engine/test/rig/certificate.ts';

// HTTP/3 over a real QUIC, as far as WebTransport needs it: RFC 9114, RFC 9297, draft-ietf-webtrans-http3. One side of
// the requests is not looked at: whoever sends a request gets a session.

const DATA = 0x00;
const HEADERS = 0x01;
const SETTINGS = 0x04;
const CONTROL_STREAM = 0x00;
/** A stream of a session, in place of a frame of a request. */
const WEBTRANSPORT_STREAM = 0x41;
const CLOSE_SESSION_CAPSULE = 0x2843;

/** `:status 200`, of the static table of QPACK (RFC 9204 appendix A, 25), with no dynamic table. */
const STATUS_200 = Buffer.from([0, 0, 0xc0 | 25]);

/** Extended CONNECT, datagrams, and sessions of WebTransport as the drafts 2 and 7 announce them. */
const OUR_SETTINGS = [
  [0x08, 1],
  [0x33, 1],
  [0x2b603742, 1],
  [0xc671706a, 16],
] as const;

/** How a session ended. */
export interface CloseInfo {
  readonly closeCode: number;
  readonly reason: string;
}

/**
 * Serves WebTransport on a UDP port of the loopback interface until the test ends. Returns the SHA-256 of its
 * certificate: a browser that is told it trusts one that nobody vouches for.
 */
export async function serveWebTransport(
  port: number,
  onSession: (session: WebTransportSession) => void,
): Promise<readonly number[]> {
  const { key, cert } = makeCertificate();
  const server = new QUICServer({
    config: { key, cert, applicationProtos: ['h3'], enableDgram: [true, 16, 16], verifyPeer: false },
    crypto: { key: new ArrayBuffer(32), ops: { sign, verify } },
    logger: new Logger('http3', LogLevel.SILENT),
  });
  server.addEventListener(events.EventQUICServerConnection.name, (event: Event) => {
    new Http3Connection((event as events.EventQUICServerConnection).detail, onSession);
  });
  await server.start({ host: '127.0.0.1', port });
  onTestFinished(() => server.stop({ force: true }));
  return [...createHash('sha256').update(new X509Certificate(cert).raw).digest()];
}

// What the server signs tells the ids of its connections, and who was seen before.
async function sign(secret: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer> {
  const bytes = createHmac('sha256', Buffer.from(secret)).update(Buffer.from(data)).digest();
  return Uint8Array.from(bytes).buffer;
}

async function verify(secret: ArrayBuffer, data: ArrayBuffer, signature: ArrayBuffer): Promise<boolean> {
  return Buffer.from(await sign(secret, data)).equals(Buffer.from(signature));
}

/** A browser takes one by its hash that lasts two weeks at most. */
/** Connections that have begun, and not ended. The library fails on streams of others: it shuts directions that they lack. */
const ready = new WeakSet<QUICConnection>();
const streamsOf = QUICConnection.prototype as unknown as { processStreams(this: QUICConnection): void };
const { processStreams } = streamsOf;
streamsOf.processStreams = function () {
  if (ready.has(this)) processStreams.call(this);
};

class Http3Connection {
  readonly #onSession: (session: WebTransportSession) => void;
  readonly #sessions = new Map<number, Http3Session>();

  constructor(connection: QUICConnection, onSession: (session: WebTransportSession) => void) {
    this.#onSession = onSession;
    connection.addEventListener(events.EventQUICConnectionStream.name, (event: Event) => {
      const stream = (event as events.EventQUICConnectionStream).detail;
      this.#receive(stream).catch(ignore);
    });
    connection.addEventListener(events.EventQUICConnectionClose.name, () => {
      for (const session of this.#sessions.values()) session.lose();
      ready.delete(connection);
    });
    ready.add(connection);
    streamsOf.processStreams.call(connection);
    const settings = Buffer.concat(OUR_SETTINGS.flat().map(varint));
    const control = connection.newStream('uni').writable.getWriter();
    control.write(Buffer.concat([varint(CONTROL_STREAM), frame(SETTINGS, settings)])).catch(ignore);
  }

  async #receive(stream: QUICStream): Promise<void> {
    const reader = new ByteReader(stream.readable);
    const type = await reader.varint();
    // What the browser says of itself on streams of one direction is read, and of no interest.
    if (stream.type === 'uni') await reader.drain();
    else if (type === WEBTRANSPORT_STREAM) await this.#addStream(stream, reader);
    else if (type === HEADERS) await this.#begin(stream, reader);
  }

  async #addStream(stream: QUICStream, reader: ByteReader): Promise<void> {
    const session = this.#sessions.get(await reader.varint());
    session?.addStream({ readable: reader.rest(), writable: stream.writable as WritableStream<Uint8Array> });
  }

  async #begin(stream: QUICStream, reader: ByteReader): Promise<void> {
    await reader.bytes(await reader.varint());
    const session = new Http3Session(stream);
    this.#sessions.set(stream.streamId, session);
    await session.accept();
    this.#onSession(session);
    await session.follow(reader);
  }
}

/** A session, whose request stays open as long as it lasts. */
class Http3Session implements WebTransportSession {
  readonly incomingBidirectionalStreams: ReadableStream<WebTransportStream>;
  readonly closed: Promise<CloseInfo>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #streams!: ReadableStreamDefaultController<WebTransportStream>;
  #isOver = false;
  #settle!: { end(info: CloseInfo): void; fail(error: Error): void };

  constructor(request: QUICStream) {
    this.#writer = request.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    this.incomingBidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.#streams = controller;
      },
    });
    this.closed = new Promise((end, fail) => {
      this.#settle = { end, fail };
    });
    this.closed.catch(ignore);
  }

  accept(): Promise<void> {
    return this.#writer.write(frame(HEADERS, STATUS_200));
  }

  addStream(stream: WebTransportStream): void {
    this.#streams.enqueue(stream);
  }

  /** Reads the request until it ends, and how the session ended with it. */
  async follow(reader: ByteReader): Promise<void> {
    try {
      for (;;) {
        const type = await reader.varint();
        const body = new ByteReader(streamOf(await reader.bytes(await reader.varint())));
        if (type !== DATA || (await body.varint()) !== CLOSE_SESSION_CAPSULE) continue;
        const capsule = Buffer.from(await body.bytes(await body.varint()));
        this.#end({ closeCode: capsule.readUInt32BE(0), reason: capsule.toString('utf8', 4) });
      }
    } catch (error) {
      if (error === ENDED) this.#end({ closeCode: 0, reason: '' });
      else this.lose();
    }
  }

  lose(): void {
    this.#isOver = true;
    this.#settle.fail(new Error('connection is lost'));
  }

  /** Does nothing where it is over, as the standard has it. */
  close({ closeCode = 0, reason = '' }: Partial<CloseInfo> = {}): void {
    if (this.#isOver) return;
    const code = Buffer.alloc(4);
    code.writeUInt32BE(closeCode);
    const capsule = frame(CLOSE_SESSION_CAPSULE, Buffer.concat([code, Buffer.from(reason)]));
    this.#writer.write(frame(DATA, capsule)).catch(ignore);
    this.#writer.close().catch(ignore);
    this.#end({ closeCode, reason });
  }

  #end(info: CloseInfo): void {
    this.#isOver = true;
    this.#settle.end(info);
  }
}

const ENDED = new Error('stream has ended');

/** Takes the bytes of a stream by number. */
class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array> | NodeReadable<Uint8Array>) {
    this.#reader = (stream as ReadableStream<Uint8Array>).getReader();
  }

  async bytes(length: number): Promise<Uint8Array> {
    while (this.#rest.length < length) {
      const { value, done } = await this.#reader.read();
      if (done) throw ENDED;
      // The stream uses its memory anew.
      this.#rest = Buffer.concat([this.#rest, value]);
    }
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  /** A number of RFC 9000 section 16. */
  async varint(): Promise<number> {
    const [first] = (await this.bytes(1)) as unknown as [number];
    const more = await this.bytes((1 << (first >> 6)) - 1);
    return more.reduce((value, byte) => value * 256 + byte, first & 0x3f);
  }

  rest(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        if (this.#rest.length > 0) controller.enqueue(this.#rest);
      },
      pull: async (controller) => {
        const { value, done } = await this.#reader.read();
        if (done) controller.close();
        else controller.enqueue(Uint8Array.from(value));
      },
      cancel: (reason) => this.#reader.cancel(reason),
    });
  }

  async drain(): Promise<void> {
    while (!(await this.#reader.read()).done);
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function frame(type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([varint(type), varint(payload.length), payload]);
}

/** Writes a number of RFC 9000 section 16, of up to 32 bits. */
function varint(value: number): Buffer {
  const [length, mark] = value < 0x40 ? [1, 0] : value < 0x4000 ? [2, 0x40] : [8, 0xc0];
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, Math.max(length - 4, 0), Math.min(length, 4));
  bytes[0]! |= mark;
  return bytes;
}

function ignore(): void {}
