import type { Socket } from '@hawser/engine';

/** How a session ended. */
export interface Ending {
  readonly reason: string;
  readonly description: unknown;
}

/** Waits for the end of a session. */
export function endOf(session: Socket): Promise<Ending> {
  return new Promise((resolve) => {
    if (session.readyState === 'closed') resolve({ reason: 'it was closed before', description: undefined });
    session.on('close', (reason, description) => resolve({ reason, description }));
  });
}

/** Over polling nothing can be sent before the next poll comes. */
export async function untilWritable({ transport }: Socket): Promise<void> {
  while (!transport.writable) await new Promise((resolve) => transport.once('ready', resolve));
}
