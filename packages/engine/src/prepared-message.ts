import type { Codec, Version } from '@hawser/protocol/engineio';
import type { Slab } from '@hawser/protocol/websocket';
import { Broadcast, type Outgoing } from '@hawser/ws/internal';
import { NO_OPTIONS, type OutgoingPacket } from './packet.ts';
import { frameOfText } from './pre-encoded-frame.ts';

/**
 * A message for many sessions: its WebSocket frame is made once, and compressed once for all who agreed on the
 * same. Made by {@link Server.prepareMessage}, and sent with {@link Socket.send}.
 */
export class PreparedMessage {
  readonly data: string | Uint8Array;
  /** @internal One packet for all recipients (`node bench/src/micro/engine.mjs`, fan-out). */
  readonly packet: OutgoingPacket;
  /** @internal What its WebSocket frame carries, where somebody else encoded that. */
  readonly text: string | null;
  readonly #codecs: Readonly<Record<Version, Codec>>;
  readonly #slab: Slab;
  #frame: Broadcast | null = null;
  /** Version 3 marks binary data by a byte before it. */
  #binaryFrameV3: Broadcast | null = null;
  #buffers: Buffer[] | undefined;

  /** @internal */
  constructor(
    data: string | Uint8Array,
    codecs: Readonly<Record<Version, Codec>>,
    slab: Slab,
    text: string | null = null,
  ) {
    this.data = data;
    this.text = text;
    this.packet = Object.freeze({
      type: 'message',
      data,
      options: NO_OPTIONS,
      callback: null,
      prepared: this,
    } as const);
    this.#codecs = codecs;
    this.#slab = slab;
  }

  /** @internal Returns the frame for who speaks this version. */
  frameFor(version: Version): Outgoing {
    if (version === 3 && typeof this.data !== 'string') return (this.#binaryFrameV3 ??= this.#encode(3));
    return (this.#frame ??= this.#encode(4));
  }

  /** @internal Its frame as adapters of socket.io make it; `undefined` for binary data, as there. */
  get wsPreEncodedFrame(): Buffer[] | undefined {
    if (this.#buffers !== undefined) return this.#buffers;
    const text = this.text ?? this.#codecs[4].encodeFrame('message', this.data);
    if (typeof text === 'string') this.#buffers = frameOfText(text);
    return this.#buffers;
  }

  #encode(version: Version): Broadcast {
    const frame = this.text ?? this.#codecs[version].encodeFrame('message', this.data);
    return new Broadcast(this.#slab, frame, typeof frame !== 'string');
  }
}
