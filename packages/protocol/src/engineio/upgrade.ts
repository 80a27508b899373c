import type { Packet, PacketType } from './packet.ts';

/** What a probe carries, both ways. */
const PROBE = 'probe';

/**
 * Why a session stays on polling: the other end took too long, the new transport ended, or something else than
 * the next step came over it.
 */
export type UpgradeFailure = 'timeout' | 'closed' | 'unexpected packet';

/** What the machines of both ends call. */
export interface UpgradeHandler {
  /** Sends a packet over the new transport. */
  sendProbe(type: PacketType, data: string): void;
  /** The session is on the new transport from here on: what waits goes out there. */
  onUpgraded(): void;
  /** The session stays on polling: close the new transport. */
  onUpgradeFailed(reason: UpgradeFailure): void;
}

/** Tells whether `packet` is a probe of this kind. */
export function isProbe(packet: Packet, type: 'ping' | 'pong'): boolean {
  return packet.type === type && packet.data === PROBE;
}

/** Sends a probe of this kind. */
export function sendProbe(handler: UpgradeHandler, type: 'ping' | 'pong'): void {
  handler.sendProbe(type, PROBE);
}
