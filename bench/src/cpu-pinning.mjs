import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Decides on which core the server and on which the load generator run. Returns the command prefix of each
 * (empty when they cannot be pinned) and a sentence for the reader.
 */
export function cpuPinning() {
  const cpus = allowedCpus();
  if (!canTaskset()) return unpinned('taskset is not available');
  if (cpus.length < 2) return unpinned('only one core may be used');
  const server = cpus.at(-1);
  const generator = cpus.findLast((cpu) => !sharesCore(cpu, server)) ?? cpus.at(-2);
  return {
    server: ['taskset', '-c', String(server)],
    generator: ['taskset', '-c', String(generator)],
    isPinned: true,
    description: `pinned: server on core ${server}, load generator on core ${generator}`,
  };
}

function unpinned(reason) {
  return {
    server: [],
    generator: [],
    isPinned: false,
    description: `not pinned to cores (${reason}): expect noise`,
  };
}

function canTaskset() {
  return (
    process.platform === 'linux' && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0
  );
}

function allowedCpus() {
  return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(readText('/proc/self/status'))?.[1] ?? '');
}

/** Two hardware threads of one core would measure each other. */
function sharesCore(cpu, other) {
  if (cpu === other) return true;
  const siblings = readText(`/sys/devices/system/cpu/cpu${other}/topology/thread_siblings_list`);
  return parseCpuList(siblings).includes(cpu);
}

/** Parses the kernel's list form, such as "0-3,8". */
function parseCpuList(list) {
  return list
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
