/**
 * Runs packages and programs of others on the built drop-ins, installed as a user would: by an alias or an override.
 * The argument is the folder below `conformance/` that has them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { root } from './steps.mjs';

const home = `${root}/conformance/${process.argv[2]}`;
const lock = `${home}/package-lock.json`;
/** Written by npm when it has installed everything. */
const installed = `${home}/node_modules/.package-lock.json`;

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) install();
await import(`${home}/main.mjs`);

function install() {
  const flags = [
    '--omit=optional',
    '--omit=peer',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status } = spawnSync('npm', ['ci', ...flags], { cwd: home, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
