import type { Connection } from '@hawser/protocol/websocket';
import type { Deflation } from './compression/compressor.ts';
import type { CancelJob } from './compression/job-queue.ts';
import { type FrameOptions, type Outgoing, OutgoingMessage } from './outgoing.ts';
import type { StreamWriter } from './stream-writer.ts';

/**
 * Most messages that wait. What they take is bounded by their bytes only where these are more than the objects that
 * carry them: a server that answers small messages would be made to keep a hundred times what it received.
 */
const MAX_WAITING_MESSAGES = 256;

/** Whose messages are sent. */
export interface DeflatingHost {
  /** What waited to be compressed has been handed to the machine. */
  onCompressed(): void;
}

/**
 * Sends the messages of one connection compressed, and in order although large ones are compressed on other
 * threads: while one is, those behind it wait here.
 */
export class DeflatingSender {
  readonly #machine: Connection;
  readonly #writer: StreamWriter;
  readonly #deflation: Deflation;
  readonly #host: DeflatingHost;
  /** The first is being compressed; `null` when nothing waits. */
  #waiting: Outgoing[] | null = null;
  #cancel: CancelJob | null = null;
  /** Whether the message that is being sent in fragments is compressed; `null` when there is none. */
  #isFragmentCompressed: boolean | null = null;

  constructor(machine: Connection, writer: StreamWriter, deflation: Deflation, host: DeflatingHost) {
    this.#machine = machine;
    this.#writer = writer;
    this.#deflation = deflation;
    this.#host = host;
  }

  send(data: string | Uint8Array, options: FrameOptions): void {
    const isWhole = options.isFinal && this.#isFragmentCompressed === null;
    const isWorthwhile = this.#isFragmentCompressed ?? (options.isCompressible && this.#isWorthwhile(data));
    this.#isFragmentCompressed = options.isFinal ? null : isWorthwhile;
    this.sendOutgoing(new OutgoingMessage(data, options, isWorthwhile, isWhole));
  }

  sendOutgoing(message: Outgoing): void {
    if (this.#waiting !== null && this.#waiting.length >= MAX_WAITING_MESSAGES) this.finish();
    if (this.#waiting !== null) {
      this.#wait(message);
    } else if (message.compress(this.#deflation)) {
      message.sendTo(this.#machine, this.#writer, this.#deflation);
    } else {
      this.#waiting = [];
      this.#wait(message);
      this.#compressLater(message);
    }
  }

  /** Hands over what waits as it is. */
  finish(): void {
    this.#cancel?.();
    for (const message of this.#waiting ?? []) {
      message.sendTo(this.#machine, this.#writer, this.#deflation);
    }
    this.#waiting = null;
    this.#cancel = null;
    this.#writer.compressingBytes = 0;
  }

  #wait(message: Outgoing): void {
    message.keep();
    this.#waiting!.push(message);
    this.#writer.compressingBytes += message.byteLength;
  }

  #compressLater(message: Outgoing): void {
    this.#cancel = message.compressLater(this.#deflation, () => {
      // `finish` has sent it already.
      if (this.#waiting?.[0] === message) this.#sendWaiting();
    });
  }

  /** Sends what is compressed or can be at once, the first message at least. */
  #sendWaiting(): void {
    const waiting = this.#waiting!;
    do {
      const message = waiting.shift()!;
      this.#writer.compressingBytes -= message.byteLength;
      message.sendTo(this.#machine, this.#writer, this.#deflation);
    } while (waiting.length > 0 && waiting[0]!.compress(this.#deflation));
    if (waiting.length > 0) {
      this.#compressLater(waiting[0]!);
      return;
    }
    this.#waiting = null;
    this.#cancel = null;
    this.#host.onCompressed();
  }

  #isWorthwhile(data: string | Uint8Array): boolean {
    if (typeof data !== 'string') return this.#deflation.isWorthwhile(data.length);
    // A UTF-16 unit takes one byte to three: most of the time there is nothing to count.
    return (
      this.#deflation.isWorthwhile(data.length) ||
      (this.#deflation.isWorthwhile(data.length * 3) && this.#deflation.isWorthwhile(Buffer.byteLength(data)))
    );
  }
}
