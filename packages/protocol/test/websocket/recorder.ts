import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Connection } from '../../src/websocket/connection.ts';
import type { ConnectionHandler } from '../../src/websocket/connection-handler.ts';
import { Endpoint, type EndpointOptions, type Role } from '../../src/websocket/endpoint.ts';
import type { Natives } from '../../src/websocket/natives.ts';
import { concat, decodeFrames, EXAMPLE_KEY, hex, textOf, type WireFrame } from './frame-notation.ts';

/** Longer data stand in a trace by their length and their digest. */
const MAX_TRACED_BYTES = 48;

/** Limits of the endpoint, and what was negotiated for the connection. */
export type SessionOptions = Partial<EndpointOptions> & { readonly allowsRsv1?: boolean };

/** No heartbeat, roomy limits: what a test does not speak of does not happen. */
const DEFAULTS: EndpointOptions = Object.freeze({
  role: 'server',
  maxMessageBytes: 1_048_576,
  closeTimeoutMs: 1000,
  pingIntervalMs: 0,
  pingTimeoutMs: 500,
});

/** Predictable natives: one masking key, memory that is counted and full of garbage. */
export class TestNatives implements Natives {
  /** Sum of all that was handed out, garbage or not: a bound for what can be retained of it. */
  allocatedBytes = 0;
  mask: Natives['mask'];
  view: Natives['view'];

  allocate(size: number): Uint8Array {
    this.allocatedBytes += size;
    return new Uint8Array(size).fill(0xaa);
  }

  utf8Length(text: string): number {
    return Buffer.byteLength(text);
  }

  writeUtf8(target: Uint8Array, text: string, offset: number): number {
    return over(target).write(text, offset);
  }

  readUtf8(data: Uint8Array, start = 0, end = data.length): string {
    return over(data).toString('utf8', start, end);
  }

  writeLatin1(target: Uint8Array, text: string, offset: number): void {
    over(target).write(text, offset, 'latin1');
  }

  readLatin1(data: Uint8Array): string {
    return over(data).toString('latin1');
  }

  isUtf8(data: Uint8Array): boolean {
    return isUtf8(data);
  }

  randomMask(): number {
    return EXAMPLE_KEY;
  }
}

/** Returns a `Buffer` over the same memory. */
function over(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.length);
}

/** Writes down each call, in words, and lets a test answer it. */
export class Recorder implements ConnectionHandler {
  readonly trace: string[] = [];
  /** Called after each call was written down, with its name. */
  react: (name: string, data: Uint8Array, isBinary: boolean) => void = () => {};
  /** Every message as it was handed over, and a copy made then. */
  readonly received: { readonly data: Uint8Array; readonly copy: Uint8Array }[] = [];

  /** Of each message, where its fragments ended. */
  readonly fragmentEnds: (readonly number[] | null)[] = [];

  onMessage(data: Uint8Array, isBinary: boolean, fragmentEnds: readonly number[] | null): void {
    this.fragmentEnds.push(fragmentEnds);
    this.received.push({ data, copy: data.slice() });
    this.#record(isBinary ? 'binary' : 'text', data, isBinary);
  }

  /** Every message that came as text. */
  readonly texts: string[] = [];

  onText(text: string): void {
    this.texts.push(text);
    this.#record('text', Buffer.from(text), false);
  }

  /** What a compressed message was made of, if that is known at once. */
  inflate: (data: Uint8Array) => Uint8Array | null = () => null;

  onCompressedMessage(data: Uint8Array, isBinary: boolean): Uint8Array | null {
    this.trace.push(`compressed ${isBinary ? 'binary' : 'text'} ${describe(data, true)}`);
    this.react('compressed', data, isBinary);
    return this.inflate(data);
  }

  onPing(data: Uint8Array): void {
    this.#record('ping', data, true);
  }

  onPong(data: Uint8Array): void {
    this.#record('pong', data, true);
  }

  onPingFlood(): void {
    this.#record('flood');
  }

  onClosing(): void {
    this.#record('closing');
  }

  onFinished(): void {
    this.#record('finished');
  }

  onTimeout(): void {
    this.#record('timeout');
  }

  #record(name: string, data: Uint8Array = new Uint8Array(0), isBinary = true): void {
    this.trace.push(`${name} ${describe(data, isBinary)}`.trimEnd());
    this.react(name, data, isBinary);
  }
}

/** One connection with all that a test looks at. */
export interface Session {
  readonly connection: Connection;
  readonly endpoint: Endpoint;
  readonly recorder: Recorder;
  readonly trace: string[];
  readonly natives: TestNatives;
  /** Takes what waits in the outbox, as frames in words. */
  sent(): string[];
  /** Takes what waits in the outbox, as hex. */
  sentHex(): string;
  /** The code and the reason that the connection ended with. */
  status(): string;
}

/** Opens a connection in `role`. */
export function openSession(role: Role, options: SessionOptions = {}): Session {
  const natives = new TestNatives();
  const { allowsRsv1 = false, ...limits } = options;
  return openSessionOn(new Endpoint({ ...DEFAULTS, ...limits, role }, natives), natives, allowsRsv1);
}

/** Opens one more connection of an endpoint. */
export function openSessionOn(endpoint: Endpoint, natives: TestNatives, allowsRsv1 = false): Session {
  const recorder = new Recorder();
  const connection = new Connection(recorder, endpoint, allowsRsv1);
  return {
    connection,
    endpoint,
    recorder,
    trace: recorder.trace,
    natives,
    sent: () => describeFrames(concat(connection.outbox.take()), endpoint.options.role),
    sentHex: () => hex(concat(connection.outbox.take())),
    status: () => {
      const { closeCode, closeReason, wasClean } = connection;
      return `${closeCode} "${closeReason}"${wasClean ? ' clean' : ''}`;
    },
  };
}

/** Opens a connection of an endpoint with these options, for a suite that runs in both roles. */
export function endpointOptions(options: Partial<EndpointOptions> = {}): EndpointOptions {
  return { ...DEFAULTS, ...options };
}

/** Writes down what `role` sent, frame by frame; a mask bit that is wrong for the role is an error. */
export function describeFrames(data: Uint8Array, role: Role): string[] {
  return decodeFrames(data).map((frame) => {
    if ((frame.key !== null) !== (role === 'client')) throw new Error(`the ${role} sent a wrong mask bit`);
    return describeFrame(frame);
  });
}

function describeFrame({ firstByte, payload }: WireFrame): string {
  if (firstByte === 0x88) return describeClose(payload);
  const names: Record<number, string> = { 129: 'text', 130: 'binary', 137: 'ping', 138: 'pong' };
  const name = names[firstByte] ?? `0x${firstByte.toString(16)}`;
  return `${name} ${describe(payload, name !== 'text')}`.trimEnd();
}

function describeClose(payload: Uint8Array): string {
  if (payload.length === 0) return 'close';
  return `close ${payload[0]! * 256 + payload[1]!} ${textOf(payload.subarray(2))}`.trimEnd();
}

function describe(data: Uint8Array, isBinary: boolean): string {
  if (data.length > MAX_TRACED_BYTES) {
    return `${data.length} bytes ${createHash('sha1').update(data).digest('hex').slice(0, 12)}`;
  }
  return isBinary ? hex(data) : textOf(data);
}

/** Returns how {@link Recorder} and {@link describeFrames} write `data` down. */
export function traced(name: string, data: Uint8Array): string {
  return `${name} ${describe(data, name !== 'text')}`.trimEnd();
}
