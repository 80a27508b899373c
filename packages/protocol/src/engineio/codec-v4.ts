import { decodeBase64 } from './base64.ts';
import type { Codec, DecodedPayload, PayloadLimits } from './codec.ts';
import type { ViolationCode } from './errors.ts';
import type { Natives } from './natives.ts';
import { decodeTextPacket, encodeTextPacket, type Packet, type PacketType } from './packet.ts';
import { PayloadReader } from './payload-reader.ts';

/** Stands between the packets of a payload. */
const SEPARATOR = '\x1e';

/**
 * Version 4: binary is always a message and has no type. It goes as it is over a WebSocket, as `b<base64>` in
 * text.
 * @see https://socket.io/docs/v4/engine-io-protocol/
 */
export class CodecV4 implements Codec {
  readonly #natives: Natives;
  readonly #limits: PayloadLimits;

  constructor(natives: Natives, limits: PayloadLimits) {
    this.#natives = natives;
    this.#limits = limits;
  }

  encodeFrame(type: PacketType, data: string | Uint8Array): string | Uint8Array {
    return typeof data === 'string' ? encodeTextPacket(type, data) : data;
  }

  decodeFrame(frame: string | Uint8Array): Packet | ViolationCode {
    if (typeof frame !== 'string') return { type: 'message', data: frame };
    if (!frame.startsWith('b')) return decodeTextPacket(frame);
    const data = decodeBase64(this.#natives, frame, 1);
    return data === null ? 'EIO_ERR_INVALID_BASE64' : { type: 'message', data };
  }

  encodePayload(packets: readonly Packet[]): string {
    return packets
      .map(({ type, data }) =>
        typeof data === 'string' ? encodeTextPacket(type, data) : `b${this.#natives.encodeBase64(data)}`,
      )
      .join(SEPARATOR);
  }

  decodePayload(body: string | Uint8Array): DecodedPayload {
    const reader = new PayloadReader(this.#limits, body.length);
    if (typeof body !== 'string') reader.violation ??= 'EIO_ERR_INVALID_PAYLOAD';
    else readPackets(this, body, reader);
    return reader;
  }
}

function readPackets(codec: Codec, body: string, reader: PayloadReader): void {
  let start = 0;
  while (reader.violation === null && start <= body.length) {
    const separator = body.indexOf(SEPARATOR, start);
    const end = separator === -1 ? body.length : separator;
    reader.take(codec.decodeFrame(body.slice(start, end)));
    start = end + 1;
  }
}
