import { randomFillSync } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  applyMask,
  Chunk,
  encodeCloseStatus,
  firstByteOf,
  headerLength,
  Opcode,
  PERMESSAGE_DEFLATE,
  writeHeader,
} from '@hawser/protocol/websocket';
import { inThisContext, NodeNatives, throwLater, type WriteCallback } from '@hawser/ws/internal';
import { checkCloseArguments, checkControlPayload } from './arguments.ts';
import { isBlob, toBuffer, toPayload } from './payload.ts';
import type { PerMessageDeflate } from './permessage-deflate.ts';
import type { Sending } from './sending.ts';
import type { SocketSettings } from './socket-settings.ts';
import type { WebSocket } from './websocket.ts';

/** How {@link Sender.frame} writes a frame. */
export interface FrameOptions {
  readonly fin: boolean;
  readonly opcode: number;
  readonly rsv1?: boolean | undefined;
  readonly mask?: boolean | undefined;
  /** Nothing is ever masked in place: a copy is. */
  readonly readOnly?: boolean | undefined;
  readonly generateMask?: ((mask: Buffer) => void) | undefined;
  readonly maskBuffer?: Buffer | undefined;
}

/** How {@link Sender.send} sends a message, or a fragment of one. */
export interface SenderOptions {
  readonly binary?: boolean | undefined;
  readonly compress?: boolean | undefined;
  readonly fin?: boolean | undefined;
  readonly mask?: boolean | undefined;
}

type Job = (done: () => void) => void;

/** Needed for nothing but masks and UTF-8: without state. */
const natives = Object.freeze(new NodeNatives());

/** Writes frames to a socket, and keeps them in order although some have to be compressed, or read, first. */
export class Sender {
  /** Returns a frame as a header and its payload. */
  static frame(data: unknown, options: FrameOptions): Buffer[] {
    const [header, payload] = toFrame(toBuffer(data), options);
    return [header, toBuffer(payload)];
  }

  readonly _socket: Duplex;
  readonly _extensions: Readonly<Record<string, PerMessageDeflate>>;
  readonly #generateMask: ((mask: Buffer) => void) | undefined;
  readonly #jobs: { readonly job: Job; readonly byteLength: number }[] = [];
  /** Whether the message that is being sent in fragments is compressed; `null` when there is none. */
  #isFragmentCompressed: boolean | null = null;

  constructor(
    socket: Duplex,
    extensions: Readonly<Record<string, PerMessageDeflate>> = {},
    generateMask?: (mask: Buffer) => void,
  ) {
    this._socket = socket;
    this._extensions = extensions;
    this.#generateMask = generateMask;
  }

  /** Bytes of what waits to be compressed or read. */
  get _bufferedBytes(): number {
    return this.#jobs.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** What waits behind the one that is being compressed or read. */
  get _queue(): readonly unknown[] {
    return this.#jobs.slice(1);
  }

  /** 0 where nothing is being compressed or read. */
  get _state(): 0 | 1 {
    return this._bufferedBytes > 0 ? 1 : 0;
  }

  /** Sends a close frame. */
  close(code?: number, data?: string | Buffer, mask?: boolean, callback?: WriteCallback): void {
    const reason = checkCloseArguments(code, data);
    const payload = encodeCloseStatus(natives, code, reason);
    this.#write(payload, { fin: true, opcode: Opcode.CLOSE, mask }, callback);
  }

  /** Sends a ping. */
  ping(data: unknown, mask?: boolean, callback?: WriteCallback): void {
    this.#sendControl(Opcode.PING, data, mask, callback);
  }

  /** Sends a pong. */
  pong(data: unknown, mask?: boolean, callback?: WriteCallback): void {
    this.#sendControl(Opcode.PONG, data, mask, callback);
  }

  /** Sends a message, or a fragment of one. */
  send(data: unknown, options: SenderOptions, callback?: WriteCallback): void {
    const { mask } = options;
    const fin = Boolean(options.fin);
    const isFirst = this.#isFragmentCompressed === null;
    const isCompressed = this.#isFragmentCompressed ?? this.#isWorthwhile(data, options.compress ?? false);
    this.#isFragmentCompressed = fin ? null : isCompressed;
    const opcode = isFirst ? (options.binary ? Opcode.BINARY : Opcode.TEXT) : Opcode.CONTINUATION;
    const frame = { fin, opcode, mask, rsv1: isCompressed && isFirst };
    if (!isCompressed) {
      this.#write(data, frame, callback);
      return;
    }
    this.#submit(byteLengthOf(data), (done) => {
      readPayload(data, (error, payload) => {
        if (error) return this.#give(error, done, callback);
        const pmd = this._extensions[PERMESSAGE_DEFLATE]!;
        pmd.compress(payload, fin, (fault, deflated) => {
          if (fault) return this.#give(fault, done, callback);
          this.sendFrame(toFrame(deflated!, { ...frame, generateMask: this.#generateMask }), callback);
          done();
        });
      });
    });
  }

  /** Writes what {@link Sender.frame} returned. */
  sendFrame(list: readonly (string | Uint8Array)[], callback?: WriteCallback): void {
    const last = list.length - 1;
    this._socket.cork();
    list.forEach((part, index) => {
      this._socket.write(part, index === last ? callback : undefined);
    });
    this._socket.uncork();
  }

  #sendControl(
    opcode: number,
    data: unknown,
    mask: boolean | undefined,
    callback: WriteCallback | undefined,
  ): void {
    checkControlPayload(byteLengthOf(data));
    this.#write(data, { fin: true, opcode, mask }, callback);
  }

  #write(data: unknown, options: FrameOptions, callback: WriteCallback | undefined): void {
    const send = (payload: string | Uint8Array): void =>
      this.sendFrame(toFrame(payload, { ...options, generateMask: this.#generateMask }), callback);
    if (!isBlob(data) && this.#jobs.length === 0) {
      send(toPayload(data));
      return;
    }
    this.#submit(byteLengthOf(data), (done) => {
      readPayload(data, (error, payload) => {
        if (error) return this.#give(error, done, callback);
        send(payload!);
        done();
      });
    });
  }

  #give(error: Error, done: () => void, callback: WriteCallback | undefined): void {
    callback?.(error);
    done();
  }

