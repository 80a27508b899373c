/** The process of one transport: `transport-main NAME HOST`, started by the server, which talks to it over IPC. */
import type { FromTransport, ToTransport, TransportName } from './messages.ts';
import { startTransport } from './transport-server.ts';
import { TRANSPORTS } from './transports/index.ts';

const TOTALS_INTERVAL_MS = 500;

async function main(name: string, host: string): Promise<void> {
  const server = await startTransport(await TRANSPORTS[name as TransportName](), host);
  process.on('message', (message: ToTransport) => {
    if (message.type === 'events') server.deliver(message.stream, message.events);
    else server[message.type](message.stream);
  });
  const tellTotals = () => {
    const { user, system } = process.cpuUsage();
    tell({ type: 'totals', cpuMs: (user + system) / 1000, streams: server.totals() });
  };
  setInterval(tellTotals, TOTALS_INTERVAL_MS);
  // What it took to start is in these, and so in nobody's count.
  tellTotals();
  tell({ type: 'ready', port: server.port });
}

function tell(message: FromTransport): void {
  // Where the server has hung up, `disconnect` says so a moment later, and ends this process.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

// Ctrl-C at a terminal reaches every process; when to stop is the server's to say, by hanging up.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
const [, , name = '', host = ''] = process.argv;
void main(name, host);
