import type { Natives } from './natives.ts';
import type { Packet } from './packet.ts';

/**
 * Returns how many of `packets`, from the first on, fit into one version 4 payload of `maxBytes`, what the
 * handshake calls `maxPayload`; at least one, which then is the sender's own fault.
 */
export function countFitting(natives: Natives, packets: readonly Packet[], maxBytes: number): number {
  let byteLength = 0;
  for (let i = 0; i < packets.length; i++) {
    const { data } = packets[i]!;
    const dataBytes = typeof data === 'string' ? natives.utf8Length(data) : Math.ceil(data.length / 3) * 4;
    // The type or the `b`, and between two packets the separator.
    byteLength += dataBytes + (i === 0 ? 1 : 2);
    if (byteLength > maxBytes) return Math.max(i, 1);
  }
  return packets.length;
}
