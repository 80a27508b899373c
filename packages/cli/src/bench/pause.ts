import { setTimeout as sleep } from 'node:timers/promises';

/** Wait until the time is over or the signal comes, whichever is first. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  // Nothing but the signal makes it reject.
  return sleep(durationMs, undefined, { signal }).catch(() => {});
}

/** Returns a signal that comes with any of these, or after a time. */
export function deadline(durationMs: number, ...signals: readonly AbortSignal[]): AbortSignal {
  return AbortSignal.any([...signals, AbortSignal.timeout(durationMs)]);
}
