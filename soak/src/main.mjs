import { setTimeout } from 'node:timers/promises';
import { judgeGrowth, MIN_READINGS } from './growth.mjs';
import { readOptions, USAGE } from './options.mjs';
import { Remote } from './remote.mjs';
import { printReading, printVerdicts } from './report.mjs';

const BROADCASTS = 10;
const BROADCAST_BYTES = 2000;
const FLOOD = { topic: 'flood', byteLength: 60_000, count: 10 };
/** In this order, one after another. */
const WORKLOADS = ['burst', 'compressed', 'broadcast', 'churn', 'slowReaders', 'oversized', 'hostile'];
/** Closing timeouts, heartbeats and handshake timeouts are all shorter. */
const SETTLE_MS = 10_000;

process.exitCode = await main();

async function main() {
  const options = readOptions();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const server = new Remote('server.mjs', [options.leak]);
  const load = new Remote('load.mjs', [], (event) => {
    if (event === 'flood') server.ask('publish', FLOOD);
    else server.ask('publish', { topic: 'all', byteLength: BROADCAST_BYTES, count: BROADCASTS });
  });
  try {
    return await soak(server, load, options);
  } catch (error) {
    console.error(`  failed: ${error.message}`);
    return 1;
  } finally {
    server.end();
    load.end();
  }
}

async function soak(server, load, { durationMs, connections }) {
  const endMs = performance.now() + durationMs;
  const { ports, impatientPort } = await server.ask('listen');
  await load.ask('open', { ports, connections });
  const readings = [];
  while (performance.now() < endMs || readings.length < MIN_READINGS) {
    for (const workload of WORKLOADS) {
      await load.ask(workload, { ports, impatientPort, count: BROADCASTS });
    }
    await settle(server, load, connections);
    const reading = { server: await server.ask('footprint'), load: await load.ask('footprint') };
    readings.push(reading);
    printReading(readings.length, reading);
  }
  const errors = await server.ask('errors');
  for (const error of errors) console.error(`  the server reported: ${error}`);
  console.log(`  closes by code: ${JSON.stringify(await server.ask('closes'))}`);
  const verdicts = ['server', 'load'].flatMap((process) =>
    judgeGrowth(readings.map((reading) => reading[process])).map((verdict) => ({ process, ...verdict })),
  );
  printVerdicts(verdicts);
  return errors.length > 0 || verdicts.some(({ isTooMuch }) => isTooMuch) ? 1 : 0;
}

/** Until the held connections are all that there is. */
async function settle(server, load, connections) {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const counts = [await server.ask('connectionCount'), await load.ask('openCount')];
    if (counts.every((count) => count === connections)) return;
    if (performance.now() > deadlineMs) {
      throw new Error(
        `${connections} connections should be left; the server has ${counts[0]}, the load ${counts[1]}`,
      );
    }
    await setTimeout(20);
  }
}
