import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { CLOSE, frame, type RawFrame } from './raw-frame.ts';

/** The head of a request or a response. */
export interface RawHead {
  readonly startLine: string;
  /** Names in lower case, repeated ones one after the other. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

export interface RawResponse extends RawHead {
  readonly status: number;
  readonly body: string;
}

/** What a close frame said; 1005 when it was empty. */
export interface RawClose {
  readonly code: number;
  readonly reason: string;
}

/** One end of a byte stream, which reads and writes just what a test says: it answers nothing by itself. */
export class RawPeer {
  readonly stream: Duplex;
  /** Resolves when the other side has ended. */
  readonly ended: Promise<void>;
  /** Resolves when the stream is gone, with an error's code where it broke. */
  readonly closed: Promise<string | undefined>;
  /** Sizes of the chunks that came in. */
  readonly chunkSizes: number[] = [];
  #chunks: Buffer[] = [];
  #byteLength = 0;
  #isOver = false;
  #wake: (() => void) | null = null;

  constructor(stream: Duplex) {
    this.stream = stream;
    let errorCode: string | undefined;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      errorCode = error.code ?? error.message;
    });
    stream.on('data', (chunk: Buffer) => {
      this.chunkSizes.push(chunk.length);
      this.#chunks.push(chunk);
      this.#byteLength += chunk.length;
      this.#wake?.();
    });
    const over = () => {
      this.#isOver = true;
      this.#wake?.();
    };
    this.ended = new Promise((resolve) => stream.once('end', () => resolve(over())));
    this.closed = new Promise((resolve) => {
      stream.once('close', () => {
        over();
        resolve(errorCode);
      });
    });
    onTestFinished(() => void stream.destroy());
  }

  /** Bytes that came in and were not looked at. */
  get unreadBytes(): number {
    return this.#byteLength;
  }

  write(...parts: readonly (string | Uint8Array)[]): void {
    this.stream.write(Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array))));
  }

  /** Sends one masked frame, as a client does. */
  sendFrame(opcode: number, payload: string | Uint8Array = ''): void {
    this.stream.write(frame(opcode, payload));
  }

  /** Waits for exactly `count` bytes. */
  async read(count: number): Promise<Buffer> {
    while (this.#byteLength < count) await this.#more(`${count} bytes`);
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes.subarray(count)];
    this.#byteLength -= count;
    return bytes.subarray(0, count);
  }

  /** Waits for everything until the other side ends. */
  async readToEnd(): Promise<Buffer> {
    await Promise.race([this.ended, this.closed]);
    return this.read(this.#byteLength);
  }

  /** Waits for a request's or response's head. */
  async head(): Promise<RawHead> {
    for (;;) {
      const text = Buffer.concat(this.#chunks).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end >= 0) {
        await this.read(end + 4);
        return parseHead(text.slice(0, end));
      }
      await this.#more('a head');
    }
  }

  /** Waits for a whole response, and its body where `Content-Length` tells how long it is. */
  async response(): Promise<RawResponse> {
    const head = await this.head();
    const status = Number(head.startLine.split(' ')[1]);
    const length = Number(head.headers['content-length']?.[0] ?? 0);
    return { ...head, status, body: (await this.read(length)).toString() };
  }

  /** Waits for a frame, and unmasks it. */
  async frame(): Promise<RawFrame> {
    const [first, second] = (await this.read(2)) as unknown as [number, number];
    const isMasked = (second & 0x80) !== 0;
    let length = second & 0x7f;
    if (length === 126) length = (await this.read(2)).readUInt16BE();
    else if (length === 127) length = Number((await this.read(8)).readBigUInt64BE());
    const key = isMasked ? Buffer.from(await this.read(4)) : null;
    const payload = Buffer.from(await this.read(length));
    if (key !== null) for (let i = 0; i < payload.length; i++) payload[i]! ^= key[i & 3]!;
    return { opcode: first & 0x0f, payload, fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, isMasked };
  }

  /** Waits for a data frame and returns its payload as text. */
  async text(): Promise<string> {
    return (await this.frame()).payload.toString();
  }

  /** Waits for the close frame, which has to be the next one. */
  async close(): Promise<RawClose> {
    const { opcode, payload } = await this.frame();
    if (opcode !== CLOSE) throw new Error(`a close frame was to come, not opcode ${opcode}: ${payload}`);
    if (payload.length === 0) return { code: 1005, reason: '' };
    return { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
  }

  async #more(what: string): Promise<void> {
    if (this.#isOver) throw new Error(`the stream ended before ${what} came; ${this.#byteLength} unread`);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Connects over TCP, and sends nothing. */
export async function connectRaw(port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...options });
  const peer = new RawPeer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return peer;
}

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** The answer to {@link KEY} (RFC 6455 section 1.3). */
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Writes a handshake request; a header set to `undefined` is left out. */
export function handshakeRequest(headers: Record<string, string | undefined> = {}, path = '/'): string {
  const all: Record<string, string | undefined> = {
    Host: 'example.test',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  return `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** Connects and sends a handshake, without waiting for its answer. */
export async function requestRaw(
  port: number,
  headers: Record<string, string | undefined> = {},
  path = '/',
): Promise<RawPeer> {
  const peer = await connectRaw(port);
  peer.write(handshakeRequest(headers, path));
  return peer;
}

/** Connects and opens a WebSocket connection. */
export async function openRaw(
  port: number,
  headers: Record<string, string | undefined> = {},
  path = '/',
): Promise<RawPeer> {
  const peer = await requestRaw(port, headers, path);
  const { status, body } = await peer.response();
  if (status !== 101) throw new Error(`the handshake was answered ${status}: ${body}`);
  return peer;
}

function parseHead(text: string): RawHead {
  const [startLine = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers[name] ??= [];
    headers[name].push(line.slice(colon + 1).trim());
  }
  return { startLine, headers };
}
