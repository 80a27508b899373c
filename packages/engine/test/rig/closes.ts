import type { Socket } from '@hawser/engine';

/** How a session ended. */
export interface Ending {
  readonly reason: string;
  readonly description: unknown;
}

/** Waits for the end of a session. */
export function endOf(session: Socket): Promise<Ending> {
  return new Promise((resolve) => {
    session.on('close', (reason, description) => resolve({ reason, description }));
  });
}
