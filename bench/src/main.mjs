#!/usr/bin/env node
import { printResultLine, printWorkloadTable } from './console-report.mjs';
import { cpuPinning } from './cpu-pinning.mjs';
import { machineFacts, openFileLimit } from './machine.mjs';
import { HELP, parseOptions, UsageError } from './options.mjs';
import { ProcessGroup } from './process-group.mjs';
import { writeResults } from './results-files.mjs';
import { measure } from './sample.mjs';
import { selectServers } from './server-catalog.mjs';
import { summarize } from './summary.mjs';
import { fitOpenFileLimit, selectWorkloads } from './workloads.mjs';

const processes = new ProcessGroup();

process.on('exit', () => processes.killAll());
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, () => process.exit(exitCode));
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.isHelp) {
    console.log(HELP);
    return;
  }

  const servers = await selectServers(options, (line) => console.log(line));
  const workloads = selectWorkloads(options.only, options.idleConnections).map((workload) =>
    fitOpenFileLimit(workload, openFileLimit(), (line) => console.log(line)),
  );
  const pinning = await cpuPinning();
  const machine = machineFacts();
  console.log(`${machine.cpuModel}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
  console.log(pinning.description);
  console.log(`${options.rounds} rounds of ${options.seconds} s each, servers interleaved, medians\n`);

  const startedAt = new Date();
  const versions = {};
  const results = [];
  for (const workload of workloads) {
    const samples = await measureRounds({ workload, servers, pinning, options, versions });
    if (samples.size === 0) continue;
    const result = summarize(workload, samples);
    results.push(result);
    printWorkloadTable(result);
  }
  const files = writeResults(
    { startedAt, machine, pinning, options, versions, results },
    options.outDirectory,
  );
  for (const file of files) console.log(file);
}

/** Runs every server once per round, so that whatever disturbs the machine for a while disturbs all of them. */
async function measureRounds({ workload, servers, pinning, options, versions }) {
  const able = servers.filter(
    ({ name, protocol }) => protocol === workload.protocol && (workload.servers?.includes(name) ?? true),
  );
  const samples = new Map(able.map((server) => [server.name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const server of able) {
      const { sample, version } = await measure({ workload, server, pinning, options, processes });
      versions[server.name] = version;
      samples.get(server.name).push(sample);
      printResultLine({ workload, round, rounds: options.rounds, server, sample });
    }
  }
  return samples;
}
