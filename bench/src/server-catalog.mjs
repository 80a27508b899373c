import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bunPackageName, findBun, installBun } from './bun-binary.mjs';

const NODE = [process.execPath, '--expose-gc'];

/**
 * The servers that can be compared. `find` returns the command that runs a script for that server, or undefined
 * when something is missing, which `missing` then explains. A server's script is `servers/<name>.mjs`.
 */
const SERVERS = Object.freeze([
  {
    name: 'hawser',
    find: () => (isBuilt('@hawser/ws') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  {
    name: 'compat-ws',
    find: () => (isBuilt('@hawser/compat-ws') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  { name: 'ws', find: () => NODE },
  { name: 'websocket', find: () => NODE },
  { name: 'node-net', find: () => NODE },
  {
    name: 'bun',
    find: (options) => findBunCommand(options),
    missing: `no ${bunPackageName()} package; 'npm run bench -- --install-bun' fetches it`,
  },
]);

export const SERVER_NAMES = Object.freeze(SERVERS.map((server) => server.name));

/** Everything is compared with this one. */
export const REFERENCE_SERVER = 'ws';

/** The servers asked for that are there. One that is missing is an error only when it was asked for by name. */
export async function selectServers(options, say) {
  const selected = [];
  for (const { name, find, missing } of SERVERS) {
    if (options.servers !== undefined && !options.servers.includes(name)) continue;
    const runtime = await find(options);
    if (runtime !== undefined) selected.push({ name, command: [...runtime, scriptPath(name)] });
    else if (options.servers !== undefined) throw new Error(`${name} is not available: ${missing}`);
    else say(`${name} is skipped: ${missing}`);
  }
  return selected;
}

function scriptPath(name) {
  return fileURLToPath(new URL(`servers/${name}.mjs`, import.meta.url));
}

function isBuilt(packageName) {
  try {
    return existsSync(fileURLToPath(import.meta.resolve(packageName)));
  } catch {
    return false;
  }
}

async function findBunCommand(options) {
  if (options.installsBun && findBun() === undefined) await installBun();
  const binary = findBun();
  return binary === undefined ? undefined : [binary];
}
