import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bunPackageName, findBun, installBun } from './bun-binary.mjs';

const NODE = [process.execPath, '--expose-gc'];

/**
 * The servers that can be compared, each with those that speak its `protocol`. `find` returns the command that runs a script for that server, or undefined
 * when something is missing, which `missing` then explains. A server's script is `servers/<name>.mjs`.
 */
const SERVERS = Object.freeze([
  {
    name: 'hawser',
    protocol: 'websocket',
    find: () => (isBuilt('@hawser/ws') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  {
    name: 'compat-ws',
    protocol: 'websocket',
    find: () => (isBuilt('@hawser/compat-ws') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  { name: 'ws', protocol: 'websocket', find: () => NODE },
  { name: 'websocket', protocol: 'websocket', find: () => NODE },
  { name: 'node-net', protocol: 'websocket', find: () => NODE },
  {
    name: 'bun',
    protocol: 'websocket',
    find: (options) => findBunCommand(options),
    missing: `no ${bunPackageName()} package; 'npm run bench -- --install-bun' fetches it`,
  },
  {
    name: 'io',
    protocol: 'socket.io',
    find: () => (isBuilt('@hawser/io') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  {
    name: 'engine',
    protocol: 'socket.io',
    find: () => (isBuilt('@hawser/engine') ? NODE : undefined),
    missing: "run 'npm run build' first",
  },
  { name: 'socket.io', protocol: 'socket.io', find: () => NODE },
  { name: 'node-http', protocol: 'socket.io', find: () => NODE },
]);

export const SERVER_NAMES = Object.freeze(SERVERS.map((server) => server.name));

/** The server that those of the same protocol are compared with. */
export const REFERENCE_SERVERS = Object.freeze({ websocket: 'ws', 'socket.io': 'socket.io' });

/** The servers asked for that are there. One that is missing is an error only when it was asked for by name. */
export async function selectServers(options, say) {
  const selected = [];
  for (const { name, protocol, find, missing } of SERVERS) {
    if (options.servers !== undefined && !options.servers.includes(name)) continue;
    const runtime = await find(options);
    if (runtime !== undefined) selected.push({ name, protocol, command: [...runtime, scriptPath(name)] });
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
