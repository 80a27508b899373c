/** Runs the smoke test on every supported version of Node. */
import { execFileSync } from 'node:child_process';
import { nodeBinaries } from './node-binaries.mjs';
import { root } from './steps.mjs';

for (const node of [process.execPath, ...Object.values(nodeBinaries())]) {
  execFileSync(node, [`${root}/scripts/smoke.cjs`], { cwd: root, stdio: 'inherit', timeout: 30_000 });
}
