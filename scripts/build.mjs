/** Builds every package into its `dist/`, each after those that it imports. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
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
// It is a scope of its own, so what `#platform` is has to be said again.
const scope = {
  type: 'module',
  sideEffects: false,
  imports: { '#platform': { node: './platform/node.js', default: './platform/browser.js' } },
};
writeFileSync(`${root}/packages/client/dist/esm/package.json`, `${JSON.stringify(scope, null, 2)}\n`);
await import('./bundle-client.mjs');
await import('./copy-client-files.mjs');
