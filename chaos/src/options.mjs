import { parseArgs } from 'node:util';

export const USAGE = `Talks to a Socket.IO server whose connections are cut, whose transports change and which is killed, and checks
what was promised: order, nothing twice, nothing lost that was acknowledged or can be recovered, nothing hangs.

  npm run chaos
  npm run chaos -- --seconds 300 --clients 500 --seed 7

  --seconds 60         how long there is trouble; then all have to come to rest
  --clients 200        at a time, each with a transport or two of its own
  --seed 1             of what happens to whom; the times are the machine's
  --server hawser      or socket.io
  --client hawser      or socket.io

Exits with 1 when a promise was broken, with 2 when it is called wrongly.`;

const STACKS = ['hawser', 'socket.io'];

/** @returns undefined when the arguments are wrong */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        clients: { type: 'string', default: '200' },
        seed: { type: 'string', default: '1' },
        server: { type: 'string', default: 'hawser' },
        client: { type: 'string', default: 'hawser' },
        // Not for users: a promise that is broken on purpose, to see that it is found.
        break: { type: 'string', default: '' },
      },
    });
    const [seconds, clients, seed] = [values.seconds, values.clients, values.seed].map(Number);
    if (!(seconds > 0) || !(Number.isInteger(clients) && clients > 0) || !Number.isInteger(seed))
      return undefined;
    if (!STACKS.includes(values.server) || !STACKS.includes(values.client)) return undefined;
    return { seconds, clients, seed, server: values.server, client: values.client, broken: values.break };
  } catch {
    return undefined;
  }
}
