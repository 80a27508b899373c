import type { Endpoint } from './endpoint.ts';
import { WebSocketUsageError } from './errors.ts';
import { firstByteOf, writeFrame, writeTextFrame } from './frame-writer.ts';
import { Opcode } from './opcode.ts';
import { Outbox } from './outbox.ts';
import type { PreparedMessage } from './prepared-message.ts';

/** The state in which messages can be sent. */
export const OPEN = 0;

const NO_BYTES = new Uint8Array(0);

/** What one connection sends: frames, in the order in which they were asked for, as long as it is open. */
export abstract class ConnectionOutput {
  /** What waits to be written. The shell drains it after each input and after each turn that sent something. */
  readonly outbox: Outbox;
  /** @internal */
  protected readonly endpoint: Endpoint;
  /** @internal */
  protected state = OPEN;
  /** A message is being sent in fragments: what comes next continues it. */
  #isFragmenting = false;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.outbox = new Outbox(endpoint.slab);
  }

  /** Messages can be sent. */
  get isOpen(): boolean {
    return this.state === OPEN;
  }

  /**
   * Sends a message, or one frame of it (RFC 6455 section 5.4), if the connection is open.
   *
   * @param data - a string is sent as UTF-8; bytes may be borrowed until the outbox is written
   * @param rsv1 - `data` is what permessage-deflate made of the message (RFC 7692 section 6.1)
   * @param isFinal - the message ends here; while it does not, what is sent next continues it
   */
  sendMessage(data: string | Uint8Array, isBinary: boolean, rsv1 = false, isFinal = true): boolean {
    if (this.state !== OPEN) return false;
    const { slab } = this.endpoint;
    const opcode = this.#isFragmenting ? Opcode.CONTINUATION : isBinary ? Opcode.BINARY : Opcode.TEXT;
    const firstByte = firstByteOf(opcode, isFinal, rsv1 && !this.#isFragmenting);
    this.#isFragmenting = !isFinal;
    if (typeof data === 'string') writeTextFrame(this.outbox, slab, firstByte, data, this.#mask());
    else writeFrame(this.outbox, slab, firstByte, data, this.#mask());
    return true;
  }

  /** Sends a message that was encoded once for many connections, if this one is open. Server role only. */
  sendPrepared(message: PreparedMessage): boolean {
    if (this.state !== OPEN) return false;
    message.appendTo(this.outbox);
    return true;
  }

  /**
   * Sends a ping (RFC 6455 section 5.5.2), if the connection is open.
   * @throws WS_ERR_CONTROL_PAYLOAD_ARGUMENT when `payload` has more than 125 bytes
   */
  ping(payload: Uint8Array = NO_BYTES): boolean {
    return this.#sendControl(Opcode.PING, payload);
  }

  /**
   * Sends a pong that nobody asked for (RFC 6455 section 5.5.3), if the connection is open.
   * @throws WS_ERR_CONTROL_PAYLOAD_ARGUMENT when `payload` has more than 125 bytes
   */
  pong(payload: Uint8Array = NO_BYTES): boolean {
    return this.#sendControl(Opcode.PONG, payload);
  }

  /** @internal */
  protected writeControl(opcode: number, payload: Uint8Array): void {
    writeFrame(this.outbox, this.endpoint.slab, firstByteOf(opcode, true, false), payload, this.#mask());
  }

  #sendControl(opcode: number, payload: Uint8Array): boolean {
    if (payload.length > 125) {
      const message = `a ping or pong carries at most 125 bytes, not ${payload.length}`;
      throw new WebSocketUsageError('WS_ERR_CONTROL_PAYLOAD_ARGUMENT', message);
    }
    if (this.state !== OPEN) return false;
    this.writeControl(opcode, payload);
    return true;
  }

  #mask(): number | null {
    return this.endpoint.options.role === 'client' ? this.endpoint.natives.randomMask() : null;
  }
}
