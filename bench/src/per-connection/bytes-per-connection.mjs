#!/usr/bin/env node
/**
 * Measures what one connection adds to the resident memory of a server, by feature: prints the table of
 * docs/reference/bytes-per-connection.md. Each sample has a server process and a client process of its own.
 */
import { fileURLToPath } from 'node:url';
import { machineFacts } from '../machine.mjs';
import { ProcessGroup } from '../process-group.mjs';

const CONNECTIONS = 2000;
/** Take what a server needs once for all. */
const BASE_CONNECTIONS = 1000;
const ROUNDS = 3;
const MESSAGE_BYTES = 1024;
const TIMEOUT_MS = 60_000;

const MODES = [
  { title: 'plain' },
  { title: 'plain, subscribed to a topic', isSubscribed: true, hasNoRival: true },
  { title: 'plain, after 10 messages', messages: 10 },
  { title: 'plain, after 100 messages', messages: 100 },
  { title: 'TLS', isTls: true },
  { title: 'TLS, after 10 messages', isTls: true, messages: 10 },
  { title: 'TLS, after 100 messages', isTls: true, messages: 100 },
  { title: 'compression, idle', compression: 'no takeover' },
  { title: 'compression, after 10 messages', compression: 'no takeover', messages: 10 },
  { title: 'compression with context takeover, idle', compression: 'takeover' },
  {
    title: 'compression with context takeover, after 10 messages',
    compression: 'takeover',
    messages: 10,
  },
];

const processes = new ProcessGroup();
process.on('exit', () => processes.killAll());

const { cpuModel, cores, node } = machineFacts();
console.log(`${cpuModel}, ${cores} cores, Node ${node}`);
console.log('| connection | Hawser | ws |\n| --- | ---: | ---: |');
for (const mode of MODES) {
  const samples = { hawser: [], ws: [] };
  for (let round = 0; round < ROUNDS; round++) {
    samples.hawser.push(await measure('hawser-server.mjs', mode));
    if (!mode.hasNoRival) samples.ws.push(await measure('ws-server.mjs', mode));
  }
  console.log(`| ${mode.title} | ${shown(samples.hawser)} | ${shown(samples.ws)} |`);
}

/** Returns the bytes that each of the connections adds. */
async function measure(serverFile, { title, messages = 0, ...mode }) {
  const server = await startScript(`${serverFile}, ${title}`, serverFile, ['--expose-gc'], mode);
  const clients = await startScript('clients', 'clients.mjs', [], {});
  const target = {
    ...mode,
    port: server.facts.port,
    messages,
    messageBytes: MESSAGE_BYTES,
    network: '127.0.1',
  };
  try {
    await clients.request('open', { ...target, count: BASE_CONNECTIONS }, TIMEOUT_MS);
    const before = await server.request('collectGarbage', {}, TIMEOUT_MS);
    await clients.request('open', { ...target, count: CONNECTIONS }, TIMEOUT_MS);
    const after = await server.request('collectGarbage', {}, TIMEOUT_MS);
    return (after.residentBytes - before.residentBytes) / CONNECTIONS;
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}

function startScript(label, file, nodeOptions, settings) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return processes.start(
    label,
    [process.execPath, ...nodeOptions, path, JSON.stringify(settings)],
    TIMEOUT_MS,
  );
}

/** The median of three, with the lowest and the highest. */
function shown(samples) {
  if (samples.length === 0) return '-';
  const [lowest, median, highest] = samples.toSorted((a, b) => a - b).map(bytes);
  return `${median} (${lowest} - ${highest})`;
}

function bytes(count) {
  return Math.round(count).toLocaleString('en-US');
}
