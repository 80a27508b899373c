import os from 'node:os';

/** What a reader needs to judge the numbers; deliberately nothing that names the machine. */
export function machineFacts() {
  const cpus = os.cpus();
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    kernel: os.release(),
    cpuModel: cpus[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
  };
}

/**
 * How many files a child process may open. Node raises its soft limit to the hard one when it starts, and its
 * children inherit that. Infinity where the system has no such limit.
 */
export function openFileLimit() {
  process.report.excludeNetwork = true;
  const limit = process.report.getReport().userLimits?.open_files?.soft;
  return typeof limit === 'number' ? limit : Infinity;
}
