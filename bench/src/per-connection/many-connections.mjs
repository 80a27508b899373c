#!/usr/bin/env node
/**
 * Measures what idle connections cost as they get more, in the server and in the kernel: the figures of
 * docs/explanation/million-connections.md. The last rows have as many as the open files of a process allow, in one
 * server process and in several. Linux only; about four minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineFacts, openFileLimit } from '../machine.mjs';
import { ProcessGroup } from '../process-group.mjs';
import { kernelMemory, slabGrowth } from './kernel-memory.mjs';

/** Descriptors beside the connections: the runtime's own, the listener, the pipes. */
const SPARE_DESCRIPTORS = 200;
/** Enough for 24 KiB of memory each, both ends and the kernel, within a few gigabytes. */
const MOST_CONNECTIONS_IN_ONE = 50_000;
const PROCESSES = 4;
const WARM_UP_CONNECTIONS = 200;
const PING_INTERVAL_MS = 10_000;
const WINDOW_MS = 20_000;
const TIMEOUT_MS = 120_000;

const processes = new ProcessGroup();
process.on('exit', () => processes.killAll());

const most = Math.min(openFileLimit(), MOST_CONNECTIONS_IN_ONE) - SPARE_DESCRIPTORS - WARM_UP_CONNECTIONS;
const { cpuModel, cores, node, kernel } = machineFacts();
console.log(`${cpuModel}, ${cores} cores, Node ${node}, Linux ${kernel}; at most ${most} in one process\n`);
for (const [count, processCount] of [
  [2_000, 1],
  [10_000, 1],
  [most, 1],
  [most, PROCESSES],
]) {
  console.log(`${count * processCount} connections, ${processCount} server process(es)`);
  for (const [name, value] of Object.entries(await measure(count, processCount))) {
    console.log(`  ${name}: ${typeof value === 'number' ? value.toFixed(value < 100 ? 2 : 0) : value}`);
  }
}

async function measure(count, processCount) {
  const quiet = await start(processCount, { pingIntervalMs: 0 });
  const total = count * processCount;
  try {
    await quiet.open(WARM_UP_CONNECTIONS);
    const before = { ...(await quiet.memory()), kernel: kernelMemory() };
    const acceptUs = await quiet.cpuUs(() => quiet.open(count));
    const after = { ...(await quiet.memory()), kernel: kernelMemory() };
    const quietUs = await quiet.cpuUs(() => sleep(WINDOW_MS));
    const pauseMs = await quiet.longestPause();
    const growth = slabGrowth(before.kernel, after.kernel, total);
    const slabBytes = growth.reduce((sum, { bytes }) => sum + bytes, 0);
    await quiet.stop();
    return {
      'resident bytes per connection': (after.residentBytes - before.residentBytes) / total,
      'heap bytes per connection': (after.heapBytes - before.heapBytes) / total,
      'TCP sockets per connection, both ends': (after.kernel.sockets - before.kernel.sockets) / total,
      'slab bytes per connection, both ends': slabBytes,
      'of which': growth.map(({ name, bytes }) => `${name} ${Math.round(bytes)}`).join(', '),
      'socket buffer bytes per connection, both ends':
        (after.kernel.bufferBytes - before.kernel.bufferBytes) / total,
      'CPU us to accept one': acceptUs / total,
      'CPU us per connection and second, without pings': quietUs / total / (WINDOW_MS / 1000),
      'full collection, ms': pauseMs,
      'CPU us per ping with its pong': await measurePings(count, processCount),
    };
  } finally {
    await quiet.stop();
  }
}

async function measurePings(count, processCount) {
  const pinging = await start(processCount, { pingIntervalMs: PING_INTERVAL_MS });
  try {
    await pinging.open(count);
    const pingsBefore = await pinging.pings();
    const us = await pinging.cpuUs(() => sleep(WINDOW_MS));
    return us / ((await pinging.pings()) - pingsBefore);
  } finally {
    await pinging.stop();
  }
}

/** Starts servers, and for each of them clients that come from addresses of their own, with their own ports. */
async function start(processCount, settings) {
  const pairs = await Promise.all(
    Array.from({ length: processCount }, async (_, index) => ({
      server: await startScript('hawser-server.mjs', ['--expose-gc'], settings),
      clients: await startScript('clients.mjs', [], {}),
      network: `127.0.${index + 1}`,
    })),
  );
  const ask = async (method) =>
    Promise.all(pairs.map(({ server }) => server.request(method, {}, TIMEOUT_MS)));
  const cpuUsNow = async () => sum((await ask('usage')).map(({ userUs, systemUs }) => userUs + systemUs));
  return {
    open: (count) =>
      Promise.all(
        pairs.map(({ server, clients, network }) =>
          clients.request(
            'open',
            { port: server.facts.port, network, count, messages: 0, messageBytes: 1 },
            TIMEOUT_MS,
          ),
        ),
      ),
    async memory() {
      const answers = await ask('collectGarbage');
      return {
        residentBytes: sum(answers.map(({ residentBytes }) => residentBytes)),
        heapBytes: sum(answers.map(({ heapBytes }) => heapBytes)),
      };
    },
    async cpuUs(action) {
      const before = await cpuUsNow();
      await action();
      return (await cpuUsNow()) - before;
    },
    async pings() {
      return sum(await Promise.all(pairs.map(({ clients }) => clients.request('pings', {}, TIMEOUT_MS))));
    },
    longestPause: async () => Math.max(...(await ask('collectionPause'))),
    async stop() {
      await Promise.all(pairs.map(({ clients }) => clients.request('close', {}, TIMEOUT_MS).catch(() => {})));
      await Promise.all(pairs.flatMap(({ server, clients }) => [server.stop(), clients.stop()]));
    },
  };
}

function startScript(file, nodeOptions, settings) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return processes.start(
    file,
    [process.execPath, ...nodeOptions, path, JSON.stringify(settings)],
    TIMEOUT_MS,
  );
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