  #submit(byteLength: number, job: Job): void {
    if (this.#jobs.push({ job, byteLength }) === 1) this.#runFirst();
  }

  #runFirst(): void {
    this.#jobs[0]!.job(() => {
      this.#jobs.shift();
      if (this.#jobs.length > 0) this.#runFirst();
    });
  }

  #isWorthwhile(data: unknown, isWanted: boolean): boolean {
    const pmd = this._extensions[PERMESSAGE_DEFLATE];
    if (!isWanted || pmd === undefined) return false;
    const side = pmd._isServer ? 'server' : 'client';
    const isStateless = pmd.params?.[`${side}_no_context_takeover`] === true;
    return !isStateless || byteLengthOf(data) >= pmd._threshold;
  }
}

/** The sender of a connection: what somebody else framed goes out in order with what the connection frames. */
export class ConnectionSender extends Sender {
  readonly #sending: Sending;

  constructor(socket: WebSocket, stream: Duplex, sending: Sending, { generateMask }: SocketSettings) {
    super(stream, socket._extensions, generateMask);
    this.#sending = sending;
  }

  override get _bufferedBytes(): number {
    return this.#sending.waitingBytes;
  }

  override get _queue(): readonly unknown[] {
    return this.#sending.waiting.slice(1);
  }

  override sendFrame(list: readonly (string | Uint8Array)[], callback?: WriteCallback): void {
    const frames = list.some((part) => typeof part === 'string') ? list.map(toBuffer) : list;
    this.#sending.sendFrames(frames as readonly Uint8Array[], callback ? inThisContext(callback) : undefined);
  }
}

/** Returns how many bytes of payload `data` comes to. */
export function byteLengthOf(data: unknown): number {
  if (isBlob(data)) return data.size;
  const payload = toPayload(data);
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
}

/** Calls back with a payload, a blob's once it is read. */
export function readPayload(
  data: unknown,
  callback: (error: Error | null, payload?: string | Uint8Array) => void,
): void {
  if (!isBlob(data)) {
    callback(null, toPayload(data));
    return;
  }
  // One that others made may throw, too.
  new Promise<ArrayBuffer>((resolve) => resolve(data.arrayBuffer()))
    .then(
      (bytes) => callback(null, new Uint8Array(bytes)),
      (error) => callback(error),
    )
    .catch(throwLater);
}

function toFrame(payload: string | Uint8Array, options: FrameOptions): [Buffer, string | Uint8Array] {
  const byteLength = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const mask = options.mask ? makeMask(options) : null;
  const header = Buffer.allocUnsafe(headerLength(byteLength, mask));
  writeHeader(header, 0, firstByteOf(options.opcode, options.fin, options.rsv1 ?? false), byteLength, mask);
  if (mask === null) return [header, typeof payload === 'string' ? payload : toBuffer(payload)];
  const masked = Buffer.from(payload as Uint8Array);
  applyMask(natives, new Chunk(natives, masked, true), 0, masked.length, mask);
  return [header, masked];
}

function makeMask({ generateMask = randomFillSync, maskBuffer = Buffer.alloc(4) }: FrameOptions): number {
  generateMask(maskBuffer);
  return maskBuffer.readInt32LE(0);
}
