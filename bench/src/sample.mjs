import { fileURLToPath } from 'node:url';

const GENERATOR_SCRIPT = fileURLToPath(new URL('generator/main.mjs', import.meta.url));
const START_TIMEOUT_MS = 15_000;
const USAGE_TIMEOUT_MS = 10_000;
const MEMORY_TIMEOUT_MS = 30_000;
const OPEN_TIMEOUT_MS = 20_000;
const IDLE_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 10_000;
const CRASH_REPORT_MS = 500;
/** How much longer than asked for a load may take until it counts as hanging. */
const LOAD_GRACE_MS = 15_000;

/**
 * Takes one sample: one server and one generator, both started for it and ended after it, so that no sample
 * inherits the heap or the compiled code of another.
 */
export async function measure({ workload, server, pinning, options, processes }) {
  const { mode, payloadBytes, compression } = workload;
  const settings = { mode, payloadBytes, compression, isText: options.isText };
  const label = `${workload.name}, ${server.name}`;
  const serverCommand = [...pinning.server, ...server.command, JSON.stringify(settings)];
  const serverProcess = await processes.start(`${label} server`, serverCommand, START_TIMEOUT_MS);
  const generatorCommand = [...pinning.generator, process.execPath, GENERATOR_SCRIPT];
  const generator = await processes.start(`${label} load`, generatorCommand, START_TIMEOUT_MS);

  const { port, version } = serverProcess.facts;
  const take = workload.baseConnections === undefined ? measureTraffic : measureIdle;
  try {
    const sample = await take({ server: serverProcess, generator, port, workload, options });
    await generator.request('close', {}, CLOSE_TIMEOUT_MS);
    return { sample, version };
  } catch (error) {
    // When a server crashes, the generator tells of a lost connection first; the crash is what matters.
    throw (await serverProcess.failureWithin(CRASH_REPORT_MS)) ?? error;
  } finally {
    await Promise.all([generator.stop(), serverProcess.stop()]);
  }
}

async function measureTraffic({ server, generator, port, workload, options }) {
  await generator.request('open', { port, workload, isText: options.isText }, OPEN_TIMEOUT_MS);
  await runLoad(generator, options.warmUpSeconds * 1000);
  const before = await server.request('usage', {}, USAGE_TIMEOUT_MS);
  // The load ends only when every reply has arrived: all work between the two readings is counted work.
  const load = await runLoad(generator, options.seconds * 1000);
  const after = await server.request('usage', {}, USAGE_TIMEOUT_MS);
  return toSample(load, before, after);
}

function runLoad(generator, durationMs) {
  return generator.request('run', { durationMs }, durationMs + LOAD_GRACE_MS);
}

async function measureIdle({ server, generator, port, workload, options }) {
  await generator.request('open', { port, workload, isText: options.isText }, OPEN_TIMEOUT_MS);
  const memoryBefore = await server.request('collectGarbage', {}, MEMORY_TIMEOUT_MS);
  const { count } = await generator.request('run', {}, IDLE_TIMEOUT_MS);
  const memoryAfter = await server.request('collectGarbage', {}, MEMORY_TIMEOUT_MS);

  // CPU is measured in a second go: the first one was the warm-up of the server's handshake.
  await generator.request('close', {}, CLOSE_TIMEOUT_MS);
  await server.request('collectGarbage', {}, MEMORY_TIMEOUT_MS);
  const before = await server.request('usage', {}, USAGE_TIMEOUT_MS);
  const load = await generator.request('run', {}, IDLE_TIMEOUT_MS);
  const after = await server.request('usage', {}, USAGE_TIMEOUT_MS);
  return {
    ...toSample(load, before, after),
    residentBytes: (memoryAfter.residentBytes - memoryBefore.residentBytes) / count,
    heapBytes: (memoryAfter.heapBytes - memoryBefore.heapBytes) / count,
  };
}

function toSample(load, before, after) {
  const userUs = after.userUs - before.userUs;
  const systemUs = after.systemUs - before.systemUs;
  const elapsedUs = load.elapsedMs * 1000;
  return {
    count: load.count,
    elapsedMs: load.elapsedMs,
    ratePerSecond: (load.count / load.elapsedMs) * 1000,
    cpuUs: (userUs + systemUs) / load.count,
    userUs: userUs / load.count,
    systemUs: systemUs / load.count,
    p50Us: load.p50Us,
    p99Us: load.p99Us,
    serverBusy: (userUs + systemUs) / elapsedUs,
    generatorBusy: load.generatorCpuUs / elapsedUs,
    ...(load.replyBytes !== undefined && { replyBytes: load.replyBytes }),
  };
}
