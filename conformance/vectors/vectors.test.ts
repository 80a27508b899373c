import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import {
  Connection,
  type ConnectionHandler,
  Endpoint,
  type Natives,
  type Role,
} from '@hawser/protocol/websocket';
import { describe, expect, it } from 'vitest';

/** One case of the JSON files; bytes are hex, in which `(61*3)` stands for `616161`. */
interface Vector {
  readonly name: string;
  readonly rfc: string;
  readonly role: Role;
  readonly options?: { readonly maxMessageBytes: number };
  readonly chunks: readonly string[];
  readonly events: readonly VectorEvent[];
  readonly outputFrames: readonly OutputFrame[];
  readonly state: 'open' | 'closing' | 'closed';
}

type VectorEvent =
  | { readonly type: 'message'; readonly binary: boolean; readonly data: string }
  | { readonly type: 'ping' | 'pong'; readonly data: string }
  | { readonly type: 'closeFrame'; readonly code: number; readonly reason: string }
  | { readonly type: 'failed'; readonly code: number };

interface OutputFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: string;
  /** Only the beginning of the payload is given: a reason of the machine's own choice may follow. */
  readonly prefix?: boolean;
}

const FOLDER = new URL('./', import.meta.url);
const DEFAULT_MAX_MESSAGE_BYTES = 67_108_864;

const natives: Natives = {
  allocate: (size) => Buffer.alloc(size),
  utf8Length: (text) => Buffer.byteLength(text),
  writeUtf8: (target, text, offset) => (target as Buffer).write(text, offset),
  readUtf8: (bytes) => Buffer.from(bytes).toString(),
  writeLatin1: (target, text, offset) => (target as Buffer).write(text, offset, 'latin1'),
  readLatin1: (bytes) => Buffer.from(bytes).toString('latin1'),
  isUtf8,
  randomMask: () => 0x3d21fa37,
};

/** Runs one machine and collects what the vectors speak of. */
class VectorRun implements ConnectionHandler {
  readonly events: VectorEvent[] = [];
  readonly #role: Role;
  readonly #connection: Connection;
  #isFinished = false;

  constructor({ role, options }: Vector) {
    const maxMessageBytes = options?.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    const timing = { closeTimeoutMs: 1000, pingIntervalMs: 0, pingTimeoutMs: 0 };
    this.#role = role;
    this.#connection = new Connection(this, new Endpoint({ role, maxMessageBytes, ...timing }, natives));
  }

  get state(): Vector['state'] {
    if (this.#connection.isOpen) return 'open';
    return this.#isFinished || this.#connection.wasClean ? 'closed' : 'closing';
  }

  receive(chunk: string): void {
    // A copy of its own: the machine unmasks in place.
    this.#connection.receive(Buffer.from(expand(chunk), 'hex'));
  }

  takeOutput(): OutputFrame[] {
    return decodeFrames(Buffer.concat(this.#connection.outbox.take()), this.#role === 'client');
  }

  onMessage(data: Uint8Array, binary: boolean): void {
    this.events.push({ type: 'message', binary, data: hex(data) });
  }

  onPing(data: Uint8Array): void {
    this.events.push({ type: 'ping', data: hex(data) });
  }

  onPong(data: Uint8Array): void {
    this.events.push({ type: 'pong', data: hex(data) });
  }

  onClosing(): void {
    const { closeCode: code, closeReason: reason, wasClean } = this.#connection;
    this.events.push(wasClean ? { type: 'closeFrame', code, reason } : { type: 'failed', code });
  }

  onFinished(): void {
    this.#isFinished = true;
  }

  onTimeout(): void {
    throw new Error('no time passes in a vector');
  }
}

/** Reads the frames of the machine, all whole; the mask bit must be as `isMasked` says (RFC 6455 section 5.1). */
function decodeFrames(bytes: Buffer, isMasked: boolean): OutputFrame[] {
  const frames: OutputFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    expect(second >= 0x80, 'mask bit').toBe(isMasked);
    const short = second & 0x7f;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    at += short < 126 ? 2 : short === 126 ? 4 : 10;
    const key = isMasked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
    if (isMasked) at += 4;
    const payload = bytes.subarray(at, at + length).map((byte, i) => byte ^ key[i & 3]!);
    expect(payload.length, 'a whole frame').toBe(length);
    expect(first & 0x70, 'reserved bits').toBe(0);
    frames.push({ opcode: first & 0x0f, fin: first >= 0x80, payload: hex(payload) });
    at += length;
  }
  return frames;
}

function expand(notation: string): string {
  return notation.replace(/\(([0-9a-f]+)\*(\d+)\)/g, (_, group: string, count) =>
    group.repeat(Number(count)),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The same event with its data written out. */
function expandEvent(event: VectorEvent): VectorEvent {
  return 'data' in event ? { ...event, data: expand(event.data) } : event;
}

/** Cuts `got` where only the beginning of a payload is expected. */
function cutLike(expected: OutputFrame, got: OutputFrame | undefined): OutputFrame | undefined {
  if (got === undefined || !expected.prefix) return got;
  return { ...got, payload: got.payload.slice(0, expected.payload.length) };
}

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  const vectors = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as readonly Vector[];
  describe(`vectors of ${file}`, () => {
    it.each(vectors)('RFC 6455 $rfc: $name', (vector) => {
      const run = new VectorRun(vector);
      for (const chunk of vector.chunks) run.receive(chunk);
      const output = run.takeOutput();
      expect(run.events).toEqual(vector.events.map(expandEvent));
      expect(output).toHaveLength(vector.outputFrames.length);
      for (const [i, expected] of vector.outputFrames.entries()) {
        const { opcode, fin, payload } = expected;
        expect(cutLike(expected, output[i])).toEqual({ opcode, fin, payload: expand(payload) });
      }
      expect(run.state).toBe(vector.state);
    });
  });
}
