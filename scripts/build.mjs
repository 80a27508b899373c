/** Builds every package into its `dist/`, each after those that it imports. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

/** In the order of the layers. */
const PROJECTS = [
  'packages/protocol/tsconfig.json',
  'packages/protocol/tsconfig.esm.json',
  'packages/ws/tsconfig.json',
  'packages/compat-ws/tsconfig.json',
  'packages/compat-websocket/tsconfig.json',
  'packages/engine/tsconfig.json',
  'packages/io/tsconfig.json',
  'packages/client/tsconfig.json',
  'packages/client/tsconfig.esm.json',
  'packages/cli/tsconfig.json',
];

for (const name of ['protocol', 'ws', 'compat-ws', 'compat-websocket', 'engine', 'io', 'client', 'cli']) {
  rmSync(`${root}/packages/${name}/dist`, { recursive: true, force: true });
}
for (const project of PROJECTS) {
  execFileSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
}
writeFileSync(`${root}/packages/protocol/dist/esm/package.json`, '{ "type": "module" }\n');
writeFileSync(
  `${root}/packages/client/dist/esm/package.json`,
  '{ "type": "module", "sideEffects": false }\n',
);
for (const name of readdirSync(`${root}/packages`)) plainExports(`${root}/packages/${name}/dist`);
bindPlatform(`${root}/packages/client/dist/esm`, 'browser');
bindPlatform(`${root}/packages/client/dist/cjs`, 'node');
await import('./bundle-client.mjs');
await import('./copy-client-files.mjs');

/**
 * TypeScript has what an index re-exports read through a getter, each time, from an object that V8 holds as a dictionary: a
 * tenth of the time of a pipelined echo. No index of ours is part of a cycle, so the values are there at once.
 */
function plainExports(folder) {
  const getter =
    /^Object\.defineProperty\(exports, "(\w+)", \{ enumerable: true, get: function \(\) \{ return ([\w.]+); \} \}\);$/gm;
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/(^|\/)(index|internal)\.js$/.test(name)) continue;
    const file = `${folder}/${name}`;
    writeFileSync(file, readFileSync(file, 'utf8').replace(getter, 'exports.$1 = $2;'));
  }
}

/** What is built is for one platform: it need not be looked up, by resolvers that do not know `imports`. */
function bindPlatform(folder, platform) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(js|d\.ts)$/.test(name)) continue;
    const path = `${'../'.repeat(name.split('/').length - 1) || './'}platform/${platform}`;
    const file = `${folder}/${name}`;
    const bound = readFileSync(file, 'utf8')
      .replace(/(["'])#platform\1/g, `$1${path}.js$1`)
      .replace(/(["'])#transports\1/g, `$1${path}-transports.js$1`);
    writeFileSync(file, bound);
  }
}
