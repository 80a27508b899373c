import type { RawPeer } from './raw-peer.ts';

const MAX_WAITING_BYTES = 4_000_000;

/** Writes `bytes` again and again, as fast as they are taken, until `isEnough`. */
export async function flood(
  peer: RawPeer,
  bytes: Buffer,
  isEnough: (sent: number) => boolean,
): Promise<number> {
  let sent = 0;
  while (!isEnough(sent)) {
    if (!peer.stream.destroyed && peer.stream.writableLength <= MAX_WAITING_BYTES) {
      peer.stream.write(bytes);
      sent++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}
