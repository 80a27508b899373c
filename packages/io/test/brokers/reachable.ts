import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** Tells whether somebody listens on a port of this machine, and says so where nobody does. */
export async function isReachable(name: string, port: number): Promise<boolean> {
  const isThere = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
  if (!isThere) console.log(`skipped: ${name} is not reachable at 127.0.0.1:${port}`);
  return isThere;
}

/** Returns a name that no other test has, for what is left at a broker. */
export function uniqueName(): string {
  return `hawser_test_${randomBytes(6).toString('hex')}`;
}
