import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SERVER_NAMES } from './server-catalog.mjs';
import { IDLE_CONNECTIONS, WORKLOAD_NAMES } from './workloads.mjs';

export const HELP = `Usage: npm run bench -- [options]

  --only <names>      workloads, comma-separated (default: all)
                      ${WORKLOAD_NAMES.join(', ')}
  --servers <names>   servers, comma-separated (default: all that are there)
                      ${SERVER_NAMES.join(', ')}
  --rounds <n>        samples of each server and workload (default 5)
  --seconds <n>       measured seconds per sample (default 2), after a warm-up of half as long
  --idle <n>          connections of the idle workload (default ${IDLE_CONNECTIONS})
  --text              text messages in place of binary ones
  --quick             one short round: does everything work?
  --install-bun       fetch Bun's binary from the package registry into bench/.cache
  --out <directory>   where the JSON file and the chart go (default bench/results)
  --help

Examples:
  npm run bench
  npm run bench -- --only echo-64-x32,fan-out-burst --servers hawser,ws --rounds 9
`;

const DEFAULTS = Object.freeze({ rounds: 5, seconds: 2, idle: IDLE_CONNECTIONS });
const QUICK = Object.freeze({ rounds: 1, seconds: 0.4, idle: 2000 });

const OPTION_TYPES = Object.freeze({
  only: { type: 'string' },
  servers: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  idle: { type: 'string' },
  out: { type: 'string' },
  text: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  'install-bun': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});

/** What the person at the command line got wrong; exit code 2. */
export class UsageError extends Error {}

export function parseOptions(args) {
  const values = parseValues(args);
  const defaults = values.quick ? QUICK : DEFAULTS;
  const seconds = positiveNumber('seconds', values.seconds ?? defaults.seconds);
  return Object.freeze({
    isHelp: values.help,
    only: knownNames('only', values.only, WORKLOAD_NAMES),
    servers: knownNames('servers', values.servers, SERVER_NAMES),
    rounds: positiveInteger('rounds', values.rounds ?? defaults.rounds),
    seconds,
    warmUpSeconds: seconds / 2,
    idleConnections: positiveInteger('idle', values.idle ?? defaults.idle),
    isText: values.text,
    installsBun: values['install-bun'],
    outDirectory: values.out ?? fileURLToPath(new URL('../results', import.meta.url)),
  });
}

function parseValues(args) {
  try {
    return parseArgs({ args, options: OPTION_TYPES, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${error.message.split('\n', 1)[0]} (see --help)`);
  }
}

function knownNames(option, list, known) {
  if (list === undefined) return undefined;
  const names = list.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!known.includes(name)) throw new UsageError(`--${option}: '${name}' is none of ${known.join(', ')}`);
  }
  return names;
}

function positiveNumber(option, value) {
  const number = Number(value);
  if (!(number > 0 && number < Infinity))
    throw new UsageError(`--${option}: '${value}' is no positive number`);
  return number;
}

function positiveInteger(option, value) {
  const number = positiveNumber(option, value);
  if (!Number.isInteger(number)) throw new UsageError(`--${option}: '${value}' is no whole number`);
  return number;
}
