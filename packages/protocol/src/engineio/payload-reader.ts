import type { DecodedPayload, PayloadLimits } from './codec.ts';
import type { ViolationCode } from './errors.ts';
import type { Packet } from './packet.ts';

/** Collects the packets of one payload, up to the first violation and within the limits. */
export class PayloadReader implements DecodedPayload {
  readonly packets: Packet[] = [];
  declare violation: ViolationCode | null;
  readonly #maxPackets: number;

  /** @param length - of the whole payload, in UTF-16 units or bytes */
  constructor(limits: PayloadLimits, length: number) {
    this.#maxPackets = limits.maxPackets;
    this.violation = length > limits.maxPayloadLength ? 'EIO_ERR_PAYLOAD_TOO_LARGE' : null;
  }

  /** Takes in what one packet was decoded to. */
  take(decoded: Packet | ViolationCode): void {
    if (typeof decoded === 'string') this.violation = decoded;
    else if (this.packets.length === this.#maxPackets) this.violation = 'EIO_ERR_TOO_MANY_PACKETS';
    else this.packets.push(decoded);
  }
}
